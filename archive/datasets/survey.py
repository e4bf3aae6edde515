"""The first pass over an archive's records: which of a segment are wanted, and what of them counts for others.

What a segment gave is kept on this machine until the version is built: an interrupted build continues behind it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID
from zipfile import BadZipFile

import numpy as np

from archive.access_rules import AccessRule, AccessRules
from archive.datasets.options import DatasetOptions, Dropped
from archive.datasets.relations import FACT, Facts, Flags, fact_of
from archive.datasets.rows import Record, brief_of, record_of
from archive.datasets.sampling import stratum_of
from archive.derived import read_lines
from archive.manifests import CompletionManifest
from archive.storage.opening import open_storage
from archive.storage.protocol import Storage
from archive.storage.s3_options import S3Options


@dataclass(frozen=True, slots=True)
class ArchiveLocation:
    """An archive, to be opened in another process."""

    address: str
    s3: S3Options

    def open(self) -> Storage:
        """Raises BadAddress."""
        return open_storage(self.address, self.s3)


@dataclass(frozen=True, slots=True)
class SegmentSurvey:
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


def survey(
    place: ArchiveLocation,
    completion: CompletionManifest,
    options: DatasetOptions,
    withheld: tuple[AccessRule, ...],
    found: frozenset[UUID] | None = None,
) -> SegmentSurvey:
    """Look at a segment; `withheld` are the access rules that refuse, `found` the records that a query finds.

    Raises DamagedArchive or StorageError.
    """
    rules = AccessRules(withheld)
    storage = place.open()
    wanted: list[bool] = []
    facts: list[tuple[object, ...]] = []
    dropped: Counter[str] = Counter()
    for record in records(storage, completion):
        brief = brief_of(record)
        reason = Dropped.QUERY if found is not None and UUID(brief["id"]) not in found else None
        reason = reason or options.reason_against(brief)
        if reason is None and rules.naming(brief["url"], brief["captured"]) is not None:
            reason = Dropped.WITHHELD
        wanted.append(reason is None)
        if reason is None:
            facts.append(fact_of(brief, stratum_of(brief, options.strata)))
        else:
            dropped[reason.value] += 1
    return SegmentSurvey(np.array(wanted, bool), np.array(facts, FACT), dropped)


class SegmentSurveys:
    """What segments gave, by files of this machine, which are not made durable."""

    def __init__(
        self, directory: Path, options: DatasetOptions, software: str, withheld: tuple[AccessRule, ...] = ()
    ) -> None:
        self._directory = directory
        rules = (rule.id for rule in withheld)
        self._depends_on = (software, str(FACT), options.model_dump_json(), *rules)

    def of(self, completion: CompletionManifest, found: frozenset[UUID] | None = None) -> SegmentSurvey | None:
        """None when nothing is remembered of a segment, or nothing that can be read."""
        try:
            with np.load(self._path(completion, found), allow_pickle=False) as parts:
                return SegmentSurvey(parts["wanted"], parts["facts"], Counter(json.loads(str(parts["dropped"]))))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None

    def keep(self, completion: CompletionManifest, made: SegmentSurvey, found: frozenset[UUID] | None = None) -> None:
        """Remember. Raises OSError."""
        path = self._path(completion, found)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}.part")
        with unfinished.open("wb") as stream:
            np.savez(stream, wanted=made.wanted, facts=made.facts, dropped=np.array(json.dumps(made.dropped)))
        unfinished.replace(path)

    def _path(self, completion: CompletionManifest, found: frozenset[UUID] | None) -> Path:
        parts = (*self._depends_on, completion.records.sha256, *sorted(map(str, found or ())))
        digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
        return self._directory / f"{completion.segment}-{digest}.npz"
