"""What access rules keep from pywb: an ACL file, and an index without the lines that such a file cannot speak of.

An ACL file (pywb, "Embargo and Access Control") has one rule a line, by SURT key in falling order. pywb heeds only
the one with the longest beginning of a capture's key, and that one may name captures before a moment or after one,
not between two. So a line is written for each beginning whose captures are refused altogether, before a moment, or
after one; pywb answers 451 there. A capture that is refused otherwise is left out of the index that pywb gets.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path

from archive.access_rules import AccessRule, AccessRules, beginnings_of
from archive.address_match import shortest
from archive.cdxj import IndexEntry
from archive.durable import write_parts_durably
from archive.lookup import Lookup
from archive.merged_index import SortedLines
from archive.period import Period

_EXACT = "###"
"""What pywb has behind a key that means nothing but itself."""
_STAMP = "%Y%m%d%H%M%S"
_LEAST = "0"
_MOST = "9"
"""Before and behind all fourteen digits."""


@dataclass(frozen=True, slots=True)
class AclLine:
    """One line of an ACL file."""

    key: str
    """A beginning of keys, or a key and `_EXACT`."""
    before: str = ""
    """Only captures before this moment (fourteen digits)."""
    after: str = ""
    """Only captures after this moment."""

    def text(self) -> str:
        """The line, with its end."""
        moments = {name: value for name, value in (("before", self.before), ("after", self.after)) if value}
        return f"{self.key} - {json.dumps({'access': 'block', **moments})}\n"

    def blocks(self, stamp: str) -> bool:
        """Whether it means a capture of a moment."""
        return (not self.before or stamp < self.before) and (not self.after or stamp > self.after)


class AccessControl:
    """The lines of an ACL file, in their order, and what pywb makes of them."""

    def __init__(self, rules: AccessRules) -> None:
        """`rules` are those that refuse the reader."""
        starts = [start for start in rules.beginnings if _is_for_pywb(start)]
        made = (_line(start, [rule for rule in rules.rules if _covers(rule, start)]) for start in starts)
        self.lines = sorted((line for line in made if line is not None), key=lambda line: line.key, reverse=True)

    def text(self) -> str:
        """The file's text."""
        return "".join(line.text() for line in self.lines)

    def blocks(self, key: str, stamp: str) -> bool:
        """Whether pywb refuses a capture of this key (`AccessChecker.find_access_rule` in its source)."""
        found = (line for line in self.lines if line.key == f"{key}{_EXACT}" or key.startswith(line.key))
        line = next(found, None)
        return line is not None and line.blocks(stamp)


def _is_for_pywb(start: str) -> bool:
    """Whether pywb finds a line of this key for all that begins with it.

    It stops at a line that sorts before the top-level domain of what it looks for, which it takes to end at a comma;
    for a host without a domain, and for what means everything, it stops too early.
    """
    return "," in start.partition(")")[0]


def _covers(rule: AccessRule, start: str) -> bool:
    """Whether a rule names all that begins so."""
    return any(start.startswith(beginning) for beginning in beginnings_of(rule))


def _line(start: str, rules: Iterable[AccessRule]) -> AclLine | None:
    """The line for a beginning, when what the rules refuse of it can be said in one."""
    spans = list(_joined(_span(rule.captured) for rule in rules))
    key = f"{start[:-1]}{_EXACT}" if start.endswith(" ") else start
    if len(spans) != 1:
        return None
    since, until = spans[0]
    if since != _LEAST and until != _MOST:
        return None
    return AclLine(key, before=until if until != _MOST else "", after=since if since != _LEAST else "")


def _span(captured: Period) -> tuple[str, str]:
    """Fourteen digits behind which, and before which, a capture is meant."""
    since = f"{_up(captured.since) - timedelta(seconds=1):{_STAMP}}" if captured.since else _LEAST
    until = f"{_up(captured.until):{_STAMP}}" if captured.until else _MOST
    return since, until


def _up(moment: datetime) -> datetime:
    """The first whole second that is not before a moment."""
    whole = moment.replace(microsecond=0)
    return whole if whole == moment else whole + timedelta(seconds=1)


def _joined(spans: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Spans that touch or overlap as one."""
    current: tuple[str, str] | None = None
    for since, until in sorted(spans):
        if current is not None and since < current[1]:
            current = current[0], max(current[1], until)
            continue
        if current is not None:
            yield current
        current = since, until
    if current is not None:
        yield current


class ReplayIndex:
    """The directory of index files that pywb reads, and its ACL file; kept in step with the rules and the moment."""

    def __init__(self, lookup: Lookup, directory: Path) -> None:
        """`directory` is empty; files are made in it."""
        self._lookup = lookup
        self._directory = directory
        self.files = directory / "index"
        self.acl = directory / "rules.aclj"
        self.files.mkdir()
        self.acl.write_text("", encoding="utf-8")
        self._made_of: object = None
        self._left_out: _LeftOut | None = None

    def refresh(self) -> None:
        """Take in what was stored since, new rules, and embargoes that ended.

        Raises DamagedArchive, StorageError or OSError.
        """
        self._lookup.refresh()
        refusing = self._lookup.gate.refusing
        runs = sorted(self._lookup.index.directory.glob("*.cdxj"))
        made_of = ([run.name for run in runs], [rule.id for rule in refusing.rules])
        if made_of == self._made_of:
            return
        control = AccessControl(refusing)
        # The stricter comes first: at no moment is there less than either the former or the new rules refuse
        new = self.acl.with_suffix(".new")
        new.write_text(control.text(), encoding="utf-8")
        left_out = _LeftOut(refusing, control)
        # What the index leaves out for the rules of before may not come back before the file that blocks it instead
        self._write_index(runs, [left_out, *([self._left_out] if self._left_out is not None else [])])
        new.replace(self.acl)
        self._write_index(runs, [left_out])
        self._made_of, self._left_out = made_of, left_out

    def _write_index(self, runs: list[Path], left_out: list[_LeftOut]) -> None:
        """Each run as it is, or a copy without lines."""
        for run in runs:
            target, new = self.files / run.name, self.files / f".{run.name}.new"
            new.unlink(missing_ok=True)
            if any(one.has_lines_in(run) for one in left_out):
                with run.open("rb") as lines:
                    write_parts_durably(new, (line for line in lines if not any(one.means(line) for one in left_out)))
            else:
                new.symlink_to(run.absolute())
            new.replace(target)
        names = {run.name for run in runs}
        for file in self.files.glob("*.cdxj"):
            if file.name not in names:
                file.unlink()


class _LeftOut:
    """Which lines are left out of the index: those that rules refuse and an ACL file does not."""

    def __init__(self, refusing: AccessRules, control: AccessControl) -> None:
        self.ids = [rule.id for rule in refusing.rules]
        self._refusing = refusing
        self._control = control
        # The key of an answer to POST goes on behind that of its address: the space of an exact rule is no end there
        self._starts = tuple(start.encode() for start in shortest(start.rstrip() for start in refusing.beginnings))

    def means(self, line: bytes) -> bool:
        if not line.startswith(self._starts):
            return False
        key, stamp = line.split(b" ", 2)[:2]
        entry = IndexEntry.parse(line)
        is_refused = self._refusing.naming(entry.url, entry.moment) is not None
        return is_refused and not self._control.blocks(key.decode(), stamp.decode())

    def has_lines_in(self, run: Path) -> bool:
        lines = SortedLines(run)
        try:
            return any(self._has(lines, start) for start in self._starts)
        finally:
            lines.close()

    def _has(self, lines: SortedLines, start: bytes) -> bool:
        return any(map(self.means, takewhile(lambda line: line.startswith(start), lines.starting_at(start))))
