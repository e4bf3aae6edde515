"""A query as the library has it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from archive.access_rules import AccessRule, beginnings_of
from archive.period import Period
from archive.search.documents import index_key
from archive.search.engine import engine, schema
from archive.search.query import (
    Both,
    DateField,
    Dates,
    Either,
    Everything,
    Near,
    Node,
    Not,
    Value,
    ValueField,
    WordField,
    Words,
)

_TITLE_COUNTS = 2.0
"""How much more a word in the headline counts."""
_FIELDS = {ValueField.SITE: "host", ValueField.LANGUAGE: "langs", ValueField.KIND: "kind"}


class Compiler:
    """Makes the library's queries."""

    def __init__(self) -> None:
        library = engine()
        self._query = library.Query
        self._must, self._should, self._not = library.Occur.Must, library.Occur.Should, library.Occur.MustNot
        self._integer = library.FieldType.Integer
        self._schema = schema()

    def compiled(self, node: Node, *, scored: bool = True) -> Any:
        """A query; `scored` lets words in the headline count for more."""
        if isinstance(node, Everything):
            return self._query.const_score_query(self._query.all_query(), 0.0)
        if isinstance(node, Words):
            return self._words(node, scored=scored)
        if isinstance(node, Near):
            return self._near(node)
        if isinstance(node, Value):
            return self._weightless(self._query.term_query(self._schema, _FIELDS[node.field], node.value))
        if isinstance(node, Dates):
            return self._weightless(self._dates(node.field, node.period))
        if isinstance(node, Either):
            return self._query.boolean_query(
                [(self._should, self.compiled(part, scored=scored)) for part in node.nodes]
            )
        return self._both(node.nodes if isinstance(node, Both) else (node,), scored=scored)

    def without(self, query: Any, unwanted: Iterable[Any]) -> Any:
        """A query but for what others mean."""
        parts = [(self._not, part) for part in unwanted]
        return self._query.boolean_query([(self._must, query), *parts]) if parts else query

    def both(self, query: Any, other: Any) -> Any:
        """What both of two queries mean."""
        return self._query.boolean_query([(self._must, query), (self._must, other)])

    def of_segments(self, numbers: Iterable[int]) -> Any:
        """All records of segments."""
        return self.number_in("segment", numbers)

    def number_in(self, field: str, numbers: Iterable[int]) -> Any:
        """All records with one of these numbers in a field."""
        return self._query.term_set_query(self._schema, field, list(numbers))

    def address(self, url: str) -> Any:
        """All records of an address."""
        return self._query.term_query(self._schema, "key", index_key(url))

    def addresses(self, urls: Iterable[str]) -> Any:
        """All records of some addresses."""
        keys = sorted({index_key(url) for url in urls})
        return self._query.term_set_query(self._schema, "key", keys)

    def either(self, query: Any, other: Any) -> Any:
        """What one of two queries means."""
        return self._query.boolean_query([(self._should, query), (self._should, other)])

    def refused(self, rule: AccessRule) -> Any:
        """All records that a rule names."""
        starts = [self._pattern("key", f"{re.escape(start)}.*") for start in beginnings_of(rule)]
        parts = [self._query.boolean_query([(self._should, start) for start in starts])] if starts else []
        if not rule.captured.is_endless:
            parts.append(self._dates(DateField.CAPTURED, rule.captured))
        return self._query.boolean_query([(self._must, part) for part in parts or [self._query.all_query()]])

    def any_of(self, weights: dict[str, float]) -> Any:
        """Records with one of these terms in their text, each with its weight."""
        parts = [
            (
                self._should,
                self._query.boost_query(self._query.term_query(self._schema, "text", term), weight),
            )
            for term, weight in weights.items()
        ]
        return self._query.boolean_query(parts)

    def _both(self, nodes: Iterable[Node], *, scored: bool) -> Any:
        parts = [
            (self._not, self.compiled(node.node, scored=False))
            if isinstance(node, Not)
            else (self._must, self.compiled(node, scored=scored))
            for node in nodes
        ]
        if not any(occur == self._must for occur, _ in parts):
            parts.append((self._must, self.compiled(Everything())))
        return self._query.boolean_query(parts)

    def _words(self, node: Words, *, scored: bool) -> Any:
        field = node.field or "text"
        query = self._in_field(node, field)
        if node.field is not WordField.TEXT or not scored:
            return query
        in_title = self._query.boost_query(self._in_field(node, "title"), _TITLE_COUNTS)
        return self._query.boolean_query([(self._must, query), (self._should, in_title)])

    def _in_field(self, node: Words, field: str) -> Any:
        *_, (_, last) = node.terms
        if len(node.terms) == 1:
            if node.is_prefix:
                return self._pattern(field, f"{re.escape(last)}.*")
            return self._query.term_query(self._schema, field, last)
        if not node.is_prefix:
            return self._query.phrase_query(self._schema, field, list(node.terms), slop=node.slop)
        patterns = [(place, re.escape(term)) for place, term in node.terms]
        patterns[-1] = (patterns[-1][0], f"{patterns[-1][1]}.*")
        return self._query.regex_phrase_query(self._schema, field, patterns, slop=node.slop)

    def _pattern(self, field: str, pattern: str) -> Any:
        return self._query.regex_query(self._schema, field, pattern)

    def _near(self, node: Near) -> Any:
        field = node.first.field or "text"
        orders = ((node.first, node.second), (node.second, node.first))
        phrases = []
        for one, other in orders:
            behind = one.terms[-1][0] + 1
            placed = [*one.terms, *((behind + place, term) for place, term in other.terms)]
            phrases.append(self._query.phrase_query(self._schema, field, placed, slop=node.distance))
        return self._query.boolean_query([(self._should, phrase) for phrase in phrases])

    def _dates(self, field: DateField, period: Period) -> Any:
        """Records with a moment that their date may mean in a period."""
        first, end = ("first", "end") if field is DateField.PUBLISHED else ("captured", "captured")
        parts = []
        if period.until is not None:
            parts.append(self._range(first, None, int(period.until.timestamp()) - 1))
        if period.since is not None:
            since = int(period.since.timestamp()) + (field is DateField.PUBLISHED)
            parts.append(self._range(end, since, None))
        if len(parts) == 1:
            return parts[0]
        return self._query.boolean_query([(self._must, part) for part in parts])

    def _range(self, field: str, lower: int | None, upper: int | None) -> Any:
        return self._query.range_query(self._schema, field, self._integer, lower, upper)

    def _weightless(self, query: Any) -> Any:
        return self._query.const_score_query(query, 0.0)
