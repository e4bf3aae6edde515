"""Walking an archive: its segments, their newest records, and captures by their address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from archive.article import Article, WarcAddress
from archive.captures import read_response
from archive.derived import read_articles, read_outcomes
from archive.errors import BadAddress
from archive.layout import SegmentName
from archive.manifests import CompletionManifest, Manifest, parse_completion, parse_manifest
from archive.outcomes import PageOutcomeLine
from archive.storage.protocol import Storage

_MANIFEST_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Which records are wanted; an empty field wants all."""

    site: str = ""
    """Host of the URL, or a parent domain of it."""
    language: str = ""
    """Primary language subtag, such as ``ar``."""
    since: str = ""
    """ISO 8601 date or time: published at or after; records without a date are left out."""
    until: str = ""
    """ISO 8601 date or time: published before."""


def require_archive(storage: Storage) -> None:
    """Raises BadAddress when nothing is stored at the storage's address."""
    if next(iter(storage.list("manifests/")), None) is None and next(iter(storage.list("records/")), None) is None:
        raise BadAddress(f"{storage.uri}: no archive here; check the address")


def segments(storage: Storage) -> Iterator[Manifest]:
    """The stored segments in the order they were opened on each day."""
    for item in storage.list("manifests/"):
        if item.key.endswith(_MANIFEST_SUFFIX):
            with storage.open_range(item.key) as stream:
                yield parse_manifest(stream.read(), item.key)


def completions(storage: Storage) -> dict[str, CompletionManifest]:
    """For each segment the completion manifest of its newest generation."""
    newest: dict[str, CompletionManifest] = {}
    for item in storage.list("records/"):
        if not item.key.endswith(_MANIFEST_SUFFIX):
            continue
        with storage.open_range(item.key) as stream:
            completion = parse_completion(stream.read(), item.key)
        known = newest.get(completion.segment)
        if known is None or known.generation < completion.generation:
            newest[completion.segment] = completion
    return newest


def completion_of(storage: Storage, segment: str) -> CompletionManifest | None:
    """The completion manifest of a segment's newest generation, if there is one."""
    ending = f"/{segment}{_MANIFEST_SUFFIX}"
    found: CompletionManifest | None = None
    for key in [item.key for item in storage.list("records/") if item.key.endswith(ending)]:
        with storage.open_range(key) as stream:
            completion = parse_completion(stream.read(), key)
        if found is None or found.generation < completion.generation:
            found = completion
    return found


def article_of(storage: Storage, record_id: UUID, segment: str) -> Article | None:
    """The record that was made from a capture of a segment, if there is one."""
    completion = completion_of(storage, segment)
    if completion is None:
        return None
    with storage.open_range(completion.records.key) as stream:
        return next((article for article in read_articles(stream) if article.id == record_id), None)


def articles(storage: Storage, wanted: RecordFilter | None = None) -> Iterator[Article]:
    """The records of an archive, each segment's newest complete generation, segments by name."""
    for _, completion in sorted(completions(storage).items()):
        with storage.open_range(completion.records.key) as stream:
            for article in read_articles(stream):
                if wanted is None or matches(article, wanted):
                    yield article


def outcomes(storage: Storage) -> Iterator[PageOutcomeLine]:
    """The page outcomes of an archive, each segment's newest complete generation."""
    for _, completion in sorted(completions(storage).items()):
        with storage.open_range(completion.outcomes.key) as stream:
            yield from read_outcomes(stream)


def matches(article: Article, wanted: RecordFilter) -> bool:
    """Whether a record is wanted."""
    published = (article.date_published or "")[: max(len(wanted.since), len(wanted.until)) or None]
    return (
        (not wanted.site or _within(article.url, wanted.site))
        and (not wanted.language or (article.in_language or "").split("-")[0] == wanted.language.split("-")[0])
        and (not wanted.since or (bool(published) and published >= wanted.since))
        and (not wanted.until or (bool(published) and published < wanted.until))
    )


def _within(url: str, site: str) -> bool:
    host = url.split("://", 1)[-1].split("/", 1)[0]
    bare = host.rpartition(":")[0] or host
    return site in (host, bare) or bare.endswith(f".{site}")


def read_page(storage: Storage, address: WarcAddress) -> bytes:
    """The HTTP response that a record was made from, byte for byte as it was received.

    Raises ObjectMissing or DamagedArchive.
    """
    with storage.open_range(address.file, address.offset, address.length) as stream:
        return read_response(stream.read())


def segment_name(manifest: Manifest) -> SegmentName:
    """The name of a stored segment. Raises DamagedArchive."""
    return SegmentName.parse(manifest.segment)
