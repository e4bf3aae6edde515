"""Verifying an archive: its segments in worker processes, then what concerns several segments."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from archive.custody.audit import Audit, audit, has_log
from archive.custody.notes import VerifierKey
from archive.errors import DamagedArchive, ObjectMissing
from archive.faults import Fault, FaultKind
from archive.holdings import Holdings
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
    """Objects that no manifest names: of an upload in progress, or left by one that never ended."""
    custody: Audit | None = None
    """What the audit of the log of custody found; its faults are among the others. None: there is no log."""


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
    trusted: Sequence[VerifierKey] = (),
    witnesses: Sequence[VerifierKey] = (),
    kept: Sequence[tuple[str, str]] = (),
) -> VerifiedArchive:
    """Verify the segments of a shard, in processes or on the Dask cluster of `scheduler`. `progress` sees each one.

    What concerns several segments (what a revisit stands for, objects that no manifest names) is looked at when the
    shard is the whole archive.

    A small archive is done in this process, whatever `workers` says.

    What the archive's holdings name and what its data sets consist of, too, and the log of custody, which has to be
    signed by `trusted` keys, to be what `witnesses` cosigned and to continue the `kept` checkpoints. Raises
    StorageError when the storage can't be reached.
    """
    storage = open_storage(address, s3)
    result = VerifiedArchive()
    manifests = [manifest for manifest in _manifests(storage, result) if shard.holds(manifest.segment)]
    newest = _completions(storage, result)
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
    if shard.is_whole:
        told = {fault.key for fault in result.faults}
        result.faults += [fault for fault in Holdings.of(storage).check(storage) if fault.key not in told]
        result.faults += _datasets(storage, deep=deep)
        if kept or has_log(storage):
            result.custody = audit(storage, trusted=trusted, witnesses=witnesses, kept=kept, deep=deep)
            result.faults += result.custody.faults
    result.faults.sort(key=lambda fault: (fault.key, fault.kind, fault.detail))
    result.unclaimed = _unclaimed(storage, manifests) if shard.is_whole else []
    return result


_Work = list[tuple[str, S3Options, Manifest, CompletionManifest | None, bool]]


_SMALL = 16 << 20
"""Bytes of WARC files that are verified before other processes have started."""


def _here(workers: int, work: _Work) -> Iterator[Verification]:
    if min(workers, len(work)) <= 1 or sum(manifest.warc.size for _, _, manifest, _, _ in work) <= _SMALL:
        yield from (_verify(*arguments) for arguments in work)
        return
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
        except (DamagedArchive, ObjectMissing) as error:
            result.faults.append(Fault(FaultKind.BAD_MANIFEST, key, str(error)))


def _completions(storage: Storage, result: VerifiedArchive) -> dict[str, CompletionManifest]:
    def damaged(key: str, error: DamagedArchive) -> None:
        result.faults.append(Fault(FaultKind.BAD_MANIFEST, key, str(error)))

    return completions(storage, damaged)


def _datasets(storage: Storage, *, deep: bool) -> Iterator[Fault]:
    """What is wrong with the archive's data sets."""
    # Imported late: pyarrow takes its time, which an archive without data sets need not wait for
    if next(iter(storage.list("datasets/")), None) is None:
        return
    from archive.datasets.manifest import parse_dataset_manifest
    from archive.datasets.reading import verify_dataset

    for item in storage.list("datasets/"):
        if not item.key.endswith("/manifest.json"):
            continue
        try:
            with storage.open_range(item.key) as stream:
                manifest = parse_dataset_manifest(stream.read(), item.key)
        except (DamagedArchive, ObjectMissing) as error:
            yield Fault(FaultKind.BAD_MANIFEST, item.key, str(error))
            continue
        yield from verify_dataset(storage, manifest, lambda _: None, deep=deep)


def _verify(
    address: str, s3: S3Options, manifest: Manifest, completion: CompletionManifest | None, deep: bool
) -> Verification:
    with tempfile.TemporaryDirectory(prefix="newswarc-verify-") as scratch:
        storage = open_storage(address, s3)
        return verify_segment(storage, manifest, completion, Path(scratch), deep=deep)


def _unclaimed(storage: Storage, manifests: list[Manifest]) -> list[str]:
    claimed = {part.key for manifest in manifests for part in (manifest.warc, manifest.cdxj)}
    return [item.key for prefix in ("warc/", "cdxj/") for item in storage.list(prefix) if item.key not in claimed]
