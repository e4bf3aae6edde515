"""``newswarc replay --check``: which pages lack something that they need."""

from __future__ import annotations

import json
from dataclasses import asdict

import typer
from rich.console import Console

from archive.library import RecordFilter
from archive.lookup import Lookup
from crawler.replay.checking import ReplayCheck, ReplayFault
from spiders.problems import printable


def check_and_show(lookup: Lookup, site: str, console: Console, *, as_json: bool) -> int:
    """Look through an archive; exit code 1 when a page lacks anything. Raises StorageError."""
    faults: list[ReplayFault] = []
    with console.status("checking pages") as status:
        check = ReplayCheck(lookup, RecordFilter(site), lambda pages: status.update(f"checking pages: {pages:,}"))
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
            f"{check.pages:,} pages with {check.requisites:,} requisites; {len(faults):,} requisites are missing "
            f"or damaged; {check.elsewhere:,} on other hosts were not captured"
        )
    return code


def _line(fault: ReplayFault) -> str:
    own = "" if fault.url == fault.page else f": {fault.url}"
    return printable(f"{fault.page}{own}: {fault.what}").replace("[", "\\[")
