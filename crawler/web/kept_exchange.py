"""All records of one exchange, as they stand in a WARC file: for the page on a capture.

An exchange is written as request, response (or revisit) and metadata. The index knows where the response begins; its
request stands before it, behind what the index knows of the exchange before.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from archive.captures import Capture, WarcRecord, first_capture, iterate_records
from archive.cdxj import IndexEntry
from archive.errors import DamagedArchive, ObjectMissing
from archive.manifests import Manifest
from archive.storage.protocol import Storage

_LARGEST_REQUEST = 1 << 20
_MOST_BETWEEN = 200
"""Records between two that the index knows: of attempts without a response."""
_MOST_SEGMENTS = 16


@dataclass(frozen=True, slots=True)
class KeptExchange:
    """An exchange and its records."""

    key: str
    """Of the WARC file."""
    capture: Capture
    records: tuple[WarcRecord, ...]
    """In the order of the file; of their blocks as much as was asked for."""

    @property
    def main(self) -> WarcRecord:
        """The record of the response."""
        return next(record for record in self.records if record.offset == self.capture.offset)

    @property
    def start(self) -> int:
        """Where the first gzip member begins in the WARC file."""
        return self.records[0].offset

    @property
    def length(self) -> int:
        """Bytes of all their gzip members, which follow each other."""
        last = self.records[-1]
        return last.offset + last.length - self.start

    @property
    def request(self) -> bytes:
        """The request as sent; empty when it was not kept."""
        return next((record.block for record in self.records if record.kind == "request"), b"")


class Exchanges:
    """Reads exchanges that the indexes of segments name. One thread at a time."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._offsets: OrderedDict[str, list[int]] = OrderedDict()

    def read(self, manifest: Manifest, offset: int, most: int) -> KeptExchange:
        """The exchange whose response begins at a place of a segment; of each block at most `most` bytes.

        Raises ObjectMissing when the index names none there, DamagedArchive or StorageError.
        """
        offsets = self._known(manifest)
        place = bisect_left(offsets, offset)
        if place == len(offsets) or offsets[place] != offset:
            raise ObjectMissing(f"{manifest.segment}: no capture begins at byte {offset}")
        key = manifest.warc.key
        before = offsets[place - 1] if place else 0
        found = _from(self._storage, key, offset, most)
        # Other programs write the request behind the response: what stands before is of another exchange then
        ahead = [one for one in _request_before(self._storage, key, before, offset) if one.target == found[0].target]
        records = (*ahead, *found)
        capture = first_capture(iter(record for record in records if record.offset >= offset))
        if capture is None:
            raise DamagedArchive(f"{key}: no capture at {offset}")
        return KeptExchange(key, replace(capture, offset=offset), records)

    def _known(self, manifest: Manifest) -> list[int]:
        """Where the captures of a segment begin, in order; of the index that its manifest names now."""
        key = manifest.cdxj.key
        known = self._offsets.pop(key, None)
        if known is None:
            with self._storage.open_range(key) as stream:
                known = sorted(IndexEntry.parse(line).offset for line in stream.read().splitlines())
        self._offsets[key] = known
        while len(self._offsets) > _MOST_SEGMENTS:
            self._offsets.popitem(last=False)
        return known


def _from(storage: Storage, key: str, offset: int, most: int) -> Sequence[WarcRecord]:
    """The response's record and the metadata behind it."""
    found: list[WarcRecord] = []
    with storage.open_range(key, offset) as stream:
        for record in _placed(iterate_records(stream, most), offset):
            # Behind a response without metadata may stand those of another exchange, with access rules of its own
            if found and (record.kind != "metadata" or record.target not in ("", found[0].target)):
                break
            found.append(record)
            if len(found) == 2:
                break
    if not found:
        raise DamagedArchive(f"{key}: no record at {offset}")
    return found


def _request_before(storage: Storage, key: str, before: int, offset: int) -> Sequence[WarcRecord]:
    """The request's record, if it stands right before a response; `before` is a place further ahead in the file."""
    last: WarcRecord | None = None
    with storage.open_range(key, before, offset - before) as stream:
        for number, record in enumerate(_placed(iterate_records(stream, _LARGEST_REQUEST), before)):
            last = record
            if number >= _MOST_BETWEEN:
                return ()
    if last is None or last.kind != "request" or last.offset + last.length != offset:
        return ()
    return (last,)


def _placed(records: Iterator[WarcRecord], offset: int) -> Iterator[WarcRecord]:
    """Records with their places in the file, of which the first is `offset`: a stream may count from elsewhere."""
    for record in records:
        yield replace(record, offset=offset)
        offset += record.length
