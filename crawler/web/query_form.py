"""What a reader asks for, as the parameters of an address have it: a query and what narrows it down. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from archive.search.query import (
    BadQuery,
    Both,
    Dates,
    Everything,
    Node,
    Value,
    WordField,
    Words,
    parse,
    words,
    words_of,
)
from archive.search.searching import Order

PAGE = 20
"""Hits on a page."""
MOST_HITS = 10_000
"""Hits that can be paged through."""
_LONGEST_VALUE = 300


@dataclass(frozen=True, slots=True)
class QueryForm:
    """The parameters; an empty one narrows nothing."""

    q: str = ""
    """In the query language (`archive.search.query`)."""
    site: str = ""
    lang: str = ""
    section: str = ""
    author: str = ""
    since: str = ""
    """Published at or after this date."""
    until: str = ""
    """Published up to this date, itself included."""
    sort: str = ""
    """``newest`` or ``oldest``; empty: by relevance if there are words to judge by, else newest first."""
    all: str = ""
    """``1``: each version of an address and each copy of a text by itself."""
    page: int = 1

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> QueryForm:
        """From an address. Raises BadQuery."""
        given: dict[str, Any] = {
            field.name: parameters.get(field.name, "").strip() for field in fields(cls) if field.name != "page"
        }
        for name, value in given.items():
            if name != "q" and len(value) > _LONGEST_VALUE:
                raise BadQuery(f"{name} has at most {_LONGEST_VALUE} characters", 0)
        if given["sort"] not in ("", "newest", "oldest"):
            given["sort"] = ""
        return cls(**given, page=_page(parameters.get("page", "")))

    @property
    def is_folded(self) -> bool:
        """Whether versions and copies are shown once."""
        return self.all != "1"

    @property
    def narrowed(self) -> dict[str, str]:
        """What narrows the query down, by parameter."""
        names = ("site", "lang", "section", "author", "since", "until")
        return {name: value for name in names if (value := getattr(self, name))}

    def with_(self, **changes: Any) -> QueryForm:
        """The same with other parameters, from the first page on."""
        return replace(self, **{"page": 1, **changes})

    def without(self, name: str) -> QueryForm:
        """The same without a parameter."""
        return self.with_(**{name: ""})

    def parameters(self) -> dict[str, str]:
        """Those that are not empty."""
        found = {field.name: str(getattr(self, field.name)) for field in fields(self) if field.name != "page"}
        if self.page > 1:
            found["page"] = str(self.page)
        return {name: value for name, value in found.items() if value}

    def query_string(self) -> str:
        """As the query of an address."""
        return urlencode(self.parameters())

    def node(self) -> Node:
        """All of it as one query. Raises BadQuery."""
        parts = [part for part in (parse(self.q), *self._filters()) if part != Everything()]
        return _all_of(parts)

    def background(self) -> Node:
        """What narrows it down alone: the articles of which those that are meant are a share. Raises BadQuery."""
        return _all_of(self._filters())

    def _filters(self) -> list[Node]:
        found: list[Node | None] = []
        if self.site:
            found.append(_one(f"site:{self.site}", Value, "site"))
        if self.lang:
            found.append(_one(f"lang:{self.lang}", Value, "lang"))
        if self.since or self.until:
            dates = f"date:{self.since}..{self.until}"
            found.append(_one(dates, Dates, "date"))
        found += [
            words(value, field)
            for value, field in ((self.section, WordField.SECTION), (self.author, WordField.AUTHOR))
            if value
        ]
        return [part for part in found if part is not None]


def default_order(node: Node) -> Order:
    """By relevance where there are words to judge by, else newest first."""
    return Order.RELEVANCE if any(isinstance(part, Words) for part in words_of(node)) else Order.NEWEST


def _one(text: str, kind: type[Node], name: str) -> Node:
    """A value as the query language reads it, if it is that and nothing more. Raises BadQuery."""
    node = parse(text)
    if not isinstance(node, kind):
        raise BadQuery(f"{name}: this is more than one value", 0)
    return node


def _all_of(parts: list[Node]) -> Node:
    if not parts:
        return Everything()
    return parts[0] if len(parts) == 1 else Both(tuple(parts))


def _page(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1
    return min(max(1, number), MOST_HITS // PAGE)
