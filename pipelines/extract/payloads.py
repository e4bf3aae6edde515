"""The article's text if it is not in any element: JSON-LD's ``articleBody``, and the data of a site's scripts.

Next.js, Nuxt, Apollo, Fusion and others put the page's data into scripts. Within bounds they are read as JSON;
a text counts where the object around it has the page's title too, or where it is the only one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lxml import etree, html

from pipelines.extract.document import Document, text_of
from pipelines.extract.headline import squeeze
from pipelines.extract.structured import Structured, plain, texts

_MOST_CHARACTERS = 4_000_000
_MOST_NODES = 50_000
_DEEPEST = 40
_MOST_SCRIPTS = 200
_FEWEST_WORDS = 60
_FEWEST_PARAGRAPHS = 2
_STUB_WORDS = 60
"""Words of a page's blocks below which they may be no more than the frame of its text."""
_TIMES_LONGER = 2
_FEWEST_NUMBERED = 4
_SHORTEST_TITLE = 8
_STATE = re.compile(r"[\w$\])\"']\s{0,9}=\s{0,9}(?=[{\[])")
"""Where a script gives a name to an object or a list, whatever the name is."""
_MOST_STATES = 50
_SHORTEST_STATE = 300
_PARSED = re.compile(r"JSON\.parse\(\s*(?:(?P<double>\")|'(?P<single>(?:[^'\\]|\\.){300,4000000})')")
_ARGUMENTS = re.compile(r"\}\s*\)?\s*\(\s*(?=[\"\[{\d])")
"""Where a function is called that was written before its arguments, as Nuxt 2 gives its state."""
_MOST_ARGUMENTS = 5000
_NO_JSON = re.compile(r"(?<=[:,\[])\s*(?:undefined|void 0|NaN|!0|!1|new Date\(\"[^\"]{0,40}\"\))(?=\s*[,}\]])")
_ARGUMENT = re.compile(r"\s*,?\s*(?:undefined|void 0|NaN|!0|!1|[A-Za-z_$][\w$.]*)?")
_PUSHED = re.compile(r"self\.__next_f\.push\((?=\[)")
_ROW = re.compile(r"^(?:[0-9a-f]{1,4}:)?(?=[{\[])", re.M)
_BODY_KEY = re.compile(r"body|content|text|copy|html|markdown|paragraph|blocks|elements|rendered|story|data", re.I)
_NO_BODY_KEY = re.compile(
    r"comment|related|recommend|legal|privacy|terms|cookie|newsletter|caption|bio|disclaimer|teaser|summary"
    r"|description",
    re.I,
)
_MANY_PARAGRAPHS = re.compile(r"(?:<p[\s>].*?){3}", re.S | re.I)
"""A text of three paragraphs is one whatever it is called."""
_PIECE_KEYS = ("content", "text", "html", "value", "body", "paragraph")
_PARTS_OF_PIECE = ("content", "children", "data", "value", "nodes", "props", "attrs")
_DEEPEST_PIECE = 12
_SHORTEST_PACKED = 200
_OTHER_PIECES = re.compile(
    r"image|video|embed|\bad\b|^ads?[_-]|gallery|related|newsletter|interstitial|social|promo", re.I
)
_REACTIVE = frozenset(("Reactive", "ShallowReactive", "Ref", "ShallowRef", "EmptyRef", "Set", "Island"))
"""What Nuxt 3 puts before the number of a value."""
_BREAK = re.compile(r"\s*\n\s*|(?:\s*<br\s*/?>\s*){2,}", re.I)


@dataclass(frozen=True, slots=True)
class Payload:
    """A text that stands in a script."""

    paragraphs: tuple[str, ...]
    source: str
    """``json-ld`` or ``script``."""


def payload_of(document: Document, structured: Structured, found: Sequence[str]) -> Payload | None:
    """The text in the page's scripts, when its blocks gave none or a stub (`found`); None when there is none."""
    words = sum(len(paragraph.split()) for paragraph in found)
    if words >= _STUB_WORDS:
        return None
    least = max(_FEWEST_WORDS, words * _TIMES_LONGER)
    for body in texts(structured.article_value("articleBody"))[:1]:
        if _count(paragraphs := _paragraphs(body)) >= least:
            return Payload(paragraphs, "json-ld")
    titles = _titles(document, structured)
    candidates = [one for value in _values(document) for one in _bodies(value, titles)]
    known = [paragraphs for paragraphs, is_known in candidates if is_known]
    chosen = known or ([one for one, _ in candidates] if len(candidates) == 1 else [])
    best = max(chosen, key=_count, default=())
    if _count(best) < least:
        best = _of_template(document)
    return Payload(best, "script") if _count(best) >= least else None


def _of_template(document: Document) -> tuple[str, ...]:
    """The longest text in a template, which a script would put into the page (WHATWG HTML, section 4.12.3)."""
    if b"<template" not in document.source:
        return ()
    found = (tuple(map(text_of, one.iter("p"))) for one in document.root.iter("template"))
    return max((paragraphs for paragraphs in found if len(paragraphs) >= _FEWEST_PARAGRAPHS), key=_count, default=())


def _titles(document: Document, structured: Structured) -> set[str]:
    title = document.title
    said = [
        *structured.meta.get("og:title", ()),
        *(text_of(one) for one in document.elements("h1")),
        *([text_of(title)] if title is not None else []),
    ]
    return {text for one in said if len(text := squeeze(one)) >= _SHORTEST_TITLE}


def _values(document: Document) -> Iterator[Any]:
    """What the page's scripts hold as JSON, one value after another."""
    pushed: list[str] = []
    left = _MOST_CHARACTERS
    for number, script in enumerate(document.elements("script")):
        text = script.text or ""
        left -= len(text)
        if number >= _MOST_SCRIPTS or left < 0:
            break
        if "json" in (script.get("type") or "").lower():
            yield from _read(text, 0)
        elif "__next_f" in text:
            for match in _PUSHED.finditer(text):
                pushed += [one for row in _read(text, match.end()) for one in row if isinstance(one, str)]
        elif len(text) >= _SHORTEST_STATE:
            yield from _of_program(text)
    rows = "".join(pushed)
    for match in _ROW.finditer(rows):
        yield from _read(rows, match.end())


def _of_program(text: str) -> Iterator[Any]:
    """What a script gives names to, parses or hands over to a function, as far as that is JSON."""
    end = 0
    for match in islice(_STATE.finditer(text), _MOST_STATES):
        if match.end() >= end:
            for value, behind in _decoded(text, match.end()):
                yield value
                end = behind
    for match in islice(_PARSED.finditer(text), _MOST_STATES):
        if match["double"]:
            for value, _ in _decoded(text, match.start("double")):
                yield from _read(value, 0) if isinstance(value, str) else ()
        else:
            yield from _read(re.sub(r"\\(['\\])", r"\1", match["single"]), 0)
    for match in islice(_ARGUMENTS.finditer(text), _MOST_STATES):
        values = list(_arguments(text, match.end()))
        if values:
            pieces = [{"body": one} if isinstance(one, str) else one for one in values]
            yield {"arguments": pieces, **{str(number): one for number, one in enumerate(values)}}


def _arguments(text: str, start: int) -> Iterator[Any]:
    """The arguments of a call that are JSON; others are passed over."""
    for _ in range(_MOST_ARGUMENTS):
        match = _ARGUMENT.match(text, start)
        before, start = start, match.end() if match is not None else start
        if start >= len(text) or text[start] == ")":
            return
        if text[start] in '"{[-0123456789':
            for value, end in _decoded(text, start):
                yield value
                start = end
        if start == before:
            return


def _decoded(text: str, start: int) -> Iterator[tuple[Any, int]]:
    """The JSON value that begins at a place of a program, with JavaScript's own values as null, and where it ends."""
    decoder = json.JSONDecoder(strict=False)
    try:
        yield decoder.raw_decode(text, start)
        return
    except (ValueError, RecursionError):
        pass
    if len(text) - start >= _SHORTEST_STATE:
        try:
            yield decoder.raw_decode(_NO_JSON.sub("null", text[start:]))[0], start
        except (ValueError, RecursionError):
            return


def _read(text: str, start: int) -> Iterator[Any]:
    text = text[start:].lstrip()
    for value, _ in _decoded(text, 0):
        yield _Numbered(value).whole if _is_numbered(value) else value


def _is_numbered(value: Any) -> bool:
    """Whether a list is a value in pieces that name each other by number, as Nuxt 3 gives its state (devalue)."""
    if not isinstance(value, list) or len(value) < _FEWEST_NUMBERED or not isinstance(value[0], dict | list):
        return False
    return all(
        isinstance(number, int) and number < len(value)
        for one in value[:_FEWEST_NUMBERED]
        if isinstance(one, dict)
        for number in one.values()
    )


class _Numbered:
    """A value in numbered pieces, put together."""

    def __init__(self, pieces: list[Any]) -> None:
        self._pieces = pieces
        self._left = _MOST_NODES
        self.whole = self._at(0, 0)

    def _at(self, number: Any, depth: int) -> Any:
        self._left -= 1
        is_number = isinstance(number, int) and 0 <= number < len(self._pieces)
        if not is_number or depth > _DEEPEST or self._left < 0:
            return None
        piece = self._pieces[number]
        if isinstance(piece, dict):
            return {name: self._at(one, depth + 1) for name, one in piece.items()}
        if not isinstance(piece, list):
            return piece
        if len(piece) > 1 and piece[0] in _REACTIVE:
            return self._at(piece[1], depth + 1)
        return [self._at(one, depth + 1) for one in piece]


def _bodies(value: Any, titles: set[str]) -> Iterator[tuple[tuple[str, ...], bool]]:
    """The texts in a value, and whether an object around each has the page's title."""
    open_nodes: list[tuple[Any, str, bool, int]] = [(value, "", False, 0)]
    for _ in range(_MOST_NODES):
        if not open_nodes:
            return
        node, key, is_known, depth = open_nodes.pop()
        if depth > _DEEPEST:
            continue
        if isinstance(node, dict):
            is_known = is_known or any(_is_title(one, titles) for one in node.values())
            open_nodes += [(one, name, is_known, depth + 1) for name, one in node.items()]
        elif isinstance(node, list):
            pieces = tuple(piece for item in node for piece in _piece(item)) if _is_body_key(key) else ()
            if len(pieces) >= _FEWEST_PARAGRAPHS and _count(pieces) >= _FEWEST_WORDS:
                yield pieces, is_known
            else:
                open_nodes += [(one, key, is_known, depth + 1) for one in node]
        elif isinstance(node, str) and len(node) >= _SHORTEST_PACKED:
            if node.lstrip()[:1] in ("{", "["):
                open_nodes += [(one, key, is_known, depth + 1) for one in _read(node, 0)]
            elif paragraphs := _body_in(node, key):
                yield paragraphs, is_known


def _body_in(text: str, key: str) -> tuple[str, ...]:
    """The paragraphs of a text that is called one or has the form of one."""
    if not _is_body_key(key) and (_NO_BODY_KEY.search(key) or not _MANY_PARAGRAPHS.search(text)):
        return ()
    paragraphs = _paragraphs(text)
    return paragraphs if len(paragraphs) >= _FEWEST_PARAGRAPHS and _count(paragraphs) >= _FEWEST_WORDS else ()


def _is_body_key(key: str) -> bool:
    return _BODY_KEY.search(key) is not None and _NO_BODY_KEY.search(key) is None


def _is_title(value: Any, titles: set[str]) -> bool:
    if isinstance(value, dict):
        return any(_is_title(one, titles) for one in value.values() if isinstance(one, str))
    text = squeeze(value) if isinstance(value, str) and len(value) < 400 else ""
    return len(text) >= _SHORTEST_TITLE and any(title == text or title.startswith(text) for title in titles)


def _piece(item: Any) -> Iterator[str]:
    """The text of one part of a body that is given in parts: a paragraph, a heading, a list item."""
    if isinstance(item, str):
        yield from _paragraphs(item)
    elif isinstance(item, dict) and not _OTHER_PIECES.search(str(item.get("type") or item.get("__typename") or "")):
        text = next((item[key] for key in _PIECE_KEYS if isinstance(item.get(key), str)), "")
        yield from _paragraphs(text or _inline(item, 0))


def _inline(item: Any, depth: int) -> str:
    """The text of a paragraph that is given in pieces of its own, as editors do: words, emphasised ones, links."""
    if isinstance(item, str):
        return item
    if depth > _DEEPEST_PIECE:
        return ""
    if isinstance(item, list):
        return "".join(_inline(one, depth + 1) for one in item if isinstance(one, dict | list))
    if not isinstance(item, dict):
        return ""
    if isinstance(item.get("text"), str):
        return str(item["text"])
    inner = (item[name] for name in _PARTS_OF_PIECE if isinstance(item.get(name), dict | list))
    return next((text for one in inner if (text := _inline(one, depth + 1))), "")


def _paragraphs(text: str) -> tuple[str, ...]:
    if "<p" in text or "<div" in text:
        try:
            root = html.fromstring(f"<div>{text}</div>")
        except (etree.ParserError, etree.XMLSyntaxError, ValueError):
            return ()
        blocks = [
            text_of(one) for one in root.iter("p", "h2", "h3", "h4", "li", "blockquote") if one.find(".//p") is None
        ]
        return tuple(block for block in blocks if block)
    return tuple(line for part in _BREAK.split(text) if (line := plain(part)))


def _count(paragraphs: Sequence[str]) -> int:
    return sum(len(paragraph.split()) for paragraph in paragraphs)
