"""The first pass over an archive's records: which of a segment are wanted, and what of them counts for others.

What a segment gave is kept on this machine until the version is built: an interrupted build goes on behind it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from archive.datasets.options import DatasetOptions
from archive.datasets.relations import FACT, Facts, Flags, fact_of
from archive.datasets.rows import Record, brief_of, record_of
from archive.derived import read_lines
from archive.manifests import CompletionManifest
from archive.storage.opening import open_storage
from archive.storage.protocol import Storage
from archive.storage.s3_options import S3Options


@dataclass(frozen=True, slots=True)
class Place:
    """An archive, to be opened in another process."""

    address: str
    s3: S3Options

    def open(self) -> Storage:
        """Raises BadAddress."""
        return open_storage(self.address, self.s3)


@dataclass(frozen=True, slots=True)
class SurveyPlan:
    """What is to be looked at, and how."""

    place: Place
    options: DatasetOptions
    software: str
    kept: Path
    """Directory for what segments gave."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found in a segment."""

    wanted: Flags
    """For each record whether it is wanted by itself."""
    facts: Facts
    """Of those that are."""
    dropped: Counter[str]


def records(storage: Storage, completion: CompletionManifest) -> Iterator[Record]:
    """The records of a segment. Raises DamagedArchive or StorageError."""
    with storage.open_range(completion.records.key) as stream:
        yield from map(record_of, read_lines(stream))


def survey(plan: SurveyPlan, completion: CompletionManifest) -> Survey:
    """Look at a segment, or remember what was found. Raises DamagedArchive, StorageError or OSError."""
    path = plan.kept / f"{completion.segment}-{_digest(plan, completion)}.npz"
    known = _remembered(path)
    if known is None:
        known = _look(plan.place.open(), completion, plan.options)
        _remember(path, known)
    return known


def _look(storage: Storage, completion: CompletionManifest, options: DatasetOptions) -> Survey:
    wanted: list[bool] = []
    facts: list[tuple[object, ...]] = []
    dropped: Counter[str] = Counter()
    for record in records(storage, completion):
        brief = brief_of(record)
        reason = options.reason_against(brief)
        wanted.append(reason is None)
        if reason is None:
            facts.append(fact_of(brief))
        else:
            dropped[reason.value] += 1
    return Survey(np.array(wanted, bool), np.array(facts, FACT), dropped)


def _digest(plan: SurveyPlan, completion: CompletionManifest) -> str:
    """What the finding depends on."""
    parts = (plan.software, str(FACT), plan.options.model_dump_json(), completion.records.sha256)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _remember(path: Path, found: Survey) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    with unfinished.open("wb") as stream:
        np.savez(stream, wanted=found.wanted, facts=found.facts, dropped=np.array(json.dumps(found.dropped)))
    unfinished.replace(path)


def _remembered(path: Path) -> Survey | None:
    """None when nothing is, or nothing that can be read: files are not made durable."""
    try:
        with np.load(path, allow_pickle=False) as parts:
            return Survey(parts["wanted"], parts["facts"], Counter(json.loads(str(parts["dropped"]))))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
