"""The headline: the title of the article without the name of the site."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import islice
from urllib.parse import urljoin, urlsplit

from lxml.html import HtmlElement

from archive.article import FieldFacts
from pipelines.extract.candidates import Candidate, facts
from pipelines.extract.document import Document, select_texts, text_of
from pipelines.extract.structured import Structured, plain, texts
from pipelines.rules import ExtractionRules

_SEPARATOR = re.compile(r"\s+[|\-–—:»•·―]+\s+|\s*[|｜»]\s*")
_LESSER = re.compile(r"\s+[_/‹«<>~⁄/›]\s+|(?<=[\u3040-\u9fff])[_-](?=[\u3040-\u9fff])|_|：")
"""Marks that part a title from the name of its site, where that is known: they stand within titles too."""
_IN_BRACKETS = re.compile(r"\s*(?:\([^()]{1,60}\)|（[^（）]{1,60}）|【[^【】]{1,60}】|\[[^\[\]]{1,60}\])\s*$")
_BESIDE = re.compile(
    r"kicker|roofline|overline|over-?title|super-?title|pre-?title|top-?line|dachzeile|spitzmarke|eyebrow|rubri"
    r"|sub-?title|sub-?head|h1-?small|\bdate|category|antetitulo|volanta|occhiello|surtitre|vignette|label",
    re.I,
)
"""Classes of what stands in a heading before or behind its line."""
_ESCAPED = re.compile(r"&(?:#x?[0-9a-f]{2,6}|[a-z]{2,8});", re.I)
_WORD = re.compile(r"\w+")
_LONGEST = 300
_AGREES = 0.5
_FEWEST_WORDS = 3
_PARTS = 2
_MOST_IN_NAME = 3
_MOST_BESIDE = 20
_LONGEST_SHARED = 110
_MOST_WORDS_OF_NAME = 5
_FEWEST_LETTERS_OF_NAME = 5


def headline_of(
    document: Document, structured: Structured, rules: ExtractionRules, names: tuple[str, ...], announced: str
) -> tuple[str | None, FieldFacts | None]:
    """The headline and where it is from; `names` are the site's, `announced` is the source's title."""
    declared = _declared(structured, document, announced)
    names = (*names, *_host_names(document.url), *_mastheads(document, declared))
    candidates = _from_rules(document, rules)
    heading = _below_masthead(document, names) or _heading(document, declared, names)
    if heading:
        candidates.append(Candidate(heading, "heading"))
    candidates += declared
    sections = _sections(document.url, structured)
    cleaned = [Candidate(_bare(candidate.value, names, sections), candidate.source) for candidate in candidates]
    usable = [candidate for candidate in cleaned if _is_usable(candidate.value, names)]
    if not usable:
        return None, None
    best = _resolved(usable, structured)
    agreeing = sum(1 for candidate in usable if candidate is not best and words(candidate.value) == words(best.value))
    return best.value, facts(best.source, agreeing)


def _sections(url: str, structured: Structured) -> set[str]:
    """Names of the sections that a page is in, squeezed: those it declares, and the steps of its address."""
    declared = [*structured.meta.get("article:section", ()), *texts(structured.article_value("articleSection"))]
    return {squeeze(plain(name)) for name in (*declared, *urlsplit(url).path.split("/")[1:-1])} - {""}


def _bare(title: str, names: tuple[str, ...], sections: set[str]) -> str:
    """A title without the name of the site, and without that of the section beside it."""
    bare = without_site(title, names)
    parts = list(_SEPARATOR.finditer(bare)) if len(bare) < len(title.strip()) else []
    if parts and title.startswith(bare) and squeeze(bare[parts[-1].end() :]) in sections:
        return bare[: parts[-1].start()].strip()
    if parts and title.endswith(bare) and squeeze(bare[: parts[0].start()]) in sections:
        return bare[parts[0].end() :].strip()
    return bare


def _resolved(candidates: list[Candidate[str]], structured: Structured) -> Candidate[str]:
    """The first candidate, unless it is a heading that the declarations correct.

    They do where the heading has more than they: a kicker before, a date or counter behind. And on a page declared
    to be news where JSON-LD and OpenGraph agree on another title.
    """
    first = candidates[0]
    if first.source != "heading":
        return next((whole for whole in candidates if _is_cut_at_quote(first.value, whole.value)), first)
    by_source = {candidate.source: candidate for candidate in reversed(candidates)}
    linked, opened = by_source.get("json-ld"), by_source.get("opengraph")
    if linked and opened and words(linked.value) == words(opened.value) and _is_news(structured):
        return linked
    whole = squeeze(first.value)
    others = [(candidate, squeeze(candidate.value)) for candidate in candidates[1:] if not _is_cut(candidate.value)]
    same = [candidate for candidate, text in others if text == whole]
    inner = [
        candidate
        for candidate, text in others
        if len(words(candidate.value)) >= _FEWEST_WORDS and (whole.endswith(text) or whole.startswith(text))
    ]
    return next(iter(same or inner), first)


def _is_cut_at_quote(title: str, whole: str) -> bool:
    """Whether a title ends where another continues with a quotation mark: the mark ended its attribute."""
    return len(whole) > len(title) and whole.startswith(title) and whole[len(title) :].lstrip()[:1] in ('"', "'")


def _is_cut(title: str) -> bool:
    """Whether a title looks shortened for those who share it."""
    return title.endswith(("...", "…")) or len(title) >= _LONGEST_SHARED


def _is_news(structured: Structured) -> bool:
    return any("NewsArticle" in kind for node in structured.articles[:1] for kind in texts(node.get("@type")))


def _host_names(url: str) -> list[str]:
    """The host, and the label it is known by."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    labels = host.split(".")
    # A host whose last label is a number is an IPv4 address (WHATWG URL, section 3.5), no part of which is a name
    return [host] if labels[-1].isdigit() else [host, *labels[-2:-1]]


def _mastheads(document: Document, declared: Sequence[Candidate[str]]) -> list[str]:
    """Headings of the first level that lead to the front page: names of the site, not of the article.

    One of more words than such a name has is the article's where the page declares it as its title.
    """
    titles = {squeeze(candidate.value) for candidate in declared if candidate.source in ("json-ld", "opengraph")}
    home = urljoin(document.url, "/")
    return [
        text_of(heading)
        for heading in document.elements("h1")
        for link in [next(heading.iter("a"), None) if heading.getparent().tag != "a" else heading.getparent()]
        if link is not None
        and (document.absolute(link.get("href")) or "").partition("?")[0] == home
        and text_of(link) == text_of(heading)
        and (len(words(text_of(heading))) <= _MOST_WORDS_OF_NAME or squeeze(text_of(heading)) not in titles)
    ]


def _from_rules(document: Document, rules: ExtractionRules) -> list[Candidate[str]]:
    found = [text for selector in rules.headline for text in select_texts(document.root, selector)[:1]]
    return [Candidate(text, "rules") for text in found if text][:1]


def _declared(structured: Structured, document: Document, announced: str) -> list[Candidate[str]]:
    title = document.title
    claims = [
        *(Candidate(text, "json-ld") for text in texts(structured.article_value("headline", "name"))[:1]),
        *(Candidate(text, "opengraph") for text in structured.meta.get("og:title", ())[:1]),
        *(Candidate(text, "meta") for text in structured.meta.get("twitter:title", ())[:1]),
        Candidate(announced, "feed"),
        Candidate(text_of(title) if title is not None else "", "title"),
    ]
    return [Candidate(text, claim.source) for claim in claims if (text := plain(claim.value))]


def _heading(document: Document, declared: list[Candidate[str]], names: tuple[str, ...]) -> str | None:
    """The heading that agrees best with what is declared, or the only plausible one."""
    titles = [title for candidate in declared if (title := without_site(candidate.value, names))]
    headings = [_line_of(element, titles) for element in document.elements("h1")]
    headings = [text for text in dict.fromkeys(headings) if len(text) < _LONGEST and _is_usable(text, names)]
    if not headings:
        return None
    if not titles:
        return max(headings, key=len)
    best = max(headings, key=lambda text: (max(overlap(text, title) for title in titles), len(text)))
    agrees = any(_is_of(best, title) for title in titles)
    return best if agrees or (len(headings) == 1 and len(words(best)) >= 4) else None


def _line_of(heading: HtmlElement, titles: Sequence[str]) -> str:
    """The text of a heading without a kicker, a date or a second line that is marked as one."""
    line = text_of(heading)
    line = plain(line) if _ESCAPED.search(line) else line
    if len(line) >= _LONGEST:
        return line
    for part in islice(heading.iter("span", "small", "time", "div", "p"), _MOST_BESIDE):
        beside = text_of(part) if _is_beside(part) else ""
        rest = line.removeprefix(beside).removesuffix(beside).strip(" :–—-|")
        is_line = len(words(rest)) >= _FEWEST_WORDS and len(rest) >= len(beside)
        if beside and is_line and not _is_declared(line, beside, titles):
            line = rest
    return line


def _is_declared(line: str, beside: str, titles: Sequence[str]) -> bool:
    """Whether a declared title has what stands beside a line too: a kicker with a colon, a second line."""
    title = next((title for title in titles if squeeze(title) == squeeze(line)), "")
    return bool(title) and (not line.startswith(beside) or title.startswith(f"{beside.rstrip(' :')}:"))


def _is_beside(part: HtmlElement) -> bool:
    return part.tag in ("small", "time") or _BESIDE.search(part.get("class") or "") is not None


def _is_of(heading: str, title: str) -> bool:
    """Whether a heading says what a title does: a word or two that a long title has too do not."""
    if len(words(heading)) >= _FEWEST_WORDS or len(words(title)) <= _FEWEST_WORDS:
        return overlap(heading, title) >= _AGREES
    return squeeze(title).startswith(squeeze(heading)) or squeeze(heading) in map(squeeze, _SEPARATOR.split(title))


def _below_masthead(document: Document, names: tuple[str, ...]) -> str | None:
    """The heading of lower level that is the article's, where the only heading of the first level names the site.

    The title element then has both as parts.
    """
    title = document.title
    parts = {squeeze(part) for part in _SEPARATOR.split(text_of(title))} if title is not None else set()
    top = [squeeze(text_of(element)) for element in document.elements("h1")]
    if len(parts) < _PARTS or len(top) != 1 or top[0] not in parts:
        return None
    site = {_unaccented(part) for name in names for part in _SEPARATOR.split(name)}
    for element in document.elements("h2", "h3"):
        text = text_of(element)
        if len(words(text)) > 1 and squeeze(text) in parts - {top[0]} and _unaccented(text) not in site:
            return text
    return None


def _unaccented(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", squeeze(text))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def words(text: str) -> list[str]:
    """The words of a text, for comparison: case, marks and forms of letters do not count."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _WORD.findall(text.casefold())


def squeeze(text: str) -> str:
    """The words of a text without what stands between them, for comparison."""
    return "".join(words(text))


def overlap(one: str, other: str) -> float:
    """The share of the shorter text's words that the other has too, from 0 to 1."""
    first, second = set(words(one)), set(words(other))
    return len(first & second) / min(len(first), len(second)) if first and second else 0.0


def without_site(title: str, names: tuple[str, ...]) -> str:
    """The title without leading or trailing names of the site."""
    known = {squeeze(name) for name in names if name}
    if (bracketed := _IN_BRACKETS.search(title)) and bracketed.start() and squeeze(bracketed[0]) in known:
        title = title[: bracketed.start()].strip()
    title = _without_exact(title, known)
    parts = list(_SEPARATOR.finditer(title))
    for part in parts[-_MOST_IN_NAME:]:  # a name may have separators in it
        if squeeze(title[part.end() :]) in known:
            return without_site(title[: part.start()].strip(), names)
    if parts and _names_site(title[parts[-1].end() :], known):
        return without_site(title[: parts[-1].start()].strip(), names)
    if parts and squeeze(title[: parts[0].start()]) in known:
        return without_site(title[parts[0].end() :].strip(), names)
    return title.strip()


def _without_exact(title: str, known: set[str]) -> str:
    """The title without a name behind a mark that titles have too, and without the channel between them."""
    for mark in reversed(list(_LESSER.finditer(title))[-_MOST_IN_NAME:]):
        if squeeze(title[mark.end() :]) in known and title[: mark.start()].strip():
            rest = title[: mark.start()].strip()
            channel = re.search(rf"{re.escape(mark[0].strip())}[\u3400-\u9fff]{{2,6}}$", rest)
            return rest[: channel.start()] if channel and channel.start() and mark[0].strip() in "_-" else rest
    return title


def _names_site(part: str, known: set[str]) -> bool:
    """Whether the last part of a title is a name of the site, or a few words that hold one."""
    said = squeeze(part)
    if said in known:
        return True
    return len(words(part)) <= _MOST_WORDS_OF_NAME and any(
        len(name) >= _FEWEST_LETTERS_OF_NAME and name in said for name in known
    )


def _is_usable(text: str, names: tuple[str, ...]) -> bool:
    folded = " ".join(words(text))
    return bool(folded) and folded not in {" ".join(words(name)) for name in names}
