"""The structure of an article's text: its blocks on the page as headings, paragraphs, lists, tables, quotes, code.

Between them stand the images and the contents of other sites that the page shows there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlsplit

from lxml import html

from archive.article import Image
from archive.body import (
    BodyBlock,
    Code,
    Correction,
    Embed,
    EmbedKind,
    Figure,
    Heading,
    ItemList,
    Paragraph,
    Quote,
    Table,
    TableCell,
)
from pipelines.extract.blocks import Block, PlacedElement
from pipelines.extract.document import text_of
from pipelines.extract.tables import DataTables, rows_of

Absolute = Callable[[str | None], str | None]

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LEVEL_OF_PART = 3
"""Level of a heading that has none of its own, as a ``summary``."""
_LONGEST_ITEM = 1500
_CODE = re.compile(r"code|highlight|lang(?:uage)?-|syntax|prettyprint|brush:|hljs", re.I)
_CORRECTION = re.compile(
    r"\W*(?:corrections?|clarifications?|editor.?s.? note|this (?:article|story) (?:was"
    r"|has been) (?:amended|corrected|updated)"
    r"|berichtigung|korrektur|anm(?:erkung|\.) der redaktion|hinweis der redaktion|rectificati(?:f"
    r"|on)|correctif|erratum"
    r"|correcci[oó]n|fe de errat(?:as|ores)|nota de la redacci[oó]n|correção|errata|nota da redação"
    r"|rettifica|errata corrige"
    r"|correctie|rectificatie|rättelse|rettelse|korjaus|sprostowanie|oprava|исправление|поправка"
    r"|уточнение|виправлення"
    r"|تصحيح|تصويب|düzeltme|訂正|更正|정정)\b",
    re.I,
)
_CORRECTION_MARKS = re.compile(
    r"correction|corrigend|erratum|clarification|editors?-?note|rettelse|berichtigung", re.I
)
_POSTS = re.compile(
    r"twitter-(?:tweet|video)|instagram-media|tiktok-embed|bluesky-embed|mastodon-embed|fb-post|reddit-", re.I
)
_HOSTS = {
    EmbedKind.VIDEO: (
        "youtube.com youtube-nocookie.com youtu.be vimeo.com dailymotion.com brightcove.net jwplayer.com"
        " rutube.ru ok.ru vk.com vkvideo.ru bilibili.com twitch.tv streamable.com rumble.com kaltura.com wistia.net"
    ).split(),
    EmbedKind.AUDIO: "soundcloud.com spotify.com podcasts.apple.com omny.fm acast.com megaphone.fm".split(),
    EmbedKind.POST: (
        "twitter.com x.com instagram.com tiktok.com facebook.com t.me telegram.org bsky.app threads.net reddit.com"
    ).split(),
    EmbedKind.OTHER: "datawrapper.de dwcdn.net flourish.studio infogram.com documentcloud.org".split(),
}
"""Whose frames are content, by what they hold; other frames are advertisements as often as not."""
_FAR = 2
"""Blocks before the first and behind the last of the text within which an image or frame is still the article's."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """What a block is part of: the outermost list, table, quotation, code or post of another site around it."""

    kind: str
    place: PlacedElement


def structure_of(
    page: Sequence[Block],
    kept: Sequence[Block],
    media: Sequence[tuple[html.HtmlElement, int]],
    images: Mapping[html.HtmlElement, Image],
    absolute: Absolute,
) -> tuple[BodyBlock, ...]:
    """The blocks of a record from the `kept` ones of a page, with the `images` and other media between them."""
    numbers = {id(block): number for number, block in enumerate(page)}
    places = [numbers[id(block)] for block in kept]
    pending = list(_media(media, images, absolute, places))
    units = _Units()
    found: list[BodyBlock] = []
    for unit, group in groupby(kept, key=lambda block: units.of(block.place)):
        blocks = list(group)
        first = numbers[id(blocks[0])]
        while pending and pending[0][0] <= first:
            found.append(pending.pop(0)[1])
        found += _made(unit, blocks, absolute)
    return tuple(found + [one for _, one in pending])


class _Units:
    """What each place is part of; each element is looked at once."""

    def __init__(self) -> None:
        self._known: dict[int, _Unit | None] = {}
        self._tables = DataTables()

    def of(self, place: PlacedElement | None) -> _Unit | None:
        if place is None:
            return None
        if place.number not in self._known:
            self._known[place.number] = self.of(place.parent) or self._own(place)
        return self._known[place.number]

    def _own(self, place: PlacedElement) -> _Unit | None:
        element, tag = place.element, place.tag
        if tag == "blockquote":
            return _Unit("post" if _POSTS.search(element.get("class") or "") else "quote", place)
        if tag == "table" and self._tables.around(place) is place:
            return _Unit("table", place)
        if tag == "pre" and _is_code(element):
            return _Unit("code", place)
        if tag in ("ul", "ol") and _is_list(element):
            return _Unit("list", place)
        return None


def _is_code(element: html.HtmlElement) -> bool:
    if element.find(".//code") is not None or (element.getparent() is not None and element.getparent().tag == "code"):
        return True
    around = [element, *list(element.iterancestors())[:1]]
    return any(_CODE.search(one.get("class") or "") for one in around)


def _is_list(element: html.HtmlElement) -> bool:
    """Whether a list is one of items, not a frame for parts of the article with headings of their own."""
    return next(element.iter(*_HEADINGS), None) is None and all(
        len(text_of(item)) <= _LONGEST_ITEM for item in element.iterchildren("li")
    )


def _made(unit: _Unit | None, blocks: Sequence[Block], absolute: Absolute) -> Iterator[BodyBlock]:
    texts = tuple(block.text for block in blocks)
    if unit is None:
        yield from map(_single, blocks)
    elif unit.kind == "list":
        yield ItemList(ordered=unit.place.tag == "ol", items=tuple(_items(blocks)))
    elif unit.kind == "table":
        yield _table(unit.place.element, blocks)
    elif unit.kind == "code":
        yield Code(text=_preformatted(unit.place.element))
    elif unit.kind == "post":
        links = [absolute(link.get("href")) for link in unit.place.element.iter("a")]
        yield Embed(what=EmbedKind.POST, url=next((link for link in reversed(links) if link), None), paragraphs=texts)
    else:
        yield Quote(paragraphs=texts)


def _single(block: Block) -> BodyBlock:
    place: PlacedElement | None = block.place
    for _ in range(3):
        if place is None:
            break
        if place.tag in _HEADINGS:
            return Heading(level=_HEADINGS[place.tag], text=block.text)
        if place.tag == "summary":
            return Heading(level=_LEVEL_OF_PART, text=block.text)
        if place.tag == "p":
            break
        place = place.parent
    if is_correction(block):
        return Correction(text=block.text)
    return Paragraph(text=block.text)


def is_correction(block: Block) -> bool:
    """Whether a paragraph says that the article was corrected or changed."""
    if _CORRECTION.match(block.text):
        return True
    around = (block.place, block.place.parent)
    return any(place is not None and _CORRECTION_MARKS.search(place.element.get("class") or "") for place in around)


def _items(blocks: Sequence[Block]) -> Iterator[str]:
    for _, group in groupby(blocks, key=_item_around):
        yield " ".join(block.text for block in group)


def _item_around(block: Block) -> int:
    place: PlacedElement | None = block.place
    while place is not None and place.tag != "li":
        place = place.parent
    return place.number if place is not None else -1


def _table(element: html.HtmlElement, blocks: Sequence[Block]) -> BodyBlock:
    texts: dict[html.HtmlElement, list[str]] = {}
    caption: list[str] = []
    for block in blocks:
        cell = _cell_around(block.place)
        (caption if cell is None else texts.setdefault(cell, [])).append(block.text)
    rows = (
        tuple(TableCell(text=" ".join(texts.get(cell, ())), header=cell.tag == "th") for cell in cells)
        for cells in rows_of(element)
    )
    return Table(caption=" ".join(caption) or None, rows=tuple(row for row in rows if any(cell.text for cell in row)))


def _cell_around(place: PlacedElement | None) -> html.HtmlElement | None:
    while place is not None and place.tag not in ("td", "th"):
        if place.tag == "table":
            return None
        place = place.parent
    return place.element if place is not None else None


def _preformatted(element: html.HtmlElement) -> str:
    element = deepcopy(element)
    for line_break in element.iter("br"):
        line_break.tail = "\n" + (line_break.tail or "")
    lines = "".join(element.itertext()).expandtabs(4).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def _media(
    media: Sequence[tuple[html.HtmlElement, int]],
    images: Mapping[html.HtmlElement, Image],
    absolute: Absolute,
    places: Sequence[int],
) -> Iterator[tuple[int, BodyBlock]]:
    """Images and frames of the article, each with the number of blocks before it."""
    shown: set[str] = set()
    for element, number in media:
        image = images.get(element)
        if image is not None:
            if image.url not in shown:
                yield number, Figure(url=image.url, caption=image.caption, credit=image.credit)
            shown.add(image.url)
        elif element.tag not in ("img", "amp-img") and places and places[0] - _FAR <= number <= places[-1] + _FAR:
            embed = _embed(element, absolute)
            if embed is not None and embed.url not in shown:
                yield number, embed
                shown.add(embed.url or "")


def _embed(element: html.HtmlElement, absolute: Absolute) -> Embed | None:
    source = element.get("src") or element.get("data-src")
    if not source and element.tag in ("video", "audio"):
        source = next((child.get("src") for child in element.iter("source") if child.get("src")), None)
    address = absolute(source)
    if address is None:
        return None
    if element.tag in ("video", "audio"):
        return Embed(what=EmbedKind(element.tag), url=address)
    named = urlsplit(address)
    where = f"{named.hostname or ''}{named.path}"
    for what, hosts in _HOSTS.items():
        if any(re.search(rf"(?:^|\.){re.escape(host)}(?:/|$)", where) for host in hosts):
            return Embed(what=what, url=address)
    return None
