"""A record as a document of an index: which fields there are, and what a record has in each.

=============  ==========================================================================================
text           terms of headline and text, with places; between the two a term that no query has
title author   terms of the headline, of the names that signed, of the section, of the agencies, of the keywords
section agency
keyword
host           the host of the address and all hosts above it
langs          the language tag and all tags above it, and ``*``; lower case
kind           see `archive.article.ArticleKind`
site lang      for facets: host without www., tag, section, each name, as they are
part names
day            for facets: day of publication (UTC), 20260131
first end      the moments that the date of publication may mean (seconds; `archive.period`)
captured       when it was captured (seconds)
order          by date, newest first: date of publication, else of capture; then by a digest of the id
segment        digest of the names of split and segment
high low       the id, in halves
member         where in the records file the record's gzip member begins
key address    the address as a SURT key, with a space behind it, and its digest
same likeness  digest of the text; the text's similarity hash
=============  ==========================================================================================

Numbers are signed 64-bit integers, since an index refuses others in some places.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson

from archive.period import Span, span_of
from archive.search.analysis import NOTHING, analysed
from archive.surt import surt_key

Record = dict[str, Any]

TERM_FIELDS = ("text", "title", "author", "section", "agency", "keyword")
VALUE_FIELDS = ("host", "langs", "kind", "key")
FACET_FIELDS = ("site", "lang", "part", "names")
INDEXED_NUMBERS = ("segment", "low", "same")
NUMBERS = ("address", "day", "first", "end", "captured", "order", "high", "member", "likeness")

_LONGEST_VALUE = 200
_EARLIEST, _LATEST = datetime(1700, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_TIE_BITS = 28


def record_of(line: bytes) -> Record:
    """A stored record. Raises ValueError."""
    try:
        record: Record = orjson.loads(line)
    except orjson.JSONDecodeError:  # it refuses halves of surrogate pairs
        record = json.loads(line.decode("utf-8"))
        return json.loads(json.dumps(record, ensure_ascii=False).encode("utf-8", "replace"))  # type: ignore[no-any-return]
    return record


def digest64(text: str) -> int:
    """A signed number of 64 bits that stands for a text."""
    return int.from_bytes(
        hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True
    )


def segment_number(split: str, segment: str) -> int:
    """The number by which the records of a segment in a split are told from those of the segment in another."""
    return digest64(f"{split} {segment}")


def halves(record_id: UUID) -> tuple[int, int]:
    """An id as two signed numbers."""
    return (
        int.from_bytes(record_id.bytes[:8], "big", signed=True),
        int.from_bytes(record_id.bytes[8:], "big", signed=True),
    )


def joined(high: int, low: int) -> UUID:
    """The id that two numbers are."""
    return UUID(bytes=high.to_bytes(8, "big", signed=True) + low.to_bytes(8, "big", signed=True))


def document_of(record: Record, segment: int, member: int) -> dict[str, Any]:
    """What an index has of a record; `segment` is that of `segment_number`. Raises KeyError or ValueError."""
    title = analysed(record["headline"] or "")
    names = [str(author["name"])[:_LONGEST_VALUE] for author in record.get("authors") or ()]
    section = (record.get("articleSection") or "")[:_LONGEST_VALUE]
    high, low = halves(UUID(record["id"]))
    key = index_key(record["url"])
    return {
        "text": f"{title} {NOTHING} {analysed(record['articleBody'])}",
        "title": title,
        "author": f" {NOTHING} ".join(map(analysed, names)),
        "section": analysed(section),
        "agency": f" {NOTHING} ".join(map(analysed, _agencies(record, names))),
        "keyword": f" {NOTHING} ".join(map(analysed, record.get("keywords") or ())),
        **_values(record, names, section),
        **_moments(record, low),
        "segment": segment,
        "high": high,
        "low": low,
        "member": member,
        "key": key,
        "address": digest64(key),
        "same": digest64(record.get("contentSha256") or record["id"]),
        "likeness": _signed(record.get("simhash64") or ""),
    }


def _agencies(record: Record, names: list[str]) -> list[str]:
    """The agencies that a record names; of older records, who signed and who published."""
    if "agencies" in record:
        return [str(name) for name in record["agencies"]]
    return [record.get("publisher") or "", *names]


def _values(record: Record, names: list[str], section: str) -> dict[str, Any]:
    host = host_of(record["url"])
    labels = host.split(".")
    tag = (record.get("inLanguage") or "").lower()[:_LONGEST_VALUE]
    parts = tag.split("-") if tag else []
    return {
        "host": [".".join(labels[place:]) for place in range(len(labels))],
        "langs": ["-".join(parts[: place + 1]) for place in range(len(parts))] + (["*"] if tag else []),
        "kind": record.get("kind") or "article",
        "site": host.removeprefix("www."),
        "lang": record.get("inLanguage") or "",
        "part": section,
        "names": names,
    }


def _moments(record: Record, tie: int) -> dict[str, int]:
    captured = span_of(str(record["warc"]["date"])) if record.get("warc") else None
    published = _plausible(span_of(record.get("datePublished") or ""))
    moments: dict[str, int] = {}
    if published is not None:
        moments |= {
            "first": int(published.first.timestamp()),
            "end": int(published.end.timestamp()),
            "day": int(f"{published.first:%Y%m%d}"),
        }
    if captured is not None:
        moments["captured"] = int(captured.first.timestamp())
    known = moments.get("first", moments.get("captured", int(_EARLIEST.timestamp())))
    seconds = max(0, known - int(_EARLIEST.timestamp()))
    moments["order"] = (seconds << _TIE_BITS) | (tie & ((1 << _TIE_BITS) - 1))
    return moments


def _plausible(span: Span | None) -> Span | None:
    """A newspaper's date; others are a page's mistake."""
    return span if span is not None and _EARLIEST <= span.first < _LATEST else None


def index_key(url: str) -> str:
    """The key of an address with the space behind it, by which access rules tell it from longer ones."""
    return f"{surt_key(url)} "


def host_of(url: str) -> str:
    """The host of an address, in lower case."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _signed(digits: str) -> int:
    """Sixteen hexadecimal digits as a signed number; 0 for anything else."""
    try:
        return int.from_bytes(bytes.fromhex(digits)[:8].rjust(8, b"\0"), "big", signed=True)
    except ValueError:
        return 0
