"""A version of a data set from an archive's records, in two passes over them.

The first finds which records are wanted and what follows from many of them; the second writes shards, each by a
process of its own, from the segments in their order. A shard that was finished is not built again when a build that
was interrupted is started over, nor is a segment looked at again (`work` holds what is known).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, fields, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol, TypeVar
from uuid import UUID

import numpy as np
import numpy.typing as npt

from archive.access import AccessGate
from archive.access_rules import AccessRule
from archive.custody.sequencer import signed_checkpoint
from archive.datasets.about import About
from archive.datasets.card import documents
from archive.datasets.manifest import (
    DatasetChanges,
    DatasetFile,
    DatasetManifest,
    DatasetSource,
    dataset_prefix,
)
from archive.datasets.options import DatasetOptions
from archive.datasets.plots import plots
from archive.datasets.pseudonyms import Pseudonyms
from archive.datasets.reading import dataset, known_rows, newest_version, versions
from archive.datasets.relations import FACT, RELATED, columns_of, relations
from archive.datasets.rows import NO_SOURCES, Record, Row, removed_digest, row_of
from archive.datasets.sampling import sample_size
from archive.datasets.shards import ShardFacts, ShardWriter
from archive.datasets.sources import TABLE, SourceTable, written
from archive.datasets.statistics import statistics_of
from archive.datasets.survey import ArchiveLocation, SegmentSurvey, SegmentSurveys, records, survey
from archive.errors import BadAddress
from archive.holdings import DATASETS, note_manifest
from archive.library import completions
from archive.manifests import CompletionManifest, file_sha256
from archive.storage.protocol import Storage

SHARD = 50_000
"""Number of records for one shard."""

Result = TypeVar("Result")


class Engine(Protocol):
    """Makes calls in other processes, here or on other machines."""

    def __call__(self, function: Callable[..., Result], work: Sequence[tuple[object, ...]]) -> Iterator[Result]:
        """The results of calls with these arguments, in their order."""


Progress = Callable[[str, int, int], None]
"""Called with what is done (``reading``, ``writing``), how much of it, and of how much."""


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """What to build."""

    name: str
    version: str
    """Empty: the number after the newest version's."""
    options: DatasetOptions
    software: str
    source: ArchiveLocation
    target: ArchiveLocation
    work: Path
    """Directory of this machine for what is known until the version is built."""
    workers: int = 1
    parquet: bool = True
    jsonl: bool = True
    found: Mapping[str, frozenset[UUID]] | None = None
    """By segment, the records that the options' query means."""
    sources: SourceTable = NO_SOURCES
    """Who publishes at a host."""
    pseudonyms: Pseudonyms | None = None
    """Instead of names; the options have the fingerprint of its key."""
    about: About = field(default_factory=About)
    """What the version's citation says."""

    def found_in(self, one: CompletionManifest) -> frozenset[UUID] | None:
        """Those of a segment; None without a query."""
        return None if self.found is None else self.found.get(one.segment, frozenset())


@dataclass(frozen=True, slots=True)
class _Shard:
    """What one process writes."""

    number: int
    of: int
    sources: tuple[CompletionManifest, ...]
    related: npt.NDArray[np.void]
    """For each record of these what follows from others."""

    def paths(self, plan: BuildPlan) -> tuple[str, str]:
        stem = f"{plan.name}-{self.number:05d}-of-{self.of:05d}"
        return f"data/{stem}.parquet", f"jsonl/{stem}.jsonl.gz"


_BuiltShard = tuple[list[DatasetFile], ShardFacts]
"""A shard's files, and what they hold."""

_FEW = 1000
"""Articles that are done before other processes have started."""


@dataclass(frozen=True, slots=True)
class Built:
    """The result."""

    manifest: DatasetManifest
    is_new: bool
    """False if the newest version is already the same."""


def build(plan: BuildPlan, progress: Progress, engine: Engine | None = None) -> Built:
    """Build a version with processes on this machine, or on `engine`.

    Raises BadAddress, DamagedArchive, StorageError or OSError, and what `engine` raises.
    """
    source, target = plan.source.open(), plan.target.open()
    withheld = AccessGate.of(source, is_local=False).refusing.rules
    taken = [completion for _, completion in sorted(completions(source).items()) if completion.articles]
    newest = newest_version(target, plan.name)
    if plan.version and plan.version in versions(target, plan.name):
        raise BadAddress(f"{plan.name}@{plan.version} already exists; versions never change, so choose another")
    sources = tuple(map(_source_of, taken))
    if newest is not None and not plan.version and _is_same(newest, plan, sources, withheld):
        return Built(newest, is_new=False)
    version = plan.version or _next(versions(target, plan.name))
    work = plan.work / f"{plan.name}@{version}"
    with _engine(plan, taken, engine) as run:
        known = SegmentSurveys(work, plan.options, plan.software, withheld)
        read = _first_pass(plan, taken, known, withheld, run, progress)
        dropped = sum((one.dropped for one in read), Counter[str]())
        shards = list(_planned(plan, taken, read, dropped))
        made = _second_pass(plan, version, shards, run, progress)
    facts = ShardFacts()
    for _, shard_facts in made:
        facts.join(shard_facts)
    manifest = DatasetManifest(
        name=plan.name,
        version=version,
        rows=facts.rows,
        options=plan.options,
        columns=tuple(column.name for column in plan.options.columns()),
        source_table=plan.sources.digest(),
        about=plan.about,
        files=tuple(file for files, _ in made for file in files),
        sources=sources,
        dropped=dict(sorted(dropped.items())),
        access_rules=_ids(withheld),
        statistics=statistics_of(
            facts,
            [column.name for column in plan.options.columns()],
            *_near(np.concatenate([shard.related for shard in shards])),
        ),
        checkpoint=signed_checkpoint(source),
        software=plan.software,
    )
    manifest = manifest.model_copy(update={"changes": _changes(target, manifest, _before(target, plan.name))})
    table = written(plan.sources.limited_to(facts.sites))
    built = Built(_finish(target, manifest, plots(facts), table), is_new=True)
    shutil.rmtree(work, ignore_errors=True)
    return built


def _source_of(one: CompletionManifest) -> DatasetSource:
    return DatasetSource(
        segment=one.segment, generation=one.generation, sha256=one.records.sha256, articles=one.articles
    )


def _ids(rules: tuple[AccessRule, ...]) -> tuple[str, ...]:
    return tuple(sorted(rule.id for rule in rules))


def _is_same(
    newest: DatasetManifest, plan: BuildPlan, sources: tuple[DatasetSource, ...], withheld: tuple[AccessRule, ...]
) -> bool:
    kinds = {"data": plan.parquet, "jsonl": plan.jsonl}
    there = {kind: any(file.path.startswith(kind) for file in newest.files) for kind in kinds}
    same_kinds = there == kinds or not newest.rows
    same_origin = newest.sources == sources and newest.access_rules == _ids(withheld)
    same_words = newest.source_table == plan.sources.digest() and newest.about == plan.about
    same_columns = newest.columns == tuple(column.name for column in plan.options.columns())
    is_wanted = newest.options == plan.options and same_words and same_columns
    return is_wanted and same_origin and same_kinds and not newest.withdrawn


def _next(known: Sequence[str]) -> str:
    return str(max((int(version) for version in known if version.isdigit()), default=0) + 1)


def _engine(
    plan: BuildPlan, taken: list[CompletionManifest], engine: Engine | None
) -> AbstractContextManager[Engine]:
    """What is given; else this process for few articles, and several for more."""
    if engine is not None:
        return nullcontext(engine)
    if plan.workers <= 1 or sum(one.articles for one in taken) <= _FEW:
        return nullcontext(_here)
    return _processes(plan.workers)


def _here(function: Callable[..., Result], work: Sequence[tuple[object, ...]]) -> Iterator[Result]:
    return (function(*arguments) for arguments in work)


@contextmanager
def _processes(count: int) -> Iterator[Engine]:
    with ProcessPoolExecutor(count, mp_context=get_context("forkserver")) as pool:

        def run(function: Callable[..., Result], work: Sequence[tuple[object, ...]]) -> Iterator[Result]:
            return pool.map(function, *zip(*work, strict=True)) if work else iter(())

        yield run


def _first_pass(
    plan: BuildPlan,
    taken: list[CompletionManifest],
    known: SegmentSurveys,
    withheld: tuple[AccessRule, ...],
    run: Engine,
    progress: Progress,
) -> list[SegmentSurvey]:
    found = [known.of(one, plan.found_in(one)) for one in taken]
    missing = [number for number, one in enumerate(found) if one is None]
    done = len(taken) - len(missing)
    calls = [(plan.source, taken[number], plan.options, withheld, plan.found_in(taken[number])) for number in missing]
    results = run(survey, calls)
    for count, (number, one) in enumerate(zip(missing, results, strict=True), start=1):
        known.keep(taken[number], one, plan.found_in(taken[number]))
        found[number] = one
        progress("reading", done + count, len(taken))
    return [one for one in found if one is not None]


def _planned(
    plan: BuildPlan, taken: list[CompletionManifest], read: list[SegmentSurvey], dropped: Counter[str]
) -> Iterator[_Shard]:
    """Segments in their order, put together until there are enough records; at least one shard, be it empty."""
    found, left_out = relations(
        np.concatenate([one.facts for one in read] or [np.zeros(0, FACT)]),
        plan.options.versions,
        plan.options.copies,
        sample_size(plan.options.sample) if plan.options.sample else None,
        plan.options.seed,
    )
    dropped.update({reason.value: count for reason, count in left_out.items()})
    related = np.zeros(sum(len(one.wanted) for one in read), RELATED)
    if read:
        related[np.concatenate([one.wanted for one in read])] = found
    parts: list[list[CompletionManifest]] = [[]]
    ends = [0]
    for completion, one in zip(taken, read, strict=True):
        if ends[-1] - (ends[-2] if len(ends) > 1 else 0) >= SHARD:
            parts.append([])
            ends.append(ends[-1])
        parts[-1].append(completion)
        ends[-1] += len(one.wanted)
    for number, (sources, begin, end) in enumerate(zip(parts, [0, *ends], ends, strict=False)):
        yield _Shard(number, len(parts), tuple(sources), related[begin:end])


def _second_pass(
    plan: BuildPlan, version: str, shards: list[_Shard], run: Engine, progress: Progress
) -> list[_BuiltShard]:
    """Write and store the shards that are not stored yet."""
    target = plan.target.open()
    paths = [
        plan.work / f"{plan.name}@{version}" / f"{one.number:05d}-{_plan_digest(plan, one)}.json" for one in shards
    ]
    made = [_remembered(path) for path in paths]
    missing = [
        number
        for number, one in enumerate(made)
        if one is None or not all(_is_there(target, plan.name, version, file) for file in one[0])
    ]
    done = len(shards) - len(missing)
    results = run(_make_shard, [(replace(plan, found=None), version, shards[number]) for number in missing])
    for count, (number, one) in enumerate(zip(missing, results, strict=True), start=1):
        _remember(paths[number], one)
        made[number] = one
        progress("writing", done + count, len(shards))
    return [one for one in made if one is not None]


def _make_shard(plan: BuildPlan, version: str, shard: _Shard) -> _BuiltShard:
    target = plan.target.open()
    with tempfile.TemporaryDirectory(prefix="newswarc-dataset-") as scratch:
        data, jsonl = shard.paths(plan)
        made = {data: Path(scratch) / "parquet"} if plan.parquet else {}
        made |= {jsonl: Path(scratch) / "jsonl"} if plan.jsonl else {}
        with ShardWriter(made.get(data), made.get(jsonl), plan.options.columns()) as writer:
            writer.add(_rows(plan, shard))
        files = []
        for path, file in made.items():
            sha256 = file_sha256(file)
            target.put(f"{dataset_prefix(plan.name, version)}{path}", file, sha256)
            files.append(DatasetFile(path=path, size=file.stat().st_size, sha256=sha256, rows=writer.facts.rows))
    return files, writer.facts


def _remember(path: Path, made: _BuiltShard) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {part.name: getattr(made[1], part.name) for part in fields(made[1])}
    text = {"files": [file.model_dump(mode="json", by_alias=True) for file in made[0]], "facts": facts}
    path.write_text(json.dumps(text), encoding="utf-8")


def _remembered(known: Path) -> _BuiltShard | None:
    """None when nothing is, or nothing that can be read: the file is not made durable."""
    try:
        found = json.loads(known.read_text(encoding="utf-8"))
        return [DatasetFile.model_validate(file) for file in found["files"]], _facts_of(found["facts"])
    except (OSError, ValueError):
        return None


def _rows(plan: BuildPlan, shard: _Shard) -> Iterator[Row]:
    storage = plan.source.open()
    related = iter(shard.related)
    for completion in shard.sources:
        for record in records(storage, completion):
            found = next(related)
            if found["kept"]:
                yield _row(plan, record, found)


def _row(plan: BuildPlan, record: Record, related: np.void) -> Row:
    named = plan.pseudonyms.in_record(record) if plan.pseudonyms is not None else record
    row = row_of(named, columns_of(related), plan.sources)
    if plan.options.without_text:
        # Whoever fills the texts in again has the record as it is
        row["removedSha256"] = removed_digest(row if named is record else row_of(record, {}))
    return row


def _plan_digest(plan: BuildPlan, shard: _Shard) -> str:
    """What a shard's bytes depend on."""
    digest = hashlib.sha256(
        f"{plan.software} {plan.parquet} {plan.jsonl} {shard.of} {plan.sources.digest()}".encode()
    )
    digest.update(plan.options.model_dump_json().encode())
    for source in shard.sources:
        digest.update(source.records.sha256.encode())
    digest.update(shard.related.tobytes())
    return digest.hexdigest()[:16]


def _is_there(target: Storage, name: str, version: str, file: DatasetFile) -> bool:
    key = f"{dataset_prefix(name, version)}{file.path}"
    return any(item.key == key and item.size == file.size for item in target.list(key))


def _facts_of(values: dict[str, object]) -> ShardFacts:
    counters = {
        name: Counter(value) for name, value in values.items() if isinstance(value, dict) and name != "examples"
    }
    return ShardFacts(**{**values, **counters})  # type: ignore[arg-type]


def _near(related: npt.NDArray[np.void]) -> tuple[int, int]:
    """Of the rows how many are copies, and how many nearly so."""
    kept = related[related["kept"]]
    return int(kept["isCopy"].sum()), len(kept) - len(np.unique(kept["cluster"], axis=0))


def _before(target: Storage, name: str) -> DatasetManifest | None:
    """The newest version, be it withdrawn."""
    known = versions(target, name)
    return dataset(target, name, known[-1]) if known else None


def _changes(target: Storage, made: DatasetManifest, before: DatasetManifest | None) -> DatasetChanges | None:
    if before is None:
        return None
    if before.withdrawn:
        return DatasetChanges(
            previous=before.version,
            previous_rows=before.rows,
            withdrawn=before.withdrawn,
            redacted=before.redacted,
            added=0,
            removed=0,
            changed=0,
        )
    old, new = dict(known_rows(target, before)), dict(known_rows(target, made))
    return DatasetChanges(
        previous=before.version,
        previous_rows=before.rows,
        added=len(new.keys() - old.keys()),
        removed=len(old.keys() - new.keys()),
        changed=sum(old[row] != new[row] for row in old.keys() & new.keys()),
    )


def _finish(target: Storage, manifest: DatasetManifest, pictures: dict[str, bytes], table: str) -> DatasetManifest:
    """Documents, pictures, the table of sources, sums, and last the manifest."""
    prefix = dataset_prefix(manifest.name, manifest.version)
    files = list(manifest.files)
    more = {**pictures, **({TABLE: table.encode("utf-8")} if table else {})}
    with tempfile.TemporaryDirectory(prefix="newswarc-dataset-") as scratch:
        for path, data in {**documents(manifest, list(pictures)), **more}.items():
            file = Path(scratch) / path.replace("/", "-")
            file.write_bytes(data)
            target.put(f"{prefix}{path}", file, file_sha256(file))
            files.append(DatasetFile(path=path, size=len(data), sha256=file_sha256(file)))
        sums = Path(scratch) / "SHA256SUMS"
        sums.write_text("".join(f"{file.sha256}  {file.path}\n" for file in files), encoding="utf-8")
        target.put(f"{prefix}SHA256SUMS", sums, file_sha256(sums))
        files.append(DatasetFile(path="SHA256SUMS", size=sums.stat().st_size, sha256=file_sha256(sums)))
    whole = manifest.model_copy(update={"files": tuple(files)})
    target.put_if_absent(f"{prefix}manifest.json", whole.to_bytes())
    note_manifest(target, DATASETS, f"{prefix}manifest.json", whole.to_bytes())
    return whole
