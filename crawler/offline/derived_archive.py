"""Records of other programs' files as an archive of derived data: without the files, which stay where they are.

Each file becomes a segment that has records and nothing else. They say where their captures are by the file's own
address, offset and length, so that data sets, search and others take them like those of any archive. The name of a
segment follows from the file's address and its records: the same ones are stored once.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from archive.derived import completed
from archive.layout import IMPORTED, SegmentName
from archive.outcomes import PageOutcomeLine
from archive.period import moment_of
from archive.publishing import publish_records
from archive.storage.protocol import Storage
from pipelines.generation import EXTRACTOR_GENERATION

_PREFIX, _SERIAL, _DIGITS = "derived", 0, 16
_STRING = rb'"(?:[^"\\]|\\.)*"'
_PLACE = re.compile(
    rb'"warc":\{"file":(?P<file>' + _STRING + rb'),"offset":\d+,"length":\d+,"recordId":' + _STRING
    + rb',"payloadDigest":' + _STRING + rb',"date":"(?P<date>[\x21\x23-\x5b\x5d-\x7e]*)"'
)  # fmt: skip
"""A record's `archive.article.WarcAddress` as this program writes it. No string has such a beginning: the quotation
marks in one are written with a backslash (RFC 8259, section 7)."""


def store_records(storage: Storage, origin: str, records: Path) -> str:
    """Store the records of one file, of which `records` is the result; gives the segment's name.

    `origin` is the file's address. Beside the records are the outcomes of its pages. Storing them again changes
    nothing. Raises StorageError, DamagedArchive or OSError.
    """
    outcomes = records.with_name(f"{records.name.removesuffix('.jsonl')}.outcomes.jsonl")
    lines = [PageOutcomeLine.model_validate_json(line) for line in outcomes.read_bytes().splitlines()]
    name, generation = _name(origin, records)
    with tempfile.TemporaryDirectory(prefix="newswarc-derived-") as scratch:
        files = Path(scratch) / "records", Path(scratch) / "outcomes"
        publish_records(storage, name, completed(name, generation, *files, _placed(records, origin), lines))
    return name.text


def _placed(records: Path, origin: str) -> Iterator[bytes]:
    """The records with the file's whole address."""
    address = _dumped(origin)
    with records.open("rb") as stream:
        for line in stream:
            text = line.rstrip(b"\n")
            place = _PLACE.search(text)
            yield (
                text[: place.start("file")] + address + text[place.end("file") :]
                if place
                else _written_anew(text, origin)
            )


def _written_anew(line: bytes, origin: str) -> bytes:
    """A record that is not written as this program writes them."""
    record = json.loads(line)
    if record.get("warc"):
        record["warc"]["file"] = origin
    return _dumped(record)


def _dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _name(origin: str, records: Path) -> tuple[SegmentName, str]:
    """Opened at the first capture among the records; and the extractor's generation that made them."""
    digest = hashlib.sha256(origin.encode("utf-8", "surrogateescape") + b"\0")
    first, line = "", b"{}"
    with records.open("rb") as stream:
        for line in stream:
            digest.update(line)
            first = min(filter(None, (first, _captured(line))), default="")
    # All records of a file are of one generation: an interrupted run of another one is not resumed
    generation = (json.loads(line).get("extraction") or {}).get("version") or EXTRACTOR_GENERATION
    opened = (moment_of(first) or datetime(1970, 1, 1, tzinfo=UTC)).astimezone(UTC)
    stamp = f"{opened:%Y%m%d%H%M%S}{opened.microsecond // 1000:03d}"
    name = f"{_PREFIX}-{stamp}-{_SERIAL:05d}-{IMPORTED}-{digest.hexdigest()[:_DIGITS]}"
    return SegmentName.parse(name), generation


def _captured(line: bytes) -> str:
    """When a record's page was captured; empty when it doesn't say."""
    if (place := _PLACE.search(line)) is not None:
        return place["date"].decode("ascii")
    return str((json.loads(line).get("warc") or {}).get("date") or "")
