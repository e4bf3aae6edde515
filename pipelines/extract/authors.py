"""Authors: the people who signed the article, or else the organisation that the page declares as its author.

Never roles, addresses or programs. None rather than a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, auto
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from lxml import etree, html

from archive.article import Author, FieldFacts
from archive.exchange import Discovery
from pipelines.extract.candidates import facts
from pipelines.extract.document import Document, select_texts, text_of
from pipelines.extract.names import Signer, folded, is_byline, looks_like_a_person, people_in, signer_of, split_names
from pipelines.extract.structured import Structured, plain, texts
from pipelines.rules import ExtractionRules

_META = (
    "author",
    "article:author",
    "article:author_name",
    "parsely-author",
    "sailthru.author",
    "dc.creator",
    "dcterms.creator",
    "byl",
    "citation_author",
    "cxenseparse:author",
    "twitter:misc:written by",
    "authors",
)
_MARKED = (
    "//*[@itemprop='author']//*[@itemprop='name']",
    "//*[@itemprop='author'][not(.//*[@itemprop='name'])]",
)
_CLASS = re.compile(
    r"\bauthor[-_]?name|byline[-_]{0,2}name|\bauthor\b|\bbyline\b|article[-_]author|post[-_]author", re.I
)
_CLASS_LESS = re.compile(r"author|byline|autor\b|autore\b|auteur|writer|contributor", re.I)
_NOT_OF_THIS = re.compile(
    r"comment|related|sidebar|widget|footer|menu|bio\b|teaser|(?<!v)(?<!h-)card|recommend|popular|latest", re.I
)
_PAGE_OF_AUTHOR = re.compile(
    r"/(?:authors?|autor(?:es|en|in)?|auteurs?|autore|profiles?|people|person|by|byline|journalist\w*|redakteur\w*|writers?"
    r"|columnists?|staff|contributors?|reporter|skribent|forfatter)/[^/]",
    re.I,
)
_WRITTEN_BY = re.compile(
    r"written by|author|verfasst von|geschrieben von|escrito por|[eé]crit par|scritto da|geschreven door|skriven av",
    re.I,
)
_TOOLS = re.compile(r"\b(?:share|sharing|social|copy|tools?|follow|subscribe)\b", re.I)
"""Classes of what is offered beside a signature."""
_APART = frozenset(["nav", "footer", "aside", "blockquote", "figure"])
_LONGEST_MARKS = 1000
_LONGEST = 90
_MOST_WORDS = 12
_MOST_MARKED = 4
_DEEPEST = 4


def authors_of(
    document: Document,
    structured: Structured,
    rules: ExtractionRules,
    names: tuple[str, ...],
    discovery: Discovery | None,
    lines: Sequence[str] = (),
) -> tuple[tuple[Author, ...], FieldFacts | None]:
    """The authors and where they are from; `names` are the site's own, `lines` those of the page."""
    site = {folded(name) for name in (*names, _label(document.url))}
    whole = frozenset(_organisations(structured))
    for source, claims in _claims(document, structured, rules, discovery):
        is_declared = source == "json-ld"
        people = _distinct(
            author
            for claim in claims
            for author in _people(claim, site, bodies=is_declared, whole=whole if is_declared else frozenset())
        )
        if people:
            return people, facts(source)
    people = _distinct(author for line in lines if is_byline(line) for author in _people(Author(name=line), site))
    if people and all(looks_like_a_person(author.name) for author in people):
        return people, facts("byline")
    bodies = _distinct(_bodies(structured, document, site))
    return bodies[:1], facts("json-ld") if bodies else None


def _claims(
    document: Document, structured: Structured, rules: ExtractionRules, discovery: Discovery | None
) -> Iterator[tuple[str, list[Author]]]:
    for selector in rules.authors:
        yield "rules", [Author(name=text) for text in select_texts(document.root, selector)]
    for node in structured.articles:
        yield "json-ld", list(_declared(node.get("author") or node.get("creator"), structured, document, 0))
    for name in _META:
        yield "meta", [Author(name=plain(text)) for text in structured.meta.get(name, ())]
    yield "meta", _labelled(structured)
    if discovery is not None and discovery.source_author:
        yield "feed", [Author(name=discovery.source_author)]
    yield from (("byline", _signed(document, elements[:_MOST_MARKED])) for elements in _marked_up(document))
    yield from (("byline", claims) for claims in _bylines(document))


def _marked_up(document: Document) -> Iterator[list[html.HtmlElement]]:
    """The elements that markup says are an author's name, the surer ones first."""
    if "author" in document.properties:
        yield from (document.root.xpath(path) for path in _MARKED)
    linked = document.related("author", "a")
    yield [element for element in linked if " author " in f" {element.get('rel')} "]


def _label(url: str) -> str:
    """The name that a host is known by: its label before the last."""
    return (["", *(urlsplit(url).hostname or "").split(".")])[-2]


def _labelled(structured: Structured) -> list[Author]:
    """What ``twitter:label1`` calls the writer, in ``twitter:data1``."""
    for number in "12":
        labels = structured.meta.get(f"twitter:label{number}", ())
        if any(_WRITTEN_BY.match(label) for label in labels):
            return [Author(name=plain(text)) for text in structured.meta.get(f"twitter:data{number}", ())]
    return []


class _Signs(Enum):
    """What a class says of an element."""

    AN_AUTHOR = auto()
    PERHAPS = auto()
    NOTHING = auto()


@lru_cache(maxsize=1 << 13)
def _signs(marks: str) -> _Signs:
    said = set(map(_signs_of, marks.split()))
    return next((signs for signs in (_Signs.AN_AUTHOR, _Signs.PERHAPS) if signs in said), _Signs.NOTHING)


@lru_cache(maxsize=1 << 13)
def _signs_of(marks: str) -> _Signs:
    if _CLASS.search(marks):
        return _Signs.AN_AUTHOR
    return _Signs.PERHAPS if _CLASS_LESS.search(marks) else _Signs.NOTHING


def _bylines(document: Document) -> Iterator[list[Author]]:
    """Signatures that only their looks give away, the surer ones first: by class, by where a link leads."""
    marked: list[html.HtmlElement] = []
    less: list[html.HtmlElement] = []
    linked: list[html.HtmlElement] = []
    for element in document.root.iter("a", "span", "div", "p", "li", "address", "cite", "strong"):
        marks = element.get("class")
        signs = _signs(marks[:_LONGEST_MARKS]) if marks else _Signs.NOTHING
        if signs is _Signs.AN_AUTHOR:
            marked.append(element)
        elif signs is _Signs.PERHAPS:
            less.append(element)
        elif element.tag == "a" and _PAGE_OF_AUTHOR.search(element.get("href") or ""):
            linked.append(element)
    for elements in (marked, less, linked):
        near = islice((element for element in elements if not _is_apart(element)), _MOST_MARKED)
        sure = [
            author
            for author in _signed(document, near)
            if any(looks_like_a_person(name) for name in people_in(author.name, set()))
        ]
        beside = elements[:1] and all(
            (one.getparent(), one.tag, one.get("class"))
            == (elements[0].getparent(), elements[0].tag, elements[0].get("class"))
            for one in elements[:_MOST_MARKED]
        )
        yield sure if beside else sure[:1] if elements is not linked else sure[:2]


def _is_apart(element: html.HtmlElement) -> bool:
    return any(
        one.tag in _APART or _NOT_OF_THIS.search(f"{one.get('class') or ''} {one.get('id') or ''}")
        for one in [element, *element.iterancestors()]
        if one.tag not in ("body", "html")
    )


def _signed(document: Document, elements: Iterable[html.HtmlElement]) -> list[Author]:
    found = [(_line_of(element) or element.get("content") or "", element) for element in elements]
    return [
        Author(name=text, url=document.absolute(element.get("href")))
        for text, element in found
        if len(text) < _LONGEST and len(text.split()) <= _MOST_WORDS
    ]


def _line_of(element: html.HtmlElement) -> str:
    """The words of a signature; what stands in blocks of their own, parted by a mark."""
    blocks = [one for one in element.iter("div", "p", "li", "br") if one is not element]
    if not blocks:
        buttons = [text_of(one) for one in element.iter("button")]
        line = text_of(element)
        return line.removesuffix(buttons[-1]).strip() if buttons else line
    lines: list[list[str]] = [[]]
    tools = {inner for one in element.iter() if _TOOLS.search(one.get("class") or "") for inner in one.iter()}
    for event, one in etree.iterwalk(element, events=("start", "end")):
        if one in blocks:
            lines.append([])
        if one in tools:
            continue
        if event == "start" and isinstance(one.tag, str) and one.text:
            lines[-1].append(one.text)
        if event == "end" and one is not element and one.tail:
            lines[-1].append(one.tail)
    whole = (" ".join("".join(line).split()) for line in lines)
    return " | ".join(line for line in whole if line)


def _declared(value: Any, structured: Structured, document: Document, depth: int) -> Iterator[Author]:
    value = structured.resolve(value)
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        yield Author(name=plain(value))
    elif isinstance(value, list):
        for item in value:
            yield from _declared(item, structured, document, depth + 1)
    elif isinstance(value, dict):
        if value and all(key.isdecimal() for key in value):
            yield from _declared(list(value.values()), structured, document, depth + 1)
            return
        name = (
            value.get("name")
            or value.get("@value")
            or f"{value.get('givenName') or ''} {value.get('familyName') or ''}"
        )
        if isinstance(name, str):
            link = value.get("url")
            yield Author(name=plain(name), url=document.absolute(link) if isinstance(link, str) else None)
        else:
            yield from _declared(name, structured, document, depth + 1)


def _people(
    claim: Author, site: set[str], *, bodies: bool = False, whole: frozenset[str] = frozenset()
) -> Iterator[Author]:
    if claim.name in whole and folded(claim.name) not in site:  # an organisation's "and" parts no people
        yield claim
        return
    people = list(people_in(claim.name, site, bodies=bodies))
    for name in people:
        yield Author(name=name, url=claim.url if len(people) == 1 else None)


def _organisations(structured: Structured) -> Iterator[str]:
    """Names of declared authors that are organisations and have several parts."""
    for node in structured.articles:
        authors = node.get("author")
        for author in authors if isinstance(authors, list) else [authors]:
            if isinstance(author, dict) and "Organization" in str(author.get("@type")):
                for name in texts(author.get("name")):
                    if (
                        split_names(plain(name)) != [plain(name)]
                        and signer_of(plain(name), set()) is not Signer.NOBODY
                    ):
                        yield plain(name)


def _bodies(structured: Structured, document: Document, site: set[str]) -> Iterator[Author]:
    """Organisations that the page's JSON-LD declares as its author."""
    for node in structured.articles:
        for author in _declared(node.get("author") or node.get("creator"), structured, document, 0):
            if signer_of(author.name, site) is Signer.ORGANISATION:
                yield author


def _distinct(authors: Iterable[Author]) -> tuple[Author, ...]:
    """The authors without repetitions, the first of each name."""
    unique: dict[str, Author] = {}
    for author in authors:
        unique.setdefault(folded(author.name), author)
    return tuple(unique.values())
