"""The documents of a version: for readers (README.md), for programs (schema.json, croissant.json)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from archive.datasets.manifest import DatasetFile, DatasetManifest
from archive.datasets.plots import CAPTIONS
from archive.datasets.rows import COLUMNS, Column

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
_MOST_SITES = 30
_CROISSANT = "http://mlcommons.org/croissant/"


def documents(manifest: DatasetManifest, pictures: Sequence[str] = ()) -> dict[str, bytes]:
    """Name and bytes of each document; `pictures` are the paths of those that the card shows."""
    return {
        "README.md": readme(manifest, pictures).encode("utf-8"),
        "schema.json": _json(row_schema(manifest)),
        "croissant.json": _json(croissant(manifest)),
    }


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def row_schema(manifest: DatasetManifest) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a row as JSON lines have it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:newswarc:dataset:{manifest.name}:{manifest.version}",
        "type": "object",
        "properties": {column.name: {**_json_type(column), "description": column.meaning} for column in COLUMNS},
        "required": [column.name for column in COLUMNS],
        "additionalProperties": False,
    }


def _json_type(column: Column) -> dict[str, Any]:
    kind = column.kind
    if pa.types.is_list(kind):
        is_struct = pa.types.is_struct(kind.value_type)
        parts = {field.name: {"type": ["string", "null"]} for field in kind.value_type} if is_struct else {}
        item = {"type": "object", "properties": parts, "required": list(parts)} if is_struct else {"type": "string"}
        return {"type": "array", "items": item}
    name = "string"
    if pa.types.is_integer(kind):
        name = "integer"
    elif pa.types.is_floating(kind):
        name = "number"
    elif pa.types.is_boolean(kind):
        name = "boolean"
    described: dict[str, Any] = {"type": [name, "null"] if column.nullable else name}
    if pa.types.is_timestamp(kind):
        described["format"] = "date-time"
    return described


def croissant(manifest: DatasetManifest) -> dict[str, Any]:
    """The description in Croissant 1.0. Images of articles, a structure of its own, are left out."""
    files = manifest.shards(".parquet")
    records = {
        "@type": "cr:RecordSet",
        "@id": "articles",
        "name": "articles",
        "key": {"@id": "articles/id"},
        "field": [_croissant_field(column) for column in COLUMNS if column.name != "images"],
    }
    return {
        "@context": _context(),
        "@type": "sc:Dataset",
        "name": manifest.name,
        "description": f"News articles with their captures: {manifest.rows} rows.",
        "conformsTo": f"{_CROISSANT}1.0",
        "citeAs": f"{manifest.name}, version {manifest.version}, built with {manifest.software}",
        "license": "https://choosealicense.com/licenses/other/",
        "url": f"urn:newswarc:dataset:{manifest.name}:{manifest.version}",
        "version": f"{manifest.version}.0.0" if manifest.version.isdigit() else manifest.version,
        "datePublished": manifest.statistics.last_capture or "1970-01-01T00:00:00Z",
        "distribution": _distribution(files) if files else [],
        "recordSet": [records] if files else [],
    }


def _distribution(files: list[DatasetFile]) -> list[dict[str, Any]]:
    objects = [
        {
            "@type": "cr:FileObject",
            "@id": file.path,
            "name": file.path.rpartition("/")[2],
            "contentUrl": file.path,
            "contentSize": f"{file.size} B",
            "encodingFormat": "application/x-parquet",
            "sha256": file.sha256,
        }
        for file in files
    ]
    together = {
        "@type": "cr:FileSet",
        "@id": "parquet-files",
        "name": "parquet-files",
        "encodingFormat": "application/x-parquet",
        "includes": "data/*.parquet",
    }
    return [*objects, together]


def _croissant_field(column: Column) -> dict[str, Any]:
    kind = column.kind
    is_list = pa.types.is_list(kind)
    kind = kind.value_type if is_list else kind
    name = "sc:Text"
    if pa.types.is_integer(kind):
        name = "sc:Integer"
    elif pa.types.is_floating(kind):
        name = "sc:Float"
    elif pa.types.is_boolean(kind):
        name = "sc:Boolean"
    elif pa.types.is_timestamp(kind):
        name = "sc:DateTime"
    described = {
        "@type": "cr:Field",
        "@id": f"articles/{column.name}",
        "name": column.name,
        "description": column.meaning,
        "dataType": name,
        "source": {"fileSet": {"@id": "parquet-files"}, "extract": {"column": column.name}},
    }
    return {**described, "repeated": True} if is_list else described


def _context() -> dict[str, Any]:
    """The context that Croissant 1.0 asks for (specification, section "Namespaces")."""
    plain = {
        name: f"cr:{name}"
        for name in (
            "column", "examples", "extract", "field", "fileObject", "fileProperty", "fileSet", "format", "includes",
            "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex",
            "repeated", "replace", "separator", "source", "subField", "transform",
        )
    }  # fmt: skip
    return {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "citeAs": "cr:citeAs",
        "conformsTo": "dct:conformsTo",
        "cr": _CROISSANT,
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "dct": "http://purl.org/dc/terms/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "sc": "https://schema.org/",
        **plain,
    }


def readme(manifest: DatasetManifest, pictures: Sequence[str] = ()) -> str:
    """The card: metadata as Hugging Face reads it, then what a person wants to know."""
    parts = [
        _front_matter(manifest),
        f"# {manifest.name}, version {manifest.version}",
        *_sections(manifest, pictures),
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(manifest: DatasetManifest) -> str:
    languages = sorted({name.split("-")[0] for name in manifest.statistics.languages if name != "unknown"})
    size = next((name for most, name in _SIZES if manifest.rows < most), "n>10M")
    data = {
        "pretty_name": manifest.name,
        "language": languages,
        "license": "other",
        "size_categories": [size],
        "task_categories": ["text-classification", "text-generation"],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "data/*.parquet"}]}],
        "dataset_info": _information(manifest),
    }
    if not manifest.shards(".parquet"):
        del data["configs"], data["dataset_info"]
    # JSON is YAML too (YAML 1.2, section 1.3)
    lines = "\n".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in data.items())
    return f"---\n{lines}\n---"


def _information(manifest: DatasetManifest) -> dict[str, Any]:
    """With its columns named, so that nobody takes the type of one from rows in which it has no value."""
    size = manifest.statistics.arrow_bytes
    return {
        "config_name": "default",
        "features": [_feature(column) for column in COLUMNS],
        "splits": [{"name": "train", "num_bytes": size, "num_examples": manifest.rows}],
        "download_size": sum(file.size for file in manifest.shards(".parquet")),
        "dataset_size": size,
    }


def _feature(column: Column) -> dict[str, Any]:
    """A column as Hugging Face's `datasets` describes it."""
    kind = column.kind
    if pa.types.is_list(kind):
        item = kind.value_type
        parts = [{"name": field.name, "dtype": "string"} for field in item] if pa.types.is_struct(item) else "string"
        return {"name": column.name, "list": parts}
    if pa.types.is_timestamp(kind):
        return {"name": column.name, "dtype": "timestamp[us, tz=UTC]"}
    names = {pa.float32(): "float32", pa.int32(): "int32", pa.int64(): "int64", pa.bool_(): "bool"}
    return {"name": column.name, "dtype": names.get(kind, "string")}


def _sections(manifest: DatasetManifest, pictures: Sequence[str]) -> list[str]:
    statistics = manifest.statistics
    dropped = [f"| {name} | {count:,} |" for name, count in manifest.dropped.items()]
    options = manifest.options.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return [
        "## Summary",
        f"{manifest.rows:,} records of news articles, {statistics.words:,} words in {len(statistics.languages)} "
        f"languages from {len(statistics.sites)} sites, captured from {statistics.first_capture or '-'} to "
        f"{statistics.last_capture or '-'}. Every row names the capture that it was made from.",
        "## Collection",
        f"Built with {manifest.software} from {len(manifest.sources)} segments (manifest.json names each with its "
        "digest). Pages were found through the sites' own feeds, sitemaps and sections, fetched as robots.txt "
        "allows, kept byte for byte in WARC files, and their text and metadata extracted.",
        f"Options: `{json.dumps(options, ensure_ascii=False) if options else 'everything'}`.",
        _table("Left out because of", "records", dropped) if dropped else "No record was left out.",
        "## Fields",
        _table("column", "meaning", [f"| `{column.name}` | {column.meaning} |" for column in COLUMNS]),
        "## Statistics",
        f"Texts: {statistics.text_bytes:,} bytes. {statistics.duplicates:,} rows have the text of an earlier one, "
        f"{statistics.near_duplicates:,} nearly so (`duplicateOf`, `clusterId`).",
        *(f"![{CAPTIONS[path]}]({path})" for path in pictures),
        _table("month of publication", "rows", _counted(statistics.published)),
        "## Languages",
        _table("language", "rows", _counted(statistics.languages)),
        "## Sites",
        _table("site", "rows", _counted(dict(_largest(statistics.sites)))),
        "## Biases and gaps",
        "Articles that the sites' sources did not announce, that robots.txt denies or that could not be fetched are "
        "not in "
        "the data set. Rows without a value: " + _empty(manifest) + ".",
        "## Personal information",
        "The articles name people, including their authors. Users of the data are responsible for how they handle "
        "that.",
        "## Rights",
        "Texts belong to their publishers. The columns `license`, `robots` and `tdm` contain what the pages declare.",
        "## Citation",
        f"{manifest.name}, version {manifest.version}; built with {manifest.software}. Versions are never changed.",
        "## Changelog",
        _changelog(manifest),
    ]


def _table(first: str, second: str, rows: list[str]) -> str:
    return "\n".join([f"| {first} | {second} |", "|---|---|", *rows])


def _counted(counts: dict[str, int]) -> list[str]:
    return [f"| {name} | {count:,} |" for name, count in counts.items()]


def _largest(sites: dict[str, int]) -> list[tuple[str, int]]:
    ordered = sorted(sites.items(), key=lambda pair: (-pair[1], pair[0]))
    rest = sum(count for _, count in ordered[_MOST_SITES:])
    return ordered[:_MOST_SITES] + ([(f"{len(ordered) - _MOST_SITES} others", rest)] if rest else [])


def _empty(manifest: DatasetManifest) -> str:
    shown = [f"`{name}` {count:,}" for name, count in manifest.statistics.null.items()]
    return ", ".join(shown) or "none"


def _changelog(manifest: DatasetManifest) -> str:
    changes = manifest.changes
    if changes is None:
        return f"{manifest.version}: the first version."
    return (
        f"{manifest.version}, against {changes.previous}: {changes.added:,} rows added, {changes.removed:,} no "
        f"longer there, {changes.changed:,} with another text or headline."
    )
