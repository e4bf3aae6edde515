"""Rebuilding everything that is derived from WARC files: indexes, manifests, records and outcomes.

What is there and says the same is left as it is; what is missing is stored; what says something else is replaced
where that is harmless (an index) and reported where it is not (manifests and records are never overwritten). What
an older version of this program made is superseded: a manifest of the next revision names an index of today, and has
the root over the segment's records.
"""

from __future__ import annotations

import gzip
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from archive.cdxj import index_text
from archive.derived import CompletedRecords
from archive.durable import write_durably
from archive.errors import DamagedArchive, ObjectMissing
from archive.layout import WARC_SUFFIX, SegmentName
from archive.library import completion_of, newest_manifest
from archive.manifests import Manifest, StoredFile, file_sha256
from archive.publishing import publish_records, put_manifest
from archive.recovery import read_contents
from archive.sharding import WHOLE, Shard
from archive.storage.protocol import Storage
from crawler.offline.re_extraction import derive_all
from pipelines.generation import EXTRACTOR_GENERATION
from pipelines.pool import ExtractionPool


class ObjectChange(StrEnum):
    """The result for one object."""

    SAME = "same"
    """It is there, and what the WARC gives is the same."""
    NEW = "new"
    """It was missing, and is there now."""
    REPLACED = "replaced"
    """It was another, and is what the WARC gives now."""
    DIFFERS = "differs"
    """It is another than what the WARC gives, and was left as it is."""


@dataclass(slots=True)
class RebuiltSegment:
    """The result for one segment."""

    segment: str
    index: ObjectChange | None = None
    manifest: ObjectChange | None = None
    records: ObjectChange | None = None
    articles: int = 0
    problem: str = ""
    """Why it was left alone, or what is wrong."""
    note: str = ""
    """What was unusual about it, although nothing is wrong."""
    fault: bool = field(default=False)
    """Whether it needs attention."""


Progress = Callable[[RebuiltSegment], None]


class Rebuilding:
    """Goes over the WARC files of an archive."""

    def __init__(self, source: Storage, target: Storage, *, workers: int, queue: int, shard: Shard = WHOLE) -> None:
        """`target` gets what is derived; it may be `source`."""
        self._shard = shard
        self._source = source
        self._target = target
        self._workers = workers
        self._queue = queue

    async def run(self, progress: Progress) -> list[RebuiltSegment]:
        """Rebuild all segments, one after the other. Doing it again does nothing more.

        Raises StorageUnavailable or StorageRefused.
        """
        pool = ExtractionPool(self._workers, self._queue)
        done: list[RebuiltSegment] = []
        try:
            for key in self.keys():
                done.append(await self.rebuild_segment(key, pool))
                progress(done[-1])
        finally:
            pool.close()
        return done

    def keys(self) -> Iterator[str]:
        """The WARC files that it goes over. Raises StorageUnavailable or StorageRefused."""
        for item in self._source.list("warc/"):
            name = item.key.rpartition("/")[2].removesuffix(WARC_SUFFIX)
            if item.key.endswith(WARC_SUFFIX) and self._shard.holds(name):
                yield item.key

    async def rebuild_segment(self, key: str, pool: ExtractionPool) -> RebuiltSegment:
        """Rebuild one segment. Raises StorageUnavailable or StorageRefused."""
        text = key.rpartition("/")[2].removesuffix(WARC_SUFFIX)
        rebuilt = RebuiltSegment(text)
        try:
            name = SegmentName.parse(text)
            known = newest_manifest(self._source, name)
            if known is None:
                # Its writer, if it is still storing it, will accept the manifest made here (`archive.publishing`)
                rebuilt.note = "had no manifest: interrupted upload, or lost manifest"
            with tempfile.TemporaryDirectory(prefix="newswarc-rebuild-") as scratch:
                warc = self._source.fetch(key, Path(scratch))
                self._index(name, warc, known, rebuilt, Path(scratch))
                completed = await derive_all(warc, name, Path(scratch), pool)
                rebuilt.articles = completed.manifest.articles
                self._records(name, completed, rebuilt)
        except DamagedArchive as error:
            rebuilt.problem, rebuilt.fault = str(error), True
        rebuilt.fault |= ObjectChange.DIFFERS in (rebuilt.manifest, rebuilt.records)
        return rebuilt

    def _index(
        self,
        name: SegmentName,
        warc: Path,
        known: tuple[Manifest, int] | None,
        rebuilt: RebuiltSegment,
        scratch: Path,
    ) -> None:
        contents = read_contents(warc, name, known[0].removed_records if known else ())
        if contents.end != warc.stat().st_size:
            raise DamagedArchive(f"{name.warc_key}: damaged after byte {contents.end}; run `newswarc verify --deep`")
        cdxj = scratch / f"{name.text}.rebuilt.cdxj"
        write_durably(cdxj, index_text(contents.entries))
        manifest = contents.manifest(name, warc, cdxj, known[0].closed if known else contents.last)
        there = newest_manifest(self._target, name)
        if there is not None and _is_of_an_older_program(there[0], manifest):
            self._supersede(name, there, manifest, cdxj)
            rebuilt.index = rebuilt.manifest = ObjectChange.REPLACED
            return
        revision = known[1] if known else 1
        indexed = manifest.cdxj.model_copy(update={"key": name.revised(manifest.cdxj.key, revision)})
        manifest = manifest.model_copy(update={"cdxj": indexed})
        rebuilt.index = self._put_index(manifest.cdxj, cdxj)
        if there is None:
            put_manifest(self._target, name, name.revised(name.manifest_key, revision), manifest.to_bytes())
        rebuilt.manifest = _compared(there[0] if there else None, manifest)

    def _supersede(self, name: SegmentName, there: tuple[Manifest, int], made: Manifest, cdxj: Path) -> None:
        """Store the index and the manifest of the next revision; from then on they are the segment's."""
        older, revision = there[0], there[1] + 1
        indexed = made.cdxj.model_copy(update={"key": name.revised(made.cdxj.key, revision)})
        self._target.put(indexed.key, cdxj, indexed.sha256)
        manifest = made.model_copy(update={"cdxj": indexed})
        put_manifest(self._target, name, name.revised(name.manifest_key, revision), manifest.to_bytes())
        if older.cdxj.key != indexed.key:
            self._target.delete(older.cdxj.key)

    def _put_index(self, described: StoredFile, cdxj: Path) -> ObjectChange:
        there = _digest_of(self._target, described.key)
        if there != described.sha256:
            self._target.put(described.key, cdxj, described.sha256)
        return (
            ObjectChange.NEW
            if there is None
            else ObjectChange.SAME
            if there == described.sha256
            else ObjectChange.REPLACED
        )

    def _records(self, name: SegmentName, completed: CompletedRecords, rebuilt: RebuiltSegment) -> None:
        there = completion_of(self._target, name.text)
        if there is None or there.generation != EXTRACTOR_GENERATION:
            publish_records(self._target, name, completed)
            rebuilt.records = ObjectChange.NEW
            return
        files = ((there.records.key, completed.records), (there.outcomes.key, completed.outcomes))
        same = all(_lines_digest(self._target, stored) == _file_lines_digest(made) for stored, made in files)
        rebuilt.records = ObjectChange.SAME if same else ObjectChange.DIFFERS


def _is_of_an_older_program(there: Manifest, made: Manifest) -> bool:
    """Whether a manifest says of the same WARC all that the one made now does, but for what older programs told
    otherwise (the index) or not at all (the root over the records).
    """
    is_older = there.cdxj.sha256 != made.cdxj.sha256 or not there.records_root
    roots = {} if there.records_root else {"records": made.records, "records_root": made.records_root}
    return is_older and there.model_copy(update={"cdxj": made.cdxj, **roots}) == made


def _compared(there: Manifest | None, made: Manifest) -> ObjectChange:
    if there is None:
        return ObjectChange.NEW
    return ObjectChange.SAME if there == made else ObjectChange.DIFFERS


def _digest_of(storage: Storage, key: str) -> str | None:
    with tempfile.TemporaryDirectory(prefix="newswarc-rebuild-") as scratch:
        try:
            return file_sha256(storage.fetch(key, Path(scratch)))
        except ObjectMissing:
            return None


def _lines_digest(storage: Storage, key: str) -> str:
    with tempfile.TemporaryDirectory(prefix="newswarc-rebuild-") as scratch:
        try:
            return _file_lines_digest(storage.fetch(key, Path(scratch)))
        except ObjectMissing:
            return ""


def _file_lines_digest(path: Path) -> str:
    """Digest of the lines of a ``.jsonl.gz``: how they are compressed does not count."""
    digest = hashlib.sha256()
    try:
        with gzip.open(path, "rb") as lines:
            for line in lines:
                digest.update(line)
    except (EOFError, OSError):
        return ""
    return digest.hexdigest()
