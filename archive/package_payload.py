"""What a package of a selection holds, whatever it is packed as: captures, records, and what happened to them.

::

    captures/NAME.warc.gz, NAME.cdxj    the captures, byte for byte, and their index
    records/NAME.jsonl.gz               the articles of these captures, one per line
    metadata/premis.xml                 files, and what happened to them (PREMIS 3.0)
    metadata/dublin-core.xml            of a collection, its metadata
    metadata/selection.json             what was asked for, and which access rules withheld anything
    metadata/custody-checkpoint.txt     of an archive with a log of custody, its newest checkpoint
    metadata/custody-proofs.jsonl       a proof of custody for each capture that is logged
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.cdxj import IndexEntry
from archive.clock_and_ids import ClockAndIds
from archive.collection import Collection
from archive.counted import counted
from archive.custody.proofs import CaptureProofs, Prover
from archive.errors import ObjectMissing
from archive.excerpt import Excerpt
from archive.exporting import WrittenWarc, export_warc
from archive.fixity import FixityResult, fixity_history
from archive.library import articles, captured
from archive.manifests import Manifest, file_sha256
from archive.members import warc_date
from archive.premis import PremisEvent, PremisFile, dublin_core_document, premis_document
from archive.storage.protocol import Storage

_FORMATS = {
    ".warc.gz": "application/warc",
    ".cdxj": "text/x-cdxj",
    ".jsonl.gz": "application/jsonl",
    ".xml": "text/xml",
    ".txt": "text/plain",
    ".jsonl": "application/jsonl",
}
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class WrittenPayload:
    """What went into a package."""

    captures: int
    articles: int
    events: int
    lost: tuple[str, ...]
    """URLs of revisits whose originals are not in the archive, or withheld."""
    proven: int = 0
    """Captures with a proof of custody."""


@dataclass(frozen=True, slots=True)
class PayloadPlan:
    """What a package is made of."""

    name: str
    """Beginning of the names of files."""
    excerpt: Excerpt
    collection: Collection | None
    asked: dict[str, Any]
    """The selection as it was asked for."""
    clock_and_ids: ClockAndIds
    software: str
    contact: str
    prover: Prover | None = None
    """Of an archive with a log of custody, what makes proofs."""
    progress: Callable[[str], None] = lambda _what: None


def write_payload(plan: PayloadPlan, directory: Path) -> WrittenPayload:
    """Write the files below a directory. Raises DamagedArchive, StorageError or OSError."""
    for part in ("captures", "records", "metadata"):
        (directory / part).mkdir(parents=True, exist_ok=True)
    plan.progress("captures")
    warc = directory / "captures" / f"{plan.name}.warc.gz"
    written, proven = _write_captures(plan, warc, directory / "metadata")
    plan.progress("records")
    records = directory / "records" / f"{plan.name}.jsonl.gz"
    count = _write_records(plan, records, warc) if written.captures else 0  # without captures there is no index
    if plan.collection is not None:
        core = dublin_core_document(plan.collection.dublin_core)
        (directory / "metadata" / "dublin-core.xml").write_bytes(core)
    gate = plan.excerpt.lookup.gate
    asked = {**plan.asked, "withheld": dict(sorted(gate.refused.items())), "lost": list(written.lost)}
    (directory / "metadata" / "selection.json").write_text(
        json.dumps(asked, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    plan.progress("events")
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    described = [_described(path, directory) for path in files]
    events = list(_events(plan, [file.name for file in described]))
    (directory / "metadata" / "premis.xml").write_bytes(premis_document(described, events))
    return WrittenPayload(written.captures, count, len(events), written.lost, proven)


def _write_captures(plan: PayloadPlan, warc: Path, metadata: Path) -> tuple[WrittenWarc, int]:
    """The captures; and how many have a proof of custody."""
    if plan.prover is None:
        return export_warc(plan.excerpt, warc, plan.clock_and_ids, plan.software), 0
    (metadata / "custody-checkpoint.txt").write_text(plan.prover.checkpoint, encoding="utf-8")
    with (metadata / "custody-proofs.jsonl").open("wb") as file:
        proofs = CaptureProofs(plan.prover, file)
        written = export_warc(plan.excerpt, warc, plan.clock_and_ids, plan.software, proofs)
    return written, proofs.written


def _write_records(plan: PayloadPlan, path: Path, warc: Path) -> int:
    """The records of the captures that went in."""
    index = warc.with_name(f"{plan.name}.cdxj")
    with index.open("rb") as lines:
        known = {(entry.url, entry.date) for entry in map(IndexEntry.parse, lines)}
    lookup, count = plan.excerpt.lookup, 0
    with path.open("wb") as file, gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed:
        for article in articles(lookup.storage, gate=lookup.gate):
            date = captured(article)
            if date is not None and (article.url, f"{date:%Y-%m-%dT%H:%M:%SZ}") in known:
                packed.write(f"{article.to_json_line()}\n".encode())
                count += 1
    return count


def _described(path: Path, directory: Path) -> PremisFile:
    name = path.relative_to(directory).as_posix()
    kind = next((kind for ending, kind in _FORMATS.items() if name.endswith(ending)), "application/json")
    return PremisFile(name, path.stat().st_size, file_sha256(path), kind)


def _events(plan: PayloadPlan, files: list[str]) -> Iterator[PremisEvent]:
    """What happened to the segments that the captures are from, oldest kind first."""
    storage = plan.excerpt.lookup.storage
    manifests = plan.excerpt.manifests
    captures = tuple(name for name in files if name.startswith("captures/"))
    for manifest in manifests:
        yield _capture(manifest, captures)
    for name, facts in _redactions(storage):
        places = {one["segment"] for one in facts["captures"]}
        if places & {manifest.segment for manifest in manifests}:
            removed = sum(one["segment"] in {m.segment for m in manifests} for one in facts["captures"])
            detail = f"{counted(removed, 'capture')} removed: {facts['reason']}"
            yield PremisEvent(name, "redaction", facts["date"], detail, facts["by"] or plan.software, "", captures)
    for result in fixity_history(storage):
        yield _fixity(result, captures)
    now = warc_date(plan.clock_and_ids.now())
    detail = f"selection of {storage.uri.rpartition('/')[2]}: {json.dumps(plan.asked, ensure_ascii=False)}"
    made = str(plan.clock_and_ids.record_id())
    yield PremisEvent(
        made, "information package creation", now, detail, plan.contact or plan.software, "", tuple(files)
    )


def _capture(manifest: Manifest, files: tuple[str, ...]) -> PremisEvent:
    detail = f"segment {manifest.segment}: {counted(manifest.exchanges, 'exchange')}, SHA-256 {manifest.warc.sha256}"
    period = f"{manifest.opened}/{manifest.closed}"
    return PremisEvent(f"capture-{manifest.segment}", "capture", period, detail, manifest.software, "", files)


def _fixity(result: FixityResult, files: tuple[str, ...]) -> PremisEvent:
    faults = ", ".join(f"{count} {kind}" for kind, count in result.counts.items()) or "no faults"
    how = "every byte read" if result.deep else "names and lengths"
    part = f"{counted(result.segments, 'segment')} (part {result.shard}) of the archive"
    detail = f"{how}, {part}, on {result.host}: {faults}"
    outcome = "pass" if result.is_sound else "fail"
    return PremisEvent(result.id, "fixity check", warc_date(result.date), detail, result.software, outcome, files)


def _redactions(storage: Storage) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in storage.list("redactions/"):
        if item.key.startswith("redactions/begun/"):
            continue
        try:
            with storage.open_range(item.key) as stream:
                yield item.key.rpartition("/")[2].removesuffix(".json"), json.loads(stream.read())
        except ObjectMissing:
            continue
