"""What a person asks for: read from text, without an index.

::

    bridge harbour              both words, anywhere in headline or text
    "over the bridge"           these words in this order
    "bridge harbour"~5          the words of a phrase, moved by five places at most
    bridge NEAR/5 harbour       in any order, at most five words between
    bridge OR harbour           one of them, or both
    -ferry, NOT ferry           not this word; also before phrases, fields and brackets
    harb*                       words that begin so
    (bridge OR ferry) -strike   brackets
    title:bridge                in the headline alone; likewise author: section: agency: keyword:
    site:example.com            a host and the hosts below it
    lang:en                     a language, with its regions
    kind:live_blog              what the page is (`archive.article.ArticleKind`)
    date:2026-01..2026-02       published in these months; an end may be left out; captured: likewise

AND, which may be written, binds closer than OR. Words are read as the index reads them (`archive.search.analysis`),
so a word that is several terms there is a phrase. A quotation mark within a word is part of it, a colon behind no
field parts words. What has no letter and no digit in it asks for nothing. An empty query, or ``*``, means everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from archive.article import ArticleKind
from archive.errors import ArchiveError
from archive.period import Period, span_of
from archive.search.analysis import terms

LONGEST_QUERY = 4000
"""Characters."""
DEEPEST = 30
"""Brackets within brackets."""
MOST_PARTS = 200
"""Words, phrases and fields."""
FARTHEST = 100
"""Words between two words that are near."""

_OPENING = '"“”„‟«»'
_CLOSING = _OPENING
_SHOWN = 40


class BadQuery(ArchiveError):
    """A query that cannot be read. The message says where and why."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(f"query, character {position + 1}: {reason}")
        self.reason = reason
        self.position = position
        """Where in the query, in characters from 0."""


class WordField(StrEnum):
    """Where words are looked for; the values are what a query says."""

    TEXT = ""
    """Headline and text."""
    TITLE = "title"
    AUTHOR = "author"
    SECTION = "section"
    AGENCY = "agency"
    KEYWORD = "keyword"


class ValueField(StrEnum):
    """What is compared as a whole."""

    SITE = "site"
    LANGUAGE = "lang"
    KIND = "kind"


class DateField(StrEnum):
    """Which date."""

    PUBLISHED = "date"
    CAPTURED = "captured"


@dataclass(frozen=True, slots=True)
class Everything:
    """All records."""

    def __str__(self) -> str:
        return "*"


@dataclass(frozen=True, slots=True)
class Words:
    """Terms that follow each other."""

    field: WordField
    written: str
    """As it was asked for, without quotation marks."""
    terms: tuple[tuple[int, str], ...]
    """Each with its place, counted from 0."""
    is_prefix: bool = False
    """Whether the last term is the beginning of one."""
    slop: int = 0
    """By how many places in all the terms may be moved: between two in order so many others may stand."""

    def __str__(self) -> str:
        field = f"{self.field}:" if self.field else ""
        if self.slop:
            return f'{field}"{self.written}"~{self.slop}'
        if " " in self.written or self.written in ("OR", "AND", "NOT") or not self.written.isalnum():
            return f'{field}"{self.written}"{"*" if self.is_prefix else ""}'
        return f"{field}{self.written}{'*' if self.is_prefix else ''}"


@dataclass(frozen=True, slots=True)
class Near:
    """Two words or phrases, in any order."""

    first: Words
    second: Words
    distance: int

    def __str__(self) -> str:
        return f"{self.first} NEAR/{self.distance} {self.second}"


@dataclass(frozen=True, slots=True)
class Value:
    """A field that has this value."""

    field: ValueField
    value: str

    def __str__(self) -> str:
        return f"{self.field}:{self.value}"


@dataclass(frozen=True, slots=True)
class Dates:
    """A date that lies in a period."""

    field: DateField
    written: str
    period: Period

    def __str__(self) -> str:
        return f"{self.field}:{self.written}"


@dataclass(frozen=True, slots=True)
class Not:
    """All that is not meant by another query."""

    node: Node

    def __str__(self) -> str:
        return f"-{self.node}" if not isinstance(self.node, Near) else f"-({self.node})"


@dataclass(frozen=True, slots=True)
class Both:
    """What all of several queries mean."""

    nodes: tuple[Node, ...]

    def __str__(self) -> str:
        return f"({' '.join(map(str, self.nodes))})"


@dataclass(frozen=True, slots=True)
class Either:
    """What one of several queries means."""

    nodes: tuple[Node, ...]

    def __str__(self) -> str:
        return f"({' OR '.join(map(str, self.nodes))})"


Node = Everything | Words | Near | Value | Dates | Not | Both | Either


def parse(text: str) -> Node:
    """Read a query. Raises BadQuery, and nothing else."""
    if len(text) > LONGEST_QUERY:
        raise BadQuery(f"longer than {LONGEST_QUERY} characters", LONGEST_QUERY)
    return _Parser(text).query()


def written(node: Node) -> str:
    """A query in its plainest form: read again, it means the same."""
    text = str(node)
    return text[1:-1] if isinstance(node, (Both, Either)) else text


def words_of(node: Node) -> list[Words]:
    """The words that a query asks for in headline or text, but for those that it does not want."""
    if isinstance(node, Words):
        return [node] if node.field in (WordField.TEXT, WordField.TITLE) else []
    if isinstance(node, Near):
        return words_of(node.first) + words_of(node.second)
    if isinstance(node, (Both, Either)):
        return [words for part in node.nodes for words in words_of(part)]
    return []


def words(text: str, field: WordField = WordField.TEXT, *, is_prefix: bool = False, slop: int = 0) -> Words | None:
    """A text as the terms that a record with this text has; None when there are none."""
    found = list(terms(text))
    if not found:
        return None
    if found[-1].is_tail:
        # In a record its run may go on
        is_prefix = True
        if len(found) > 1 and found[-2].is_paired and not found[-2].is_tail:
            is_prefix = False
            found.pop()
    plain = " ".join("".join(" " if character in _OPENING else character for character in text).split())
    return Words(field, plain, tuple(enumerate(term.text for term in found)), is_prefix=is_prefix, slop=slop)


class _Parser:
    """Reads one query, by descent."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._parts = 0

    def query(self) -> Node:
        node = self._either()
        self._blanks()
        if self._at < len(self._text):
            raise BadQuery("this bracket was not opened", self._at)
        return node or Everything()

    def _either(self) -> Node | None:
        nodes: list[Node] = []
        while True:
            begin = self._at
            node = self._both()
            if node is not None and node not in nodes:
                nodes.append(node)
            if not self._keyword("OR"):
                break
            if node is None:
                raise BadQuery("OR stands between two things that are looked for", begin)
        if not nodes:
            return None
        return nodes[0] if len(nodes) == 1 else Either(tuple(nodes))

    def _both(self) -> Node | None:
        nodes: list[Node] = []
        while not self._is_end():
            if self._keyword("AND"):
                continue
            place = self._at
            if distance := self._near():
                self._put_near(nodes, distance, place)
                continue
            node = self._unary()
            if node is not None:
                nodes.append(node)
        wanted = [node for node in dict.fromkeys(nodes) if node != Everything()] or nodes[:1]
        if not wanted:
            return None
        return wanted[0] if len(wanted) == 1 else Both(tuple(wanted))

    def _put_near(self, nodes: list[Node], distance: int, place: int) -> None:
        second = None if self._is_end() else self._unary()
        first = nodes.pop() if nodes else None
        if not (isinstance(first, Words) and isinstance(second, Words) and first.field == second.field):
            raise BadQuery("NEAR stands between two words or phrases", place)
        if first.is_prefix or second.is_prefix:
            raise BadQuery("NEAR takes whole words", place)
        nodes.append(Near(first, second, distance))

    def _is_end(self) -> bool:
        self._blanks()
        if self._at == len(self._text) or self._text[self._at] == ")":
            return True
        return self._word_is("OR")

    def _unary(self) -> Node | None:
        self._blanks()
        place = self._at
        if self._keyword("NOT") or self._is_minus():
            if self._is_end():
                raise BadQuery("what is not wanted is missing here", place)
            node = self._unary()
            if isinstance(node, Not):
                return node.node
            return Not(node) if node is not None else None
        if self._text[self._at] == "(":
            return self._bracketed()
        return self._part()

    def _is_minus(self) -> bool:
        if self._text[self._at] not in "-−" or not self._text[self._at + 1 : self._at + 2].strip():
            return False
        self._at += 1
        return True

    def _bracketed(self) -> Node | None:
        place = self._at
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadQuery(f"more than {DEEPEST} brackets within each other", place)
        self._at += 1
        node = self._either()
        self._blanks()
        if self._at == len(self._text):
            raise BadQuery("this bracket is not closed", place)
        self._at += 1
        self._depth -= 1
        return node

    def _part(self) -> Node | None:
        """A word, a phrase, or a field with its value."""
        place = self._at
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise BadQuery(f"more than {MOST_PARTS} words, phrases and fields", place)
        if self._text[self._at] in _OPENING:
            return self._phrase(WordField.TEXT)
        name, colon, _ = self._peek().partition(":")
        known = _FIELDS.get(name.lower()) if colon else None
        if known is None:
            return self._word(WordField.TEXT)
        self._at += len(name) + 1
        if self._at == len(self._text) or self._text[self._at] in " \t\n()":
            raise BadQuery(f"{name}: needs a value, such as {name}:WORD", place)
        if isinstance(known, WordField):
            return self._phrase(known) if self._text[self._at] in _OPENING else self._word(known)
        value_place = self._at
        value = self._quoted() if self._text[self._at] in _OPENING else self._take()
        if isinstance(known, DateField):
            return _dates(known, value.strip(), value_place)
        return _value(known, value.strip(), value_place)

    def _word(self, field: WordField) -> Node | None:
        text = self._take()
        if text == "*":
            return Everything()
        bare = text.rstrip("*")
        return words(bare, field, is_prefix=bare != text)

    def _phrase(self, field: WordField) -> Node | None:
        text = self._quoted()
        is_prefix = self._text.startswith("*", self._at)
        self._at += is_prefix
        place = self._at
        slop = self._number() if not is_prefix and self._text.startswith("~", self._at) else 0
        if slop > FARTHEST:
            raise BadQuery(f"at most {FARTHEST} places", place)
        return words(text, field, is_prefix=is_prefix, slop=slop)

    def _quoted(self) -> str:
        begin = self._at
        end = begin + 1
        while end < len(self._text) and self._text[end] not in _CLOSING:
            end += 1
        if end == len(self._text):
            raise BadQuery("this quotation mark has no partner", begin)
        self._at = end + 1
        return self._text[begin + 1 : end]

    def _number(self) -> int:
        """The digits behind the next character, which is passed with them."""
        end = self._at + 1
        while end < len(self._text) and self._text[end] in "0123456789":
            end += 1
        digits = self._text[self._at + 1 : end]
        if digits:
            self._at = end
        return min(int(digits[:9] or 0), FARTHEST + 1)

    def _near(self) -> int:
        """How far apart, when NEAR or NEAR/5 stands here; it is passed. 0 when it does not."""
        word = self._peek()
        name, slash, digits = word.partition("/")
        if name != "NEAR" or (slash and not (digits.isascii() and digits.isdigit())):
            return 0
        distance = int(digits[:9] or 10) if slash else 10
        if not 1 <= distance <= FARTHEST:
            raise BadQuery(f"NEAR takes 1 to {FARTHEST} words", self._at)
        self._at += len(word)
        return distance

    def _peek(self) -> str:
        """The text up to the next blank or bracket."""
        end = self._at
        while end < len(self._text) and not self._text[end].isspace() and self._text[end] not in "()":
            end += 1
        return self._text[self._at : end]

    def _take(self) -> str:
        word = self._peek()
        self._at += len(word)
        return word

    def _word_is(self, keyword: str) -> bool:
        return self._text.startswith(keyword, self._at) and self._peek() == keyword

    def _keyword(self, keyword: str) -> bool:
        """Whether a keyword stands here; it is passed."""
        self._blanks()
        if not self._word_is(keyword):
            return False
        self._at += len(keyword)
        return True

    def _blanks(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1


_FIELDS: dict[str, WordField | ValueField | DateField] = {
    **{field.value: field for field in WordField if field},
    "headline": WordField.TITLE,
    "language": ValueField.LANGUAGE,
    **{field.value: field for field in ValueField},
    **{field.value: field for field in DateField},
}


def _value(field: ValueField, value: str, place: int) -> Value:
    value = value.lower()
    if not value or any(character.isspace() for character in value):
        raise BadQuery(f"{field}: {value[:_SHOWN]!r} is no value", place)
    if field is ValueField.KIND and value not in set(ArticleKind):
        raise BadQuery(f"kind: there are {', '.join(ArticleKind)}", place)
    if field is ValueField.SITE:
        value = value.split("://", 1)[-1].split("/", 1)[0].removeprefix("www.")
        if not value:
            raise BadQuery("site: write a host, such as example.com", place)
    return Value(field, value)


def _dates(field: DateField, value: str, place: int) -> Dates:
    first, dots, last = value.partition("..")
    begin = span_of(first) if first else None
    end = span_of(last) if dots and last else begin if not dots else None
    if (first and begin is None) or (last and end is None) or not (begin or end):
        raise BadQuery(f"{field}: {value[:_SHOWN]!r} is no date; write 2026-01 or 2026-01-15..2026-02", place)
    return Dates(field, value, Period(begin.first if begin else None, end.end if end else None))
