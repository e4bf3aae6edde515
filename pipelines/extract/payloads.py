"""The article's text if it is not in any element: JSON-LD's ``articleBody``, and the data of a site's scripts.

Next.js, Nuxt, Apollo and Fusion put the page's data into scripts. They are read as JSON, strictly and within bounds;
a text counts where the object around it has the page's title too, or where it is the only one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
_SHORTEST_TITLE = 8
_STATE = re.compile(
    r"(?:__NEXT_DATA__|__NUXT__|__APOLLO_STATE__|__INITIAL_(?:STATE|DATA)__|__PRELOADED_STATE__"
    r"|Fusion\.globalContent)\s*=\s*(?=[{\[])"
)
_PUSHED = re.compile(r"self\.__next_f\.push\((?=\[)")
_ROW = re.compile(r"^(?:[0-9a-f]{1,4}:)?(?=[{\[])", re.M)
_BODY_KEY = re.compile(
    r"(?:article|story|post)?_?(?:body|content|text)(?:_?(?:html|text|raw|rendered))?|html|rendered"
    r"|paragraphs|content_elements",
    re.I,
)
_PIECE_KEYS = ("content", "text", "html", "value", "body", "paragraph")
_OTHER_PIECES = re.compile(r"image|video|embed|ad|gallery|related|newsletter|interstitial|html_embed|social", re.I)
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
    return Payload(best, "script") if _count(best) >= least else None


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
        if (script.get("type") or "").lower() == "application/json":
            yield from _read(text, 0)
        elif "__next_f" in text:
            for match in _PUSHED.finditer(text):
                pushed += [one for row in _read(text, match.end()) for one in row if isinstance(one, str)]
        elif state := _STATE.search(text):
            yield from _read(text, state.end())
    rows = "".join(pushed)
    for match in _ROW.finditer(rows):
        yield from _read(rows, match.end())


def _read(text: str, start: int) -> Iterator[Any]:
    try:
        text = text[start:].lstrip()
        yield json.JSONDecoder(strict=False).raw_decode(text)[0]
    except (ValueError, RecursionError):
        return


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
            pieces = tuple(piece for item in node for piece in _piece(item)) if _BODY_KEY.fullmatch(key) else ()
            if len(pieces) >= _FEWEST_PARAGRAPHS and _count(pieces) >= _FEWEST_WORDS:
                yield pieces, is_known
            else:
                open_nodes += [(one, key, is_known, depth + 1) for one in node]
        elif isinstance(node, str) and _BODY_KEY.fullmatch(key):
            paragraphs = _paragraphs(node)
            if len(paragraphs) >= _FEWEST_PARAGRAPHS and _count(paragraphs) >= _FEWEST_WORDS:
                yield paragraphs, is_known


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
        yield from _paragraphs(text)


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
