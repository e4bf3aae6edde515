"""A version, or a selection of it, as one file: CSV, JSON lines, Markdown, Excel, Stata or SPSS.

What a format cannot hold is not cut short without a word: a text longer than a cell continues in further columns
(``text``, ``text_2``, …), rows beyond a sheet in further sheets, and each such thing is told. Card, citation and
codebook are written beside the file.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from archive.datasets.manifest import DatasetManifest
from archive.datasets.pulling import Progress, Wanted, select
from archive.errors import BadAddress
from archive.named_files import require_new, settle, taken
from archive.storage.protocol import Storage

_BESIDE = {"README.md": "README.md", "codebook.csv": "codebook.csv", "CITATION.cff": "CITATION.cff"}
_BATCH = 1_000
_OBJECT = 64
"""Bytes of a short text or number as an object, and of what points to it."""


class Format(StrEnum):
    """Formats of an export."""

    CSV = "csv"
    XLSX = "xlsx"
    DTA = "dta"
    SAV = "sav"
    JSONL = "jsonl"
    MARKDOWN = "markdown"

    @property
    def suffix(self) -> str:
        """Of a file's name."""
        return ".md" if self is Format.MARKDOWN else f".{self.value}"


@dataclass(frozen=True, slots=True)
class Selected:
    """Rows to be exported, which may be read many times, a batch at once."""

    files: tuple[Path, ...]
    schema: pa.Schema
    made: DatasetManifest
    """What the documents say of them."""
    verbatim: bool
    """Whether texts that could be taken for formulas stay as they are."""

    @property
    def size(self) -> int:
        """About how many bytes the rows take as Python's objects: those of the values before Parquet compresses them,
        and what an object takes for each value.
        """
        total = 0
        for metadata in map(pq.read_metadata, self.files):
            total += metadata.num_rows * len(self.schema) * _OBJECT
            total += sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
        return total

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows."""
        for path in self.files:
            with pq.ParquetFile(path) as file:
                yield from file.iter_batches(_BATCH)

    def rows(self) -> Iterator[dict[str, Any]]:
        """One by one."""
        for batch in self.batches():
            yield from batch.to_pylist()


@dataclass(slots=True)
class Exported:
    """The result."""

    file: str
    rows: int
    columns: int
    """Those of the selection that are in the file."""
    notes: list[str] = field(default_factory=list)
    """What the format made of the rows that is not plain to see, a line each."""
    beside: list[str] = field(default_factory=list)
    """Files written beside it."""


class Written(NamedTuple):
    """What became of the rows in a file."""

    notes: list[str]
    """As those of Exported."""
    left_out: int = 0
    """How many columns the format leaves out, since no row has a value there."""


Writer = Callable[[Selected, Path], Written]


def export(
    storage: Storage,
    manifest: DatasetManifest,
    target: Path,
    form: Format,
    wanted: Wanted,
    progress: Progress,
    *,
    verbatim: bool = False,
    overwrite: bool = False,
) -> Exported:
    """Write what is wanted of a version to a file; without `overwrite` no file takes the place of another one.

    Raises BadAddress (also without a library of the extra `research`), DamagedArchive, StorageError or OSError.
    """
    writer = _writer(form)
    require_new(target, overwrite=overwrite)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".newswarc-export-", dir=target.parent) as scratch:
        made = select(storage, manifest, Path(scratch), wanted, progress)
        files = tuple(sorted(Path(scratch).glob("data/*.parquet")))
        schema = pq.read_schema(files[0])
        beside = {
            Path(scratch) / name: target.with_name(f"{target.name.partition('.')[0] or target.name}.{suffix}")
            for name, suffix in _BESIDE.items()
        }
        for made_file, place in beside.items():
            if not overwrite and place.exists() and place.read_bytes() != made_file.read_bytes():
                raise taken(place)
        part = Path(scratch) / f"part{_suffixes(target)}"
        written = writer(Selected(files, schema, made.manifest, verbatim), part)
        settle(part, target, overwrite=overwrite)
        result = Exported(str(target), made.pulled.rows, len(schema) - written.left_out, written.notes)
        for made_file, place in beside.items():
            made_file.replace(place)
            result.beside.append(str(place))
    return result


def format_of(name: str, target: Path | None) -> Format:
    """The format of that name, or of a file's name. Raises BadAddress."""
    known = {**{form.suffix: form for form in Format}, ".markdown": Format.MARKDOWN}
    if name:
        if name not in list(Format):
            raise BadAddress(f"--format {name}: no such format; there are {', '.join(Format)}")
        return Format(name)
    suffixes = [suffix for suffix in _suffixes(target or Path()).lower().split(".") if suffix not in ("", "gz")]
    form = known.get(f".{suffixes[-1]}") if suffixes else None
    if form is None:
        raise BadAddress(
            f"dataset export: {target or 'no file is named'}: give --format, or a file name that ends in a format: "
            f"{', '.join(Format)}"
        )
    return form


def _suffixes(target: Path) -> str:
    return "".join(target.suffixes[-2:]) if target.suffix == ".gz" else target.suffix


def _writer(form: Format) -> Writer:
    if form is Format.CSV:
        from archive.datasets.text_tables import write_csv

        return write_csv
    if form is Format.JSONL:
        from archive.datasets.text_tables import write_json_lines

        return write_json_lines
    if form is Format.MARKDOWN:
        from archive.datasets.markdown import write_markdown

        return write_markdown
    if form is Format.XLSX:
        from archive.datasets.spreadsheets import write_workbook

        return write_workbook
    from archive.datasets.statistics_files import write_spss, write_stata

    return write_stata if form is Format.DTA else write_spss


def open_text(path: Path) -> Any:
    """A file for UTF-8 text; compressed if it is called ``.gz``, without a time in it."""
    if path.suffix == ".gz":
        return gzip.GzipFile("", "wb", 6, path.open("wb"), 0)
    return path.open("wb")
