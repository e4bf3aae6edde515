"""All captures of a URL over time, with their outcomes and articles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from archive.access import AccessGate
from archive.article import Article
from archive.cdxj import IndexEntry
from archive.derived import read_articles, read_outcomes
from archive.library import completions, segments
from archive.manifests import CompletionManifest
from archive.outcomes import PageOutcome
from archive.storage.protocol import Storage
from archive.surt import surt_key


@dataclass(frozen=True, slots=True)
class Moment:
    """One capture of a URL."""

    url: str
    date: datetime
    """When it was captured (UTC, to the second)."""
    segment: str
    offset: int
    outcome: PageOutcome | None
    """Its outcome; None if it was not fetched as an article, or is not extracted yet."""
    detail: str
    article: Article | None
    """Its record, if it became one."""


def history(storage: Storage, url: str, gate: AccessGate | None = None) -> list[Moment]:
    """All captures of a URL, oldest first; URLs are compared by their keys in the index (SURT).

    What access rules withhold is left out, and counted by `gate`; without one, the archive's rules hold, for a reader
    on this machine.

    Raises DamagedArchive or StorageError.
    """
    gate = gate or AccessGate.of(storage)
    complete = completions(storage)
    moments: list[Moment] = []
    for manifest in segments(storage):
        with storage.open_range(manifest.cdxj.key) as stream:
            found = _entries(stream.read(), surt_key(url))
            entries = [entry for entry in found if gate.lets(entry.url, entry.moment)]
        if entries:
            moments += _moments(storage, manifest.segment, entries, complete.get(manifest.segment))
    return sorted(moments, key=lambda moment: (moment.date, moment.segment, moment.offset))


def _entries(index: bytes, key: str) -> Iterator[IndexEntry]:
    """Lines of an index that have this key. They stand together, since an index is sorted."""
    wanted = f"{key} ".encode()
    start = 0 if index.startswith(wanted) else index.find(b"\n" + wanted) + 1
    if not start and not index.startswith(wanted):
        return
    for line in index[start:].splitlines():
        if not line.startswith(wanted):
            return
        yield IndexEntry.parse(line)


def _moments(
    storage: Storage,
    segment: str,
    entries: list[IndexEntry],
    completion: CompletionManifest | None,
) -> Iterator[Moment]:
    offsets = {entry.offset for entry in entries}
    ended: dict[int, tuple[PageOutcome, str]] = {}
    articles: dict[int, Article] = {}
    if completion is not None:
        with storage.open_range(completion.outcomes.key) as stream:
            ended = {
                line.offset: (line.outcome, line.detail) for line in read_outcomes(stream) if line.offset in offsets
            }
        with storage.open_range(completion.records.key) as stream:
            articles = {a.warc.offset: a for a in read_articles(stream) if a.warc and a.warc.offset in offsets}
    for entry in entries:
        outcome, detail = ended.get(entry.offset, (None, f"status {entry.status}"))
        yield Moment(entry.url, entry.moment, segment, entry.offset, outcome, detail, articles.get(entry.offset))
