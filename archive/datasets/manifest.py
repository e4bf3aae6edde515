"""What a version of a data set consists of, and what it was built from."""

from __future__ import annotations

from pydantic import Field, ValidationError

from archive.counted import counted
from archive.datasets.about import About
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
    previous_rows: int = 0
    withdrawn: str = ""
    """Why the previous version was withdrawn; empty if it was not. Its rows are not known any more, so that they are
    not compared."""
    redacted: int | None = None
    """Of a withdrawn version the number of rows that were removed from the archive, if it is known."""
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
    found: dict[str, int] = Field(default_factory=dict)
    """Rows by the kind of source that listed the URL; those of which none is known under ``unknown``."""
    published: dict[str, int]
    """Rows by month of publication; those without a date under ``unknown``."""
    null: dict[str, int]
    """For each column how many rows have no value, or an empty list."""
    examples: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """For each column a few of its values, as text."""
    duplicates: int
    """Rows with the text of an earlier one."""
    near_duplicates: int
    """Rows with nearly the text of an earlier one, those with the same text included."""
    first_capture: str
    last_capture: str


class DatasetSelection(StoredPart):
    """Rows and columns that were taken from a version."""

    where: str = ""
    query: str = ""
    """For the full-text index of the archive."""
    columns: tuple[str, ...] = ()
    """As asked for; empty: all."""
    withheld: dict[str, int] = Field(default_factory=dict)
    """Rows that access rules withheld, by what the rule says."""
    rows: int
    """Rows of the version."""
    digest: str
    """Of the version's rows (`archive.datasets.citing.digest_of`)."""

    def told(self, name: str, version: str) -> str:
        """In words."""
        parts = [
            f"This is a selection of {name}, version {version} ({counted(self.rows, 'row')}, SHA-256 `{self.digest}`)"
        ]
        parts += [f"rows where `{self.where}`"] if self.where else []
        parts += [f"articles that the query `{self.query}` means"] if self.query else []
        parts += [f"columns {', '.join(self.columns)}"] if self.columns else []
        parts += [f"without {counted(count, 'row')} withheld, {rule}" for rule, count in self.withheld.items()]
        return "; ".join(parts) + "."


class DatasetManifest(StoredPart):
    """A version. It exists when this does."""

    name: str
    version: str
    rows: int
    options: DatasetOptions
    columns: tuple[str, ...] = ()
    """Columns of the rows, in their order; empty in versions of early programs."""
    files: tuple[DatasetFile, ...]
    sources: tuple[DatasetSource, ...]
    source_table: str = ""
    """SHA-256 of the table of sources that it was built with; empty without one."""
    about: About = Field(default_factory=About)
    """What its citation says."""
    dropped: dict[str, int]
    """Records that are not in it, by the first reason that applies."""
    access_rules: tuple[str, ...] = ()
    """Ids of the access rules that were heeded."""
    statistics: DatasetStatistics
    changes: DatasetChanges | None = None
    selection: DatasetSelection | None = None
    """Of a selection how it was made; the sources, options and changes are those of the version."""
    rehydrated: dict[str, int] = Field(default_factory=dict)
    """Of a version without text whose texts were filled in again: its rows by what became of them
    (`archive.datasets.rehydrating.Fate`). Only those that are the same are there.
    """
    checkpoint: str = ""
    """The newest checkpoint of the archive's log of custody when the version was built (C2SP signed note); empty
    without a log.
    """
    software: str
    withdrawn: str = ""
    """Why it must no longer be used; empty if it may be."""
    redacted: int | None = None
    """Number of rows for which it was withdrawn, if it is known."""

    def shards(self, suffix: str) -> list[DatasetFile]:
        """The files with rows whose names end so, in their order."""
        return [
            file for file in self.files if file.path.endswith(suffix) and file.path.startswith(("data/", "jsonl/"))
        ]


def withdrawn(manifest: DatasetManifest, reason: str, redacted: int | None = None) -> DatasetManifest:
    """What is left of a version that must not be used any more: its description, without files."""
    statistics = manifest.statistics.model_copy(update={"examples": {}})
    return manifest.model_copy(
        update={"withdrawn": reason, "redacted": redacted, "files": (), "statistics": statistics}
    )


def dataset_prefix(name: str, version: str = "") -> str:
    """Where a data set, or one version of it, is."""
    return f"datasets/{name}/{version}/" if version else f"datasets/{name}/"


def parse_dataset_manifest(data: bytes, key: str) -> DatasetManifest:
    """Read a manifest. Raises DamagedArchive naming `key`."""
    try:
        return DatasetManifest.model_validate_json(data)
    except ValidationError as error:
        raise DamagedArchive(f"{key}: not a data set's manifest ({counted(error.error_count(), 'fault')})") from error
