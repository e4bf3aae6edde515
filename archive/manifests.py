"""Manifests: what a stored segment consists of. They are written last and never overwritten."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from archive.counted import counted
from archive.errors import DamagedArchive

_READ_SIZE = 1 << 20

LeafHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 in hexadecimal."""


class StoredPart(BaseModel):
    """Base of manifests: immutable, camelCase in JSON; keys of later versions are skipped."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")

    def to_bytes(self) -> bytes:
        """The manifest as stored."""
        return (self.model_dump_json(by_alias=True, indent=1) + "\n").encode("utf-8")


class StoredFile(StoredPart):
    """One object."""

    key: str
    """Key below the archive's root."""
    size: int
    """Bytes."""
    sha256: str
    """SHA-256 of the object's bytes (hexadecimal)."""


class RemovedRecords(StoredPart):
    """Records that were removed from a segment: only the hashes of their leaves are left."""

    offset: int
    """Where the tombstone's gzip member begins in the WARC."""
    position: int
    """Number of the first of them among the segment's records, from 0 on."""
    leaves: tuple[LeafHash, ...]
    """Hashes of their leaves (hexadecimal), see `archive.records_tree`."""


class Manifest(StoredPart):
    """What a segment consists of. The segment exists when this does."""

    segment: str
    warc: StoredFile
    cdxj: StoredFile
    opened: str
    """ISO 8601, UTC."""
    closed: str
    """ISO 8601, UTC."""
    exchanges: int
    outcomes: dict[str, int]
    """Attempts by capture outcome."""
    sites: dict[str, int]
    """Attempts by site."""
    software: str
    records: int = 0
    """Records of the WARC, as leaves of the tree: those that were removed count."""
    records_root: str = ""
    """Root of the tree over the records (hexadecimal), see `archive.records_tree`; manifests older than 2026-12 have
    none.
    """
    removed_records: tuple[RemovedRecords, ...] = ()
    """What of the records was removed."""


class CompletionManifest(StoredPart):
    """Articles and page outcomes of a segment, complete for one generation of the extractor."""

    segment: str
    generation: str
    records: StoredFile
    outcomes: StoredFile
    articles: int
    pages: int
    page_outcomes: dict[str, int]


def parse_manifest(data: bytes, key: str) -> Manifest:
    """Read a manifest. Raises DamagedArchive naming `key`."""
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        raise DamagedArchive(f"{key}: not a manifest ({counted(error.error_count(), 'fault')})") from error


def parse_completion(data: bytes, key: str) -> CompletionManifest:
    """Read a completion manifest. Raises DamagedArchive naming `key`."""
    try:
        return CompletionManifest.model_validate_json(data)
    except ValidationError as error:
        raise DamagedArchive(f"{key}: not a completion manifest ({counted(error.error_count(), 'fault')})") from error


def file_sha256(path: Path) -> str:
    """SHA-256 (hexadecimal) of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_READ_SIZE):
            digest.update(chunk)
    return digest.hexdigest()


def stored_file(key: str, path: Path) -> StoredFile:
    """Describe a local file that is to be stored under `key`."""
    return StoredFile(key=key, size=path.stat().st_size, sha256=file_sha256(path))
