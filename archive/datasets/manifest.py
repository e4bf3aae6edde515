"""What a version of a data set consists of, and what it was built from."""

from __future__ import annotations

from pydantic import ValidationError

from archive.datasets.options import DatasetOptions
from archive.errors import DamagedArchive
from archive.manifests import StoredPart


class DatasetFile(StoredPart):
    """One file of a version."""

    path: str
    """Path below the version's directory."""
    size: int
    sha256: str
    rows: int = 0
    """Number of rows; 0 if the file is not a shard."""


class DatasetSource(StoredPart):
    """The records of a segment from which the version was built."""

    segment: str
    generation: str
    """Of the extractor."""
    sha256: str
    """Of the records' file."""
    articles: int
    """Records in it, before anything is left out."""


class DatasetChanges(StoredPart):
    """Differences from the previous version."""

    previous: str
    added: int
    """Number of rows with new ids."""
    removed: int
    """Number of rows that are gone."""
    changed: int
    """Number of rows with the same id but another text or headline."""


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
    access_rules: tuple[str, ...] = ()
    """Ids of the access rules that were heeded."""
    statistics: DatasetStatistics
    changes: DatasetChanges | None = None
    software: str
    withdrawn: str = ""
    """Why it must no longer be used; empty if it may be."""

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
