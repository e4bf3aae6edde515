"""From a stored record to a row."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from archive.datasets.columns import COLUMNS
from archive.datasets.sources import SourceTable
from archive.period import moment_of

_EARLIEST, _LATEST = 1700, 2200
"""Years between which a date of a newspaper's article lies; others are a page's mistake."""

_NUL = rb"\u0000"
"""As JSON writes it; JSON text has no other."""
NO_SOURCES = SourceTable()
"""A table of no sources."""

Record = dict[str, Any]
Row = dict[str, Any]


def record_of(line: bytes) -> Record:
    """A stored record, without what is no text: halves of surrogate pairs and NULs, which readers refuse."""
    try:
        record: Record = orjson.loads(line)
    except orjson.JSONDecodeError:  # it refuses halves of surrogate pairs
        record = json.loads(line)
        return {name: _clean(value) for name, value in record.items()}
    return {name: _clean(value) for name, value in record.items()} if _NUL in line else record


def row_of(record: Record, related: Row, sources: SourceTable = NO_SOURCES) -> Row:
    """The row of a stored record; `related` are the columns that follow from other records."""
    return {**own_row_of(record, sources), **related}


def own_row_of(record: Record, sources: SourceTable = NO_SOURCES) -> Row:
    """The row of a stored record, without the columns that follow from others."""
    identity = _identity(record)
    named = sources.columns(identity["site"])
    return {**identity, **_content(record), **_quality(record), **_provenance(record), **named}


def removed_digest(row: Row) -> str:
    """SHA-256 of what of a row a version without text leaves out, as JSON with sorted keys (RFC 8785 but for numbers,
    of which it has none).
    """
    removed = {column.name: row[column.name] for column in COLUMNS if column.has_text}
    return hashlib.sha256(orjson.dumps(removed, option=orjson.OPT_SORT_KEYS)).hexdigest()


def brief_of(record: Record) -> Row:
    """Of the row of a stored record what decides whether it is wanted, and what it has to do with others."""
    return {
        "id": record["id"],
        "site": site_of(record["url"]),
        "url": record["url"],
        "text": record["articleBody"],
        "language": record.get("inLanguage"),
        "wordCount": record.get("wordCount", 0),
        "datePublished": newspaper_moment(record.get("datePublished")),
        "datePublishedText": record.get("datePublished"),
        "isAccessibleForFree": record.get("isAccessibleForFree"),
        "paywall": record.get("paywall"),
        "robots": record.get("robots", ()),
        "tdm": record.get("tdm"),
        "contentSha256": record.get("contentSha256", ""),
        "captured": newspaper_moment(record["warc"]["date"]),
    }


def _identity(record: Record) -> Row:
    return {
        "id": record["id"],
        "site": site_of(record["url"]),
        "url": record["url"],
        "canonicalUrl": record.get("canonicalUrl"),
        "requestedUrl": record.get("requestedUrl"),
        "nextPage": record.get("nextPage"),
        "sameBytesAs": record.get("duplicateOf"),
        "kind": record.get("kind", "article"),
    }


def _content(record: Record) -> Row:
    image = record.get("mainImage") or {}
    authors = record.get("authors", ())
    return {
        "headline": record["headline"],
        "description": record.get("description"),
        "text": record["articleBody"],
        "blocks": _json(record.get("blocks")),
        "language": record.get("inLanguage"),
        "wordCount": record.get("wordCount", 0),
        "authors": [author["name"] for author in authors],
        "authorUrls": [author.get("url") for author in authors],
        "agencies": list(record.get("agencies", ())),
        "dateline": record.get("dateline"),
        "publisher": record.get("publisher"),
        "datePublished": newspaper_moment(record.get("datePublished")),
        "datePublishedText": record.get("datePublished"),
        "dateModified": newspaper_moment(record.get("dateModified")),
        "dateCandidates": _parts(record, "dateCandidates", ("value", "source")),
        "section": record.get("articleSection"),
        "keywords": list(record.get("keywords", ())),
        "breadcrumbs": list(record.get("breadcrumbs", ())),
        "mainImage": image.get("url"),
        "mainImageCaption": image.get("caption"),
        "mainImageCredit": image.get("credit"),
        "images": _parts(record, "images", ("url", "caption", "credit")),
        "links": _parts(record, "links", ("url", "text")),
        "alternates": _parts(record, "alternates", ("href", "hreflang")),
    }


def _quality(record: Record) -> Row:
    fields = record.get("fields") or {}
    return {
        "isAccessibleForFree": record.get("isAccessibleForFree"),
        "paywall": record.get("paywall"),
        "robots": list(record.get("robots", ())),
        "tdm": record.get("tdm"),
        "license": record.get("license"),
        "headlineConfidence": _confidence(fields, "headline"),
        "textConfidence": _confidence(fields, "articleBody"),
        "dateConfidence": _confidence(fields, "datePublished"),
        "languageConfidence": _confidence(fields, "inLanguage"),
        "boilerplateShare": record.get("boilerplateShare"),
        "fieldSources": [
            {"field": name, "source": facts["source"], "confidence": facts["confidence"]}
            for name, facts in sorted(fields.items())
        ],
        "contentSha256": record.get("contentSha256", ""),
        "simhash64": record.get("simhash64", ""),
    }


def _provenance(record: Record) -> Row:
    warc, discovery = record["warc"], record.get("discovery") or {}
    http, extraction = record.get("http") or {}, record.get("extraction") or {}
    return {
        "captured": moment_of(warc["date"]),
        "warcFile": warc["file"],
        "warcOffset": warc["offset"],
        "warcLength": warc["length"],
        "payloadDigest": warc["payloadDigest"],
        "httpStatus": http.get("status"),
        "contentType": http.get("contentType"),
        "etag": http.get("etag"),
        "lastModified": http.get("lastModified"),
        "foundVia": discovery.get("via"),
        "foundIn": discovery.get("sourceUrl"),
        "foundAt": discovery.get("seenAt"),
        "foundDate": discovery.get("sourceDate"),
        "extractor": extraction.get("version", ""),
        "extractorTool": extraction.get("tool"),
        "extractorConfiguration": extraction.get("configHash"),
        "renderedBy": record.get("renderedBy"),
        "renderedFrom": _json(record.get("renderedFrom")),
        "recordVersion": record.get("schemaVersion"),
    }


def site_of(url: str) -> str:
    """Host of an address, without ``www.``."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


def newspaper_moment(text: str | None) -> datetime | None:
    """A date in UTC; one without a zone is taken as UTC; None when it is none, or no newspaper's."""
    moment = moment_of(text or "")
    return moment if moment is not None and _EARLIEST <= moment.year <= _LATEST else None


def json_row(row: Row) -> Row:
    """A row as JSON lines have it: moments as ISO 8601 text, to the microsecond as far as they have any."""
    return {name: _json_value(value) for name, value in row.items()}


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value


def _parts(record: Record, field: str, names: tuple[str, ...]) -> list[Row]:
    return [{name: one.get(name) for name in names} for one in record.get(field, ())]


def _json(value: Any) -> str | None:
    """As JSON; None of nothing."""
    return orjson.dumps(value).decode("utf-8") if value else None


def _confidence(fields: dict[str, Any], name: str) -> float | None:
    facts = fields.get(name)
    return facts["confidence"] if facts else None


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {key: _clean(one) for key, one in value.items()}
    return value
