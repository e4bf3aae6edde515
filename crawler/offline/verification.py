"""An archive verified: its segments in worker processes, then what goes across them."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from archive.errors import DamagedArchive
from archive.faults import Fault, FaultKind
from archive.library import completions, manifest_keys
from archive.manifests import CompletionManifest, Manifest, parse_manifest
from archive.sharding import WHOLE, Shard
from archive.storage.opening import open_storage
from archive.storage.protocol import Storage
from archive.storage.s3_options import S3Options
from archive.verifying import Verification, check_revisits, verify_segment
from crawler.offline.cluster import on_cluster


@dataclass(slots=True)
class VerifiedArchive:
    """What was looked at, and what is wrong."""

    segments: int = 0
    records: int = 0
    """WARC records that were read."""
    faults: list[Fault] = field(default_factory=list)
    unclaimed: list[str] = field(default_factory=list)
    """Objects that no manifest names: of an upload under way, or left by one that never ended."""


Progress = Callable[[Verification], None]


def verify_archive(
    address: str,
    s3: S3Options,
    *,
    deep: bool,
    workers: int,
    progress: Progress,
    shard: Shard = WHOLE,
    scheduler: str = "",
) -> VerifiedArchive:
    """Verify the segments of a shard, in processes or on the Dask cluster of `scheduler`. `progress` sees each one.

    What concerns several segments (what a revisit stands for, objects that no manifest names) is looked at when the
    shard is the whole archive.

    Raises StorageError when the storage cannot be asked, DamagedArchive when a completion manifest cannot be read.
    """
    storage = open_storage(address, s3)
    result = VerifiedArchive()
    manifests = [manifest for manifest in _manifests(storage, result) if shard.holds(manifest.segment)]
    newest = completions(storage)
    work = [(address, s3, manifest, newest.get(manifest.segment), deep) for manifest in manifests]
    checked: list[Verification] = []
    for verification in _there(scheduler, work) if scheduler else _here(workers, work):
        checked.append(verification)
        progress(verification)
    result.segments = len(checked)
    result.records = sum(verification.records for verification in checked)
    result.faults += [fault for verification in checked for fault in verification.faults]
    if deep and shard.is_whole:
        result.faults += check_revisits(checked, {manifest.segment: manifest.warc.key for manifest in manifests})
    result.faults.sort(key=lambda fault: (fault.key, fault.kind, fault.detail))
    result.unclaimed = _unclaimed(storage, manifests) if shard.is_whole else []
    return result


_Work = list[tuple[str, S3Options, Manifest, CompletionManifest | None, bool]]


def _here(workers: int, work: _Work) -> Iterator[Verification]:
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("forkserver")) as pool:
        tasks: list[Future[Verification]] = [pool.submit(_verify, *arguments) for arguments in work]
        for task in as_completed(tasks):
            yield task.result()


def _there(scheduler: str, work: _Work) -> Iterator[Verification]:
    return (verification for _, verification in on_cluster(scheduler, _verify, work))


def _manifests(storage: Storage, result: VerifiedArchive) -> Iterator[Manifest]:
    for key in manifest_keys(storage):
        try:
            with storage.open_range(key) as stream:
                yield parse_manifest(stream.read(), key)
        except DamagedArchive as error:
            result.faults.append(Fault(FaultKind.BAD_MANIFEST, key, str(error)))


def _verify(
    address: str, s3: S3Options, manifest: Manifest, completion: CompletionManifest | None, deep: bool
) -> Verification:
    with tempfile.TemporaryDirectory(prefix="newswarc-verify-") as scratch:
        storage = open_storage(address, s3)
        return verify_segment(storage, manifest, completion, Path(scratch), deep=deep)


def _unclaimed(storage: Storage, manifests: list[Manifest]) -> list[str]:
    claimed = {part.key for manifest in manifests for part in (manifest.warc, manifest.cdxj)}
    return [item.key for prefix in ("warc/", "cdxj/") for item in storage.list(prefix) if item.key not in claimed]
