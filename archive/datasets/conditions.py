"""``--where``: comparisons joined by ``and``, as a condition on rows and on what statistics say of a row group.

::

    condition  = comparison *( "and" comparison )
    comparison = column ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
               | column "in" "(" value *( "," value ) ")"
               | column "is" [ "not" ] "null"
    value      = 'text' | number | true | false

A value of ``language`` is a language range (`archive.languages`) wherever it is compared by ``=``, ``!=`` or ``in``:
``'en'`` takes ``en-GB`` too.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from archive.datasets.rows import SCHEMA
from archive.errors import BadAddress
from archive.period import moment_of

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>\w+)|(?P<sign><=|>=|!=|[=<>(),]))"
)
_LANGUAGE = "language"
_ALIASES = {"lang": _LANGUAGE, "date": "datePublished"}
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison."""

    column: str
    sign: str
    """A comparison's sign, ``in``, ``is null`` or ``is not null``."""
    values: tuple[Any, ...]

    def expression(self) -> pc.Expression:
        """For rows."""
        field = pc.field(self.column)
        if self._means_languages:
            ranges = "|".join(re.escape(value) for value in self.values)
            meant: pc.Expression = pc.match_substring_regex(field, f"^(?:{ranges})(?:-|$)", ignore_case=True)
            return ~meant if self.sign == "!=" else meant
        if self.sign == "in":
            return field.isin(pa.array(self.values, SCHEMA.field(self.column).type))
        if self.sign.startswith("is"):
            return field.is_null() if self.sign == "is null" else field.is_valid()
        value = pa.scalar(self.values[0], SCHEMA.field(self.column).type)
        expression: pc.Expression = _COMPARISONS[self.sign](field, value)
        return expression

    @property
    def _means_languages(self) -> bool:
        return self.column == _LANGUAGE and self.sign in ("=", "!=", "in")

    def may_hold(self, least: Any, most: Any) -> bool:
        """Whether a value between these two can fulfil it."""
        if self._means_languages:
            return True
        if self.sign == "in":
            return any(least <= value <= most for value in self.values)
        (value,) = self.values or (None,)
        if value is None or self.sign == "!=":
            return True
        fulfilled: dict[str, bool] = {
            "=": least <= value <= most,
            "<": least < value,
            "<=": least <= value,
            ">": most > value,
            ">=": most >= value,
        }
        return fulfilled[self.sign]


@dataclass(frozen=True, slots=True)
class Condition:
    """All comparisons have to hold."""

    comparisons: tuple[Comparison, ...]

    @property
    def columns(self) -> list[str]:
        """Columns that are looked at."""
        return list(dict.fromkeys(one.column for one in self.comparisons))

    def expression(self) -> pc.Expression:
        """For rows."""
        first, *rest = (one.expression() for one in self.comparisons)
        for other in rest:
            first = first & other
        return first

    def row_groups(self, metadata: pq.FileMetaData) -> list[int]:
        """Row groups that may hold a row that is wanted, as far as their statistics say."""
        return [number for number in range(metadata.num_row_groups) if self._may_be_in(metadata.row_group(number))]

    def _may_be_in(self, group: Any) -> bool:
        places = {group.column(number).path_in_schema: number for number in range(group.num_columns)}
        for one in self.comparisons:
            place = places.get(one.column)
            statistics = group.column(place).statistics if place is not None else None
            if statistics is None or not statistics.has_min_max or one.sign.startswith("is"):
                continue
            if not one.may_hold(statistics.min, statistics.max):
                return False
        return True


def parse_condition(text: str) -> Condition:
    """Read a condition. Raises BadAddress that says what is wrong."""
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise BadAddress(f"--where: {text[at:].strip()[:30]!r} can't be read; put text in 'quotes'")
            self._tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()
        self._at = 0

    def parse(self) -> Condition:
        found = [self._comparison()]
        while self._at < len(self._tokens):
            self._expect("and")
            found.append(self._comparison())
        return Condition(tuple(found))

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise BadAddress("--where: incomplete; write column = 'value', joined by and")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, word: str) -> None:
        _, found = self._next()
        if found.lower() != word:
            raise BadAddress(f"--where: expected {word!r}, found {found!r}")

    def _comparison(self) -> Comparison:
        _, name = self._next()
        column = _ALIASES.get(name, name)
        if column not in SCHEMA.names:
            raise BadAddress(f"--where: no column {name!r}; schema.json lists the columns")
        kind = SCHEMA.field(column).type
        if pa.types.is_list(kind):
            raise BadAddress(f"--where: {column} is a list, which can't be compared")
        _, sign = self._next()
        if sign in _COMPARISONS:
            return Comparison(column, sign, (self._value(column, kind),))
        if sign.lower() == "in":
            return Comparison(column, "in", self._values(column, kind))
        if sign.lower() == "is":
            is_negated = self._tokens[self._at : self._at + 1] == [("word", "not")]
            self._at += is_negated
            self._expect("null")
            return Comparison(column, "is not null" if is_negated else "is null", ())
        raise BadAddress(f"--where: {sign!r} is not a comparison; use = != < <= > >= in, is null")

    def _values(self, column: str, kind: pa.DataType) -> tuple[Any, ...]:
        self._expect("(")
        found = [self._value(column, kind)]
        while (sign := self._next()[1]) == ",":
            found.append(self._value(column, kind))
        if sign != ")":
            raise BadAddress(f"--where: expected ')', found {sign!r}")
        return tuple(found)

    def _value(self, column: str, kind: pa.DataType) -> Any:
        form, text = self._next()
        try:
            return _value_of(form, text, kind)
        except ValueError as error:
            raise BadAddress(f"--where: {text} is not a valid value for {column}") from error


def _value_of(form: str, text: str, kind: pa.DataType) -> Any:
    plain = text[1:-1].replace("''", "'") if form == "text" else text
    if pa.types.is_timestamp(kind):
        return moment_of(plain) or _refuse()
    if pa.types.is_boolean(kind):
        return {"true": True, "false": False}[plain.lower()] if plain.lower() in ("true", "false") else _refuse()
    if pa.types.is_integer(kind):
        return int(plain)
    if pa.types.is_floating(kind):
        return float(plain)
    return plain if form == "text" else _refuse()


def _refuse() -> Any:
    raise ValueError
