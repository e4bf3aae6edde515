"""JSON in pages: parsed strictly, and if that fails, repaired within bounds.

What is repaired: a byte order mark, comments and other text around it, several values one after another, trailing,
doubled and missing commas, missing colons, doubled braces, values left out or left to a template or a program,
escapes that JSON does not know, quotation marks and line ends within texts, other quotation marks around them,
missing and escaped ones, notes, and a missing end. What is none of these ends the reading; what was read until then
counts.
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
_NOTE = r"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|(?://|#)[^\n]*(?:\n|$)|<!--(?:[^-]|-(?!->)){0,2000}-->"
_SPACE = re.compile(rf"(?:[\s\ufeff\u200b]|{_NOTE})*")
_BETWEEN = re.compile(rf"(?:[\s\ufeff\u200b,;]|{_NOTE})*")
_BEGINNING = re.compile(r"\{\s*['\"“]|\[\s*\{")
"""How an object begins behind an assignment, or a program's complaint."""
_LONGEST_PREFACE = 2000
_CURLY = re.compile(r"[\[{\s]{1,8}[“”„]")
_STRAIGHT = str.maketrans("“”„", '"""')
_ESCAPED_MARKS = re.compile(r"[\[{\s]{1,8}\\\"")
_ESCAPE = re.compile(r"\\([\"\\/])")
_LITERAL = re.compile(
    r"(?:true|false|null|undefined|NaN|True|False|None|[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)(?=[\s,;}\]/\"#]|$)"
    r"|(?:true|false|null)"
)
_CONTINUED = re.compile(r",\d|[ \t]+\w")
"""What follows a figure that is only the beginning of what was meant: thousands behind a comma, a unit."""
_TEMPLATE = re.compile(r"\{%[^%]{0,400}%\}|\{\{[^{}\"]{0,400}\}\}|<([?%])[^>]{0,400}\1>")
"""What a template was to fill in."""
_BARE_KEY = re.compile(r"[A-Za-z_$@][\w$]*")
_KEY = r"[\"'][\w@$:. -]{1,60}[\"']\s*[:=]"
_BARE_VALUE = re.compile(
    rf"(?:[^\"'{{}}\[\]\n(]|\([^()\n]{{0,100}}\)){{1,300}}?(?=\s*(?:,\s*(?:{_KEY}|[A-Za-z_$@]\w*\s*:|[}}\]]|$)|[}}\]\n]|$))"
)
"""A value without quotation marks: words, or what a program was to fill in."""
_PROGRAM = re.compile(r"[A-Za-z_$][\w$.]*(?:\([^()]*\)[\w$.]*)*|.*[=|+?;(].*")
_BARE_TEXT = re.compile(
    r"([^\s\"'{}\[\],:][^\"{}\[\]\n]{0,2000})\"(?=\s*(?:,\s*[\"'][\w@$:.-]{1,60}[\"']\s*:|[}\]]))"
    r"|((?:19|20)\d\d-\d\d-\d\d[\w:.+-]{0,20})"
)
"""A text whose first quotation mark is missing, and a date that lacks both."""
_BEHIND_KEY = re.compile(r"\s*[:={\[]|\s+[\"']")
_BEHIND_VALUE = re.compile(
    r"\s*(?:[}\]]|$|,\s*(?:[\",\[{}\]]|[-\d]|true|false|null|//|/\*|#|[A-Za-z_$]\w{0,40}\s*:\s*[\"\[{]|$)"
    r"|\"[\w@$:.-]{1,60}\"\s*:|//|/\*)"
)
_BEHIND_SINGLE = re.compile(
    r"\s*(?:[}\]]|$|,\s*(?:['\"\[{}\]]|[-\d]|true|false|null|True|False|None|$)|'[\w@$:.-]{1,60}'\s*:)"
)
"""The same where texts stand between single quotation marks, as JavaScript has them."""
_BEHIND_BACKTICK = re.compile(r"\s*(?:[,}\]]|$)")
_BEHIND_ESCAPED = re.compile(r"\s*(?:,\s*\"[\w@$:.-]{1,60}\"\s*:|\}\s*(?:,\s*\"[\w@$:.-]{1,60}\"\s*:|$))")
"""What follows a text that ends with a backslash: sound JSON has no plain quotation mark there."""
_BEHIND_KEYS_MARK = re.compile(r"[\w@$:.-]{1,60}[\"']\s*:")
_BEFORE_KEYS_MARK = re.compile(r"[}\]\s]*,\s*$")
"""What stands around the quotation mark that begins a key, behind a text that lacks its last one."""
_LONGEST_BETWEEN = 200
_STEPS = {'"': re.compile(r'[^"\\]+'), "'": re.compile(r"[^'\\]+"), "`": re.compile(r"[^`\\]+")}
_BEHIND = {'"': _BEHIND_VALUE, "'": _BEHIND_SINGLE, "`": _BEHIND_BACKTICK}
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
    if _ESCAPED_MARKS.match(text):
        text = _ESCAPE.sub(r"\1", text)
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
            first = self._text[self._at : self._at + 1]
            if first and first in "}])":  # ends what was never begun
                self._at += 1
                continue
            if first not in ("{", "["):
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

    def _value(self, put: Any, depth: int, *, of_member: bool = False) -> None:
        """Read one value and hand it over: a container before it is filled, so that a missing end loses nothing."""
        first = self._space()
        if depth > _DEEPEST or not first:
            raise _Ended
        if first in "{<" and (match := _TEMPLATE.match(self._text, self._at)):
            self._at = match.end()
            put(None)
        elif first == "{":
            node: dict[str, Any] = {}
            put(node)
            self._members(node, depth)
        elif first == "[":
            items: list[Any] = []
            put(items)
            self._items(items, depth)
        elif first in _STEPS:
            put(self._string(first, _BEHIND[first]))
        elif first in ",}]":
            put(None)  # left out
        else:
            put(self._bare(of_member))

    def _bare(self, of_member: bool) -> Any:
        """A value without quotation marks, or without the first."""
        if (match := _LITERAL.match(self._text, self._at)) and not (
            of_member and _CONTINUED.match(self._text, match.end())
        ):
            self._at = match.end()
            return _literal(match[0])
        if match := _BARE_TEXT.match(self._text, self._at):
            self._at = match.end()
            return (match[1] or match[2]).strip()
        if of_member and (match := _BARE_VALUE.match(self._text, self._at)):
            self._at = match.end()
            value = match[0].strip()
            return None if _PROGRAM.fullmatch(value) else value
        raise _Ended

    def _members(self, node: dict[str, Any], depth: int) -> None:
        self._at += 1
        doubled = 0
        while True:
            self._at = _BETWEEN.match(self._text, self._at).end()  # type: ignore[union-attr]
            first = self._text[self._at : self._at + 1]
            if first in ("{", "}"):
                self._at += 1
                doubled += 1 if first == "{" else -1
                if doubled < 0:
                    return
                continue
            if first and first in _STEPS:
                key = self._string(first, _BEHIND_KEY)
            elif bare := _BARE_KEY.match(self._text, self._at):
                key, self._at = bare[0], bare.end()
            else:
                raise _Ended
            self._colon()
            self._value(lambda value, key=key: node.__setitem__(key, value), depth + 1, of_member=True)

    def _colon(self) -> None:
        """Step over what parts a key from its value; before a text or a container it may be missing."""
        between = self._space()
        if between in (":", "="):
            self._at += 2 if self._text.startswith("=>", self._at) else 1
        elif between not in ('"', "'", "{", "["):
            raise _Ended

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
                    return _whole(parts)
                if _BEHIND_KEYS_MARK.match(self._text, self._at) and (rest := self._before_key(parts)):
                    return rest
                parts.append(mark)
                continue
            if quotation == '"' == self._text[self._at : self._at + 1] and _BEHIND_ESCAPED.match(
                self._text, self._at + 1
            ):
                self._at += 1
                return _whole([*parts, mark])
            parts.append(self._escaped())

    def _before_key(self, parts: list[str]) -> str | None:
        """The text that lacks its last mark, where the one just read begins the next key; go back to its end."""
        text = _whole(parts)
        end = _BEFORE_KEYS_MARK.search(text[-_LONGEST_BETWEEN:])
        if end is None:
            return None
        self._at -= 1 + len(end[0])
        return text[: len(text) - len(end[0])]

    def _escaped(self) -> str:
        letter = self._text[self._at : self._at + 1]
        self._at += 1
        if letter == "u" and (code := _HEX.match(self._text, self._at)):
            self._at = code.end()
            return chr(int(code[0], 16))
        return _ESCAPES.get(letter, letter)


def _whole(parts: list[str]) -> str:
    return "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _literal(word: str) -> Any:
    if word in ("true", "false", "True", "False"):
        return word in ("true", "True")
    if word in ("null", "undefined", "NaN", "None"):
        return None
    try:
        return json.loads(word.removeprefix("+"))
    except ValueError:
        return word
