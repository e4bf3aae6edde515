"""What runs came to, for operators: one entry for each run, made when it begins and completed when it ends.

An entry that was never completed is of a run that goes on, or was killed. A run that had nothing to do leaves none.
It is a picture, not a record: the WARC files say what each attempt came to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, delete, or_, select, update

from crawler.frontier.database import Database
from crawler.frontier.tables import RUNS

KEPT_DAYS = 90
_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run. Moments are seconds since 1970."""

    id: str
    begun: float
    holder: str
    """The spool: machine and directory."""
    process: int
    """Number of its process on that machine."""
    mark: str = ""
    """What tells the process apart from others of this number (`crawler.keeping.running_process`)."""
    sites: tuple[str, ...] = ()
    is_due: bool = False
    """Whether only sources that were due were read."""
    ended: float = 0.0
    """0: it has not reported."""
    code: int = 0
    """Its exit code, once it has ended."""
    outcomes: dict[str, int] = field(default_factory=dict)
    """Attempts by capture outcome."""
    pages: dict[str, int] = field(default_factory=dict)
    """Pages by page outcome."""
    articles: dict[str, int] = field(default_factory=dict)
    """New records by site."""
    received: int = 0
    """Bytes of responses."""
    failed_sites: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    """The first of them, each as a line for a person."""


_COLUMNS = ("id", "begun", "ended", "holder")
_TUPLES = ("sites", "failed_sites", "problems")


class RunHistory:
    """Reads and writes the history. Its methods raise FrontierUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, run: Run) -> None:
        """A run begins, or has ended."""
        row = _row(run)

        def work(connection: Connection) -> None:
            if not connection.execute(update(RUNS).where(RUNS.c.id == run.id).values(row)).rowcount:
                connection.execute(RUNS.insert().values(row))
                connection.execute(delete(RUNS).where(RUNS.c.begun < run.begun - KEPT_DAYS * _DAY))

        self._database.transaction(work)

    def forget(self, run_id: str) -> None:
        """A run had nothing to do."""
        self._database.transaction(lambda connection: connection.execute(delete(RUNS).where(RUNS.c.id == run_id)))

    def newest(self, limit: int, before: tuple[float, str] | None = None) -> list[Run]:
        """Runs, the newest first; `before` is when the last one of another answer began, and its id."""
        query = select(RUNS).order_by(RUNS.c.begun.desc(), RUNS.c.id.desc()).limit(limit)
        if before is not None:
            begun, run_id = before
            query = query.where(or_(RUNS.c.begun < begun, and_(RUNS.c.begun == begun, RUNS.c.id < run_id)))
        return [_run(row._mapping) for row in self._database.rows(query)]


def _row(run: Run) -> dict[str, object]:
    facts = asdict(run)
    row = {name: facts.pop(name) for name in _COLUMNS}
    return {**row, "facts": json.dumps(facts, ensure_ascii=False)}


def _run(row: Mapping[Any, Any]) -> Run:
    facts: dict[str, Any] = {name: row[name] for name in _COLUMNS}
    for name, value in json.loads(row["facts"]).items():
        facts[name] = tuple(value) if name in _TUPLES else value
    return Run(**facts)
