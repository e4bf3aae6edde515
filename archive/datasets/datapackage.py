"""A version as a Data Package (specs.frictionlessdata.io, version 1): its JSON lines with a schema, and all its files
of rows with digests.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from archive.counted import counted
from archive.datasets.citing import set_citation
from archive.datasets.columns import Column, named
from archive.datasets.manifest import DatasetFile, DatasetManifest


def datapackage(manifest: DatasetManifest) -> dict[str, Any]:
    """The descriptor."""
    about, cited = manifest.about, set_citation(manifest)
    lines = [_table(manifest, file) for file in manifest.shards(".jsonl.gz")]
    files = [_file(file) for file in manifest.shards(".parquet")]
    described: dict[str, Any] = {
        "profile": "data-package",
        "name": manifest.name.lower(),
        "id": f"https://doi.org/{about.doi}"
        if about.doi
        else f"urn:newswarc:dataset:{manifest.name}:{manifest.version}",
        "title": cited.title,
        "description": f"News articles with their captures: {counted(manifest.rows, 'row')}.",
        "version": manifest.version,
        "contributors": [{"title": name, "role": "author"} for name in about.creators],
        "licenses": [{"name": about.license}] if about.license else [],
        "homepage": about.url,
        "resources": [*lines, *files],
    }
    return {name: value for name, value in described.items() if value}


def _file(file: DatasetFile) -> dict[str, Any]:
    path = PurePosixPath(file.path)
    return {
        "name": path.name.lower(),
        "path": file.path,
        # A file among others: the schema is that of the JSON lines
        "type": "file",
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "bytes": file.size,
        "hash": f"sha256:{file.sha256}",
    }


def _table(manifest: DatasetManifest, file: DatasetFile) -> dict[str, Any]:
    return {
        "name": PurePosixPath(file.path).name.lower(),
        "path": file.path,
        "profile": "tabular-data-resource",
        "format": "jsonl",
        "mediatype": "application/x-ndjson",
        "encoding": "utf-8",
        "compression": "gz",
        "bytes": file.size,
        "hash": f"sha256:{file.sha256}",
        "dialect": {"json": {"keyed": True}},
        "schema": {
            "fields": [_field(column) for column in named(manifest.columns)],
            "primaryKey": "id",
            "missingValues": [],
        },
    }


def _field(column: Column) -> dict[str, Any]:
    described: dict[str, Any] = {"name": column.name, "type": _type(column.kind), "description": column.meaning}
    if described["type"] == "datetime":
        described["format"] = "any"
    if not column.nullable:
        described["constraints"] = {"required": True}
    return described


def _type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return "array"
    if pa.types.is_timestamp(kind):
        return "datetime"
    if pa.types.is_integer(kind):
        return "integer"
    if pa.types.is_floating(kind):
        return "number"
    return "boolean" if pa.types.is_boolean(kind) else "string"
