"""Publication and modification dates: all candidates are kept, one is chosen, none is guessed.

A claim later than the fetch is refused (a zoneless one has 14 hours of tolerance, the largest offset
there is). A zoneless claim takes the site's zone when the rules name one, else stays zoneless.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from itertools import islice

from lxml import html

from archive.article import DateCandidate, FieldFacts
from archive.exchange import Discovery
from pipelines.extract.candidates import Candidate, facts
from pipelines.extract.class_words import KINDS, class_words
from pipelines.extract.date_texts import parse_date
from pipelines.extract.document import Document, select, select_texts, text_of
from pipelines.extract.language import normal_tag
from pipelines.extract.structured import Structured, microdata, texts
from pipelines.extract.visible_dates import Shown, is_of_change, is_of_others
from pipelines.rules import ExtractionRules

_TIMES = ("time", "relative-time", "local-time", "time-ago")
"""The element for times (WHATWG HTML, section 4.5.14), and custom ones that stand for it on many sites."""
_TIME = "time"
"""Source of what stands in a ``time`` element."""
_TOLERANCE = timedelta(hours=14)
_ONE_DAY = timedelta(days=1)
_SEASON = timedelta(days=30)
"""How near another claim is whose offset from UTC is taken to be this one's too."""
_UTC = "+00:00"
_LONGEST_ZONELESS = "2026-01-01T08:00:00"
_COMMENT = 1 << KINDS.index("comments")
_LONGEST_NAME = 60
_LONGEST_MARKS = 1000
_MOST_AROUND = 30
"""Elements around one that are asked whether they hold comments."""
_IN_URL = re.compile(
    r"/((?:19|20)\d{2})(?:[/-]?(0[1-9]|1[0-2])[/-]?(0[1-9]|[12]\d|3[01])|/([1-9]|1[0-2])/([1-9]|[12]\d|3[01]))(?=[/_.\-]|$)"
)
_AT_END_OF_URL = re.compile(r"-(20\d{2})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?=/?(?:\.html?)?$)")
_IN_SCRIPT = re.compile(
    rb"""["'](?:date_?published|publi(?:shed|cation|sh)_?(?:at|date|time|on)|first_?publi\w{1,12})\\?["']"""
    rb"""\s?:\s?\\?["']([\d :TZ.+-]{8,32})\\?["']""",
    re.I,
)
_WORD_IN_URL = re.compile(r"/((?:19|20)\d{2})/([a-z]{3,9})/(0?[1-9]|[12]\d|3[01])(?=[/_.\-]|$)", re.I)
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
_NAMED_PUBLISHED = re.compile(
    r"(?:^|[.:_ -])(?:first[-_ ]?)?publi(?:sh|shed|cation)[-_. ]?"
    r"(?:on|at|date|time|datetime)$",
    re.I,
)
"""Names of meta elements that say what the listed ones do."""
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
    elsewhere: Callable[[], Shown | None] = lambda: None,
) -> tuple[str | None, FieldFacts | None, tuple[DateCandidate, ...]]:
    """The publication date, where it is from, and all claims.

    `shown` gives the day that the page shows its readers, for a page that claims none; and for one that claims it
    by nothing but a ``time`` element, where the page calls that day the publication's. `elsewhere` is asked last, for
    the day that stands anywhere else on the page.
    """
    claims = list(_published_claims(document, structured, rules, discovery))
    language = normal_tag(document.root.get("lang")) or ""
    kept = _kept(claims, rules.timezone, fetched_at, language)
    if not any(parse_date(claim.value, "", language) for claim in claims):
        if seen := shown():
            kept = _kept([Candidate(seen.day, "visible")], "", fetched_at)
        if not kept and (told := _in_scripts(document, structured)):
            kept = _kept([Candidate(told, "script")], rules.timezone, fetched_at)
        if not kept and (seen := elsewhere()):
            kept = _kept([Candidate(seen.day, "text")], "", fetched_at)
    elif kept and kept[0].source == _TIME and (seen := shown()) is not None and seen.is_labelled:
        kept = [*_kept([Candidate(seen.day, "visible")], "", fetched_at), *kept]
    elif kept and kept[0].source == "meta" and (other := _marked_up(kept)) and (seen := shown()) is not None:
        # Meta elements tell the page's making as often as the article's day, which readers are shown
        kept = [one for one in other if one.value[:10] == seen.day][:1] + kept
    if not kept:
        return None, None, ()
    best = _by_address(_in_local_time(_fullest(kept), kept), document.url)
    agreeing = sum(1 for claim in kept if claim is not best and claim.value[:10] == best.value[:10])
    return (
        best.value,
        facts(best.source, agreeing),
        tuple(DateCandidate(value=c.value, source=c.source) for c in kept),
    )


def _marked_up(claims: list[Candidate[str]]) -> list[Candidate[str]]:
    """The claims of marked up text of other days than the first claim, but not much later ones: those are changes."""
    latest = (date.fromisoformat(claims[0].value[:10]) + _SEASON).isoformat()
    return [
        one
        for one in claims
        if one.source in (_TIME, "microdata") and one.value[:10] <= latest and _apart(one.value, claims[0].value[:10])
    ]


def modified(
    structured: Structured, rules: ExtractionRules, date_published: str | None, fetched_at: datetime | None
) -> tuple[str | None, FieldFacts | None]:
    """The date of the last change that the page declares, and where it is from."""
    claims = [
        *(Candidate(text, "json-ld") for text in texts(structured.article_value("dateModified"))[:1]),
        *(
            Candidate(text, "json-ld")
            for node in structured.nodes
            if "WebPage" in str(node.get("@type"))
            for text in texts(node.get("dateModified"))[:1]
        ),
        *(Candidate(text, "meta") for name in _MODIFIED_META for text in structured.meta.get(name, ())[:1]),
    ]
    for claim in _kept(claims, rules.timezone, fetched_at):
        if date_published is None or claim.value[:10] >= date_published[:10]:
            return claim.value, facts(claim.source)
    return None, None


def _kept(
    claims: list[Candidate[str]], zone: str, fetched_at: datetime | None, language: str = ""
) -> list[Candidate[str]]:
    read = [Candidate(value, claim.source) for claim in claims if (value := parse_date(claim.value, zone, language))]
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


def _by_address(best: Candidate[str], url: str) -> Candidate[str]:
    """A midnight in UTC as the address has the day: it is a day, or midnight where the site is at home."""
    day = _in_address(url)
    if day is None or not best.value.endswith(f":00:00{_UTC}"):
        return best
    moment = datetime.fromisoformat(best.value)
    try:
        ahead = datetime.fromisoformat(f"{day}T00:00:00{_UTC}") - moment
    except ValueError:
        return best
    if moment.hour == 0 and abs(ahead) <= _ONE_DAY:
        return Candidate(day, best.source)
    if not timedelta(0) < ahead <= _TOLERANCE:
        return best
    return Candidate(moment.astimezone(timezone(ahead)).isoformat(), best.source)


def _published_claims(
    document: Document, structured: Structured, rules: ExtractionRules, discovery: Discovery | None
) -> Iterator[Candidate[str]]:
    for selector in rules.published:
        elements = select(document.root, selector)[:1]
        for text in [*map(_element_date, elements), *([] if elements else select_texts(document.root, selector)[:1])]:
            yield Candidate(text, "rules")
    for text in texts(structured.article_value("datePublished", "dateCreated"))[:1]:
        yield Candidate(text, "json-ld")
    yield from (Candidate(text, "meta") for text in _meta_dates(structured))
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


def _meta_dates(structured: Structured) -> Iterator[str]:
    for name in _PUBLISHED_META:
        yield from structured.meta.get(name, ())[:1]
    for name, values in structured.meta.items():
        if name not in _PUBLISHED_META and len(name) <= _LONGEST_NAME and _NAMED_PUBLISHED.search(name):
            yield values[0]


def _time_elements(document: Document) -> Iterator[str]:
    for element in document.elements(*_TIMES, "abbr"):
        marks = f"{element.get('class') or ''} {element.get('id') or ''}"
        is_publication = element.get("pubdate") is not None or _PUBLISHED_CLASS.search(marks)
        if is_publication and not _is_of_comment(element) and not is_of_others(element) and not is_of_change(element):
            yield _element_date(element)


def _is_of_comment(element: html.HtmlElement) -> bool:
    return any(
        class_words(f"{one.get('class') or ''} {one.get('id') or ''}"[:_LONGEST_MARKS]) & _COMMENT
        for one in islice(element.iterancestors(), _MOST_AROUND)
        if one.tag not in ("body", "html", "main", "article")
    )


def _in_address(url: str) -> str | None:
    if word := _WORD_IN_URL.search(url):
        return parse_date(f"{word[3]} {word[2]} {word[1]}")
    match = _IN_URL.search(url) or _AT_END_OF_URL.search(url)
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
    times = [
        _element_date(element)
        for element in document.elements(*_TIMES)
        if element.get("datetime")
        and not _is_of_comment(element)
        and not is_of_others(element)
        and not is_of_change(element)
    ]
    days = {value[:10] for text in times if (value := parse_date(text))}
    if len(days) == 1:
        yield Candidate(times[0], _TIME)


def _element_date(element: html.HtmlElement) -> str:
    told = [str(value) for name in ("datetime", "content", "title") if (value := element.get(name))]
    return next((value for value in told if parse_date(value)), text_of(element) or "".join(told[:1]))


def _in_scripts(document: Document, structured: Structured) -> str | None:
    """The day that the programs of a page call its publication's, where they name no other."""
    told = [match[1].decode("ascii") for match in _IN_SCRIPT.finditer(document.source)]
    if told and structured.nodes:  # what JSON-LD says of something else than the article
        linked = [
            one.text or "" for one in document.elements("script") if "ld+json" in (one.get("type") or "").lower()
        ]
        told = [day for day in told if not any(day in text for text in linked)]
    days = {value[:10] for text in told if (value := parse_date(text))}
    return told[0] if len(days) == 1 else None
