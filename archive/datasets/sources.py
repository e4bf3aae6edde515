"""The table of sources: who publishes what is at a host.

It comes from site definitions and from files of the user, a CSV table with a header. Nothing in it is guessed: what
neither says is empty, and identifiers of other catalogues come from the user's file alone.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from archive.errors import BadAddress

TABLE = "sources.csv"
"""Name of the table in a version."""
FIELDS = ("source", "hosts", "name", "country", "languages", "kind", "owner")
"""Columns of such a table. Others are identifiers, each named after its catalogue."""


@dataclass(frozen=True, slots=True)
class NewsSource:
    """One publication."""

    source: str
    """Its id: of a site definition ``cc/name``."""
    hosts: tuple[str, ...]
    """Hosts where it publishes, without ``www.``; what is below them belongs to it too."""
    name: str = ""
    country: str = ""
    """ISO 3166-1 alpha-2, upper case."""
    languages: tuple[str, ...] = ()
    """BCP 47 tags."""
    kind: str = ""
    """Such as daily, weekly, agency or broadcaster, in the user's words."""
    owner: str = ""
    identifiers: Mapping[str, str] = field(default_factory=dict)
    """By catalogue, such as ``wikidata``."""

    def columns(self) -> dict[str, Any]:
        """The columns of a row of this source."""
        return {
            "source": self.source,
            "sourceName": self.name or None,
            "sourceCountry": self.country or None,
            "sourceLanguages": list(self.languages),
            "sourceKind": self.kind or None,
            "sourceOwner": self.owner or None,
            "sourceIdentifiers": json.dumps(dict(sorted(self.identifiers.items()))) if self.identifiers else None,
        }


_NOBODY: dict[str, Any] = {**NewsSource("", ()).columns(), "source": None}


class SourceTable:
    """Sources by their hosts."""

    def __init__(self, sources: Iterable[NewsSource] = ()) -> None:
        """Of two sources with the same id the later one completes the earlier."""
        found: dict[str, NewsSource] = {}
        for one in sources:
            found[one.source] = _completed(found[one.source], one) if one.source in found else one
        self.sources = tuple(sorted(found.values(), key=lambda one: one.source))
        self._by_host = {bare(host): one for one in self.sources for host in one.hosts}

    def of(self, host: str) -> NewsSource | None:
        """The source of a host: the one whose host is the same, or the nearest above it."""
        labels = bare(host).split(".")
        for first in range(len(labels)):
            if (found := self._by_host.get(".".join(labels[first:]))) is not None:
                return found
        return None

    def columns(self, host: str) -> dict[str, Any]:
        """The columns of a row from a host; all empty when no source is known."""
        found = self.of(host)
        return found.columns() if found is not None else dict(_NOBODY)

    def digest(self) -> str:
        """SHA-256 of the table; empty of no sources."""
        text = json.dumps([asdict(one) for one in self.sources], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest() if self.sources else ""

    def limited_to(self, hosts: Iterable[str]) -> SourceTable:
        """The sources of these hosts."""
        return SourceTable({one.source: one for host in hosts if (one := self.of(host)) is not None}.values())


def bare(host: str) -> str:
    """A host as compared."""
    return host.lower().removeprefix("www.")


def _completed(known: NewsSource, more: NewsSource) -> NewsSource:
    """What the user says counts; hosts and identifiers are put together."""
    given = {name: value for name in FIELDS[2:] if (value := getattr(more, name))}
    hosts = tuple(dict.fromkeys((*known.hosts, *more.hosts)))
    return replace(known, hosts=hosts, identifiers={**known.identifiers, **more.identifiers}, **given)


def read_sources(path: Path) -> list[NewsSource]:
    """The sources of a user's table: columns of `FIELDS`, values of a list separated by spaces.

    Raises BadAddress that names file, line and remedy.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            if missing := [name for name in ("source",) if name not in (reader.fieldnames or ())]:
                raise BadAddress(f"{path}: no column {missing[0]!r}; columns: {', '.join(FIELDS)}, catalogues")
            return [_source_of(row, f"{path}, line {reader.line_num}") for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadAddress(f"{path}: can't be read as a CSV table in UTF-8: {error}") from error


def _source_of(row: dict[str, Any], place: str) -> NewsSource:
    if None in row or None in row.values():
        raise BadAddress(f"{place}: not as many values as the header has columns")
    values = {name: str(value).strip() for name, value in row.items()}
    if not values["source"]:
        raise BadAddress(f"{place}: no source; give its id, such as gb/guardian")
    return NewsSource(
        source=values["source"],
        hosts=tuple(bare(host) for host in values.get("hosts", "").split()),
        name=values.get("name", ""),
        country=values.get("country", "").upper(),
        languages=tuple(values.get("languages", "").split()),
        kind=values.get("kind", ""),
        owner=values.get("owner", ""),
        identifiers={name: value for name, value in values.items() if name not in FIELDS and value},
    )


def written(table: SourceTable) -> str:
    """The table as CSV, in a form that `read_sources` reads; empty of no sources."""
    if not table.sources:
        return ""
    catalogues = sorted({name for one in table.sources for name in one.identifiers})
    lines = [",".join([*FIELDS, *map(_cell, catalogues)])]
    for one in table.sources:
        values = [
            one.source,
            " ".join(one.hosts),
            one.name,
            one.country,
            " ".join(one.languages),
            one.kind,
            one.owner,
        ]
        values += [one.identifiers.get(name, "") for name in catalogues]
        lines.append(",".join(map(_cell, values)))
    return "\n".join(lines) + "\n"


def _cell(value: str) -> str:
    quoted = value.replace('"', '""')
    return f'"{quoted}"' if set(value) & set(',"\r\n') else value
