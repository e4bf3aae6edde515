"""Authors: people who signed the article, not sites, roles or addresses. None rather than a guess."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from archive.article import Author, FieldFacts
from archive.exchange import Discovery
from pipelines.extract.candidates import facts
from pipelines.extract.document import Document, text_of
from pipelines.extract.headline import words
from pipelines.extract.structured import Structured, plain
from pipelines.rules import ExtractionRules

_LEAD = re.compile(
    r"^(?:by|von|par|por|da|di|de|written by|text|autor(?:in)?|author|reported by|بقلم|كتب)\s*[:\s]\s*", re.I
)
_SPLIT = re.compile(r"\s*(?:;|\||،|,(?!\s*(?:jr|sr|md|phd|dr)\b)|\s/\s|\s(?:and|und|et|y|e)\s|\s&\s)\s*", re.I)
_NOBODY = frozenset(
    [
        "admin",
        "administrator",
        "editor",
        "editors",
        "redaktion",
        "redaction",
        "rédaction",
        "redacción",
        "staff",
        "unknown",
        "none",
        "null",
        "author",
        "guest",
        "anonymous",
        "newsroom",
        "webmaster",
        "superuser",
        "root",
        "user",
        "desk",
    ]
)
_META = (
    "author",
    "article:author",
    "parsely-author",
    "sailthru.author",
    "dc.creator",
    "dcterms.creator",
    "byl",
    "citation_author",
)
_BYLINES = (
    "//*[@itemprop='author']//*[@itemprop='name']",
    "//*[@itemprop='author'][not(.//*[@itemprop='name'])]",
    "//a[contains(concat(' ', @rel, ' '), ' author ')]",
    "//*[contains(@class, 'author-name') or contains(@class, 'authorName') or contains(@class, 'author_name')]",
    "//*[contains(@class, 'byline-name') or contains(@class, 'byline__name')]",
    "//*[contains(@class, 'byline') or contains(@class, 'article-author')]",
)
_LONGEST = 60
_MOST_WORDS = 8


def authors_of(
    document: Document,
    structured: Structured,
    rules: ExtractionRules,
    names: tuple[str, ...],
    discovery: Discovery | None,
) -> tuple[tuple[Author, ...], FieldFacts | None]:
    """The authors and where they are from; `names` are the site's own."""
    site = {" ".join(words(name)) for name in names}
    for source, claims in _claims(document, structured, rules, discovery):
        people = [author for claim in claims for author in _people(claim, site)]
        unique = {" ".join(words(author.name)): author for author in reversed(people)}
        if unique:
            return tuple(reversed(unique.values())), facts(source)
    return (), None


def _claims(
    document: Document, structured: Structured, rules: ExtractionRules, discovery: Discovery | None
) -> Iterator[tuple[str, list[Author]]]:
    for selector in rules.authors:
        yield "rules", [Author(name=text_of(element)) for element in document.root.cssselect(selector)]
    for node in structured.articles:
        yield "json-ld", list(_declared(node.get("author") or node.get("creator"), structured, document, 0))
    for name in _META:
        yield "meta", [Author(name=plain(text)) for text in structured.meta.get(name, ())]
    for path in _BYLINES:
        elements = document.root.xpath(path)[:3]
        found = [(text_of(element) or element.get("content") or "", element.get("href")) for element in elements]
        short = [(text, link) for text, link in found if len(text) < _LONGEST and len(text.split()) <= _MOST_WORDS]
        yield "byline", [Author(name=text, url=document.absolute(link)) for text, link in short]
    if discovery is not None and discovery.source_author:
        yield "feed", [Author(name=discovery.source_author)]


def _declared(value: Any, structured: Structured, document: Document, depth: int) -> Iterator[Author]:
    value = structured.resolve(value)
    if depth > 4:
        return
    if isinstance(value, str):
        yield Author(name=plain(value))
    elif isinstance(value, list):
        for item in value:
            yield from _declared(item, structured, document, depth + 1)
    elif isinstance(value, dict):
        name = value.get("name") or f"{value.get('givenName') or ''} {value.get('familyName') or ''}"
        if isinstance(name, str):
            link = value.get("url")
            yield Author(name=plain(name), url=document.absolute(link) if isinstance(link, str) else None)
        else:
            yield from _declared(name, structured, document, depth + 1)


def _people(claim: Author, site: set[str]) -> Iterator[Author]:
    names = [_LEAD.sub("", part).strip(" .,-–|:") for part in _SPLIT.split(_LEAD.sub("", claim.name.strip()))]
    people = [name for name in names if _is_person(name, site)]
    for name in people:
        yield Author(name=name, url=claim.url if len(people) == 1 else None)


def _is_person(name: str, site: set[str]) -> bool:
    folded = " ".join(words(name))
    return (
        len(name) > 2
        and len(name) <= _LONGEST
        and not re.search(r"https?:|www\.|@|\d{3,}", name)
        and folded not in _NOBODY
        and folded not in site
    )
