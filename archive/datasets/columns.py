"""The columns of a data set: what each means, where its value comes from, and its type.

A column has the same type whatever it holds, so that a shard without a value in it can be read beside others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa

from archive.errors import BadAddress

_MOMENT = pa.timestamp("us", tz="UTC")
_TEXT = pa.string()
_TEXTS = pa.list_(_TEXT)
_IMAGES = pa.list_(pa.struct([("url", _TEXT), ("caption", _TEXT), ("credit", _TEXT)]))
_LINKS = pa.list_(pa.struct([("url", _TEXT), ("text", _TEXT)]))
_ALTERNATES = pa.list_(pa.struct([("href", _TEXT), ("hreflang", _TEXT)]))
_CANDIDATES = pa.list_(pa.struct([("value", _TEXT), ("source", _TEXT)]))
_FACTS = pa.list_(pa.struct([("field", _TEXT), ("source", _TEXT), ("confidence", pa.float32())]))


class Origin(StrEnum):
    """Where the values of a column come from."""

    PAGE = "page"
    """The page, as extracted."""
    SOURCE = "source"
    """The feed, sitemap or list in which the URL was found."""
    SERVER = "server"
    """The head of the server's response."""
    ARCHIVE = "archive"
    """The capture and its WARC file."""
    EXTRACTOR = "extractor"
    """Computed from the page alone."""
    COLLECTION = "collection"
    """Computed from all records of the version."""
    SITES = "sites"
    """The table of sources that the version was built with."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a data set."""

    name: str
    kind: pa.DataType
    meaning: str
    origin: Origin
    field: str = ""
    """The field of the article record that it has; empty when there is none of its own."""
    unit: str = ""
    nullable: bool = True
    has_text: bool = False
    """Whether it has words of the article, which a version without text leaves out."""


def _required(name: str, kind: pa.DataType, meaning: str, origin: Origin, field: str = "", unit: str = "") -> Column:
    return Column(name, kind, meaning, origin, field, unit, nullable=False)


_IDENTITY = (
    _required("id", _TEXT, "Identifier of the record: the UUID of its capture.", Origin.ARCHIVE, "id"),
    _required("site", _TEXT, "Host of the URL, without www.", Origin.ARCHIVE),
    _required("url", _TEXT, "The captured URL.", Origin.ARCHIVE, "url"),
    Column("canonicalUrl", _TEXT, "The canonical URL that the page declares.", Origin.PAGE, "canonicalUrl"),
    Column(
        "requestedUrl",
        _TEXT,
        "The URL where the redirects began. Null if there were none.",
        Origin.ARCHIVE,
        "requestedUrl",
    ),
    Column("nextPage", _TEXT, "The next page that the page declares.", Origin.PAGE, "nextPage"),
    Column(
        "sameBytesAs",
        _TEXT,
        "Id of the first capture of exactly the same bytes at another URL.",
        Origin.ARCHIVE,
        "duplicateOf",
    ),
    _required(
        "kind",
        _TEXT,
        "article, live_blog, live_blog_entry, or paywall_stub (its beginning).",
        Origin.EXTRACTOR,
        "kind",
    ),
)

_CONTENT = (
    Column(
        "headline",
        _TEXT,
        "The title, without the site's name.",
        Origin.PAGE,
        "headline",
        nullable=False,
        has_text=True,
    ),
    Column("description", _TEXT, "The page's own summary.", Origin.PAGE, "description", has_text=True),
    Column(
        "text",
        _TEXT,
        "The article's text, with paragraphs separated by one newline.",
        Origin.PAGE,
        "articleBody",
        nullable=False,
        has_text=True,
    ),
    Column(
        "blocks",
        _TEXT,
        "The same text in blocks (headings, lists, tables, quotations and so on), as JSON.",
        Origin.PAGE,
        "blocks",
        has_text=True,
    ),
    Column("language", _TEXT, "Language of the text.", Origin.EXTRACTOR, "inLanguage", "BCP 47 tag"),
    _required(
        "wordCount",
        pa.int32(),
        "Number of words; in scripts without spaces, of characters.",
        Origin.EXTRACTOR,
        "wordCount",
        "words",
    ),
    Column(
        "boilerplateShare",
        pa.float32(),
        "Share of the page's visible letters that are outside the article.",
        Origin.EXTRACTOR,
        "boilerplateShare",
        "0 to 1",
    ),
    _required("authors", _TEXTS, "The authors named on the page; empty if there are none.", Origin.PAGE, "authors"),
    _required(
        "authorUrls",
        _TEXTS,
        "For each author the URL of their page; null where there is none.",
        Origin.PAGE,
        "authors",
    ),
    _required("agencies", _TEXTS, "News agencies that the article names as its source.", Origin.PAGE, "agencies"),
    Column(
        "dateline",
        _TEXT,
        "Where the article was written, as stated at the beginning of its text.",
        Origin.PAGE,
        "dateline",
    ),
    Column("publisher", _TEXT, "The publication's name, as stated on the page.", Origin.PAGE, "publisher"),
    Column(
        "datePublished",
        _MOMENT,
        "Publication date in UTC, which is also assumed without a zone. Never a guess.",
        Origin.PAGE,
        "datePublished",
        "UTC",
    ),
    Column(
        "datePublishedText",
        _TEXT,
        "The date as on the page, with its zone if one is known.",
        Origin.PAGE,
        "datePublished",
        "ISO 8601",
    ),
    Column(
        "dateModified",
        _MOMENT,
        "Date of the last change according to the page, in UTC.",
        Origin.PAGE,
        "dateModified",
        "UTC",
    ),
    _required(
        "dateCandidates",
        _CANDIDATES,
        "All publication dates that were considered, with their sources.",
        Origin.PAGE,
        "dateCandidates",
    ),
    Column("section", _TEXT, "Section or category.", Origin.PAGE, "articleSection"),
    _required("keywords", _TEXTS, "Keywords that the page declares.", Origin.PAGE, "keywords"),
    _required(
        "breadcrumbs", _TEXTS, "Path of the page within the site, outermost first.", Origin.PAGE, "breadcrumbs"
    ),
    Column("mainImage", _TEXT, "URL of the article's main image.", Origin.PAGE, "mainImage"),
    Column("mainImageCaption", _TEXT, "Caption of the main image.", Origin.PAGE, "mainImage", has_text=True),
    Column("mainImageCredit", _TEXT, "Who made the main image, as printed.", Origin.PAGE, "mainImage"),
    Column(
        "images", _IMAGES, "Images of the article, in order.", Origin.PAGE, "images", nullable=False, has_text=True
    ),
    Column("links", _LINKS, "Links in the text, in order.", Origin.PAGE, "links", nullable=False, has_text=True),
    _required(
        "alternates", _ALTERNATES, "The same article in other languages and editions.", Origin.PAGE, "alternates"
    ),
)

_RIGHTS = (
    Column(
        "isAccessibleForFree",
        pa.bool_(),
        "Whether it is free to read. Null when the page doesn't say.",
        Origin.PAGE,
        "isAccessibleForFree",
    ),
    Column(
        "paywall",
        _TEXT,
        "The sign of a paywall that was found on the page. Null if there is none.",
        Origin.PAGE,
        "paywall",
    ),
    _required("robots", _TEXTS, "Directives of meta robots and X-Robots-Tag.", Origin.PAGE, "robots"),
    Column("tdm", _TEXT, "Reservation of rights to text and data mining, as declared.", Origin.PAGE, "tdm"),
    Column("license", _TEXT, "URL or name of the licence, as declared.", Origin.PAGE, "license"),
)

_QUALITY = (
    Column("headlineConfidence", pa.float32(), "Reliability of the headline.", Origin.EXTRACTOR, "fields", "0 to 1"),
    Column("textConfidence", pa.float32(), "Reliability of the text.", Origin.EXTRACTOR, "fields", "0 to 1"),
    Column(
        "dateConfidence", pa.float32(), "Reliability of the publication date.", Origin.EXTRACTOR, "fields", "0 to 1"
    ),
    Column("languageConfidence", pa.float32(), "Reliability of the language.", Origin.EXTRACTOR, "fields", "0 to 1"),
    _required(
        "fieldSources",
        _FACTS,
        "For each field with several candidates, where its value comes from.",
        Origin.EXTRACTOR,
        "fields",
    ),
    _required(
        "contentSha256",
        _TEXT,
        "SHA-256 of the normalised text: the same for equal texts.",
        Origin.EXTRACTOR,
        "contentSha256",
        "hexadecimal",
    ),
    _required(
        "simhash64", _TEXT, "64-bit similarity hash of the text.", Origin.EXTRACTOR, "simhash64", "hexadecimal"
    ),
)

_RELATIONS = (
    _required(
        "version", pa.int32(), "Number of this version of its URL, in order of capture, from 1.", Origin.COLLECTION
    ),
    _required("versions", pa.int32(), "Number of versions of its URL.", Origin.COLLECTION),
    Column(
        "duplicateOf",
        _TEXT,
        "Id of the earliest record with the same text. Null if this is the earliest.",
        Origin.COLLECTION,
    ),
    Column(
        "clusterId", _TEXT, "Id of the earliest record with nearly the same text, or else its own.", Origin.COLLECTION
    ),
)

_PROVENANCE = (
    _required("captured", _MOMENT, "When the page was captured, in UTC.", Origin.ARCHIVE, "warc", "UTC"),
    _required(
        "warcFile",
        _TEXT,
        "Key of the WARC file below the archive's root; of an imported page its URL.",
        Origin.ARCHIVE,
        "warc",
    ),
    _required(
        "warcOffset",
        pa.int64(),
        "Position of the capture's gzip member in that file.",
        Origin.ARCHIVE,
        "warc",
        "bytes",
    ),
    _required("warcLength", pa.int64(), "Length of that gzip member.", Origin.ARCHIVE, "warc", "bytes"),
    _required("payloadDigest", _TEXT, "Digest of the page's bytes as received.", Origin.ARCHIVE, "warc"),
    Column("httpStatus", pa.int32(), "Status code of the response.", Origin.SERVER, "http"),
    Column("contentType", _TEXT, "Content-Type as received.", Origin.SERVER, "http"),
    Column("etag", _TEXT, "ETag as received.", Origin.SERVER, "http"),
    Column("lastModified", _TEXT, "Last-Modified as received.", Origin.SERVER, "http"),
    Column("foundVia", _TEXT, "Kind of source that listed the URL.", Origin.SOURCE, "discovery"),
    Column("foundIn", _TEXT, "URL of that source.", Origin.SOURCE, "discovery"),
    Column("foundAt", _TEXT, "When the source listed it.", Origin.SOURCE, "discovery", "ISO 8601"),
    Column(
        "foundDate", _TEXT, "Publication date as the source announced it.", Origin.SOURCE, "discovery", "ISO 8601"
    ),
    _required("extractor", _TEXT, "Generation of the extractor.", Origin.ARCHIVE, "extraction"),
    Column("extractorTool", _TEXT, "The extraction library and its version.", Origin.ARCHIVE, "extraction"),
    Column("extractorConfiguration", _TEXT, "Digest of the extraction configuration.", Origin.ARCHIVE, "extraction"),
    Column(
        "renderedBy", _TEXT, "The browser that rendered the page. Null if none did.", Origin.ARCHIVE, "renderedBy"
    ),
    Column(
        "renderedFrom",
        _TEXT,
        "Where the page is in the WARC files as the browser left it, as JSON. Null if none did.",
        Origin.ARCHIVE,
        "renderedFrom",
    ),
    Column("recordVersion", _TEXT, "Version of the record's schema.", Origin.ARCHIVE, "schemaVersion"),
)

_SOURCES = (
    Column("source", _TEXT, "Id of the source in the table of sources, by the URL's host.", Origin.SITES),
    Column("sourceName", _TEXT, "Its name.", Origin.SITES),
    Column("sourceCountry", _TEXT, "Country where it is published.", Origin.SITES, unit="ISO 3166-1 alpha-2"),
    _required("sourceLanguages", _TEXTS, "Languages in which it is published.", Origin.SITES, unit="BCP 47 tag"),
    Column("sourceKind", _TEXT, "Its kind, as the user's table says.", Origin.SITES),
    Column("sourceOwner", _TEXT, "Its owner, as the user's table says.", Origin.SITES),
    Column("sourceIdentifiers", _TEXT, "Its identifiers in other catalogues, as JSON.", Origin.SITES),
)

COLUMNS = (*_IDENTITY, *_CONTENT, *_RIGHTS, *_QUALITY, *_RELATIONS, *_PROVENANCE, *_SOURCES)
RELATED = frozenset(column.name for column in _RELATIONS)
"""Columns that follow from many records."""

REMOVED = _required(
    "removedSha256",
    _TEXT,
    "SHA-256 of the values that this version leaves out.",
    Origin.COLLECTION,
    unit="hexadecimal",
)
"""The column by which the texts of a version without them are checked when they are filled in again."""

ALWAYS = ("id", "url", "contentSha256", "captured", "warcFile", "warcOffset", "warcLength", "payloadDigest")
"""Columns that every version has: a row names its capture."""

_BY_NAME = {column.name: column for column in (*COLUMNS, REMOVED)}


def schema_of(columns: Iterable[Column]) -> pa.Schema:
    """The Arrow schema of columns."""
    return pa.schema([pa.field(column.name, column.kind, nullable=column.nullable) for column in columns])


SCHEMA = schema_of(COLUMNS)
"""Of a version with all columns."""


def chosen(names: Iterable[str], option: str = "--fields") -> tuple[Column, ...]:
    """The columns of these names in their usual order, with those that every version has; all, of no names.

    Raises BadAddress that names an unknown one and what is like it.
    """
    wanted = set(names)
    if unknown := sorted(wanted - set(SCHEMA.names)):
        alike = [
            name for name in SCHEMA.names if unknown[0].lower() in name.lower() or name.lower() in unknown[0].lower()
        ]
        hint = f"; did you mean {' or '.join(alike[:3])}?" if alike else ""
        raise BadAddress(f"{option}: no column {unknown[0]!r}{hint}; the columns: {', '.join(SCHEMA.names)}")
    return tuple(column for column in COLUMNS if not wanted or column.name in wanted or column.name in ALWAYS)


def named(names: Iterable[str]) -> tuple[Column, ...]:
    """The columns of these names, in the same order; those that this program does not know are left out."""
    return tuple(_BY_NAME[name] for name in names if name in _BY_NAME)
