"""``newswarc replay --check``: which pages lack something that they need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import typer
from rich.console import Console

from archive.collection import Collection
from archive.counted import counted
from archive.foreign_warcs import import_file, segment_of
from archive.lookup import Lookup
from archive.publishing import publish_segment
from archive.storage.local import LocalStorage
from crawler.replay.checking import ReplayCheck, ReplayFault
from spiders.problems import printable


@contextmanager
def lookup_of_file(path: Path) -> Iterator[Lookup]:
    """Look-ups in a WARC or WACZ file of any program, as if imported. Raises DamagedArchive or OSError."""
    with TemporaryDirectory(prefix="newswarc-check-") as scratch:
        place = Path(scratch)
        storage = LocalStorage(place / "archive")
        publish_segment(storage, import_file(path, segment_of(path, "checked"), place).closed)
        lookup = Lookup(storage, place / "index")
        lookup.refresh()
        try:
            yield lookup
        finally:
            lookup.close()


def check_and_show(lookup: Lookup, site: str, meant: Collection | None, console: Console, *, as_json: bool) -> int:
    """Look through an archive; exit code 1 when a page lacks anything. Raises StorageError."""
    faults: list[ReplayFault] = []
    scope = meant.scope if meant is not None else None
    with console.status("checking pages") as status:
        check = ReplayCheck(lookup, site, scope, lambda pages: status.update(f"checking pages: {pages:,}"))
        for fault in check.faults():
            faults.append(fault)
            if not as_json:
                console.print(f"[red]✗[/red] {_line(fault)}")
    code = 1 if faults else 0
    counts = {"pages": check.pages, "requisites": check.requisites, "elsewhere": check.elsewhere}
    if as_json:
        facts = {**counts, "faults": [asdict(fault) for fault in faults], "exit_code": code}
        typer.echo(json.dumps(facts, ensure_ascii=False))
    else:
        console.print(
            f"{counted(check.pages, 'page')} with {counted(check.requisites, 'requisite')}; "
            f"{counted(len(faults), 'requisite', 'is', 'are')} missing or damaged; "
            f"{check.elsewhere:,} on other hosts were not captured; what scripts load was not checked"
        )
    return code


def _line(fault: ReplayFault) -> str:
    own = "" if fault.url == fault.page else f": {fault.url}"
    return printable(f"{fault.page}{own}: {fault.what}").replace("[", "\\[")
