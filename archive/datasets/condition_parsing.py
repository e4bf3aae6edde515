"""Reading a condition on rows.

::

    condition  = conjunction *( "or" conjunction )
    conjunction = test *( "and" test )
    test       = "not" test | "(" condition ")" | question | term comparison
    comparison = ( "=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=" ) value
               | [ "not" ] "in" "(" value *( "," value ) ")"
               | [ "not" ] "like" 'pattern' | [ "not" ] "ilike" 'pattern'
               | [ "not" ] "between" value "and" value
               | "is" [ "not" ] "null"
    term       = column | function "(" term ")"
               | "date_trunc" "(" 'unit' "," term ")" | "strftime" "(" term "," 'format' ")"
    question   = boolean column | asked "(" term "," 'text' ")"
    asked      = "contains" | "starts_with" | "ends_with" | "regexp_matches" | "list_contains"
    value      = 'text' | number | true | false

Functions: year quarter month week day hour minute dayofweek isodow dayofyear date, lower upper trim length, len.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from archive.datasets.columns import SCHEMA
from archive.datasets.conditions import (
    COMPARISONS,
    LANGUAGE,
    Asks,
    CallTerm,
    ColumnTerm,
    Comparison,
    Condition,
    IsNull,
    IsOneOf,
    Joined,
    MeansLanguage,
    Not,
    Predicate,
    Term,
    Values,
    like,
    list_contains,
)
from archive.errors import BadAddress
from archive.period import moment_of

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>\w+)|(?P<sign><=|>=|!=|<>|==|[=<>(),]))"
)
_ALIASES = {"lang": LANGUAGE, "date": "datePublished"}
_SIGNS = {**{sign: sign for sign in COMPARISONS}, "==": "=", "<>": "!="}
_UNITS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")
_INTEGER, _MOMENT = pa.int64(), pa.timestamp("us", tz="UTC")

_OF_MOMENTS: dict[str, Callable[[Values], Values]] = {
    "year": pc.year,
    "quarter": pc.quarter,
    "month": pc.month,
    "week": pc.iso_week,
    "day": pc.day,
    "hour": pc.hour,
    "minute": pc.minute,
    "dayofweek": lambda values: pc.day_of_week(values, week_start=7),
    "isodow": lambda values: pc.day_of_week(values, count_from_zero=False),
    "dayofyear": pc.day_of_year,
}
_OF_TEXTS: dict[str, tuple[Callable[[Values], Values], pa.DataType]] = {
    "lower": (pc.utf8_lower, pa.string()),
    "upper": (pc.utf8_upper, pa.string()),
    "trim": (lambda values: pc.utf8_trim(values, " "), pa.string()),
    "length": (pc.utf8_length, _INTEGER),
}
_ASKED_OF_TEXTS: dict[str, Callable[[Values, str], Values]] = {
    "contains": pc.match_substring,
    "starts_with": pc.starts_with,
    "ends_with": pc.ends_with,
    "regexp_matches": pc.match_substring_regex,
}
_WITH_TWO = ("date_trunc", "strftime")
FUNCTIONS = (*_OF_MOMENTS, "date", *_OF_TEXTS, "len", *_WITH_TWO, *_ASKED_OF_TEXTS, "list_contains")
"""All functions that a condition knows."""


def parse_condition(text: str, schema: pa.Schema = SCHEMA, option: str = "--where") -> Condition:
    """Read a condition on the columns of a schema. Raises BadAddress that says what is wrong."""
    return Condition(text.strip(), _Parser(text, schema, option).parse())


class _Parser:
    def __init__(self, text: str, schema: pa.Schema, option: str) -> None:
        self._schema = schema
        self._option = option
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise self._mistake(f"{text[at:].strip()[:30]!r} can't be read; put text in 'quotes'")
            self._tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()
        self._at = 0
        self._depth = 0

    def parse(self) -> Predicate:
        found = self._condition()
        if self._at < len(self._tokens):
            raise self._mistake(f"expected 'and' or 'or', found {self._tokens[self._at][1]!r}")
        return found

    def _mistake(self, told: str) -> BadAddress:
        return BadAddress(f"{self._option}: {told}")

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise self._mistake("incomplete; write column = 'value', joined by and, or, not")
        self._at += 1
        return self._tokens[self._at - 1]

    def _takes(self, *words: str) -> str:
        """The next token, if it is one of these."""
        if self._at < len(self._tokens):
            form, found = self._tokens[self._at]
            if form != "text" and found.lower() in words:
                self._at += 1
                return found.lower()
        return ""

    def _expect(self, word: str) -> None:
        _, found = self._next()
        if found.lower() != word:
            raise self._mistake(f"expected {word!r}, found {found!r}")

    def _condition(self) -> Predicate:
        return self._joined("or", lambda: self._joined("and", self._negated))

    def _joined(self, word: str, part: Callable[[], Predicate]) -> Predicate:
        found = [part()]
        while self._takes(word):
            found.append(part())
        return Joined(word, tuple(found)) if len(found) > 1 else found[0]

    def _negated(self) -> Predicate:
        self._depth += 1
        if self._depth > 100:
            raise self._mistake("more than 100 levels of not and parentheses")
        try:
            if self._takes("not"):
                return Not(self._negated())
            if self._takes("("):
                found = self._condition()
                self._expect(")")
                return found
            return self._test()
        finally:
            self._depth -= 1

    def _test(self) -> Predicate:
        form, name = self._next()
        if form == "word" and self._takes("("):
            if name.lower() in (*_ASKED_OF_TEXTS, "list_contains"):
                return self._question(name.lower())
            return self._compared(self._called(name.lower()))
        term = self._column(name)
        if pa.types.is_boolean(term.kind) and not self._is_comparison_next():
            return Comparison(term, "=", True)
        return self._compared(term)

    def _is_comparison_next(self) -> bool:
        if self._at >= len(self._tokens):
            return False
        found = self._tokens[self._at][1].lower()
        return found in _SIGNS or found in ("in", "is", "not", "between", "like", "ilike")

    def _column(self, name: str) -> ColumnTerm:
        column = _ALIASES.get(name, name)
        if column not in self._schema.names:
            raise self._mistake(f"no column {name!r}; schema.json lists the columns")
        return ColumnTerm(column, self._schema.field(column).type)

    def _term(self) -> Term:
        form, name = self._next()
        if form == "word" and self._takes("("):
            return self._called(name.lower())
        return self._column(name)

    def _called(self, name: str) -> Term:
        """A function's value; its parenthesis is open already."""
        if name not in FUNCTIONS:
            raise self._mistake(f"no function {name!r}; there are {', '.join(FUNCTIONS)}")
        if name == "date_trunc":
            unit = self._text_of(_UNITS, "unit")
            self._expect(",")
            found = self._moments(name)
            term: Term = CallTerm(name, found, _MOMENT, lambda values: pc.floor_temporal(values, unit=unit))
        elif name == "strftime":
            found = self._moments(name)
            self._expect(",")
            pattern = self._text_of((), "format")
            term = CallTerm(name, found, pa.string(), lambda values: pc.strftime(_to_seconds(values), format=pattern))
        else:
            term = self._of_one(name)
        self._expect(")")
        return term

    def _of_one(self, name: str) -> Term:
        if name in _OF_MOMENTS:
            return CallTerm(name, self._moments(name), _INTEGER, _OF_MOMENTS[name])
        if name == "date":
            return CallTerm(name, self._moments(name), _MOMENT, lambda values: pc.floor_temporal(values, unit="day"))
        argument = self._term()
        if name == "len":
            if not pa.types.is_list(argument.kind):
                raise self._mistake("len() counts the values of a list; length() the characters of a text")
            return CallTerm(name, argument, _INTEGER, pc.list_value_length)
        if not pa.types.is_string(argument.kind):
            raise self._mistake(f"{name}() takes a text")
        run, kind = _OF_TEXTS[name]
        return CallTerm(name, argument, kind, run)

    def _moments(self, name: str) -> Term:
        found = self._term()
        if not pa.types.is_timestamp(found.kind):
            raise self._mistake(f"{name}() takes a date, such as datePublished")
        return found

    def _text_of(self, allowed: tuple[str, ...], what: str) -> str:
        form, text = self._next()
        plain = _unquoted(text)
        if form != "text" or (allowed and plain.lower() not in allowed):
            raise self._mistake(f"{text} is no {what}; write {' '.join(map(repr, allowed)) or repr('%Y-%m')}")
        return plain.lower() if allowed else plain

    def _question(self, name: str) -> Predicate:
        term = self._term()
        self._expect(",")
        form, text = self._next()
        if form != "text":
            raise self._mistake(f"{name}(): {text} is not a text in 'quotes'")
        self._expect(")")
        value = _unquoted(text)
        if name == "list_contains":
            if not (pa.types.is_list(term.kind) and pa.types.is_string(term.kind.value_type)):
                raise self._mistake("list_contains() takes a list of texts, such as keywords or authors")
            return Asks(name, term, list_contains(value))
        if not pa.types.is_string(term.kind):
            raise self._mistake(f"{name}() takes a text; for a list write list_contains()")
        if name == "regexp_matches":
            self._require_expression(value)
        return Asks(name, term, lambda values: _ASKED_OF_TEXTS[name](values, value))

    def _require_expression(self, pattern: str) -> None:
        try:
            pc.match_substring_regex(pa.array([""]), pattern)
        except pa.ArrowInvalid as error:
            raise self._mistake(f"regexp_matches(): {pattern!r} is not a regular expression (RE2)") from error

    def _compared(self, term: Term) -> Predicate:
        form, sign = self._next()
        if form == "sign" and sign in _SIGNS:
            self._require_comparable(term)
            return self._by_sign(term, _SIGNS[sign])
        word = sign.lower()
        if word == "is":
            is_negated = bool(self._takes("not"))
            self._expect("null")
            return Not(IsNull(term)) if is_negated else IsNull(term)
        if word == "not":
            return Not(self._by_word(term, self._next()[1].lower()))
        return self._by_word(term, word)

    def _require_comparable(self, term: Term) -> None:
        if pa.types.is_list(term.kind):
            named = next(iter(term.columns()))
            raise self._mistake(f"{named} is a list, which can't be compared; write list_contains({named}, 'value')")

    def _by_sign(self, term: Term, sign: str) -> Predicate:
        value = self._value(term)
        if _means_language(term) and sign in ("=", "!="):
            meant = MeansLanguage(term, (value,))
            return Not(meant) if sign == "!=" else meant
        return Comparison(term, sign, value)

    def _by_word(self, term: Term, word: str) -> Predicate:
        self._require_comparable(term)
        if word == "in":
            values = self._values(term)
            return MeansLanguage(term, values) if _means_language(term) else IsOneOf(term, values)
        if word == "between":
            least = self._value(term)
            self._expect("and")
            return Joined("and", (Comparison(term, ">=", least), Comparison(term, "<=", self._value(term))))
        if word in ("like", "ilike"):
            if not pa.types.is_string(term.kind):
                raise self._mistake(f"{word} takes a text")
            form, pattern = self._next()
            if form != "text":
                raise self._mistake(f"{word}: {pattern} is not a text in 'quotes'")
            return Asks(word, term, like(_unquoted(pattern), ignore_case=word == "ilike"))
        raise self._mistake(
            f"{word!r} is not a comparison; use = != < <= > >=, [not] in, [not] like, [not] between, is null"
        )

    def _values(self, term: Term) -> tuple[Any, ...]:
        self._expect("(")
        found = [self._value(term)]
        while (sign := self._next()[1]) == ",":
            found.append(self._value(term))
        if sign != ")":
            raise self._mistake(f"expected ')', found {sign!r}")
        return tuple(found)

    def _value(self, term: Term) -> Any:
        form, text = self._next()
        try:
            return _value_of(form, text, term.kind)
        except ValueError as error:
            named = " ".join(dict.fromkeys(term.columns()))
            raise self._mistake(f"{text} is not a valid value for {named}") from error


def _means_language(term: Term) -> bool:
    return isinstance(term, ColumnTerm) and term.name == LANGUAGE


def _to_seconds(values: Values) -> Values:
    return pc.floor_temporal(values, unit="second").cast(pa.timestamp("s", tz="UTC"))


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")


def _value_of(form: str, text: str, kind: pa.DataType) -> Any:
    plain = _unquoted(text) if form == "text" else text
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
