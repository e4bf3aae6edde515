"""What an archive consists of: its segments, by site and day, kept in step with the storage.

Manifests never change under their keys, so each is read once.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from archive.access import AccessGate
from archive.errors import DamagedArchive
from archive.layout import revision_of
from archive.library import manifest_keys
from archive.lookup import Lookup
from archive.manifests import CompletionManifest, Manifest, parse_completion, parse_manifest
from archive.storage.protocol import Storage
from crawler.replay.listing import ArchiveListing

_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Contents:
    """An archive at a moment, for its readers."""

    manifests: dict[str, Manifest] = field(default_factory=dict)
    """By segment, in the order in which they were opened on each day."""
    completions: dict[str, CompletionManifest] = field(default_factory=dict)
    """Of each segment that of the newest generation of its records."""
    days: dict[str, Counter[str]] = field(default_factory=dict)
    """Attempts by site and day (``2026-11-24``), without what access rules withhold."""
    damaged: tuple[str, ...] = ()
    """Keys of manifests that cannot be read."""

    @property
    def outcomes(self) -> Counter[str]:
        """How attempts ended."""
        return _summed(manifest.outcomes for manifest in self.manifests.values())

    @property
    def page_outcomes(self) -> Counter[str]:
        """What became of pages."""
        return _summed(completion.page_outcomes for completion in self.completions.values())

    @property
    def without_records(self) -> list[str]:
        """Segments whose pages are not extracted yet, or whose records are gone."""
        return [segment for segment in self.manifests if segment not in self.completions]

    @property
    def without_capture(self) -> list[str]:
        """Segments that have records and are not here themselves."""
        return [segment for segment in sorted(self.completions) if segment not in self.manifests]


class Catalogue:
    """Reads the contents; what was read before is kept."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._read: dict[str, Manifest | CompletionManifest] = {}
        self._lock = threading.Lock()

    def manifests(self) -> list[Manifest]:
        """Those of stored segments, newest revisions. Raises StorageError or DamagedArchive."""
        with self._lock:
            return [self._manifest(key) for key in manifest_keys(self._storage)]

    def contents(self, lookup: Lookup) -> Contents:
        """All of it, as readers with the gate of this look-up have it. Raises StorageError or DamagedArchive."""
        manifests = self.manifests()
        with self._lock:
            completions, damaged = self._completions()
        every = ArchiveListing(lookup, lambda: manifests).days()
        # Counts are of attempts; of a site that is withheld, those that came to nothing would be left
        days = {site: counts for site, counts in every.items() if not is_withheld(site, lookup.gate)}
        return Contents({one.segment: one for one in manifests}, completions, days, tuple(damaged))

    def _manifest(self, key: str) -> Manifest:
        known = self._read.get(key)
        if not isinstance(known, Manifest):
            known = self._read[key] = parse_manifest(self._bytes(key), key)
        return known

    def _completions(self) -> tuple[dict[str, CompletionManifest], list[str]]:
        newest: dict[str, tuple[tuple[str, int], CompletionManifest]] = {}
        damaged = []
        for item in self._storage.list("records/"):
            if not item.key.endswith(_SUFFIX):
                continue
            try:
                known = self._read.get(item.key)
                if not isinstance(known, CompletionManifest):
                    known = self._read[item.key] = parse_completion(self._bytes(item.key), item.key)
                rank = (known.generation, revision_of(item.key)[1])
            except DamagedArchive:
                damaged.append(item.key)
                continue
            if known.segment not in newest or newest[known.segment][0] < rank:
                newest[known.segment] = rank, known
        return {segment: completion for segment, (_, completion) in sorted(newest.items())}, damaged

    def _bytes(self, key: str) -> bytes:
        with self._storage.open_range(key) as stream:
            return stream.read()


def is_withheld(site: str, gate: AccessGate) -> bool:
    """Whether a rule withholds all of a site; one that has a definition is known by its name alone."""
    return "/" not in site and gate.refusal(f"https://{site}/", None) is not None


def _summed(counts: Iterable[dict[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return total
