"""A page as a sequence of text blocks: the paragraphs, list items, cells and lines that a reader sees.

A block is the text between two borders. Borders are the edges of block-level elements, line breaks, and blank lines
of preformatted text; what programs, forms and drawings contain is no text. Nothing is judged here, only cut.
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
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_HEADING_OF_PART = _HEADINGS | {"summary", "dt"}
_INLINE_AS_BLOCK = frozenset(("span", "a", "b", "strong", "em", "i", "u", "font", "label"))
"""Elements of a line that some pages show as paragraphs by their style."""
_BLOCK_STYLE = re.compile(
    r"display\s*:\s*(?:block|flex|grid|table|list-item|flow-root)\b"
    r"|display\s*:\s*inline-(?:block|flex)\b[^}]*?\bwidth\s*:\s*100%|float\s*:\s*(?:left|right)[^}]*?\bwidth\s*:\s*100%",
    re.I,
)
_BLOCK_ROLES = frozenset(("paragraph", "heading", "listitem", "row", "cell"))
_LINES_STYLE = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.I)
_LINE_END = re.compile(r"\s*\n\s*")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
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
_SHADOW_ROOT = ("shadowrootmode", "shadowroot")
"""A template with one of these is shown: it is the inside of the element around it (WHATWG HTML, section 4.12.3)."""
_NAVIGATION = frozenset(("nav", "footer"))
"""Outside of ``article`` and ``main`` these are left out, unless they hold the article: a quarter of all blocks."""
_ARTICLE = frozenset(("article", "main"))
_COUNTED = _ARTICLE | {"pre"}
_MOST_LOOKED_INTO = 300
"""Elements looked into for an article; on pages with more of them the others are read like anything else."""
_DEEPEST = 500
"""Elements around one that is looked into for an article, at most."""
_LONGEST_MARKS = 1000
"""Characters of a class and id that are looked at, and kept for the next element that has the same."""
_FEWEST_PARAGRAPHS = 3
_MOST_PARAGRAPHS = 2000
"""Paragraphs that blank lines make of one preformatted text, at most."""
_MEDIA = frozenset(("img", "amp-img", "iframe", "video", "audio"))
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
    block: PlacedElement | None
    """The nearest place around it that is block-level; None when it is block-level itself. It never refers to itself:
    a page's tree is freed with the last reference to it, not when the collector comes by."""
    around: int
    """Bits such as `IN_LINK`."""
    depth: int
    words: int
    """Bits of what its own class and id say (`class_words`)."""
    words_above: int
    """The same of all elements around it, its own included."""
    attributes: list[str]
    """Names of its attributes."""
    css_class: str | None
    marks: str
    """Its class and id, the first `_LONGEST_MARKS` characters of them."""
    role: int = -1
    """Kept by `pipelines.extract.exclusions`: what it is within, negative until it was asked for."""


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


_OPENING = ("aria-controls", "aria-expanded", "data-toggle", "data-bs-toggle")
_ASKING = ("?", "？", "؟", ";")
_PARTS_OPENED = frozenset(("amp-accordion", "details"))


def opens_part(place: PlacedElement) -> bool:
    """Whether it is the heading of a part that the reader opens: a summary, a button's, an accordion's."""
    current: PlacedElement | None = place
    is_heading = False
    for _ in range(4):
        if current is None:
            return False
        is_heading = is_heading or current.tag in _HEADING_OF_PART
        if current.tag == "summary" or (current.tag == "button" and not current.around & SILENT):
            return True
        if is_heading and (current.tag in _PARTS_OPENED or _opens(current.element)):
            return True
        current = current.parent
    return False


def _opens(element: html.HtmlElement) -> bool:
    """Whether an element says that it opens another one (ARIA's accordion pattern, Bootstrap's attributes)."""
    return any(element.get(name) is not None for name in _OPENING)


def _is_border(element: html.HtmlElement) -> bool:
    """Whether the edges of an element that is no block by its tag end one: by its style, or as one that stands alone.

    A custom element (WHATWG HTML, section 4.13: its name has a hyphen) may hold a word or a section: where text
    touches it, it stands in a line.
    """
    if element.tag in _INLINE_AS_BLOCK:
        style = element.get("style")
        return bool(style and _BLOCK_STYLE.search(style)) or element.get("role") in _BLOCK_ROLES
    return not _is_touched(element)


def _is_touched(element: html.HtmlElement) -> bool:
    before = element.getprevious()
    parent = element.getparent()
    text = before.tail if before is not None else parent.text if parent is not None else None
    return bool((text and not text.isspace()) or (element.tail and not element.tail.isspace()))


def _heads_part(button: html.HtmlElement) -> bool:
    """Whether a button is the heading of a part of the page that it opens (ARIA's accordion pattern)."""
    if next(button.iter(*_HEADINGS), None) is not None:
        return True
    parent = button.getparent()
    following = button.getnext()
    if following is not None and following.tag in ("div", "section", "p") and not (button.tail or "").strip():
        asks = "".join(button.itertext()).rstrip().endswith(_ASKING)
        if asks and any(text.strip() for text in following.itertext()):
            return True
    if parent is None or parent.tag not in _HEADING_OF_PART or (button.tail and not button.tail.isspace()):
        return False
    return len(parent) == 1 and not (parent.text and not parent.text.isspace())


def _place(element: html.HtmlElement, parent: PlacedElement | None, number: int, is_border: bool) -> PlacedElement:
    tag = element.tag if isinstance(element.tag, str) else ""
    around = _TAG_BITS.get(tag, 0) if tag else SILENT
    attributes = element.keys()
    css_class = marks = None
    own = visibility = 0
    if attributes:
        css_class, name = element.get("class"), element.get("id")
        if css_class or name:
            marks = f"{css_class or ''} {name or ''}"[:_LONGEST_MARKS]
            own = class_words(marks)
        visibility = SILENT if own & UNSEEN else _visibility(element, attributes)
    if visibility == SILENT or tag in _OFTEN_LEFT_OPEN:
        deep = parent is not None and parent.depth > _DEEPEST
        if not deep and ((tag == "button" and _heads_part(element)) or _holds_article(element)):
            around, visibility = around & ~SILENT, 0
    elif tag == "template" and any(name in attributes for name in _SHADOW_ROOT):
        around &= ~SILENT
    around |= visibility
    above, depth = own, 0
    if parent is not None:
        around |= parent.around
        above |= parent.words_above
        depth = parent.depth + 1
    block = None if is_border or parent is None else parent.block or parent
    surroundings = (around, depth, own, above, attributes, css_class, marks or "")
    return PlacedElement(element, parent, number, tag, block, *surroundings)


def _holds_article(element: html.HtmlElement) -> bool:
    if next(element.iter("main", "article"), None) is not None:
        return True
    return len(list(islice(element.iter("p"), _FEWEST_PARAGRAPHS))) == _FEWEST_PARAGRAPHS


def _visibility(element: html.HtmlElement, attributes: list[str]) -> int:
    """Text for screen readers alone is none of the page's; what is hidden for now may be shown later."""
    if "style" in attributes and (style := element.get("style")):
        if _UNSEEN_STYLE.search(style):
            return SILENT
        if _HIDDEN_STYLE.search(style):
            return HIDDEN
    if "hidden" in attributes or ("aria-hidden" in attributes and element.get("aria-hidden") == "true"):
        return HIDDEN
    return 0


@dataclass(frozen=True, slots=True)
class Cut:
    """A page in pieces."""

    blocks: list[Block]
    """In the order of the page."""
    left_out: tuple[html.HtmlElement, ...]
    """The elements that lead around the site, in which no blocks are looked for."""
    media: tuple[tuple[html.HtmlElement, int], ...] = ()
    """Images, films and frames in order, each with the number of blocks before it."""


def blocks_of(root: html.HtmlElement) -> list[Block]:
    """The text blocks of a page, in its order."""
    return cut(root).blocks


def cut(root: html.HtmlElement) -> Cut:
    """Cut a page. Not recursive: pages may be very deep."""
    body = root.find("body")
    body = root.find(".//body") if body is None else body
    top = root if body is None else body
    cutter = _Cutter()
    skipped = top.tag in _SKIPPED and cutter.skips(top)
    cutter.enter(top, top.tag, skipped)
    opened, children = [top], [iter(() if skipped else top)]
    while opened:
        for element in children[-1]:
            tag = element.tag
            if not isinstance(tag, str):
                if tag is etree.Comment:
                    cutter.take(element.tail or "")
                continue
            skipped = tag in _SKIPPED and cutter.skips(element)
            cutter.enter(element, tag, skipped)
            if len(element) and not skipped:
                opened.append(element)
                children.append(iter(element))
                break
            cutter.leave(element, tag)
        else:
            children.pop()
            element = opened.pop()
            cutter.leave(element, element.tag)
    return cutter.finish()


class _Cutter:
    """Gathers the texts of a page into blocks."""

    def __init__(self) -> None:
        self._elements: list[html.HtmlElement] = []
        self._borders: list[bool] = []
        self._preformatted = 0
        self._lined: list[html.HtmlElement] = []
        self._places: list[PlacedElement] = []
        self._made = 0
        self._articles = self._looked_into = 0
        self._left_out: list[html.HtmlElement] = []
        self._media: list[tuple[html.HtmlElement, int]] = []
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
        if element.tag == "template" and any(name in element.attrib for name in _SHADOW_ROOT):
            return False
        if navigates or element.tag in _OFTEN_LEFT_OPEN:
            self._looked_into += 1
            if self._looked_into > _MOST_LOOKED_INTO or _holds_article(element):
                return False
            if element.tag == "button" and _heads_part(element):
                return False
        if navigates:
            self._left_out.append(element)
        return True

    def enter(self, element: html.HtmlElement, tag: str, skipped: bool) -> None:
        """Before an element's text."""
        is_border = tag in _BLOCK_LEVEL or ((tag in _INLINE_AS_BLOCK or "-" in tag) and _is_border(element))
        if is_border and self._parts:
            self._flush(broken=False)
        self._elements.append(element)
        self._borders.append(is_border)
        if tag != "pre" and (style := element.get("style")) and _LINES_STYLE.search(style):
            self._lined.append(element)
        if tag in _COUNTED:
            self._preformatted += tag == "pre"
            self._articles += tag in _ARTICLE
        elif tag in _MEDIA:
            self._media.append((element, len(self._blocks) + bool(self._parts)))
        if not skipped and (text := element.text):
            self.take(text)

    def leave(self, element: html.HtmlElement, tag: str) -> None:
        """Behind an element, before the text that follows it."""
        self._elements.pop()
        if self._lined and self._lined[-1] is element:
            self._lined.pop()
        is_border = self._borders.pop()
        if tag in _COUNTED:
            self._preformatted -= tag == "pre"
            self._articles -= tag in _ARTICLE
        if len(self._places) > len(self._elements):
            self._places.pop()
        if tag == "br":
            self._flush(broken=True)
        elif is_border and self._parts:
            self._flush(broken=False)
        if self._elements and (text := element.tail):
            self.take(text)

    def take(self, text: str) -> None:
        """A text within the element that was entered last and not left yet."""
        if (self._preformatted or self._lined) and (parts := self._paragraphs(text))[1:]:
            for part in parts[:-1]:
                self.take(part)
                self._flush(broken=False)
            text = parts[-1]
        if not text or text.isspace():
            if self._parts:
                self._parts.append(" ")
            return
        depth = len(self._elements)
        place = self._places[-1] if len(self._places) == depth else self._current()
        around = place.around
        if around & SILENT:
            return
        if self._place is None:
            self._place = place.block or place
        self._parts.append(text)
        if around & (IN_LINK | EMPHASISED):
            length = len(text.strip())
            self._linked += length if around & IN_LINK else 0
            self._emphasised += length if around & EMPHASISED else 0

    def _paragraphs(self, text: str) -> list[str]:
        """A preformatted text cut at blank lines; where a style keeps its lines and none is blank, at each line."""
        parts = _BLANK_LINE.split(text, _MOST_PARAGRAPHS)
        return _LINE_END.split(text, _MOST_PARAGRAPHS) if self._lined and not parts[1:] else parts

    def finish(self) -> Cut:
        """All blocks."""
        self._flush(broken=False)
        return Cut(self._blocks, tuple(self._left_out), tuple(self._media))

    def _current(self) -> PlacedElement:
        """The place of the element that was entered last. Most elements hold no text, and never need one."""
        for element in self._elements[len(self._places) :]:
            is_border = self._borders[len(self._places)]
            self._places.append(_place(element, self._places[-1] if self._places else None, self._made, is_border))
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
