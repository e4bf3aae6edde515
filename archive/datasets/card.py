"""The documents of a version: for readers (README.md), for programs (schema.json, croissant.json and others)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from archive.counted import counted
from archive.datasets.citing import bibtex, citation_cff, digest_of, ris, set_citation
from archive.datasets.codebook import codebook_csv, codebook_markdown
from archive.datasets.columns import Column, named
from archive.datasets.datapackage import datapackage
from archive.datasets.manifest import DatasetFile, DatasetManifest
from archive.datasets.plots import CAPTIONS

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
_MOST_SITES = 30
_FEATURES = {pa.float32(): "float32", pa.int32(): "int32", pa.int64(): "int64", pa.bool_(): "bool"}
_CROISSANT = "http://mlcommons.org/croissant/"


def documents(manifest: DatasetManifest, pictures: Sequence[str] = ()) -> dict[str, bytes]:
    """Name and bytes of each document; `pictures` are the paths of those that the card shows."""
    return {
        "README.md": readme(manifest, pictures).encode("utf-8"),
        "schema.json": _json(row_schema(manifest)),
        "croissant.json": _json(croissant(manifest)),
        "datapackage.json": _json(datapackage(manifest)),
        "codebook.md": codebook_markdown(manifest).encode("utf-8"),
        "codebook.csv": codebook_csv(manifest).encode("utf-8"),
        "CITATION.cff": citation_cff(manifest).encode("utf-8"),
        "citation.bib": bibtex(set_citation(manifest)).encode("utf-8"),
        "citation.ris": ris(set_citation(manifest)).encode("utf-8"),
    }


def _title(manifest: DatasetManifest) -> str:
    name = f"{manifest.name}, version {manifest.version}"
    title = " ".join(manifest.about.title.split())
    return f"{title} ({name})" if title else name


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def row_schema(manifest: DatasetManifest) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a row as JSON lines have it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:newswarc:dataset:{manifest.name}:{manifest.version}",
        "type": "object",
        "properties": {
            column.name: {**_json_type(column), "description": column.meaning} for column in named(manifest.columns)
        },
        "required": [column.name for column in named(manifest.columns)],
        "additionalProperties": False,
    }


def _has_parts(column: Column) -> bool:
    return bool(pa.types.is_list(column.kind) and pa.types.is_struct(column.kind.value_type))


def _json_type(column: Column) -> dict[str, Any]:
    kind = column.kind
    if _has_parts(column):
        parts = {field.name: {"type": [_json_name(field.type), "null"]} for field in kind.value_type}
        return {"type": "array", "items": {"type": "object", "properties": parts, "required": list(parts)}}
    if pa.types.is_list(kind):
        return {"type": "array", "items": {"type": ["string", "null"]}}
    name = _json_name(kind)
    described: dict[str, Any] = {"type": [name, "null"] if column.nullable else name}
    if pa.types.is_timestamp(kind):
        described["format"] = "date-time"
    return described


def _json_name(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind):
        return "integer"
    if pa.types.is_floating(kind):
        return "number"
    return "boolean" if pa.types.is_boolean(kind) else "string"


def croissant(manifest: DatasetManifest) -> dict[str, Any]:
    """The description in Croissant 1.0. Lists of structures, such as images, are left out."""
    files = manifest.shards(".parquet")
    records = {
        "@type": "cr:RecordSet",
        "@id": "articles",
        "name": "articles",
        "key": {"@id": "articles/id"},
        "field": [_croissant_field(column) for column in named(manifest.columns) if not _has_parts(column)],
    }
    return {
        "@context": _context(),
        "@type": "sc:Dataset",
        "name": manifest.name,
        "description": f"News articles with their captures: {counted(manifest.rows, 'row')}.",
        "conformsTo": f"{_CROISSANT}1.0",
        "citeAs": bibtex(set_citation(manifest)),
        "license": f"https://spdx.org/licenses/{manifest.about.license}"
        if manifest.about.license
        else "https://choosealicense.com/licenses/other/",
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
        f"# {_title(manifest)}",
        *_sections(manifest, pictures),
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(manifest: DatasetManifest) -> str:
    languages = sorted({name.split("-")[0] for name in manifest.statistics.languages if name != "unknown"})
    size = next((name for most, name in _SIZES if manifest.rows < most), "n>10M")
    data = {
        "pretty_name": manifest.name,
        "language": languages,
        "license": manifest.about.license.lower() or "other",
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
        "features": [_feature(column) for column in named(manifest.columns)],
        "splits": [{"name": "train", "num_bytes": size, "num_examples": manifest.rows}],
        "download_size": sum(file.size for file in manifest.shards(".parquet")),
        "dataset_size": size,
    }


def _feature(column: Column) -> dict[str, Any]:
    """A column as Hugging Face's `datasets` describes it."""
    kind = column.kind
    if pa.types.is_list(kind):
        item = kind.value_type
        if not pa.types.is_struct(item):
            return {"name": column.name, "list": "string"}
        parts = [{"name": field.name, "dtype": _FEATURES.get(field.type, "string")} for field in item]
        return {"name": column.name, "list": parts}
    if pa.types.is_timestamp(kind):
        return {"name": column.name, "dtype": "timestamp[us, tz=UTC]"}
    return {"name": column.name, "dtype": _FEATURES.get(kind, "string")}


def _sections(manifest: DatasetManifest, pictures: Sequence[str]) -> list[str]:
    statistics = manifest.statistics
    dropped = [f"| {name} | {count:,} |" for name, count in manifest.dropped.items()]
    options = manifest.options.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return [
        "## Summary",
        f"{counted(manifest.rows, 'record')} of news articles, {counted(statistics.words, 'word')} in "
        f"{_languages(manifest)} from {counted(len(statistics.sites), 'site')}, captured from "
        f"{statistics.first_capture or '-'} to "
        f"{statistics.last_capture or '-'}. Every row names the capture that it was made from.",
        "## Collection",
        f"Built with {manifest.software} from {counted(len(manifest.sources), 'segment')} (manifest.json names each "
        "with its digest). Each page is kept byte for byte in a WARC file, and its text and metadata were extracted "
        "from there.",
        _table("How the page was found", "rows", _origins(manifest)),
        f"Options: `{json.dumps(options, ensure_ascii=False) if options else 'everything'}`.",
        _table("Left out because of", "records", dropped) if dropped else "No record was left out.",
        *_particulars(manifest),
        "## Fields",
        _table("column", "meaning", [f"| `{one.name}` | {one.meaning} |" for one in named(manifest.columns)]),
        "[codebook.md](codebook.md) adds where each value comes from, units, shares and examples.",
        "## Statistics",
        f"Texts: {counted(statistics.text_bytes, 'byte')}. "
        f"{counted(statistics.duplicates, 'row', 'has', 'have')} the text of an earlier one, "
        f"{statistics.near_duplicates:,} nearly so (`duplicateOf`, `clusterId`).",
        *(f"![{CAPTIONS[path]}]({path})" for path in pictures),
        _table("month of publication", "rows", _counted(statistics.published)),
        "## Languages",
        _table("language", "rows", _counted(statistics.languages)),
        "## Sites",
        _table("site", "rows", _counted(dict(_largest(statistics.sites)))),
        "## Biases and gaps",
        _gaps(manifest) + " Rows without a value: " + _empty(manifest) + ".",
        "## Personal information",
        _people(manifest),
        "## Rights",
        "Texts belong to their publishers. The columns `license`, `robots` and `tdm` contain what the pages declare."
        + (f" The data set itself: {manifest.about.license}." if manifest.about.license else ""),
        "## Citation",
        set_citation(manifest).plain() + " Versions are never changed.",
        f"SHA-256 of the lines of SHA256SUMS that name rows: `{digest_of(manifest)}`. CITATION.cff, citation.bib and "
        "citation.ris say the same for programs.",
        "## Changelog",
        _changelog(manifest),
    ]


def _languages(manifest: DatasetManifest) -> str:
    """By base tag: en-GB and en are one language."""
    return counted(
        len({name.split("-")[0].lower() for name in manifest.statistics.languages} - {"unknown"}), "language"
    )


_FOUND = {
    "feed": "listed in a feed of the site",
    "sitemap": "listed in a sitemap of the site",
    "section": "linked from a page of the site that lists articles",
    "page": "linked from another page",
    "seed": "given as the beginning of a crawl",
    "list": "given in a list of URLs",
    "unknown": "not known: imported from files of other programs",
}


def _origins(manifest: DatasetManifest) -> list[str]:
    return _counted({_FOUND.get(name, name): count for name, count in manifest.statistics.found.items()})


def _gaps(manifest: DatasetManifest) -> str:
    found = manifest.statistics.found
    told = []
    if any(name != "unknown" for name in found):
        told.append(
            "Of the crawled sites, articles that no source announced, that robots.txt denies or that could not be "
            "fetched are not in the data set."
        )
    if found.get("unknown"):
        told.append(
            "What the imported files lack is not known from this archive: their makers chose what they contain."
        )
    return " ".join(told)


def _particulars(manifest: DatasetManifest) -> list[str]:
    options, told = manifest.options, []
    if manifest.selection is not None:
        told.append(manifest.selection.told(manifest.name, manifest.version))
    if options.sample:
        by = f", drawn in proportion by {options.strata.value}" if options.strata.value else ""
        told.append(
            f"This is a sample of {options.sample} (seed {options.seed}{by}). `version`, `duplicateOf` and "
            "`clusterId` were found among all records, so they may name one that was not drawn."
        )
    if manifest.checkpoint:
        name, size = manifest.checkpoint.split("\n")[:2]
        told.append(
            f"When this was built, the log of custody {name} had {size} entries. manifest.json holds its signed "
            "checkpoint. With it, `newswarc custody check --checkpoint` shows that a capture's proof is of that log."
        )
    if manifest.rehydrated:
        counts = ", ".join(f"{count:,} {fate}" for fate, count in manifest.rehydrated.items())
        told.append(
            f"This was filled in from {manifest.name}, version {manifest.version}, which was shared without text: "
            f"{counts}. Each text has the digest that the version gives for it; rehydration.csv lists all rows."
        )
    if options.without_text:
        told.append(
            "The words of the articles are left out. `newswarc dataset rehydrate` fills them in again from an "
            "archive or from the web, and checks each row against `removedSha256` and `contentSha256`."
        )
    return told


def _people(manifest: DatasetManifest) -> str:
    told = (
        "The articles name people, including their authors. Users of the data are responsible for how they handle "
        "that."
    )
    if manifest.options.pseudonyms:
        told += (
            " Names of authors, URLs of their pages and credits of images are replaced by keyed hashes "
            f"(HMAC-SHA-256; fingerprint of the key: {manifest.options.pseudonyms}). Names within texts, headlines, "
            "captions and URLs are as printed."
        )
    return told


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
    if changes.withdrawn:
        taken = "an unknown number" if changes.redacted is None else f"{changes.redacted:,}"
        return (
            f"{manifest.version}, against {changes.previous}, which was withdrawn ({changes.withdrawn}): {taken} of "
            f"its {counted(changes.previous_rows, 'row', 'was', 'were')} removed from the archive for good. This "
            f"version has {counted(manifest.rows, 'row')}."
        )
    return (
        f"{manifest.version}, against {changes.previous}: {counted(changes.added, 'row')} added, "
        f"{changes.removed:,} no longer there, {changes.changed:,} with another text or headline."
    )
