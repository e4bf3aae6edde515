"""The library that indexes are made and read with, which is an extra: everything else works without it."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from archive.errors import ArchiveError
from archive.search.documents import FACET_FIELDS, INDEXED_NUMBERS, NUMBERS, TERM_FIELDS, VALUE_FIELDS

_TOKENIZER = "terms"
_HEAP = 50_000_000
"""Bytes that a writer holds; more takes memory and saves nothing."""


class SearchUnavailable(ArchiveError):
    """What search takes is not installed."""


def engine() -> Any:
    """The module `tantivy`. Raises SearchUnavailable."""
    try:
        import tantivy
    except ModuleNotFoundError as error:
        raise SearchUnavailable(f"search: {error.name} is missing; install newswarc[search]") from error
    return tantivy


def is_available() -> bool:
    """Whether it is installed."""
    try:
        engine()
    except SearchUnavailable:
        return False
    return True


def index_format() -> str:
    """How its files are written, such as ``v7``; files of another format are not read. Raises SearchUnavailable."""
    return str(engine().__version__).rpartition("index_format ")[2]


@cache
def schema() -> Any:
    """The fields of an index."""
    builder = engine().SchemaBuilder()
    for name in TERM_FIELDS:
        builder.add_text_field(name, tokenizer_name=_TOKENIZER)
    for name in VALUE_FIELDS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in FACET_FIELDS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    for name in INDEXED_NUMBERS:
        builder.add_integer_field(name, indexed=True, fast=True)
    for name in NUMBERS:
        builder.add_integer_field(name, indexed=False, fast=True)
    return builder.build()


def new_index(directory: Path) -> Any:
    """An index without documents, in an empty directory."""
    return _ready(engine().Index(schema(), str(directory)))


def open_index(directory: Path) -> Any:
    """The index that is in a directory."""
    return _ready(engine().Index.open(str(directory)))


def _ready(index: Any) -> Any:
    tantivy = engine()
    index.register_tokenizer(_TOKENIZER, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    return index


def writer_of(index: Any) -> Any:
    """A writer; it works in one thread beside its caller."""
    return index.writer(_HEAP, 1)


def index_files(directory: Path) -> list[Path]:
    """The files of an index but for its description."""
    return sorted(
        Path(file.path) for file in os.scandir(directory) if not file.name.startswith(".") and file.name != META
    )


META = "meta.json"
"""Name of an index's description: which parts it has."""
