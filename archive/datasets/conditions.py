"""A condition on rows, as `--where` and `where=` have it: what `archive.datasets.condition_parsing` reads.

It is evaluated as DuckDB evaluates the same text, with three exceptions: `lang` compared by `=`, `!=` or `in` is a
language range (`archive.languages`); a date may be cut short (``'2026-01'``); a date has UTC.

A comparison with a null is neither true nor false, and a row is taken only if the condition is true of it (SQL:2016,
part 2, 8.2 and 8.3).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from archive.languages import ANY, matches

LANGUAGE = "language"

Values = Any
"""A pyarrow array with a value for each row."""

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
_OF_VALUES: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Bounds(Protocol):
    """What is known of the values of a row group."""

    def __call__(self, column: str) -> tuple[Any, Any] | None:
        """The least and the greatest value of a column; None when they are not known."""


class Term(Protocol):
    """Something that has a value for each row."""

    @property
    def kind(self) -> pa.DataType:
        """The type of its values."""

    def columns(self) -> Iterator[str]:
        """Columns that are looked at."""

    def of(self, table: pa.Table) -> Values:
        """The values for the rows of a table."""


class Predicate(Protocol):
    """Something that is true, false or unknown of each row."""

    def columns(self) -> Iterator[str]:
        """Columns that are looked at."""

    def of(self, table: pa.Table) -> Values:
        """True, false or null for each row of a table."""

    def may_hold(self, bounds: Bounds) -> bool:
        """Whether it may be true of a row of a group."""


@dataclass(frozen=True, slots=True)
class ColumnTerm:
    """A column."""

    name: str
    kind: pa.DataType

    def columns(self) -> Iterator[str]:
        """Itself."""
        yield self.name

    def of(self, table: pa.Table) -> Values:
        """Its values."""
        return table[self.name].combine_chunks()


@dataclass(frozen=True, slots=True)
class CallTerm:
    """A function of a term."""

    name: str
    argument: Term
    kind: pa.DataType
    run: Callable[[Values], Values]

    def columns(self) -> Iterator[str]:
        """Those of its argument."""
        yield from self.argument.columns()

    def of(self, table: pa.Table) -> Values:
        """The function's values."""
        return self.run(self.argument.of(table)).cast(self.kind)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A term compared with a value."""

    term: Term
    sign: str
    value: Any

    def columns(self) -> Iterator[str]:
        """Those of the term."""
        yield from self.term.columns()

    def of(self, table: pa.Table) -> Values:
        """The comparison's outcomes."""
        return COMPARISONS[self.sign](self.term.of(table), pa.scalar(self.value, self.term.kind))

    def may_hold(self, bounds: Bounds) -> bool:
        """By the least and the greatest value of the column."""
        known = bounds(self.term.name) if isinstance(self.term, ColumnTerm) else None
        if known is None or self.sign == "!=":
            return True
        least, most = known
        if self.sign == "=":
            return bool(least <= self.value <= most)
        compared = most if self.sign.startswith(">") else least
        return _OF_VALUES[self.sign](compared, self.value)


@dataclass(frozen=True, slots=True)
class IsOneOf:
    """``in (…)``."""

    term: Term
    values: tuple[Any, ...]

    def columns(self) -> Iterator[str]:
        """Those of the term."""
        yield from self.term.columns()

    def of(self, table: pa.Table) -> Values:
        """Unknown of a null."""
        found = self.term.of(table)
        return _unknown_of_nulls(found, pc.is_in(found, pa.array(self.values, self.term.kind)))

    def may_hold(self, bounds: Bounds) -> bool:
        """Whether one of the values lies between the least and the greatest."""
        known = bounds(self.term.name) if isinstance(self.term, ColumnTerm) else None
        return known is None or any(known[0] <= value <= known[1] for value in self.values)


@dataclass(frozen=True, slots=True)
class MeansLanguage:
    """The language is in one of these ranges (`archive.languages`); of no language unknown, but for ``*``."""

    term: Term
    ranges: tuple[str, ...]

    def columns(self) -> Iterator[str]:
        """Those of the term."""
        yield from self.term.columns()

    def of(self, table: pa.Table) -> Values:
        """One look at each language that occurs."""
        tags = self.term.of(table)
        if ANY in self.ranges:
            return pa.array([True] * len(tags))
        known = pc.unique(tags).to_pylist()
        meant = [tag for tag in known if tag is not None and any(matches(one, tag) for one in self.ranges)]
        return _unknown_of_nulls(tags, pc.is_in(tags, pa.array(meant, pa.string())))

    def may_hold(self, _bounds: Bounds) -> bool:
        """Nothing is known of it."""
        return True


@dataclass(frozen=True, slots=True)
class IsNull:
    """``is null``."""

    term: Term

    def columns(self) -> Iterator[str]:
        """Those of the term."""
        yield from self.term.columns()

    def of(self, table: pa.Table) -> Values:
        """Never unknown."""
        return pc.is_null(self.term.of(table))

    def may_hold(self, _bounds: Bounds) -> bool:
        """Nothing is known of it."""
        return True


@dataclass(frozen=True, slots=True)
class Asks:
    """A function that is true or false of a term, such as ``like``."""

    name: str
    term: Term
    run: Callable[[Values], Values]

    def columns(self) -> Iterator[str]:
        """Those of the term."""
        yield from self.term.columns()

    def of(self, table: pa.Table) -> Values:
        """The function's values."""
        return self.run(self.term.of(table))

    def may_hold(self, _bounds: Bounds) -> bool:
        """Nothing is known of it."""
        return True


@dataclass(frozen=True, slots=True)
class Not:
    """``not``."""

    test: Predicate

    def columns(self) -> Iterator[str]:
        """Those of the other."""
        yield from self.test.columns()

    def of(self, table: pa.Table) -> Values:
        """The contrary; unknown stays unknown."""
        return pc.invert(self.test.of(table))

    def may_hold(self, _bounds: Bounds) -> bool:
        """Nothing is known of it."""
        return True


@dataclass(frozen=True, slots=True)
class Joined:
    """``and`` or ``or`` between two or more."""

    word: str
    tests: tuple[Predicate, ...]

    def columns(self) -> Iterator[str]:
        """Those of all."""
        for test in self.tests:
            yield from test.columns()

    def of(self, table: pa.Table) -> Values:
        """By three-valued logic (Kleene)."""
        join = pc.and_kleene if self.word == "and" else pc.or_kleene
        first, *rest = (test.of(table) for test in self.tests)
        for other in rest:
            first = join(first, other)
        return first

    def may_hold(self, bounds: Bounds) -> bool:
        """Whether all may, or one."""
        each = (test.may_hold(bounds) for test in self.tests)
        return all(each) if self.word == "and" else any(each)


@dataclass(frozen=True, slots=True)
class Condition:
    """A whole condition."""

    text: str
    """As given."""
    test: Predicate

    @property
    def columns(self) -> list[str]:
        """Columns that are looked at."""
        return list(dict.fromkeys(self.test.columns()))

    def filter(self, table: pa.Table) -> pa.Table:
        """The rows of which it is true."""
        return table.filter(self.test.of(table)) if table.num_rows else table

    def row_groups(self, metadata: pq.FileMetaData) -> list[int]:
        """Row groups that may hold a row that is wanted, as far as their statistics say."""
        groups = range(metadata.num_row_groups)
        return [number for number in groups if self.test.may_hold(_bounds_of(metadata.row_group(number)))]


def _bounds_of(group: Any) -> Bounds:
    places = {group.column(number).path_in_schema: number for number in range(group.num_columns)}

    def bounds(column: str) -> tuple[Any, Any] | None:
        place = places.get(column)
        statistics = group.column(place).statistics if place is not None else None
        if statistics is None or not statistics.has_min_max:
            return None
        return statistics.min, statistics.max

    return bounds


def like(pattern: str, *, ignore_case: bool) -> Callable[[Values], Values]:
    """``like``: ``%`` stands for any characters, ``_`` for one. As in DuckDB nothing escapes them."""
    parts = (".*" if one == "%" else "." if one == "_" else re.escape(one) for one in pattern)
    expression = f"(?s)\\A{''.join(parts)}\\z"
    return lambda values: pc.match_substring_regex(values, expression, ignore_case=ignore_case)


def list_contains(value: str) -> Callable[[Values], Values]:
    """Whether lists of texts have a value; unknown of a list that is null."""

    def run(lists: Values) -> Values:
        owners = pc.list_parent_indices(lists).filter(pc.equal(pc.list_flatten(lists), value))
        rows = pa.array(range(len(lists)), owners.type)
        return _unknown_of_nulls(lists, pc.is_in(rows, owners))

    return run


def _unknown_of_nulls(values: Values, found: Values) -> Values:
    return pc.if_else(pc.is_null(values), pa.scalar(None, pa.bool_()), found)
