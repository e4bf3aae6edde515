"""Events as lines of JSON, for log collectors: one for each exchange, page and problem.

The line of an exchange has the id of its WARC record, which identifies the capture.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import structlog

from archive.derived import Derivation
from archive.exchange import CaptureAddress, Exchange
from spiders.problems import Problem, printable

logger = logging.getLogger(__name__)

STANDARD_ERROR = "-"


class EventLog:
    """Writes a log. Close it."""

    def __init__(self, path: str) -> None:
        """`path` of a file that is added to; ``-`` is standard error, and empty writes nothing. Raises OSError."""
        self._file = sys.stderr if path == STANDARD_ERROR else None
        if path and self._file is None:
            file = Path(path).expanduser()
            file.parent.mkdir(parents=True, exist_ok=True)
            self._file = file.open("a", encoding="utf-8")
        self._log: Any = None
        if self._file is not None:
            processors: list[Any] = [structlog.processors.TimeStamper(fmt="iso", utc=True), _as_json]
            self._log = structlog.wrap_logger(structlog.WriteLogger(self._file), processors=processors)

    def exchange(self, exchange: Exchange, address: CaptureAddress) -> None:
        """An attempt was kept."""
        milliseconds = round((exchange.finished - exchange.started).total_seconds() * 1000)
        answer = exchange.status or exchange.outcome.value
        logger.info(
            "%s  %s  %s  %d ms, %d bytes",
            exchange.discovery.role.value,
            printable(exchange.url),
            answer,
            milliseconds,
            len(exchange.response),
        )
        if self._log is not None:
            self._log.info(
                "exchange",
                url=exchange.url,
                site=exchange.discovery.site,
                role=exchange.discovery.role.value,
                outcome=exchange.outcome.value,
                status=exchange.status,
                seconds=round((exchange.finished - exchange.started).total_seconds(), 3),
                bytes=len(exchange.response),
                segment=address.segment,
                record_id=str(address.record_id),
            )

    def page(self, site: str, derivation: Derivation) -> None:
        """A page was derived from."""
        outcome, detail = derivation.line.outcome.value, derivation.line.detail
        logger.info("page  %s  %s", printable(derivation.line.url), f"{outcome}: {detail}" if detail else outcome)
        if self._log is not None:
            line = derivation.line
            facts = {"outcome": line.outcome.value, "detail": line.detail, "record_id": str(line.record_id)}
            self._log.info("page", url=line.url, site=site, **facts)

    def problem(self, problem: Problem) -> None:
        """Something went wrong at a site."""
        if self._log is not None:
            self._log.warning("problem", site=problem.site, url=problem.url, what=problem.what, remedy=problem.remedy)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None and self._file is not sys.stderr:
            self._file.close()


_as_json = structlog.processors.JSONRenderer(sort_keys=True)
