"""Publication and modification dates: every claim is kept, one is chosen, none is guessed.

A claim later than the fetch is refused (a zoneless one has 14 hours of tolerance, the largest offset
there is). A zoneless claim takes the site's zone when the rules name one, else stays zoneless.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone

from htmldate import find_date
from lxml import html

from archive.article import DateCandidate, FieldFacts
from archive.exchange import Discovery
from pipelines.extract.candidates import Candidate, facts
from pipelines.extract.date_texts import parse_date
from pipelines.extract.document import Document, select, select_texts, text_of
from pipelines.extract.structured import Structured, microdata, texts
from pipelines.extract.visible_dates import Shown
from pipelines.rules import ExtractionRules

_TIME = "time"
"""Source of what stands in a ``time`` element."""
_TOLERANCE = timedelta(hours=14)
_SEASON = timedelta(days=30)
"""How near another claim is whose offset from UTC is taken to be this one's too."""
_UTC = "+00:00"
_LONGEST_ZONELESS = "2026-01-01T08:00:00"
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_IN_URL = re.compile(
    r"/((?:19|20)\d{2})(?:[/-]?(0[1-9]|1[0-2])[/-]?(0[1-9]|[12]\d|3[01])|/([1-9]|1[0-2])/([1-9]|[12]\d|3[01]))(?=[/_.\-]|$)"
)
_PUBLISHED_META = (
    "article:published_time",
    "og:published_time",
    "article:published",
    "datepublished",
    "publishdate",
    "publish-date",
    "pubdate",
    "parsely-pub-date",
    "sailthru.date",
    "cxenseparse:recs:publishtime",
    "dc.date.issued",
    "dcterms.created",
    "dcterms.issued",
    "dcterms.date",
    "dc.date",
    "citation_publication_date",
    "publication_date",
    "published_time",
    "date",
)
_MODIFIED_META = (
    "article:modified_time",
    "og:updated_time",
    "datemodified",
    "dcterms.modified",
    "last-modified",
)
_PUBLISHED_CLASS = re.compile(r"publish|entry-date|posted|created|article-?date|post-?date|dateline", re.I)


def is_later(value: str, fetched_at: datetime | None) -> bool:
    """Whether a claim lies after the fetch, tolerance included."""
    if fetched_at is None:
        return False
    if len(value) == len("2026-01-01"):
        return date.fromisoformat(value) > (fetched_at + _TOLERANCE).date()
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        return moment > (fetched_at + _TOLERANCE).replace(tzinfo=None)
    return moment > fetched_at


def published(
    document: Document,
    structured: Structured,
    rules: ExtractionRules,
    discovery: Discovery | None,
    fetched_at: datetime | None,
    shown: Callable[[], Shown | None] = lambda: None,
) -> tuple[str | None, FieldFacts | None, tuple[DateCandidate, ...]]:
    """The publication date, where it is from, and all claims.

    `shown` gives the day that the page shows its readers, for a page that claims none; and for one that claims it
    by nothing but a ``time`` element, where the page calls that day the publication's.
    """
    claims = list(_published_claims(document, structured, rules, discovery))
    kept = _kept(claims, rules.timezone, fetched_at)
    if not any(parse_date(claim.value) for claim in claims):
        if seen := shown():
            kept = _kept([Candidate(seen.day, "visible")], "", fetched_at)
        if not kept and (guess := _last_resort(document, fetched_at)):
            kept = _kept([Candidate(guess, "htmldate")], "", fetched_at)
    elif kept and kept[0].source == _TIME and (seen := shown()) is not None and seen.is_labelled:
        kept = [*_kept([Candidate(seen.day, "visible")], "", fetched_at), *kept]
    if not kept:
        return None, None, ()
    best = _in_local_time(_fullest(kept), kept)
    agreeing = sum(1 for claim in kept if claim is not best and claim.value[:10] == best.value[:10])
    return (
        best.value,
        facts(best.source, agreeing),
        tuple(DateCandidate(value=c.value, source=c.source) for c in kept),
    )


def modified(
    structured: Structured, rules: ExtractionRules, date_published: str | None, fetched_at: datetime | None
) -> tuple[str | None, FieldFacts | None]:
    """The date of the last change that the page declares, and where it is from."""
    claims = [
        *(Candidate(text, "json-ld") for text in texts(structured.article_value("dateModified"))[:1]),
        *(Candidate(text, "meta") for name in _MODIFIED_META for text in structured.meta.get(name, ())[:1]),
    ]
    for claim in _kept(claims, rules.timezone, fetched_at):
        if date_published is None or claim.value[:10] >= date_published[:10]:
            return claim.value, facts(claim.source)
    return None, None


def _kept(claims: list[Candidate[str]], zone: str, fetched_at: datetime | None) -> list[Candidate[str]]:
    read = [Candidate(value, claim.source) for claim in claims if (value := parse_date(claim.value, zone))]
    return [claim for claim in dict.fromkeys(read) if not is_later(claim.value, fetched_at)]


def _fullest(claims: list[Candidate[str]]) -> Candidate[str]:
    """The first claim, unless a later one says the same day more precisely."""
    first = claims[0]
    if len(first.value) > len("2026-01-01"):
        return first
    return next((claim for claim in claims if claim.value[:10] == first.value and len(claim.value) > 10), first)


def _in_local_time(best: Candidate[str], claims: list[Candidate[str]]) -> Candidate[str]:
    """The same moment in the site's own time where other claims of that month tell it: the day that readers saw."""
    if not best.value.endswith(_UTC):
        return best
    moment = datetime.fromisoformat(best.value)
    others = [datetime.fromisoformat(claim.value) for claim in claims if len(claim.value) > len(_LONGEST_ZONELESS)]
    near = {other.utcoffset() for other in others if abs(other - moment) < _SEASON} - {timedelta(0)}
    if len(near) != 1:
        return best
    return Candidate(moment.astimezone(timezone(near.pop() or timedelta(0))).isoformat(), best.source)


def _published_claims(
    document: Document, structured: Structured, rules: ExtractionRules, discovery: Discovery | None
) -> Iterator[Candidate[str]]:
    for selector in rules.published:
        elements = select(document.root, selector)[:1]
        for text in [*map(_element_date, elements), *([] if elements else select_texts(document.root, selector)[:1])]:
            yield Candidate(text, "rules")
    for text in texts(structured.article_value("datePublished", "dateCreated"))[:1]:
        yield Candidate(text, "json-ld")
    for name in _PUBLISHED_META:
        for text in structured.meta.get(name, ())[:1]:
            yield Candidate(text, "meta")
    items = list(microdata(document, "datePublished"))
    if len({parse_date(text) for text in items}) == 1:  # else they are of articles that the page leads to
        yield Candidate(items[0], "microdata")
    shown = list(_time_elements(document))
    in_url = _in_address(document.url)
    if in_url and shown and all(_apart(time, in_url) for time in shown):  # they are of comments
        yield Candidate(in_url, "url")
    yield from (Candidate(time, _TIME) for time in shown)
    if discovery is not None and discovery.source_date:
        yield Candidate(discovery.source_date, discovery.via or "feed")
    yield from _lesser_claims(document, structured)


def _time_elements(document: Document) -> Iterator[str]:
    for element in document.root.iter("time", "abbr"):
        marks = f"{element.get('class') or ''} {element.get('id') or ''}"
        if element.get("pubdate") is not None or _PUBLISHED_CLASS.search(marks):
            yield _element_date(element)


def _in_address(url: str) -> str | None:
    match = _IN_URL.search(url)
    return "-".join(part.zfill(2) for part in match.groups() if part) if match else None


def _apart(text: str, day: str) -> bool:
    """Whether a claim is of another day than this, whatever the zone."""
    value = parse_date(text)
    try:
        return value is not None and abs(date.fromisoformat(value[:10]) - date.fromisoformat(day)) > timedelta(days=1)
    except ValueError:
        return False


def _lesser_claims(document: Document, structured: Structured) -> Iterator[Candidate[str]]:
    for node in structured.nodes:
        if "WebPage" in str(node.get("@type")):
            for text in texts(node.get("datePublished"))[:1]:
                yield Candidate(text, "json-ld")
    if day := _in_address(document.url):
        yield Candidate(day, "url")
    times = [_element_date(element) for element in document.root.iter("time") if element.get("datetime")]
    days = {match[0] for text in times if (match := _DAY.match(text))}
    if len(days) == 1:
        yield Candidate(times[0], _TIME)


def _element_date(element: html.HtmlElement) -> str:
    value = element.get("datetime") or element.get("content") or element.get("title") or text_of(element)
    return str(value)


def _last_resort(document: Document, fetched_at: datetime | None) -> str | None:
    latest = fetched_at.strftime("%Y-%m-%d") if fetched_at else "2100-01-01"
    try:
        found: str | None = find_date(
            document.root, url=document.url, original_date=True, extensive_search=True, max_date=latest
        )
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None
    # A bare year is reported as its first day: no date rather than that guess
    return None if found is None or found.endswith("-01-01") else found
