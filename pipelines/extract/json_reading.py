"""JSON in pages: parsed strictly, and if that fails, repaired within bounds.

What is repaired: a byte order mark, comments and other text around it, several values one after another, trailing,
doubled and missing commas, values left out, escapes that JSON does not know, quotation marks and line ends within
texts, single or curly quotation marks around them, a missing first one, notes, and a missing end. What is none of
these ends the reading; what was read until then counts.
"""

from __future__ import annotations

import json
import re
from typing import Any

from w3lib.html import replace_entities

MOST_CHARACTERS = 4_000_000
_MOST_REPAIRED = 400_000
"""Characters of a text that is repaired, at most: the repair goes letter by letter."""
_DEEPEST = 60
_MOST_VALUES = 50
_WRAPPING = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)"
    r"|(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>)\s*;?\s*$"
)
_NOTE = r"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|//[^\n]*(?:\n|$)"
_SPACE = re.compile(rf"(?:[\s\ufeff\u200b]|{_NOTE})*")
_BETWEEN = re.compile(rf"(?:[\s\ufeff\u200b,;]|{_NOTE})*")
_BEGINNING = re.compile(r"\{\s*['\"“]|\[\s*\{")
"""How an object begins behind an assignment, or a program's complaint."""
_LONGEST_PREFACE = 2000
_CURLY = re.compile(r"[\[{\s]{1,8}[“”„]")
_STRAIGHT = str.maketrans("“”„", '"""')
_LITERAL = re.compile(
    r"(?:true|false|null|undefined|NaN|True|False|None|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=[\s,;}\]/\"]|$)"
    r"|(?:true|false|null)"
)
_BARE_KEY = re.compile(r"[A-Za-z_$][\w$]*")
_BARE_TEXT = re.compile(
    r"([^\s\"'{}\[\],:][^\"{}\[\]\n]{0,2000})\"(?=\s*(?:,\s*[\"'][\w@$:.-]{1,60}[\"']\s*:|[}\]]))"
    r"|((?:19|20)\d\d-\d\d-\d\d[\w:.+-]{0,20})"
)
"""A text whose first quotation mark is missing, and a date that lacks both."""
_BEHIND_KEY = re.compile(r"\s*:")
_BEHIND_VALUE = re.compile(
    r"\s*(?:[}\]]|$|,\s*(?:[\",\[{}\]]|[-\d]|true|false|null|//|/\*|[A-Za-z_$]\w{0,40}\s*:\s*[\"\[{]|$)"
    r"|\"[\w@$:.-]{1,60}\"\s*:|//|/\*)"
)
_BEHIND_SINGLE = re.compile(
    r"\s*(?:[}\]]|$|,\s*(?:['\"\[{}\]]|[-\d]|true|false|null|True|False|None|$)|'[\w@$:.-]{1,60}'\s*:)"
)
"""The same where texts stand between single quotation marks, as JavaScript has them."""
_STEPS = {'"': re.compile(r'[^"\\]+'), "'": re.compile(r"[^'\\]+")}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_HEX = re.compile(r"[0-9a-fA-F]{4}")


class _Ended(ValueError):
    """The text continues in a way that is no JSON and no known flaw of it."""


def read_json(text: str) -> list[Any]:
    """The values in a text; empty when there is nothing to be read as JSON. Never raises for what the text holds."""
    if len(text) > MOST_CHARACTERS:
        return []
    text = _WRAPPING.sub("", text.strip().lstrip("\ufeff\u200b")).strip().strip("\ufeff\u200b;").strip()
    if not text:
        return []
    if text[0] not in "{[":
        begun = _BEGINNING.search(text, 0, _LONGEST_PREFACE)
        text = text[begun.start() :] if begun else text
    if _CURLY.match(text):
        text = text.translate(_STRAIGHT)
    for attempt in (text, replace_entities(text)) if "&" in text else (text,):
        try:
            value = json.loads(attempt, strict=False)
            return read_json(value) if isinstance(value, str) and value.lstrip()[:1] in ("{", "[") else [value]
        except (ValueError, RecursionError):
            continue
    return _Repair(text[:_MOST_REPAIRED]).values()


class _Repair:
    """A reader that continues where JSON's rules end. Each letter is read once, but for short looks ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def values(self) -> list[Any]:
        found: list[Any] = []
        while len(found) < _MOST_VALUES:
            self._at = _BETWEEN.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._text[self._at : self._at + 1] not in ("{", "["):
                break
            holder: list[Any] = []
            try:
                self._value(holder.append, 0)
            except _Ended:
                return found + [value for value in holder if value]
            found += holder
        return found

    def _space(self) -> str:
        """The next letter that is no space; empty at the end."""
        self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
        return self._text[self._at : self._at + 1]

    def _value(self, put: Any, depth: int) -> None:
        """Read one value and hand it over: a container before it is filled, so that a missing end loses nothing."""
        first = self._space()
        if depth > _DEEPEST or not first:
            raise _Ended
        if first == "{":
            node: dict[str, Any] = {}
            put(node)
            self._members(node, depth)
        elif first == "[":
            items: list[Any] = []
            put(items)
            self._items(items, depth)
        elif first in _STEPS:
            put(self._string(first, _BEHIND_VALUE if first == '"' else _BEHIND_SINGLE))
        elif first in ",}]":
            put(None)  # left out
        elif match := _LITERAL.match(self._text, self._at):
            self._at = match.end()
            put(_literal(match[0]))
        elif match := _BARE_TEXT.match(self._text, self._at):
            self._at = match.end()
            put((match[1] or match[2]).strip())
        else:
            raise _Ended

    def _members(self, node: dict[str, Any], depth: int) -> None:
        self._at += 1
        while True:
            self._at = _BETWEEN.match(self._text, self._at).end()  # type: ignore[union-attr]
            first = self._text[self._at : self._at + 1]
            if first == "}":
                self._at += 1
                return
            if first and first in _STEPS:
                key = self._string(first, _BEHIND_KEY)
            elif bare := _BARE_KEY.match(self._text, self._at):
                key, self._at = bare[0], bare.end()
            else:
                raise _Ended
            if self._space() != ":":
                raise _Ended
            self._at += 1
            self._value(lambda value, key=key: node.__setitem__(key, value), depth + 1)

    def _items(self, items: list[Any], depth: int) -> None:
        self._at += 1
        while True:
            self._at = _BETWEEN.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._text[self._at : self._at + 1] == "]":
                self._at += 1
                return
            before = self._at
            self._value(items.append, depth + 1)
            if self._at == before:
                raise _Ended  # a brace that ends what was never begun: every turn has to read something

    def _string(self, quotation: str, behind: re.Pattern[str]) -> str:
        """A text; a quotation mark ends it only where what follows is what follows a text (`behind`)."""
        parts: list[str] = []
        self._at += 1
        while True:
            if step := _STEPS[quotation].match(self._text, self._at):
                parts.append(step[0])
                self._at = step.end()
            mark = self._text[self._at : self._at + 1]
            if not mark:
                raise _Ended
            self._at += 1
            if mark == quotation:
                if behind.match(self._text, self._at):
                    return "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
                parts.append(mark)
                continue
            parts.append(self._escaped())

    def _escaped(self) -> str:
        letter = self._text[self._at : self._at + 1]
        self._at += 1
        if letter == "u" and (code := _HEX.match(self._text, self._at)):
            self._at = code.end()
            return chr(int(code[0], 16))
        return _ESCAPES.get(letter, letter)


def _literal(word: str) -> Any:
    if word in ("true", "false", "True", "False"):
        return word in ("true", "True")
    if word in ("null", "undefined", "NaN", "None"):
        return None
    try:
        return json.loads(word)
    except ValueError:
        return word
