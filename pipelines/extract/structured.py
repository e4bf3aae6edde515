"""What a page declares about itself: JSON-LD, meta elements, microdata."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from w3lib.html import replace_entities

from pipelines.extract.document import Document, text_of
from pipelines.extract.json_reading import read_json

Node = dict[str, Any]

_ARTICLE_TYPES = re.compile(
    r"(?:^|/|:)(?:\w*NewsArticle|Article|BlogPosting|Report|LiveBlogPosting|OpinionNewsArticle|ReportageNewsArticle"
    r"|ReviewNewsArticle|AnalysisNewsArticle|AdvertiserContentArticle|TechArticle|ScholarlyArticle|Blog)$",
    re.I,
)
_MAX_DEPTH = 8
_MARKUP = re.compile(
    r"</?(?:a|abbr|b|big|blockquote|br|cite|code|del|div|em|font|h[1-6]|i|img|ins|li|mark|nobr|ol|p|q|s|small|span|strike"
    r"|strong|sub|sup|tt|u|ul|wbr)(?:\s[^<>]{0,300})?/?>",
    re.I,
)
"""Markup that texts are dressed in. Other words in angle brackets are the text's own."""


@dataclass(slots=True)
class Structured:
    """Everything declared, ready for look-up."""

    articles: list[Node] = field(default_factory=list)
    """JSON-LD nodes of an article, the one about this URL first."""
    nodes: list[Node] = field(default_factory=list)
    """All JSON-LD nodes."""
    meta: dict[str, list[str]] = field(default_factory=dict)
    """Contents of meta elements by lower-case property, name or itemprop."""

    def meta_first(self, *names: str) -> str | None:
        """The first content of the first name that has one."""
        return next((values[0] for name in names if (values := self.meta.get(name))), None)

    def article_value(self, *names: str) -> Any:
        """The first non-empty value among these keys of the article's nodes."""
        return next((node[name] for node in self.articles for name in names if node.get(name)), None)

    def resolve(self, value: Any) -> Any:
        """A node that is given only by its ``@id``, looked up."""
        if isinstance(value, str) and "#" in value:
            return next((node for node in self.nodes if node.get("@id") == value and len(node) > 2), value)
        if isinstance(value, dict) and set(value) <= {"@id", "@type"} and value.get("@id"):
            return next((node for node in self.nodes if node.get("@id") == value["@id"] and len(node) > 2), value)
        return value


def read_structured(document: Document) -> Structured:
    """Collect what a page declares."""
    structured = Structured(meta=_meta(document))
    for script in document.elements("script"):
        if "ld+json" in (script.get("type") or "").lower() and script.text:
            structured.nodes.extend(node for value in read_json(script.text) for node in _nodes(value, 0))
    articles = [node for node in structured.nodes if is_article(node)]
    structured.articles = sorted(articles, key=lambda node: not _is_about(node, document.url))
    return structured


def _meta(document: Document) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for element in document.elements("meta"):
        content = " ".join((element.get("content") or element.get("value") or "").split())
        for attribute in ("property", "name", "itemprop"):
            name = (element.get(attribute) or "").strip().lower()
            if name.startswith(("dc:", "dcterms:")):
                name = name.replace(":", ".", 1)
            if name and content:
                found.setdefault(name, []).append(content)
    return found


def _nodes(value: Any, depth: int) -> Iterator[Node]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from _nodes(item, depth + 1)
    elif isinstance(value, dict):
        yield value
        for key in ("@graph", "mainEntity", "mainEntityOfPage", "itemListElement", "breadcrumb"):
            if isinstance(value.get(key), (dict, list)):
                yield from _nodes(value[key], depth + 1)


def is_article(node: Node) -> bool:
    """Whether a node describes an article."""
    return any(_ARTICLE_TYPES.search(kind) for kind in texts(node.get("@type")))


def _is_about(node: Node, url: str) -> bool:
    claims = [
        claim.get("@id") if isinstance(claim, dict) else claim
        for claim in map(node.get, ("url", "@id", "mainEntityOfPage"))
    ]
    return any(isinstance(claim, str) and _bare(claim) == _bare(url) for claim in claims)


def _bare(url: str) -> str:
    return re.sub(r"^https?://(?:www\.)?", "", url.split("#")[0].split("?")[0]).rstrip("/")


def texts(value: Any) -> list[str]:
    """The strings in a value that may be one, a list of them, or nodes with a name."""
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return [str(value)]
    if isinstance(value, dict):
        return texts(value.get("@value") or value.get("name") or value.get("url") or value.get("@id"))
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return []


def plain(text: str) -> str:
    """A declared text as a person reads it: entities resolved, markup dropped, white space folded."""
    for _ in range(2):
        text = replace_entities(text)
    return " ".join(_MARKUP.sub(" ", text).split())


def microdata(document: Document, name: str) -> Iterator[str]:
    """Values of the elements with this ``itemprop`` (WHATWG HTML, section 5.2.4)."""
    for element in document.properties.get(name, ()):
        value = element.get("content") or element.get("datetime") or text_of(element)
        if value.strip():
            yield value.strip()
