"""The codebook of a version: each column with its meaning, origin, unit, type, share of rows filled, and examples."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pyarrow as pa

from archive.counted import counted
from archive.datasets.columns import Column, Origin, named
from archive.datasets.manifest import DatasetManifest

_ORIGINS = {
    Origin.PAGE: "the page",
    Origin.SOURCE: "the feed, sitemap or list that named the URL",
    Origin.SERVER: "the server's response",
    Origin.ARCHIVE: "the capture",
    Origin.EXTRACTOR: "computed from the page",
    Origin.COLLECTION: "computed from all records",
    Origin.SITES: "the table of sources",
}
HEAD = ("column", "type", "meaning", "origin", "recordField", "unit", "filled", "share", "examples")


def codebook_csv(manifest: DatasetManifest) -> str:
    """As CSV, one line a column."""
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(HEAD)
    table.writerows(entries(manifest))
    return written.getvalue()


def codebook_markdown(manifest: DatasetManifest) -> str:
    """For readers."""
    lines = [
        f"# Codebook of {manifest.name}, version {manifest.version}",
        "",
        f"{counted(manifest.rows, 'row')}.",
        "",
    ]
    lines += ["The paragraphs of the article record are the lines of `text`.", ""]
    for name, kind, meaning, origin, field, unit, filled, share, examples in entries(manifest):
        facts = [f"type {kind}", f"from {origin}", f"field `{field}` of the record" if field else "", unit]
        lines += [f"## `{name}`", "", meaning, "", f"- {', '.join(fact for fact in facts if fact)}"]
        lines.append(f"- filled in {counted(int(filled), 'row')} ({share})")
        if examples:
            lines.append(f"- examples: {_code(examples)}")
        lines.append("")
    return "\n".join(lines)


def entries(manifest: DatasetManifest) -> Iterator[tuple[str, ...]]:
    """A line for each column, with the cells of `HEAD`."""
    statistics = manifest.statistics
    for column in named(manifest.columns):
        filled = manifest.rows - statistics.null.get(column.name, 0)
        if column.name == "duplicateOf":
            filled = statistics.duplicates
        yield (
            column.name,
            kind_of(column),
            column.meaning,
            _ORIGINS[column.origin],
            column.field,
            column.unit,
            str(filled),
            f"{filled / manifest.rows:.1%}" if manifest.rows else "-",
            " · ".join(statistics.examples.get(column.name, ())),
        )


def kind_of(column: Column) -> str:
    """The type of a column, in words."""
    kind = column.kind
    if pa.types.is_list(kind):
        item = kind.value_type
        if pa.types.is_struct(item):
            return f"list of structures ({', '.join(part.name for part in item)})"
        return "list of texts"
    if pa.types.is_timestamp(kind):
        return "moment (UTC)"
    if pa.types.is_integer(kind):
        return "whole number"
    if pa.types.is_floating(kind):
        return "number"
    return "true or false" if pa.types.is_boolean(kind) else "text"


def _code(text: str) -> str:
    """As Markdown code, whatever it has in it (CommonMark 0.31, section 6.1)."""
    longest = max((len(run) for run in text.replace("`", " ` ").split() if set(run) == {"`"}), default=0)
    fence = "`" * (longest + 1 if longest else 1)
    while fence in text:
        fence += "`"
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"
