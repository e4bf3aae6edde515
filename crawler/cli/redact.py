"""``newswarc redact``: removing captures for good."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from archive.clock_and_ids import SystemClockAndIds
from archive.counted import counted
from archive.errors import BadAddress
from archive.layout import WARC_SUFFIX
from crawler.cli.archive_context import ArchiveContext
from crawler.cli.errors import UsageError
from crawler.cli.options import ArchiveArgument, JsonOption, page_address, reads_archive
from spiders.problems import printable

if TYPE_CHECKING:
    from archive.lookup import Lookup
    from archive.redaction import RedactedSegment, Targets
    from crawler.config import Configuration


@reads_archive
def redact(
    context: ArchiveContext,
    url: Annotated[str, typer.Argument(metavar="URL|-", help="The URL, or - with --digest.")],
    uri: ArchiveArgument = None,
    digest: Annotated[
        str,
        typer.Option(
            "--digest", metavar="sha256:…", help="Remove all captures with this payload digest, whatever their URL."
        ),
    ] = "",
    reason: Annotated[
        str, typer.Option("--reason", help="The reason, which is kept in the WARC files and in the log.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask for confirmation.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Remove all captures of a URL from an archive's WARC files, indexes and records. This can't be undone.

    Tombstones of the same length replace them, so all other captures keep their positions. Revisits of removed
    captures are removed too. The URL is added to the block list. A log of what was removed, when and why is kept in
    the archive's `redactions/`. Captures waiting on this machine are stored first, so that they are included. Exit
    code 1 if a running crawl is still writing a segment.
    """
    if not reason.strip():
        raise UsageError("redact: give a reason with --reason; it is kept in place of the removed captures")
    address = "" if url == "-" else page_address(url)
    if not address and not digest:
        raise UsageError("redact: give a URL, or - with --digest")
    from archive.redaction import find_targets

    context = context.with_flags(archive=uri)
    configuration = context.to_write_state()
    unreached = _unreached(configuration)
    lookup = context.lookup
    targets = find_targets(lookup, address, digest)
    if not targets.entries:
        for line in unreached:
            typer.echo(f"newswarc: {line}", err=True)
        raise BadAddress(f"{url}: no capture here; `newswarc find --match host` lists the captures of a host")
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    _announce(console, targets)
    if not yes and not (sys.stdin.isatty() and typer.confirm("Remove these for good?", err=True)):
        raise UsageError("redact: nothing was done; give --yes to confirm")
    done = _carry_out(lookup, targets, address or digest, reason, configuration)
    _report(console, done, targets, configuration, address, as_json=as_json)
    for line in unreached:
        console.print(f"newswarc: {line}", markup=False)
    return 1 if unreached else 0


def _unreached(configuration: Configuration) -> list[str]:
    """Store the segments waiting on this machine; returns a line for each that could not be stored, and so is not
    redacted.
    """
    spool = configuration.state_directory / "spool"
    if not any(spool.glob(f"*{WARC_SUFFIX}*")):
        return []
    # Imported late: the extractor takes seconds to import
    from archive.recovery import open_segments
    from crawler.keeping.spool_recovery import upload_segments

    problems = asyncio.run(upload_segments(configuration)).problems
    for path in open_segments(spool):
        name = path.name.partition(".")[0]
        problems.append(f"{name}: a crawl is writing this segment; redact again once it is stored")
    return problems


def _announce(console: Console, targets: Targets) -> None:
    for segment, entries in sorted(targets.entries.items()):
        for entry in entries.values():
            console.print(f"{entry.moment:%Y-%m-%d %H:%M:%S}  {printable(entry.url)}  in {segment}", markup=False)
    for url in sorted(set(targets.kept)):
        console.print(f"the same bytes remain under {printable(url)}; --digest removes them too", markup=False)


def _carry_out(
    lookup: Lookup, targets: Targets, request: str, reason: str, configuration: Configuration
) -> list[RedactedSegment]:
    # Imported late: the database and pyarrow take their time, which other commands should not pay
    from archive.datasets.withdrawing import withdraw
    from archive.holdings import REDACTIONS, note_manifest
    from archive.redaction import Redaction, log_entry
    from crawler.frontier.frontier import open_frontier

    clock_and_ids = SystemClockAndIds()
    key, entry = log_entry(targets, request, reason, configuration.contact, clock_and_ids)
    account = (json.dumps(entry, ensure_ascii=False, indent=1) + "\n").encode()
    lookup.storage.put_if_absent(key, account)
    note_manifest(lookup.storage, REDACTIONS.rstrip("/"), key, account)
    _block(configuration, request)
    frontier = open_frontier(configuration)
    frontier.redacted(sorted(targets.urls))
    frontier.close()
    for name in withdraw(lookup.storage, {str(record) for record in targets.records}, reason):
        Console(stderr=True, highlight=False).print(f"{name}: withdrawn; build a new version")
    done = []
    indexed = _forget(lookup, targets, configuration)
    for segment in Redaction(lookup.storage, targets, reason, clock_and_ids).run():
        for copy in (configuration.state_directory / "spool").glob(f"{segment.segment}.*"):
            copy.unlink()
        done.append(segment)
    lookup.refresh()
    _index_again(lookup, targets, configuration, is_wanted=indexed)
    return done


def _forget(lookup: Lookup, targets: Targets, configuration: Configuration) -> bool:
    """Remove what the full-text index has of the segments, in the storage and on this machine; whether it had any."""
    from archive.search.building import forget_segments

    shutil.rmtree(configuration.scratch_directory("search"), ignore_errors=True)
    return forget_segments(lookup.storage, list(targets.entries)) > 0


def _index_again(lookup: Lookup, targets: Targets, configuration: Configuration, *, is_wanted: bool) -> None:
    """Make the index anew from what is left. Another machine may have made it from what was there meanwhile."""
    from archive.search.building import complete_index
    from archive.search.engine import is_available
    from crawler.config import software

    if not (_forget(lookup, targets, configuration) or is_wanted):
        return
    if is_available():
        complete_index(lookup.storage, software())
    else:
        typer.echo(
            "newswarc: the full-text index lacks these segments; install newswarc[search] and run newswarc index",
            err=True,
        )


def _block(configuration: Configuration, request: str) -> None:
    file = configuration.block_list_file
    if file is None or "://" not in request:
        return
    known = file.read_text(encoding="utf-8") if file.exists() else ""
    if request not in known.splitlines():
        with Path(file).open("a", encoding="utf-8") as target:
            target.write(f"{'' if known.endswith(chr(10)) or not known else chr(10)}{request}\n")


def _report(
    console: Console,
    done: list[RedactedSegment],
    targets: Targets,
    configuration: Configuration,
    address: str,
    *,
    as_json: bool,
) -> None:
    if as_json:
        facts = {"segments": [asdict(segment) for segment in done], "kept": sorted(set(targets.kept))}
        typer.echo(json.dumps(facts, ensure_ascii=False))
    for segment in done:
        console.print(
            f"{segment.segment}: {counted(segment.exchanges, 'exchange')} and "
            f"{counted(segment.records, 'record')} removed",
            markup=False,
        )
    if address and configuration.block_list_file is None:
        console.print("no `block_list` is set: a crawl may capture this URL again if a source lists it")
