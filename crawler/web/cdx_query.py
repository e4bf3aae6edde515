"""A query of a CDX server: which lines, in which order, with which fields. Pure.

The parameters are those that pywb and OutbackCDX share; a filter is written as pywb has it: ``[!][=|~]FIELD:VALUE``,
where ``=`` asks for exactly this value, ``~`` for a regular expression that fits all of it, and neither for a part of
it. Regular expressions are RE2's, whose time is bounded by the length of what they are asked about.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from heapq import nsmallest
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from archive.address_match import Match, beginnings
from archive.cdxj import IndexEntry
from archive.errors import BadAddress
from archive.period import Period, moment_of, span_of

MOST_IN_MEMORY = 10_000
"""Captures that are put in another order than that of the index, at most: the last, or the closest, of all."""
_BATCH = 512
_MOST_FILTERS = 10
_LONGEST_FILTER = 500
_ALIASES = {"original": "url", "mimetype": "mime", "statuscode": "status", "timestamp": "timestamp"}
FIELDS = ("urlkey", "timestamp", "url", "mime", "status", "digest", "length", "offset", "filename")
_ELEVEN = ("urlkey", "timestamp", "url", "mime", "status", "digest", "-", "-", "length", "offset", "filename")
"""The legacy format with eleven fields; two of them are never known."""


class Sort(StrEnum):
    """In which order lines come."""

    INDEX = ""
    REVERSE = "reverse"
    CLOSEST = "closest"


class Output(StrEnum):
    """How a line is written."""

    CDXJ = "cdxj"
    JSON = "json"
    """An object a line."""
    CDX = "cdx"
    """Fields with spaces between them."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on a field."""

    name: str
    value: str
    is_exact: bool
    is_pattern: bool
    is_not: bool

    @classmethod
    def of(cls, text: str) -> Filter:
        """From its text. Raises BadAddress."""
        rest = text.removeprefix("!")
        kind = rest[:1] if rest[:1] in ("=", "~") else ""
        name, colon, value = rest.removeprefix(kind).partition(":")
        name = _field_name(name)
        if not colon or len(text) > _LONGEST_FILTER:
            raise BadAddress(f"filter: write [!][=|~]FIELD:VALUE, with at most {_LONGEST_FILTER} characters")
        made = cls(name, value, kind == "=", kind == "~", text != rest)
        made.passes([""])
        return made

    def passes(self, values: Sequence[str]) -> list[bool]:
        """For each value whether it passes. Raises BadAddress when the pattern is none."""
        if self.is_pattern:
            try:
                found = pc.match_substring_regex(pa.array(values, pa.string()), f"^(?:{self.value})$").to_pylist()
            except pa.ArrowInvalid as error:
                raise BadAddress(f"filter: {self.value!r} is not a regular expression of RE2") from error
        elif self.is_exact:
            found = [value == self.value for value in values]
        else:
            found = [self.value in value for value in values]
        return [one != self.is_not for one in found]


@dataclass(frozen=True, slots=True)
class CdxQuery:
    """What is asked for."""

    url: str
    match: Match = Match.EXACT
    period: Period = field(default_factory=Period)
    sort: Sort = Sort.INDEX
    closest: datetime | None = None
    limit: int = 0
    """0: all."""
    filters: tuple[Filter, ...] = ()
    fields: tuple[str, ...] = ()
    """Empty: all of the output's own."""
    collapse: int = 0
    """Of captures of an address whose time begins with the same so many digits only the first is given; 0: all."""
    output: Output = Output.CDXJ

    @property
    def needs_order(self) -> bool:
        """Whether lines have to be in memory before the first is given."""
        return self.sort is not Sort.INDEX

    def chosen(self, entries: Iterable[IndexEntry]) -> Iterator[dict[str, str]]:
        """Of entries in the order of the index those that are meant, each with all `FIELDS`. Raises BadAddress."""
        found = self._collapsed(self._filtered(map(_fields, self._ordered(entries))))
        return islice(found, self.limit) if self.limit else iter(found)

    def lines(self, entries: Iterable[IndexEntry]) -> Iterator[bytes]:
        """What is answered, line by line. Raises BadAddress."""
        write = _WRITERS[self.output]
        return (f"{write(entry, self.fields)}\n".encode() for entry in self.chosen(entries))

    def _ordered(self, entries: Iterable[IndexEntry]) -> Iterable[IndexEntry]:
        if self.sort is Sort.INDEX:
            return entries
        closest = self.closest
        if self.sort is Sort.REVERSE or closest is None:
            return reversed(deque(entries, MOST_IN_MEMORY))
        return nsmallest(MOST_IN_MEMORY, entries, key=lambda entry: abs((entry.moment - closest).total_seconds()))

    def _filtered(self, entries: Iterable[dict[str, str]]) -> Iterator[dict[str, str]]:
        if not self.filters:
            yield from entries
            return
        rest = iter(entries)
        while batch := list(islice(rest, _BATCH)):
            for one in self.filters:
                kept = one.passes([entry[one.name] for entry in batch])
                batch = [entry for entry, passes in zip(batch, kept, strict=True) if passes]
            yield from batch

    def _collapsed(self, entries: Iterable[dict[str, str]]) -> Iterator[dict[str, str]]:
        last = ("", "")
        for entry in entries:
            this = entry["urlkey"], entry["timestamp"][: self.collapse]
            if self.collapse and this == last:
                continue
            last = this
            yield entry


def cdx_query(parameters: Any) -> CdxQuery:
    """From the parameters of an address (a multi-dictionary, as Starlette has it). Raises BadAddress."""
    url, match = _address(parameters.get("url", ""), parameters.get("matchType", ""))
    beginnings(url, match)  # what is wrong with it is told before the answer begins
    closest = parameters.get("closest", "")
    moment = moment_of(closest) if closest else None
    if closest and moment is None:
        raise BadAddress(f"closest: {closest!r} is not a time; write 20261124103000")
    filters = parameters.getlist("filter")
    if len(filters) > _MOST_FILTERS:
        raise BadAddress(f"filter: at most {_MOST_FILTERS}")
    return CdxQuery(
        url=url,
        match=match,
        period=_period(parameters.get("from", ""), parameters.get("to", "")),
        sort=_one_of(Sort, "sort", parameters.get("sort", "closest" if closest else "")),
        closest=moment,
        limit=_number("limit", parameters.get("limit", ""), 1_000_000_000),
        filters=tuple(map(Filter.of, filters)),
        fields=tuple(map(_field_name, _listed(parameters.get("fl", "") or parameters.get("fields", "")))),
        collapse=_collapse(parameters),
        output=_output(parameters.get("output", "")),
    )


def _address(url: str, match: str) -> tuple[str, Match]:
    """An address and what it means; ``*`` at an end means a prefix or a domain, as in CDX servers."""
    url = url.strip()
    if not url:
        raise BadAddress("url: it is missing")
    if not match and url.startswith("*."):
        return url[2:].rstrip("/*"), Match.DOMAIN
    if not match and url.endswith("*"):
        return url[:-1], Match.PREFIX
    return url, _one_of(Match, "matchType", match or Match.EXACT.value)


def _period(since: str, until: str) -> Period:
    first, last = span_of(since) if since else None, span_of(until) if until else None
    for name, text, span in (("from", since, first), ("to", until, last)):
        if text and span is None:
            raise BadAddress(f"{name}: {text!r} is not a time; write 2026 or 20261124103000")
    return Period(first.first if first else None, last.end if last else None)


def _one_of(kind: Any, name: str, text: str) -> Any:
    try:
        return kind(text)
    except ValueError as error:
        raise BadAddress(f"{name}: there are {', '.join(one.value for one in kind if one.value)}") from error


def _output(text: str) -> Output:
    return Output.CDX if text == "text" else _one_of(Output, "output", text or Output.CDXJ.value)


def _number(name: str, text: str, most: int) -> int:
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise BadAddress(f"{name}: {text[:20]!r} is not a number")
    return min(int(text), most)


def _collapse(parameters: Any) -> int:
    text = parameters.get("collapse", "").removeprefix("timestamp:") or parameters.get("collapseTime", "")
    number = _number("collapse", text, 100)
    if number > 14:
        raise BadAddress("collapse: a time has 14 digits; write timestamp:8 for a day")
    return number


def _listed(text: str) -> list[str]:
    return [part for part in text.split(",") if part][:20]


def _field_name(text: str) -> str:
    name = _ALIASES.get(text, text)
    if name not in FIELDS:
        raise BadAddress(f"{text[:40]!r}: there are the fields {', '.join(FIELDS)}")
    return name


def _fields(entry: IndexEntry) -> dict[str, str]:
    key, stamp, text = entry.line().split(" ", 2)
    found = {"status": "-", **json.loads(text)}
    return {**found, "urlkey": key, "timestamp": stamp}


def _cdxj(entry: dict[str, str], fields: Sequence[str]) -> str:
    shown = [name for name in entry if name not in ("urlkey", "timestamp") and (not fields or name in fields)]
    facts = {name: entry[name] for name in shown if not (name == "status" and entry[name] == "-")}
    return f"{entry['urlkey']} {entry['timestamp']} {json.dumps(facts)}"


def _json(entry: dict[str, str], fields: Sequence[str]) -> str:
    names = fields or ("urlkey", "timestamp", *(name for name in entry if name not in ("urlkey", "timestamp")))
    return json.dumps({name: entry.get(name, "-") for name in names})


def _cdx(entry: dict[str, str], fields: Sequence[str]) -> str:
    # A space would begin the next field
    return " ".join(entry.get(name, "-").replace(" ", "%20") or "-" for name in fields or _ELEVEN)


_WRITERS: dict[Output, Callable[[dict[str, str], Sequence[str]], str]] = {
    Output.CDXJ: _cdxj,
    Output.JSON: _json,
    Output.CDX: _cdx,
}
