"""What a page declares about itself: JSON-LD, meta elements, microdata."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast

from lxml import etree
from lxml.html import HtmlElement
from w3lib.html import replace_entities

from pipelines.extract.document import Document, text_of
from pipelines.extract.json_reading import read_json

Node = dict[str, Any]

_ARTICLE_TYPES = re.compile(
    r"(?:^|/|:)(?:\w*NewsArticle|Article|BlogPosting|SocialMediaPosting|Report|LiveBlogPosting|AdvertiserContentArticle"
    r"|SatiricalArticle|TechArticle|\w*ScholarlyArticle|Blog)$",
    re.I,
)
_MAX_DEPTH = 8
_LINKED_DATA = re.compile(r"ld\W?json|json\W?ld")
_CONTEXT = re.compile(r"[\"']@context[\"']\s*:\s*[^,]{0,40}schema\.org")
_BEGINNING = 400
_OF_SCHEMA = re.compile(r"^(?:https?://(?:www\.)?schema\.org/|schema:)")
_TERMS: dict[str, str] = {
    term.lower(): term
    for term in (
        "@context @graph @id @type @value about alternateName alternativeHeadline articleBody articleSection author"
        " breadcrumb byline caption contentUrl copyrightHolder copyrightYear creator dateCreated dateModified"
        " datePublished description editor familyName genre givenName hasPart headline image inLanguage"
        " isAccessibleForFree isPartOf item itemListElement keywords license liveBlogUpdate mainEntity"
        " mainEntityOfPage name position provider publisher sameAs sourceOrganization text thumbnailUrl url wordCount"
    ).split()
} | {"type": "@type", "id": "@id"}
"""Terms of schema.org and JSON-LD (1.1, section 4.1.5 has the last two), by their letters in lower case.

Pages write them with capitals, with spaces around them, with a prefix, or as whole addresses.
"""
_DUBLIN_CORE = re.compile(r"^(dc|dcterms)[:_]")
_WITH_TYPE = etree.XPath("//*[@typeof]")
_WITH_PROPERTY = etree.XPath(".//*[@property]")
_MOST_PROPERTIES = 200
_READ_OF_RDFA = frozenset({"author", "headline", "datePublished", "dateModified"})
_MARKUP = re.compile(
    r"<(/?)(a|abbr|b|big|blockquote|br|cite|code|del|div|em|font|h[1-6]|i|img|ins|li|mark|nobr|ol|p|q|s|small|span|strike"
    r"|strong|sub|sup|tt|u|ul|wbr)(?:\s[^<>]{0,300})?/?>",
    re.I,
)
"""Markup that texts are dressed in. Other words in angle brackets are the text's own."""
_NEVER_ENDED = frozenset({"br", "img", "li", "p", "wbr"})
"""Elements whose end may be left out, or that have none (WHATWG HTML, section 13.1.2)."""


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
        if script.text and _is_linked_data(script.get("type") or "", script.text):
            structured.nodes.extend(
                node for value in read_json(script.text) for node in _nodes(_in_terms(value, 0), 0)
            )
    elsewhere = {
        id(node) for node in _listed(structured.nodes) if _addresses(node) and not _is_about(node, document.url)
    }
    articles = [node for node in structured.nodes if is_article(node) and id(node) not in elsewhere]
    structured.articles = sorted(articles, key=lambda node: not _is_about(node, document.url))
    for name, value in _properties(document):
        structured.meta.setdefault(name, []).append(value)
    return structured


def _is_linked_data(kind: str, text: str) -> bool:
    """Whether a script is JSON-LD: by its type as it should be written or is miswritten, or JSON with its context."""
    kind = kind.lower()
    if _LINKED_DATA.search(kind):
        return True
    return "json" in kind and _CONTEXT.search(text, 0, _BEGINNING) is not None


def _in_terms(value: Any, depth: int) -> Any:
    """A value with the keys of its nodes as the vocabulary writes them."""
    if depth > _MAX_DEPTH or not isinstance(value, (dict, list)):
        return value
    if isinstance(value, list):
        return [_in_terms(item, depth + 1) for item in value]
    node: Node = {}
    key: str
    for key, item in value.items():
        term = _TERMS.get(_OF_SCHEMA.sub("", key.strip()).lower(), key)
        if key == term or not node.get(term):
            node[term] = _in_terms(item, depth + 1)
    return node


def _listed(nodes: list[Node]) -> Iterator[Node]:
    """The nodes that others have as items of a list or as parts."""
    for node in nodes:
        for key in ("itemListElement", "hasPart"):
            items = node.get(key)
            yield from (item for item in (items if isinstance(items, list) else [items]) if isinstance(item, dict))


def _properties(document: Document) -> Iterator[tuple[str, str]]:
    """What an article says in RDFa (RDFa Lite 1.1), where the page has one article that does."""
    if b"typeof" not in document.source:
        return
    described = [
        element
        for element in cast("list[HtmlElement]", _WITH_TYPE(document.root))
        if any(map(_ARTICLE_TYPES.search, (element.get("typeof") or "").split()))
    ]
    for element in described if len(described) == 1 else ():
        for part in islice(cast("list[HtmlElement]", _WITH_PROPERTY(element)), _MOST_PROPERTIES):
            if next((around for around in part.iterancestors() if around.get("typeof")), None) is not element:
                continue
            names = {_OF_SCHEMA.sub("", name) for name in (part.get("property") or "").split()} & _READ_OF_RDFA
            value = part.get("content") or part.get("datetime") or text_of(part)
            yield from (
                (name.lower(), " ".join(value.split())) for name in names if value.strip() and part.tag != "meta"
            )


def _meta(document: Document) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for element in document.elements("meta"):
        content = " ".join((element.get("content") or element.get("value") or "").split())
        for attribute in ("property", "name", "itemprop"):
            name = _DUBLIN_CORE.sub(r"\1.", _OF_SCHEMA.sub("", (element.get(attribute) or "").strip().lower()))
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
        for key in ("@graph", "mainEntity", "mainEntityOfPage", "itemListElement", "hasPart", "breadcrumb"):
            if isinstance(value.get(key), (dict, list)):
                yield from _nodes(value[key], depth + 1)


def is_article(node: Node) -> bool:
    """Whether a node describes an article."""
    return any(_ARTICLE_TYPES.search(kind.strip()) for kind in texts(node.get("@type")))


def _is_about(node: Node, url: str) -> bool:
    return any(_bare(address) == _bare(url) for address in _addresses(node))


def _addresses(node: Node) -> list[str]:
    claims = [
        claim.get("@id") if isinstance(claim, dict) else claim
        for claim in map(node.get, ("url", "@id", "mainEntityOfPage"))
    ]
    return [claim for claim in claims if isinstance(claim, str)]


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
    ended = {match[2].lower() for match in _MARKUP.finditer(text) if match[1]} if "<" in text else ()
    # What is begun and never ended is no markup: a text that speaks of <b> and <i>
    bare = _MARKUP.sub(lambda tag: " " if tag[2].lower() in (*ended, *_NEVER_ENDED) else tag[0], text)
    return " ".join(bare.split())


def microdata(document: Document, name: str) -> Iterator[str]:
    """Values of the elements with this ``itemprop`` (WHATWG HTML, section 5.2.4)."""
    for element in document.properties.get(name, ()):
        value = element.get("content") or element.get("datetime") or text_of(element)
        if value.strip():
            yield value.strip()
