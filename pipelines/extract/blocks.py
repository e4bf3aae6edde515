"""A page as a sequence of text blocks: the paragraphs, list items, cells and lines that a reader sees.

A block is the text between two borders. Borders are the edges of block-level elements and line breaks; what
programs, forms and drawings contain is no text. Nothing is judged here, only cut.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from lxml import etree, html

from pipelines.extract.class_words import UNSEEN, class_words

_BLOCK_LEVEL = frozenset(
    "p div section article main aside header footer nav h1 h2 h3 h4 h5 h6 ul ol li dl dt dd blockquote pre table"
    " tr td th tbody thead tfoot caption figure figcaption form fieldset address details summary hr body center"
    " legend html".split()
)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_UNSEEN_STYLE = re.compile(r"clip\s*:\s*rect\(|clip-path\s*:\s*inset\(50%", re.I)
_WORD_CHARACTER = re.compile(r"\w")

AROUND = ("link", "hidden", "article", "main", "apart", "figure", "cell", "quote")
"""What may stand around a text: the bits of `PlacedElement.around`, the first one lowest."""
IN_LINK, HIDDEN, IN_ARTICLE, IN_MAIN, APART, IN_FIGURE, IN_CELL, IN_QUOTE, EMPHASISED, SILENT = (
    1 << bit for bit in range(10)
)
_TAGS_OF = {
    SILENT: "script style noscript template svg iframe object embed select option textarea button input head canvas"
    " map audio video math",
    IN_LINK: "a",
    IN_ARTICLE: "article",
    IN_MAIN: "main",
    APART: "aside nav footer header form",
    IN_FIGURE: "figure figcaption",
    IN_CELL: "li table td th dd dt",
    IN_QUOTE: "blockquote q",
    EMPHASISED: "strong b em i",
}
_OFTEN_LEFT_OPEN = frozenset(("button", "noscript"))
"""Of what holds no text these may hold the article all the same: one left open takes in all that follows, and a page
may show its text to those alone who run no scripts, as a crawler does. So may what is for screen readers only."""
_NAVIGATION = frozenset(("nav", "footer"))
"""Outside of ``article`` and ``main`` these are left out, unless they hold the article: a quarter of all blocks."""
_ARTICLE = frozenset(("article", "main"))
_MOST_LOOKED_INTO = 300
"""Elements looked into for an article; on pages with more of them the others are read like anything else."""
_DEEPEST = 500
"""Elements around one that is looked into for an article, at most."""
_LONGEST_MARKS = 1000
"""Characters of a class and id that are looked at, and kept for the next element that has the same."""
_FEWEST_PARAGRAPHS = 3
_NO_TEXT = frozenset(_TAGS_OF[SILENT].split())
_SKIPPED = _NO_TEXT | _NAVIGATION
_TAG_BITS = {tag: bit for bit, tags in _TAGS_OF.items() for tag in tags.split()}


@dataclass(slots=True)
class PlacedElement:
    """An element and what stands around it."""

    element: html.HtmlElement
    parent: PlacedElement | None
    number: int
    """Places are numbered as they are met."""
    tag: str
    block: PlacedElement
    """The nearest place that is block-level, itself included."""
    around: int
    """Bits such as `IN_LINK`."""
    depth: int
    words: int
    """Bits of what its own class and id say (`class_words`)."""
    words_above: int
    """The same of all elements around it, its own included."""


@dataclass(slots=True)
class Block:
    """One piece of text."""

    text: str
    """White space folded."""
    place: PlacedElement
    """The block-level element it stands in."""
    linked: int
    """Characters of it that are in links."""
    emphasised: int
    """Characters of it that are strong or emphasised."""
    after_break: bool
    """Whether it begins behind a line break."""


def _place(element: html.HtmlElement, parent: PlacedElement | None, number: int) -> PlacedElement:
    tag = element.tag if isinstance(element.tag, str) else ""
    marks, name = element.get("class"), element.get("id")
    own = class_words(f"{marks or ''} {name or ''}"[:_LONGEST_MARKS]) if marks or name else 0
    around = _TAG_BITS.get(tag, 0) if tag else SILENT
    visibility = SILENT if own & UNSEEN else _visibility(element)
    deep = parent is not None and parent.depth > _DEEPEST
    if (visibility == SILENT or tag in _OFTEN_LEFT_OPEN) and not deep and _holds_article(element):
        around, visibility = around & ~SILENT, 0
    around |= visibility
    place = PlacedElement(element, parent, number, tag, None, around, 0, own, own)  # type: ignore[arg-type]
    place.block = place
    if parent is not None:
        place.around |= parent.around
        place.words_above |= parent.words_above
        place.depth = parent.depth + 1
        if tag not in _BLOCK_LEVEL:
            place.block = parent.block
    return place


def _holds_article(element: html.HtmlElement) -> bool:
    if next(element.iter("main", "article"), None) is not None:
        return True
    return len(list(islice(element.iter("p"), _FEWEST_PARAGRAPHS))) == _FEWEST_PARAGRAPHS


def _visibility(element: html.HtmlElement) -> int:
    """Text for screen readers alone is none of the page's; what is hidden for now may be shown later."""
    if style := element.get("style"):
        if _UNSEEN_STYLE.search(style):
            return SILENT
        if _HIDDEN_STYLE.search(style):
            return HIDDEN
    return HIDDEN if element.get("hidden") is not None or element.get("aria-hidden") == "true" else 0


@dataclass(frozen=True, slots=True)
class Cut:
    """A page in pieces."""

    blocks: list[Block]
    """In the order of the page."""
    left_out: tuple[html.HtmlElement, ...]
    """The elements that lead around the site, in which no blocks are looked for."""


def blocks_of(root: html.HtmlElement) -> list[Block]:
    """The text blocks of a page, in its order."""
    return cut(root).blocks


def cut(root: html.HtmlElement) -> Cut:
    """Cut a page. Not recursive: pages may be very deep."""
    body = root.find(".//body")
    walker = etree.iterwalk(root if body is None else body, events=("start", "end", "comment"))
    cutter = _Cutter()
    for event, element in walker:
        if event == "start":
            skipped = element.tag in _SKIPPED and cutter.skips(element)
            if skipped:
                walker.skip_subtree()
            cutter.enter(element, skipped)
        elif event == "end":
            cutter.leave(element)
        else:
            cutter.take(element.tail or "")
    return cutter.finish()


class _Cutter:
    """Gathers the texts of a page into blocks."""

    def __init__(self) -> None:
        self._elements: list[html.HtmlElement] = []
        self._places: list[PlacedElement] = []
        self._made = 0
        self._articles = self._looked_into = 0
        self._left_out: list[html.HtmlElement] = []
        self._blocks: list[Block] = []
        self._parts: list[str] = []
        self._place: PlacedElement | None = None
        self._linked = self._emphasised = 0
        self._after_break = False

    def skips(self, element: html.HtmlElement) -> bool:
        """Whether nothing is looked for in an element of `_SKIPPED`, which is entered next."""
        navigates = element.tag in _NAVIGATION
        if navigates and self._articles:
            return False
        if navigates or element.tag in _OFTEN_LEFT_OPEN:
            self._looked_into += 1
            if self._looked_into > _MOST_LOOKED_INTO or _holds_article(element):
                return False
        if navigates:
            self._left_out.append(element)
        return True

    def enter(self, element: html.HtmlElement, skipped: bool) -> None:
        """Before an element's text."""
        tag = element.tag
        if self._parts and tag in _BLOCK_LEVEL:
            self._flush(broken=False)
        self._elements.append(element)
        self._articles += tag in _ARTICLE
        if not skipped and (text := element.text):
            self.take(text)

    def leave(self, element: html.HtmlElement) -> None:
        """Behind an element, before the text that follows it."""
        self._elements.pop()
        self._articles -= element.tag in _ARTICLE
        del self._places[len(self._elements) :]
        tag = element.tag
        if tag == "br":
            self._flush(broken=True)
        elif self._parts and tag in _BLOCK_LEVEL:
            self._flush(broken=False)
        if self._elements and (text := element.tail):
            self.take(text)

    def take(self, text: str) -> None:
        """A text within the element that was entered last and not left yet."""
        if not text or text.isspace():
            if self._parts:
                self._parts.append(" ")
            return
        place = self._current()
        if place.around & SILENT:
            return
        self._place = self._place or place.block
        self._parts.append(text)
        if place.around & (IN_LINK | EMPHASISED):
            length = len(text.strip())
            self._linked += length if place.around & IN_LINK else 0
            self._emphasised += length if place.around & EMPHASISED else 0

    def finish(self) -> Cut:
        """All blocks."""
        self._flush(broken=False)
        return Cut(self._blocks, tuple(self._left_out))

    def _current(self) -> PlacedElement:
        """The place of the element that was entered last. Most elements hold no text, and never need one."""
        for element in self._elements[len(self._places) :]:
            self._places.append(_place(element, self._places[-1] if self._places else None, self._made))
            self._made += 1
        return self._places[-1]

    def _flush(self, broken: bool) -> None:
        if self._parts:
            text = " ".join("".join(self._parts).split())
            if self._place is not None and _WORD_CHARACTER.search(text):
                block = Block(text, self._place, self._linked, self._emphasised, self._after_break)
                self._blocks.append(block)
            self._parts = []
            self._after_break = False
        self._place = None
        self._linked = self._emphasised = 0
        self._after_break = self._after_break or broken
