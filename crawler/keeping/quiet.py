"""Until when nothing falls due, as a run with ``--due`` that asked for nothing has found out.

Such a run notes the moment, with the state of this machine's files and what else it went by. The next one that finds
all of it as it was, before that moment, has nothing to do either, and doesn't have to start to know it: it needs
neither the database nor Scrapy. Whatever changes the frontier or the spool ends the quiet.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from crawler.config import Configuration, software
from spiders.site import Site

LONGEST = 3600.0
"""Seconds after which a run starts all the same: some of what it looks after is no matter of moments in a table."""

_NAME = "quiet.json"
_DATABASE = ("frontier.sqlite", "frontier.sqlite-wal")
_IDENTITY = "archive.json"


def may_be_quiet(configuration: Configuration) -> bool:
    """Whether all that a run depends on is on this machine, and nothing is to be done beside crawling."""
    is_elsewhere = bool(configuration.frontier)
    return not (is_elsewhere or configuration.custody_key or configuration.keep_index or configuration.is_stopped)


def note_quiet(
    configuration: Configuration, sites: Iterable[Site], since: float, until: float, report: dict[str, Any]
) -> None:
    """Nothing falls due before `until` (seconds since 1970, as `since`), and a run reports this. Raises OSError."""
    noted = {"since": since, "until": min(until, since + LONGEST), "report": report, **_seen(configuration, sites)}
    path = configuration.state_directory / _NAME
    path.with_suffix(".part").write_text(json.dumps(noted), encoding="utf-8")
    path.with_suffix(".part").replace(path)


def quiet_report(
    configuration: Configuration, sites: Iterable[Site], now: float
) -> tuple[float, dict[str, Any]] | None:
    """Until when it is quiet, and what a run would report; None when only a run can tell."""
    if not may_be_quiet(configuration):
        return None
    try:
        noted = json.loads((configuration.state_directory / _NAME).read_bytes())
        if not noted["since"] <= now < noted["until"]:
            return None
        seen = json.loads(json.dumps(_seen(configuration, sites)))
        if any(noted[name] != value for name, value in seen.items()):
            return None
        return float(noted["until"]), dict(noted["report"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _seen(configuration: Configuration, sites: Iterable[Site]) -> dict[str, Any]:
    """What a run goes by: settings and sites, by their digest, and the state of files."""
    state = configuration.state_directory
    paths = [*(state / name for name in (*_DATABASE, _IDENTITY)), *sorted((state / "spool").glob("*"))]
    if configuration.block_list_file is not None:
        paths.append(configuration.block_list_file)
    settings = hashlib.sha256(f"{software()}\n{configuration.model_dump_json()}\n".encode())
    for site in sites:
        settings.update(site.model_dump_json().encode() + b"\n")
    return {"settings": settings.hexdigest(), "files": {str(path): _state_of(path) for path in paths}}


def _state_of(path: Path) -> list[int]:
    """Size and time of the last change; an empty log of SQLite's is as good as none."""
    with suppress(FileNotFoundError):
        found = path.stat()
        if found.st_size:
            return [found.st_size, found.st_mtime_ns]
    return []
