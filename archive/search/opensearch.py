"""The records as bulk files for OpenSearch (API of versions 2 and 3), with mapping and analyser.

Files in a directory: ``index.json`` (settings and mapping, for ``PUT /NAME``), ``bulk-00001.ndjson`` and so on (for
``POST /_bulk``: an action line and a document line in turns, each file below 50 MB), ``README.md``. The analyser is
made of parts that the analysis-icu plugin has. It folds letters and takes Chinese, Japanese and Korean characters in
pairs, much as `archive.search.analysis` does, but it is not the same in every case.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from archive.access import AccessGate
from archive.article import Article
from archive.library import articles
from archive.search.documents import host_of
from archive.storage.protocol import Storage

LARGEST_FILE = 50_000_000
"""Bytes: half of what a server takes in one request by default."""

_README = """# Articles for OpenSearch

Written by newswarc; not tried against a server. It takes OpenSearch 2 or 3 with the plugin analysis-icu.

    curl -X PUT  "$SERVER/{name}" -H 'Content-Type: application/json' --data-binary @index.json
    for file in bulk-*.ndjson; do
        curl -X POST "$SERVER/_bulk" -H 'Content-Type: application/x-ndjson' --data-binary @"$file"
    done
"""


@dataclass(slots=True)
class WrittenBulk:
    """What was written."""

    articles: int = 0
    files: int = 0
    withheld: int = 0
    """Articles that access rules keep on the archive's machine."""


def index_definition() -> dict[str, Any]:
    """Settings and mapping of the index."""
    text = {"type": "text", "analyzer": "every_language", "index_options": "positions"}
    keyword = {"type": "keyword", "ignore_above": 8191}
    return {
        "settings": {
            "analysis": {
                "char_filter": {
                    "apostrophes": {"type": "mapping", "mappings": ["' => \\u0020", "’ => \\u0020", "ʼ => \\u0020"]}
                },
                "filter": {"pairs": {"type": "cjk_bigram", "output_unigrams": False}},
                "analyzer": {
                    "every_language": {
                        "type": "custom",
                        "char_filter": ["apostrophes", "icu_normalizer"],
                        "tokenizer": "standard",
                        "filter": ["icu_folding", "arabic_normalization", "persian_normalization", "pairs"],
                    }
                },
            }
        },
        "mappings": {
            "dynamic": "strict",
            "properties": {
                "url": keyword,
                "site": keyword,
                "headline": text,
                "articleBody": text,
                "inLanguage": keyword,
                "kind": keyword,
                "authors": {**text, "fields": {"name": keyword}},
                "publisher": keyword,
                "articleSection": {**text, "fields": {"name": keyword}},
                "keywords": keyword,
                "datePublished": {"type": "date", "format": "strict_date_optional_time", "ignore_malformed": True},
                "captured": {"type": "date", "format": "strict_date_optional_time"},
                "contentSha256": keyword,
            },
        },
    }


def export_opensearch(storage: Storage, directory: Path, name: str) -> WrittenBulk:
    """Write the records of an archive. Raises DamagedArchive, StorageError or OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    definition = json.dumps(index_definition(), ensure_ascii=False, indent=1)
    (directory / "index.json").write_text(f"{definition}\n", encoding="utf-8")
    (directory / "README.md").write_text(_README.format(name=name), encoding="utf-8")
    written = WrittenBulk()
    target: IO[bytes] | None = None
    size = 0
    try:
        for lines in _documents(storage, name, written):
            if target is None or size + len(lines) > LARGEST_FILE:
                if target is not None:
                    target.close()
                written.files += 1
                target, size = (directory / f"bulk-{written.files:05d}.ndjson").open("wb"), 0
            size += target.write(lines)
            written.articles += 1
    finally:
        if target is not None:
            target.close()
    return written


def _documents(storage: Storage, name: str, written: WrittenBulk) -> Iterator[bytes]:
    gate = AccessGate.of(storage, is_local=False)
    for article in articles(storage):
        if not gate.lets(article.url, article.warc.date if article.warc else None):
            written.withheld += 1
            continue
        action = {"index": {"_index": name, "_id": str(article.id)}}
        lines = "\n".join(json.dumps(part, ensure_ascii=False) for part in (action, document(article)))
        yield f"{lines}\n".encode("utf-8", "replace")


def document(article: Article) -> dict[str, Any]:
    """An article as a document of the index."""
    return {
        "url": article.url,
        "site": host_of(article.url).removeprefix("www."),
        "headline": article.headline,
        "articleBody": article.article_body,
        "inLanguage": article.in_language,
        "kind": article.kind.value,
        "authors": [author.name for author in article.authors],
        "publisher": article.publisher,
        "articleSection": article.article_section,
        "keywords": list(article.keywords),
        "datePublished": article.date_published,
        "captured": article.warc.date.isoformat() if article.warc else None,
        "contentSha256": article.content_sha256,
    }
