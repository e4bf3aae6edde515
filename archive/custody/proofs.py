"""Proofs of custody: one small file that shows what the archive held, and is checked without the archive.

The file is JSON: the record's leaf with its path to the root of its segment, the log's entry that holds this root, a
proof of the entry as C2SP's tlog-proof has it, and time stamps of its checkpoint. `archive.custody.standalone` checks
it, here and anywhere.
"""

from __future__ import annotations

import base64
import json
import tempfile
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from archive.captures import Capture
from archive.custody.entries import parse_entry
from archive.custody.notes import Checkpoint
from archive.custody.sequencer import signed_checkpoint, signed_key
from archive.custody.standalone import FORMAT
from archive.custody.tiles import PREFIX, WIDTH, Tiles
from archive.custody.witnesses import cosigned_sizes, with_cosignatures
from archive.errors import DamagedArchive
from archive.layout import SegmentName
from archive.library import newest_manifest
from archive.manifests import RemovedRecords
from archive.merkle_tree import inclusion_path, leaf_hash
from archive.recovery import members_with_leaves
from archive.storage.protocol import Storage

STAMPS = f"{PREFIX}timestamps/"
_SEGMENTS = 8
"""Segments whose leaves are kept in memory."""


class NotLogged(DamagedArchive):
    """There is no proof, because the log does not have it."""


def tlog_proof(tiles: Tiles, index: int, note: str) -> str:
    """The proof that an entry is in the log of a checkpoint (tlog-proof). Raises DamagedArchive or StorageError."""
    path = tiles.inclusion_path(index, Checkpoint.parse(note).size)
    hashes = "".join(f"{base64.b64encode(part).decode()}\n" for part in path)
    return f"c2sp.org/tlog-proof@v1\nindex {index}\n{hashes}\n{note}"


def stamped_sizes(storage: Storage) -> list[int]:
    """Sizes of the checkpoints that have time stamps, in order."""
    names = (item.key.removeprefix(STAMPS).partition("/")[0] for item in storage.list(STAMPS))
    return sorted({int(name) for name in names if name.isdecimal()})


class Prover:
    """Makes proofs of one archive; what it has read of the log it keeps."""

    def __init__(self, storage: Storage) -> None:
        """Raises NotLogged when the archive has no log, BadNote or StorageError."""
        self._storage = storage
        self._tiles = Tiles(storage)
        self._note = signed_checkpoint(storage)
        if not self._note:
            raise NotLogged(f"{storage.uri}: this archive has no log of custody; run newswarc custody begin")
        self._checkpoint = Checkpoint.parse(self._note)
        self._entries: dict[str, tuple[int, bytes]] = {}
        """Of each segment the first entry with a root, which later ones keep: its number and bytes."""
        self._keys: list[str] = []
        self._segments: dict[str, _Leaves] = {}
        self._read()

    @property
    def checkpoint(self) -> str:
        """The newest checkpoint, as it was signed."""
        return self._note

    def _read(self) -> None:
        size = self._checkpoint.size
        for number in range(-(-size // WIDTH)):
            for at, data in enumerate(self._tiles.entries(number, size)):
                self._take(number * WIDTH + at, data)

    def _take(self, index: int, data: bytes) -> None:
        facts = json.loads(data)
        if facts.get("recordsRoot"):
            self._entries.setdefault(facts["segment"], (index, data))
        elif "keys" in facts or "revoked" in facts:
            entry = parse_entry(data)
            self._keys = [key for key in self._keys if key not in entry.revoked] + list(entry.keys)

    def prove(self, segment: str, capture: Capture, *, with_bytes: bool) -> bytes:
        """The proof of a capture's response record. Raises NotLogged, DamagedArchive or StorageError."""
        proof = self.proof_at(segment, capture.offset, with_bytes=with_bytes)
        return (json.dumps(proof, ensure_ascii=False, indent=1) + "\n").encode()

    def proof_at(self, segment: str, offset: int, *, with_bytes: bool) -> dict[str, object]:
        """The proof of the record at an offset of a segment's WARC file. Raises as `prove` does."""
        if segment not in self._entries:
            raise NotLogged(f"{segment}: it is stored and not logged, or has no root; run newswarc custody log")
        index, entry = self._entries[segment]
        facts = parse_entry(entry)
        number, leaves, data = self._record(segment, offset)
        if len(leaves) != facts.records:
            raise DamagedArchive(
                f"{segment}: {len(leaves)} records, and {facts.records} were logged; run newswarc verify"
            )
        record: dict[str, object] = {
            "index": number,
            "leaf": leaves[number].hex(),
            "path": [part.hex() for part in inclusion_path(number, leaves)],
        }
        if with_bytes:
            record["bytes"] = base64.b64encode(data).decode()
        note, stamps = self._stamped(index)
        return {
            "format": FORMAT,
            "about": _about(data),
            "record": record,
            "entry": entry.decode(),
            "log": tlog_proof(self._tiles, index, note),
            "keys": self._keys,
            "timestamps": stamps,
        }

    def _record(self, segment: str, offset: int) -> tuple[int, list[bytes], bytes]:
        """Number of the record at an offset, the leaves of its segment, and its bytes."""
        if segment not in self._segments:
            while len(self._segments) >= _SEGMENTS:
                del self._segments[next(iter(self._segments))]
            self._segments[segment] = self._leaves_of(segment)
        leaves = self._segments[segment]
        place = leaves.places.get(offset)
        if place is None:
            raise DamagedArchive(f"{segment}: no record at {offset}; run newswarc verify --deep")
        number, length = place
        with self._storage.open_range(SegmentName.parse(segment).warc_key, offset, length) as stream:
            data = zlib.decompress(stream.read(), zlib.MAX_WBITS | 16)
        if leaf_hash(data) != leaves.hashes[number]:
            raise DamagedArchive(f"{segment}: the record at {offset} was altered; run newswarc verify --deep")
        return number, leaves.hashes, data

    def _leaves_of(self, segment: str) -> _Leaves:
        found = newest_manifest(self._storage, SegmentName.parse(segment))
        if found is None:
            raise DamagedArchive(f"{segment}: its manifest is missing; run newswarc verify")
        manifest, _ = found
        leaves = _Leaves(manifest.removed_records)
        with tempfile.TemporaryDirectory(prefix="newswarc-prove-") as scratch:
            for offset, member, leaf in members_with_leaves(self._storage.fetch(manifest.warc.key, Path(scratch))):
                leaves.take(offset, len(member), leaf)
        return leaves

    def _stamped(self, index: int) -> tuple[str, list[dict[str, str]]]:
        """The earliest stamped checkpoint that has an entry, and its stamps; else the earliest cosigned one."""
        cosigned = {size for sizes in cosigned_sizes(self._storage).values() for size in sizes}
        size = self._first(stamped_sizes(self._storage), index) or self._first(cosigned, index)
        if not size:
            return self._note, []
        with self._storage.open_range(signed_key(size)) as stream:
            note = stream.read().decode("utf-8", "replace")
        stamps = []
        for item in self._storage.list(f"{STAMPS}{size}/"):
            with self._storage.open_range(item.key) as stream:
                response = base64.b64encode(stream.read()).decode()
            stamps.append({"authority": item.key.rpartition("/")[2].rpartition(".")[0], "response": response})
        return with_cosignatures(self._storage, note), stamps

    def _first(self, sizes: Iterable[int], index: int) -> int:
        return min((size for size in sizes if index < size <= self._checkpoint.size), default=0)


class CaptureProofs:
    """Proofs of the captures that an export copies, one a line; what is not logged yet has none."""

    def __init__(self, prover: Prover, target: IO[bytes]) -> None:
        self.written = 0
        self._prover = prover
        self._target = target
        self._places: list[tuple[str, int]] = []

    def note(self, segment: str, offset: int) -> None:
        """A capture was copied from a segment."""
        self._places.append((segment, offset))

    def write(self) -> None:
        """Write the proofs of what was noted. Raises DamagedArchive or StorageError."""
        for segment, offset in self._places:
            with suppress(NotLogged):
                proof = self._prover.proof_at(segment, offset, with_bytes=False)
                self._target.write(json.dumps(proof, ensure_ascii=False).encode() + b"\n")
                self.written += 1
        self._places.clear()


def _about(record: bytes) -> dict[str, str]:
    """What a WARC record says of itself (ISO 28500, section 5)."""
    lines = record.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines if ": " in line)
    return {
        "url": fields.get("WARC-Target-URI", "").strip("<>"),
        "date": fields.get("WARC-Date", ""),
        "recordId": fields.get("WARC-Record-ID", ""),
    }


class _Leaves:
    """Hashes of a segment's leaves, those that were taken out included."""

    def __init__(self, removed: Iterable[RemovedRecords]) -> None:
        self.hashes: list[bytes] = []
        self.places: dict[int, tuple[int, int]] = {}
        """By the offset of a record its number, and the length of its gzip member."""
        self._removed = {gap.offset: gap for gap in removed}

    def take(self, offset: int, length: int, leaf: bytes) -> None:
        """Take in the member at an offset."""
        gap = self._removed.get(offset)
        if gap is not None and gap.position == len(self.hashes):
            self.hashes += [bytes.fromhex(removed) for removed in gap.leaves]
        else:
            self.places[offset] = len(self.hashes), length
            self.hashes.append(leaf)
