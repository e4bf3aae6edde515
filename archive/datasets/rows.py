"""What a row is. Every column has a type from the first row on, whatever it holds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
import pyarrow as pa

from archive.period import moment_of

_EARLIEST, _LATEST = 1700, 2200
"""Years between which a date of a newspaper's article lies; others are a page's mistake."""

_NUL = rb"\u0000"
"""As JSON writes it; JSON text has no other."""
_MOMENT = pa.timestamp("us", tz="UTC")
_TEXT = pa.string()
_IMAGE = pa.struct([("url", _TEXT), ("caption", _TEXT), ("credit", _TEXT)])


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a data set."""

    name: str
    kind: pa.DataType
    meaning: str
    nullable: bool = True


COLUMNS = (
    Column("id", _TEXT, "Identifier of the record: the UUID of its capture.", nullable=False),
    Column("site", _TEXT, "Host of the URL, without www.", nullable=False),
    Column("url", _TEXT, "The captured URL.", nullable=False),
    Column("canonicalUrl", _TEXT, "The canonical URL that the page declares."),
    Column("kind", _TEXT, "article, live_blog, live_blog_entry, or paywall_stub (its beginning).", nullable=False),
    Column("headline", _TEXT, "The title, without the site's name.", nullable=False),
    Column("description", _TEXT, "The page's own summary."),
    Column("text", _TEXT, "The article's text, with paragraphs separated by one newline.", nullable=False),
    Column("language", _TEXT, "BCP 47 tag of the text."),
    Column("wordCount", pa.int32(), "Number of words; in scripts without spaces, of characters.", nullable=False),
    Column("boilerplateShare", pa.float32(), "Share of the page's visible letters that are outside the article."),
    Column("authors", pa.list_(_TEXT), "The authors named on the page; empty if there are none.", nullable=False),
    Column("publisher", _TEXT, "The publication's name, as stated on the page."),
    Column("datePublished", _MOMENT, "Publication date in UTC, which is also assumed without a zone. Never a guess."),
    Column("datePublishedText", _TEXT, "The date as on the page, with its zone if one is known."),
    Column("dateModified", _MOMENT, "Date of the last change according to the page, in UTC."),
    Column("section", _TEXT, "Section or category."),
    Column("keywords", pa.list_(_TEXT), "Keywords that the page declares.", nullable=False),
    Column("mainImage", _TEXT, "URL of the article's main image."),
    Column("images", pa.list_(_IMAGE), "Images of the article, in order.", nullable=False),
    Column("isAccessibleForFree", pa.bool_(), "Whether it is free to read. Null when the page doesn't say."),
    Column("paywall", _TEXT, "The sign of a paywall that was found on the page. Null if there is none."),
    Column("robots", pa.list_(_TEXT), "Directives of meta robots and X-Robots-Tag.", nullable=False),
    Column("tdm", _TEXT, "Reservation of rights to text and data mining, as declared."),
    Column("license", _TEXT, "URL or name of the licence, as declared."),
    Column("headlineConfidence", pa.float32(), "Reliability of the headline, 0 to 1."),
    Column("textConfidence", pa.float32(), "Reliability of the text, 0 to 1."),
    Column("dateConfidence", pa.float32(), "Reliability of the publication date, 0 to 1."),
    Column("languageConfidence", pa.float32(), "Reliability of the language, 0 to 1."),
    Column("contentSha256", _TEXT, "SHA-256 of the normalised text: the same for equal texts.", nullable=False),
    Column("simhash64", _TEXT, "64-bit similarity hash of the text, hexadecimal.", nullable=False),
    Column("version", pa.int32(), "Number of this version of its URL, in order of capture, from 1.", nullable=False),
    Column("versions", pa.int32(), "Number of versions of its URL.", nullable=False),
    Column("duplicateOf", _TEXT, "Id of the earliest record with the same text. Null if this is the earliest."),
    Column("clusterId", _TEXT, "Id of the earliest record with nearly the same text, or else its own."),
    Column("captured", _MOMENT, "When the page was captured, in UTC.", nullable=False),
    Column("warcFile", _TEXT, "Key of the WARC file below the archive's root.", nullable=False),
    Column("warcOffset", pa.int64(), "Position of the capture's gzip member in that file, in bytes.", nullable=False),
    Column("warcLength", pa.int64(), "Length of that gzip member, in bytes.", nullable=False),
    Column("payloadDigest", _TEXT, "Digest of the page's bytes as received.", nullable=False),
    Column("foundVia", _TEXT, "Kind of source that listed the URL."),
    Column("foundAt", _TEXT, "When the source listed it."),
    Column("extractor", _TEXT, "Generation of the extractor.", nullable=False),
)  # fmt: skip

SCHEMA = pa.schema([pa.field(column.name, column.kind, nullable=column.nullable) for column in COLUMNS])

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


def row_of(record: Record, related: Row) -> Row:
    """The row of a stored record; `related` are the columns that follow from other records."""
    return {**_identity(record), **_content(record), **_quality(record), **_provenance(record), **related}


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
        "kind": record.get("kind", "article"),
    }


def _content(record: Record) -> Row:
    image = record.get("mainImage") or {}
    return {
        "headline": record["headline"],
        "description": record.get("description"),
        "text": record["articleBody"],
        "language": record.get("inLanguage"),
        "wordCount": record.get("wordCount", 0),
        "authors": [author["name"] for author in record.get("authors", ())],
        "publisher": record.get("publisher"),
        "datePublished": newspaper_moment(record.get("datePublished")),
        "datePublishedText": record.get("datePublished"),
        "dateModified": newspaper_moment(record.get("dateModified")),
        "section": record.get("articleSection"),
        "keywords": list(record.get("keywords", ())),
        "mainImage": image.get("url"),
        "images": [{key: one.get(key) for key in ("url", "caption", "credit")} for one in record.get("images", ())],
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
        "contentSha256": record.get("contentSha256", ""),
        "simhash64": record.get("simhash64", ""),
    }


def _provenance(record: Record) -> Row:
    warc, discovery = record["warc"], record.get("discovery") or {}
    return {
        "captured": moment_of(warc["date"]),
        "warcFile": warc["file"],
        "warcOffset": warc["offset"],
        "warcLength": warc["length"],
        "payloadDigest": warc["payloadDigest"],
        "foundVia": discovery.get("via"),
        "foundAt": discovery.get("seenAt"),
        "extractor": (record.get("extraction") or {}).get("version", ""),
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
