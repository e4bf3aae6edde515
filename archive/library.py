"""Reading an archive: its segments, their newest records, and captures by position."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from archive.access import AccessGate
from archive.article import Article, WarcAddress
from archive.captures import response_record
from archive.collection import CollectionScope
from archive.derived import read_articles, read_outcomes
from archive.errors import BadAddress, DamagedArchive
from archive.languages import matches as is_language
from archive.layout import SegmentName, revision_of
from archive.manifests import CompletionManifest, Manifest, parse_completion, parse_manifest
from archive.outcomes import PageOutcomeLine
from archive.period import Period
from archive.storage.protocol import Storage

_MANIFEST_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Which records to select; an empty field selects all."""

    site: str = ""
    """Host of the URL, or a parent domain of it."""
    language: str = ""
    """A language range (`archive.languages`): ``en`` takes ``en-GB`` too."""
    published: Period = field(default_factory=Period)
    """When it was published; records without a date are left out unless the period is endless."""
    ids: Mapping[str, frozenset[UUID]] | None = None
    """By segment, when only these records are wanted."""
    scope: CollectionScope | None = None
    """Of a collection (`archive.collection`)."""


_TELLING = ("manifests/", "records/", "holdings/", "custody/")
"""Where an archive that is there, or whose segments were removed, has something."""


def require_archive(storage: Storage) -> None:
    """Raises BadAddress if nothing is stored at the storage's location."""
    if not any(True for prefix in _TELLING for _ in storage.list(prefix)):
        raise BadAddress(f"{storage.uri}: no archive here; check the location")


def manifest_keys(storage: Storage) -> Iterator[str]:
    """The key of each segment's newest manifest, in the order the segments were opened on each day."""
    newest: tuple[str, int, str] = ("", 0, "")
    for item in storage.list("manifests/"):
        if not item.key.endswith(_MANIFEST_SUFFIX):
            continue
        segment, revision = revision_of(item.key)
        if newest[0] and segment != newest[0]:
            yield newest[2]
        if segment != newest[0] or revision > newest[1]:
            newest = (segment, revision, item.key)
    if newest[0]:
        yield newest[2]


def segments(storage: Storage) -> Iterator[Manifest]:
    """The newest manifest of each stored segment, in the order in which they were opened on each day."""
    for key in manifest_keys(storage):
        with storage.open_range(key) as stream:
            yield parse_manifest(stream.read(), key)


def newest_manifest(storage: Storage, name: SegmentName) -> tuple[Manifest, int] | None:
    """A segment's newest manifest and its revision; None when it is not stored."""
    beginning = name.manifest_key.removesuffix(_MANIFEST_SUFFIX)
    found = [item.key for item in storage.list(beginning) if revision_of(item.key)[0] == name.text]
    if not found:
        return None
    key = max(found, key=lambda key: revision_of(key)[1])
    with storage.open_range(key) as stream:
        return parse_manifest(stream.read(), key), revision_of(key)[1]


def completions(
    storage: Storage, damaged: Callable[[str, DamagedArchive], None] | None = None
) -> dict[str, CompletionManifest]:
    """For each segment the completion manifest of its newest generation.

    `damaged` is told of one that can't be read, by its key; without it, raises DamagedArchive.
    """
    newest: dict[str, tuple[tuple[str, int], CompletionManifest]] = {}
    for item in storage.list("records/"):
        if item.key.endswith(_MANIFEST_SUFFIX):
            try:
                completion, rank = _completion(storage, item.key)
            except DamagedArchive as error:
                if damaged is None:
                    raise
                damaged(item.key, error)
                continue
            if completion.segment not in newest or newest[completion.segment][0] < rank:
                newest[completion.segment] = rank, completion
    return {segment: completion for segment, (_, completion) in newest.items()}


def completion_of(storage: Storage, segment: str) -> CompletionManifest | None:
    """The completion manifest of a segment's newest generation, if there is one."""
    found = [_completion(storage, key) for key in completion_keys(storage, segment)]
    return max(found, key=lambda pair: pair[1])[0] if found else None


def completion_keys(storage: Storage, segment: str) -> list[str]:
    """Keys of a segment's completion manifests, of all generations and revisions."""
    listed = (item.key for item in storage.list("records/") if segment in item.key)
    return [key for key in listed if key.endswith(_MANIFEST_SUFFIX) and revision_of(key)[0] == segment]


def _completion(storage: Storage, key: str) -> tuple[CompletionManifest, tuple[str, int]]:
    """A completion manifest, and what makes it newer than others of its segment."""
    with storage.open_range(key) as stream:
        completion = parse_completion(stream.read(), key)
    return completion, (completion.generation, revision_of(key)[1])


def article_of(storage: Storage, record_id: UUID, segment: str) -> Article | None:
    """The record that was extracted from a capture of a segment, if there is one."""
    completion = completion_of(storage, segment)
    if completion is None:
        return None
    with storage.open_range(completion.records.key) as stream:
        return next((article for article in read_articles(stream) if article.id == record_id), None)


def articles(
    storage: Storage, wanted: RecordFilter | None = None, gate: AccessGate | None = None
) -> Iterator[Article]:
    """The records of an archive: of each segment the newest complete generation, segments sorted by name.

    What access rules withhold is left out, and counted by `gate`; without one, the archive's rules hold, for a reader
    on this machine. Raises DamagedArchive or StorageError.
    """
    gate = gate or AccessGate.of(storage)
    for segment, completion in sorted(completions(storage).items()):
        if wanted is not None and wanted.ids is not None and segment not in wanted.ids:
            continue
        with storage.open_range(completion.records.key) as stream:
            for article in read_articles(stream):
                if is_wanted(article, wanted, segment) and gate.lets(article.url, captured(article)):
                    yield article


def outcomes(storage: Storage, gate: AccessGate | None = None) -> Iterator[PageOutcomeLine]:
    """The page outcomes of an archive: of each segment the newest complete generation.

    Those of URLs that access rules withhold are left out, as by `articles`. Page outcomes have no date: a rule for
    captures of some dates withholds all outcomes of its URLs.
    """
    gate = gate or AccessGate.of(storage)
    for _, completion in sorted(completions(storage).items()):
        with storage.open_range(completion.outcomes.key) as stream:
            yield from (line for line in read_outcomes(stream) if gate.lets(line.url, None))


def captured(article: Article) -> datetime | None:
    """When the page of a record was captured, if the record says so."""
    return article.warc.date if article.warc is not None else None


def is_wanted(article: Article, wanted: RecordFilter | None, segment: str) -> bool:
    """Whether a segment's record is selected; without a filter, all are."""
    return wanted is None or (matches(article, wanted) and _is_one_of(article, wanted, segment))


def matches(article: Article, wanted: RecordFilter) -> bool:
    """Whether a record is wanted."""
    return (
        (not wanted.site or _within(article.url, wanted.site))
        and (not wanted.language or is_language(wanted.language, article.in_language))
        and wanted.published.wants(article.date_published or "")
        and (wanted.scope is None or wanted.scope.wants(article.url, captured(article)))
    )


def _is_one_of(article: Article, wanted: RecordFilter, segment: str) -> bool:
    return wanted.ids is None or article.id in wanted.ids.get(segment, ())


def _within(url: str, site: str) -> bool:
    host = url.split("://", 1)[-1].split("/", 1)[0]
    bare = host.rpartition(":")[0] or host
    return site in (host, bare) or bare.endswith(f".{site}")


def read_page(storage: Storage, address: WarcAddress, gate: AccessGate | None = None) -> bytes:
    """The HTTP response from which a record was extracted, byte for byte as received.

    Raises AccessRefused when an access rule withholds it (`articles` says more), ObjectMissing or DamagedArchive.
    """
    with storage.open_range(address.file, address.offset, address.length) as stream:
        record = response_record(stream.read())
    (gate or AccessGate.of(storage)).require(record.target, record.date)
    return record.block


def segment_name(manifest: Manifest) -> SegmentName:
    """The name of a stored segment. Raises DamagedArchive."""
    return SegmentName.parse(manifest.segment)
