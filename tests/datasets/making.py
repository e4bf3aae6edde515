"""Archives of made records: no pages behind them, everything that a record may hold in them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from archive.article import Article
from archive.derived import completed
from archive.layout import SegmentName
from archive.outcomes import PageOutcome, PageOutcomeLine
from archive.publishing import publish_records
from archive.storage.protocol import Storage
from pipelines.extract.fingerprint import content_sha256, simhash64, words_of

_SPACE = UUID(int=8)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = "harbour boat tide clock bread lamp river winter school market bridge letter garden storm".split()


def body(number: int, words: int = 120) -> str:
    """A text of its own for each number."""
    digest = hashlib.sha256(str(number).encode()).digest() * (words // 32 + 1)
    return " ".join(
        WORDS[byte % len(WORDS)] + (str(number) if place % 7 == 0 else "")
        for place, byte in enumerate(digest[:words])
    )


def record(number: int, **given: Any) -> dict[str, Any]:
    """A record as stored; `given` replaces fields by their names in JSON."""
    text = str(given.pop("articleBody", body(number)))
    captured = BEGIN + timedelta(hours=number)
    made = {
        "id": str(uuid5(_SPACE, str(number))),
        "url": f"https://www.paper{number % 3}.com/{number}",
        "headline": f"Story {number}",
        "articleBody": text,
        "paragraphs": [text],
        "inLanguage": ("en", "ar", "fr")[number % 3],
        "wordCount": len(text.split()),
        "contentSha256": content_sha256(text),
        "simhash64": simhash64(words_of(text)),
        "authors": [{"name": "Mara Ellison", "url": None}] if number % 2 else [],
        "datePublished": (captured - timedelta(hours=1)).isoformat(),
        "keywords": ["sea"] if number % 4 == 0 else [],
        "images": [{"url": f"https://www.paper{number % 3}.com/{number}.png", "caption": "x", "credit": None}],
        "warc": {
            "file": "warc/2026/01/01/x.warc.gz", "offset": number * 1000, "length": 999,
            "recordId": str(uuid5(_SPACE, str(number))), "payloadDigest": "sha256:00", "date": captured.isoformat(),
        },
        "extraction": {"tool": "t", "version": "g0001", "configHash": ""},
        "fields": {"headline": {"source": "json-ld", "confidence": 0.9}},
    }  # fmt: skip
    return {**made, **given}


def store(storage: Storage, segments: Iterable[Sequence[dict[str, Any]]], scratch: Path, first: int = 0) -> None:
    """Store records as those of segments, numbered from `first` on."""
    for number, records in enumerate(segments, first):
        name = SegmentName.parse(f"made-20260101000000000-{number:05d}-host-aa")
        lines = []
        for one in records:
            try:
                lines.append(Article.model_validate(one).to_json_line())
            except ValueError:
                lines.append(json.dumps(one))  # what another program may have written
        outcomes = [
            PageOutcomeLine(
                url=one["url"], record_id=UUID(one["id"]), offset=one["warc"]["offset"], outcome=PageOutcome.RECORD
            )
            for one in records
        ]
        scratch.mkdir(parents=True, exist_ok=True)
        records_file, outcomes_file = scratch / f"r{number}", scratch / f"o{number}"
        made = completed(name, "g0001", records_file, outcomes_file, map(str.encode, lines), outcomes)
        publish_records(storage, name, made)
