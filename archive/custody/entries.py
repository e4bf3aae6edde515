"""What the log says: one entry for each thing that the archive took in, changed on purpose, or trusts from then on.

An entry is canonical JSON (keys sorted, no white space, UTF-8). It names an object of the archive by its key and the
SHA-256 of its bytes, and the place in `archive.holdings` that it was taken from. What a proof of one record needs of
a segment's manifest (the root over its records) stands in the entry itself.
"""

from __future__ import annotations

import json
from enum import StrEnum

from pydantic import ValidationError

from archive.custody.notes import BadNote
from archive.custody.tiles import LONGEST_ENTRY, PREFIX
from archive.errors import DamagedArchive
from archive.holdings import REDACTIONS, HoldingEntry
from archive.layout import revision_of
from archive.manifests import StoredPart, parse_manifest


class EntryKind(StrEnum):
    """What an entry tells of."""

    LOG = "log"
    """The log begins."""
    SEGMENT = "segment"
    """A segment's manifest, its first or one that supersedes it."""
    RECORDS = "records"
    """The manifest of a segment's records."""
    DATASET = "dataset"
    """A version of a data set, or what is left of one that was withdrawn."""
    REDACTION = "redaction"
    """What was taken out on purpose, when and why."""
    ACCESS = "access"
    """A rule who may not read what, or the end of one."""
    TIMESTAMP = "timestamp"
    """A time stamp of an earlier checkpoint."""
    KEY = "key"
    """Keys that sign from here on, and keys that must not be trusted any more."""


class LogEntry(StoredPart):
    """One entry."""

    kind: EntryKind
    at: str
    """When it was logged, as the machine that did it has it (ISO 8601, UTC). Time stamps prove more."""
    key: str = ""
    """The object."""
    sha256: str = ""
    """Of the object's bytes (hexadecimal)."""
    holding: str = ""
    """``WRITER/N``: the entry of the archive's holdings that it was taken from."""
    segment: str = ""
    revision: int = 0
    """Of the segment's manifest; 1 is the first."""
    warc_sha256: str = ""
    """Of the segment's WARC file."""
    records: int = 0
    """Leaves of the tree over the segment's records."""
    records_root: str = ""
    """The root over them, see `archive.records_tree`."""
    opened: str = ""
    closed: str = ""
    """When the segment was opened and closed, as its manifest says."""
    origin: str = ""
    """Name of the log."""
    adopted: int = 0
    """Manifests that stood in the archive when its log began: of these nothing is proven before that moment."""
    keys: tuple[str, ...] = ()
    """Verifier keys that sign from here on."""
    revoked: tuple[str, ...] = ()
    """Verifier keys that are not trusted for anything that comes later."""
    reason: str = ""

    def encoded(self) -> bytes:
        """The entry as it stands in the log. Raises DamagedArchive when it is too long."""
        facts = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        data = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        if len(data) > LONGEST_ENTRY:
            raise DamagedArchive(f"{self.key or self.kind}: {len(data)} bytes are too many for an entry of the log")
        return data


def parse_entry(data: bytes) -> LogEntry:
    """Read an entry. Raises BadNote."""
    try:
        return LogEntry.model_validate_json(data)
    except ValidationError as error:
        raise BadNote(f"not an entry of a log of custody: {data[:80]!r}") from error


def kind_of(key: str) -> EntryKind:
    """What a key of the archive's holdings is."""
    if key.startswith("manifests/"):
        return EntryKind.SEGMENT
    if key.startswith("records/"):
        return EntryKind.RECORDS
    if key.startswith("access/"):
        return EntryKind.ACCESS
    if key.startswith(f"{PREFIX}timestamps/"):
        return EntryKind.TIMESTAMP
    return EntryKind.REDACTION if key.startswith(REDACTIONS) else EntryKind.DATASET


def entry_of(holding: HoldingEntry, at: str, manifest: bytes | None) -> LogEntry:
    """The entry of what the archive's holdings name.

    `manifest` is the object itself, when it is still the one that is named. Raises DamagedArchive when it cannot be
    read.
    """
    kind = kind_of(holding.key)
    place = f"{holding.writer}/{holding.number}"
    entry = LogEntry(kind=kind, at=at, key=holding.key, sha256=holding.sha256, holding=place)
    if kind not in (EntryKind.SEGMENT, EntryKind.RECORDS):
        return entry
    segment, revision = revision_of(holding.key)
    entry = entry.model_copy(update={"segment": segment, "revision": revision})
    if kind is EntryKind.RECORDS or manifest is None:
        return entry
    facts = parse_manifest(manifest, holding.key)
    return entry.model_copy(
        update={
            "warc_sha256": facts.warc.sha256,
            "records": facts.records,
            "records_root": facts.records_root,
            "opened": facts.opened,
            "closed": facts.closed,
        }
    )
