"""What an HTML document names that a browser would load to show it (HTML Living Standard, embedded content).

Pictures that scripts load late are found by the attributes that the usual ones use. Films and sound are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from pipelines.extract.document import Document, UnreadableDocument, parse_document
from spiders.problems import NotASource
from spiders.requisites.found import Requisite, RequisiteKind
from spiders.requisites.scripts import script_requisites
from spiders.requisites.styles import inline_requisites, resolved, unique

_PICTURE = (
    "src",
    "data-src",
    "data-original",
    "data-lazy-src",
    "data-lazy",
    "data-url",
    "data-bg",
    "data-background",
)
_DRAWN = ("href", "xlink:href")
_PICTURE_SETS = ("srcset", "data-srcset", "data-lazy-srcset", "imagesrcset")
_ICONS = frozenset({"icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon", "manifest", "preload"})
_SHARED = "//meta[@property='og:image' or @property='og:image:url' or @property='og:image:secure_url'"
_SHARED += " or @name='twitter:image' or @name='og:image']/@content"
_USUAL_ICON = "/favicon.ico"
_CANDIDATE = re.compile(r"[\s,]*([^\s,][^\s]*[^\s,]|[^\s,])(?:\s+[^,]*)?(?:,|$)")
"""One candidate of a srcset: an address without commas at its ends, and a descriptor."""


def page_requisites(body: bytes, url: str, content_type: str = "") -> list[Requisite]:
    """What a page names, in the order of its parts: styles, scripts, icons, pictures. Raises NotASource."""
    try:
        document = parse_document(body, url, [("Content-Type", content_type)] if content_type else ())
    except UnreadableDocument as error:
        raise NotASource(str(error), "open the URL in a browser") from error
    return unique(chain(_styles(document), _scripts(document), _icons(document), _pictures(document)))


def _absolute(document: Document, reference: Any, kind: RequisiteKind = RequisiteKind.OTHER) -> Iterator[Requisite]:
    address = document.absolute(str(reference))
    if address:
        yield from resolved(address, document.url, kind)


def _relations(link: Any) -> set[str]:
    return set((link.get("rel") or "").lower().split())


def _styles(document: Document) -> Iterator[Requisite]:
    for link in document.root.iter("link"):
        is_preload = "preload" in _relations(link) and (link.get("as") or "").lower() == "style"
        if link.get("href") and ("stylesheet" in _relations(link) or is_preload):
            yield from _absolute(document, link.get("href"), RequisiteKind.STYLE)
    base = document.base_url
    for style in document.root.iter("style"):
        yield from inline_requisites(style.text or "", base)
    for attribute in document.root.xpath("//@style"):
        if "(" in attribute:
            yield from inline_requisites(str(attribute), base)


def _scripts(document: Document) -> Iterator[Requisite]:
    for script in document.root.iter("script"):
        if script.get("src"):
            yield from _absolute(document, script.get("src"), RequisiteKind.SCRIPT)
        elif script.text and (script.get("type") or "module").lower() in ("module", "text/javascript"):
            text = script.text.encode("utf-8", "replace")
            yield from script_requisites(text, document.base_url, document.base_url)
    for link in document.root.iter("link"):
        if link.get("href") and "modulepreload" in _relations(link):
            yield from _absolute(document, link.get("href"), RequisiteKind.SCRIPT)


def _icons(document: Document) -> Iterator[Requisite]:
    links = [link for link in document.root.iter("link") if link.get("href") and _relations(link) & _ICONS]
    for link in links:
        if (link.get("as") or "").lower() not in ("style", "script", "fetch", "document"):
            yield from _absolute(document, link.get("href"))
    if not any("icon" in _relations(link) for link in links):
        yield from _absolute(document, _USUAL_ICON)


def _pictures(document: Document) -> Iterator[Requisite]:
    for element in document.root.iter("img", "source", "input", "image", "use", "link", "div", "section", "figure"):
        yield from _absolutes(document, _sources(element))
    yield from _absolutes(document, document.root.xpath("//video/@poster | //body/@background | //table/@background"))
    yield from _absolutes(document, document.root.xpath(_SHARED))


def _absolutes(document: Document, references: Iterable[Any]) -> Iterator[Requisite]:
    for reference in references:
        yield from _absolute(document, reference)


def _sources(element: Any) -> Iterator[str]:
    """References of an element, those of a set of pictures one by one."""
    for name in _PICTURE_SETS:
        if element.get(name):
            yield from candidates(element.get(name))
    tag = element.tag
    if tag == "link" or (tag == "source" and _is_of_a_film(element)):
        return
    for name in _DRAWN if tag in ("image", "use") else _PICTURE:
        if element.get(name):
            yield element.get(name)


def _is_of_a_film(source: Any) -> bool:
    parent = source.getparent()
    return parent is not None and parent.tag in ("video", "audio")


def candidates(text: str) -> list[str]:
    """The addresses of a ``srcset`` (HTML Living Standard, 4.8.4.2.1)."""
    return [match[1] for match in _CANDIDATE.finditer(text)]
