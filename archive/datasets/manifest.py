"""What a version of a data set consists of, and what it was built from."""

from __future__ import annotations

from pydantic import ValidationError

from archive.datasets.options import DatasetOptions
from archive.errors import DamagedArchive
from archive.manifests import StoredPart


class DatasetFile(StoredPart):
    """One file of a version."""

    path: str
    """Below the version's directory."""
    size: int
    sha256: str
    rows: int = 0
    """Rows in it; 0 for what is no shard."""


class DatasetSource(StoredPart):
    """A segment's records that went in."""

    segment: str
    generation: str
    """Of the extractor."""
    sha256: str
    """Of the records' file."""
    articles: int
    """Records in it, before anything is left out."""


class DatasetChanges(StoredPart):
    """What is other than in the version before."""

    previous: str
    added: int
    """Rows whose ids it did not have."""
    removed: int
    """Rows that it had."""
    changed: int
    """Rows of the same id whose text or headline differs."""


class DatasetStatistics(StoredPart):
    """What is in it."""

    text_bytes: int
    arrow_bytes: int
    """Bytes of all rows in memory, as Arrow has them."""
    words: int
    languages: dict[str, int]
    sites: dict[str, int]
    published: dict[str, int]
    """Rows by month of publication; those without a date under ``unknown``."""
    null: dict[str, int]
    """For each column how many rows have no value."""
    duplicates: int
    """Rows with the text of an earlier one."""
    near_duplicates: int
    """Rows with nearly the text of an earlier one, those with the same text included."""
    first_capture: str
    last_capture: str


class DatasetManifest(StoredPart):
    """A version. It exists when this does."""

    name: str
    version: str
    rows: int
    options: DatasetOptions
    files: tuple[DatasetFile, ...]
    sources: tuple[DatasetSource, ...]
    dropped: dict[str, int]
    """Records that are not in it, by the first reason that applies."""
    statistics: DatasetStatistics
    changes: DatasetChanges | None = None
    software: str
    withdrawn: str = ""
    """Why it must not be used any more; empty while it may."""

    def shards(self, suffix: str) -> list[DatasetFile]:
        """The files with rows whose names end so, in their order."""
        return [
            file for file in self.files if file.path.endswith(suffix) and file.path.startswith(("data/", "jsonl/"))
        ]


def withdrawn(manifest: DatasetManifest, reason: str) -> DatasetManifest:
    """What is left of a version that must not be used any more: its description, without files."""
    return manifest.model_copy(update={"withdrawn": reason, "files": ()})


def dataset_prefix(name: str, version: str = "") -> str:
    """Where a data set, or one version of it, is."""
    return f"datasets/{name}/{version}/" if version else f"datasets/{name}/"


def parse_dataset_manifest(data: bytes, key: str) -> DatasetManifest:
    """Read a manifest. Raises DamagedArchive naming `key`."""
    try:
        return DatasetManifest.model_validate_json(data)
    except ValidationError as error:
        raise DamagedArchive(f"{key}: not a data set's manifest ({error.error_count()} faults)") from error
