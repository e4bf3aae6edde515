"""The article record: one line of JSON for each article, traceable to its capture.

Names are those of schema.org's NewsArticle and of the field's item models, in camelCase.
A record depends on its own capture alone. What is not known is null or empty, never guessed.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import Field

from archive.body import BodyBlock
from archive.markdown import markdown_of
from archive.record_part import RecordPart

SCHEMA_VERSION = "1.1"
SCHEMA_ID = f"urn:newswarc:schema:article:{SCHEMA_VERSION}"


class Author(RecordPart):
    """A person, or an organisation that signs like one."""

    name: str
    """Name as printed, without roles and without "By"."""
    url: str | None = None
    """URL of the author's page, absolute."""


class DateCandidate(RecordPart):
    """A publication date stated by some part of the page, or by the source that listed it."""

    value: str
    """ISO 8601, with a zone if one was stated."""
    source: str
    """Where the date was found, such as ``json-ld`` or ``feed``."""


class Image(RecordPart):
    """An image of the article."""

    url: str
    """URL, absolute."""
    caption: str | None = None
    """The caption, or the alternative text if there is no caption."""
    credit: str | None = None
    """Who made the image, as printed."""


class Link(RecordPart):
    """A link from the article's body."""

    url: str
    """URL, absolute, without fragment."""
    text: str | None = None
    """The text of the link."""


class Alternate(RecordPart):
    """The same article in another language or edition."""

    href: str
    """URL, absolute."""
    hreflang: str | None = None
    """BCP 47 language tag, as declared or as the link's script shows."""


class WarcAddress(RecordPart):
    """The capture from which the record was extracted."""

    file: str
    """Key of the WARC file below the archive's root."""
    offset: int = Field(ge=0)
    """Position of the response record's gzip member in the file, in bytes."""
    length: int = Field(gt=0)
    """Length of that gzip member, in bytes."""
    record_id: UUID
    """UUID of the response record, which is also the article record's `id`."""
    payload_digest: str
    """Digest of the entity body as received (``sha256:`` and hexadecimal digits)."""
    date: datetime
    """When the request was sent (UTC)."""


class RenderingAddress(RecordPart):
    """The document that a browser made of the page."""

    file: str
    """Key of the WARC file below the archive's root."""
    offset: int = Field(ge=0)
    """Position of the conversion record's gzip member in the file, in bytes."""
    length: int = Field(gt=0)
    """Length of that gzip member, in bytes."""
    record_id: UUID
    """UUID of the conversion record."""
    date: datetime
    """When the document was taken (UTC)."""


class RecordDiscovery(RecordPart):
    """How the URL was found."""

    via: str
    """Kind of source: ``feed``, ``sitemap``, ``section``, ``seed``, ``list`` or ``page``."""
    source_url: str | None = None
    """URL of that source."""
    source_date: str | None = None
    """Publication date as the source announced it."""
    seen_at: str | None = None
    """When the source listed the URL (UTC)."""


class HttpFacts(RecordPart):
    """What the server's response said about the page."""

    status: int
    """Status code of the response."""
    content_type: str | None = None
    """``Content-Type`` as received."""
    etag: str | None = None
    """``ETag`` as received."""
    last_modified: str | None = None
    """``Last-Modified`` as received."""


class ExtractionFacts(RecordPart):
    """The software and settings that extracted the record."""

    tool: str
    """The extraction library and its version."""
    version: str
    """Generation of the extractor, which changes whenever its output may change."""
    config_hash: str
    """Digest of the extraction configuration, which the segment contains as a resource record."""


class FieldFacts(RecordPart):
    """Where a field's value comes from, and how reliable it is."""

    source: str
    """Such as ``json-ld``, ``opengraph`` or ``feed``; for the text ``blocks``, ``agreement`` or ``rules``."""
    confidence: float = Field(ge=0, le=1)
    """From 0 (a guess) to 1 (several independent sources agree)."""


class ArticleKind(StrEnum):
    """The kind of page from which a record was extracted."""

    ARTICLE = "article"
    """An ordinary article."""
    LIVE_BLOG = "live_blog"
    """A page that declares itself a live blog. It grows, and each capture has what there was at the time."""
    LIVE_BLOG_ENTRY = "live_blog_entry"
    """One entry of a live blog, on its own page."""
    PAYWALL_STUB = "paywall_stub"
    """The beginning of an article that continues behind a declared paywall."""


class Article(RecordPart):
    """One article, as it was when it was captured."""

    schema_version: str = SCHEMA_VERSION
    """Version of this schema."""
    id: UUID | None = None
    """UUID of the WARC response record. Null only if the page was extracted without a capture."""
    url: str
    """The captured URL (``WARC-Target-URI``)."""
    canonical_url: str | None = None
    """The canonical URL that the page declares, if it is on the same site."""
    next_page: str | None = None
    """The next page that the page declares (``rel=next``), if it is on the same site."""
    requested_url: str | None = None
    """The URL where the redirects began. Null if there were none."""
    duplicate_of: UUID | None = None
    """UUID of the first capture of exactly the same bytes, if that has another URL. Null if none is known."""

    kind: ArticleKind = ArticleKind.ARTICLE
    """The kind of article."""
    headline: str
    """The title, without the site's name."""
    description: str | None = None
    """The page's own summary."""
    article_body: str
    """The text, with paragraphs separated by one newline."""
    paragraphs: tuple[str, ...] = ()
    """The paragraphs of the text, in order."""
    blocks: tuple[BodyBlock, ...] = ()
    """The same text in blocks, with what is between the paragraphs. Empty in records before version 1.1."""
    in_language: str | None = None
    """BCP 47 language tag of the text."""
    word_count: int = Field(default=0, ge=0)
    """Number of words; in scripts without spaces, number of characters."""
    boilerplate_share: float | None = Field(default=None, ge=0, le=1)
    """Share of the page's visible letters that are not part of the article. Null in records of other programs."""
    content_sha256: str = ""
    """SHA-256 (hexadecimal) of the text after NFC normalisation and folding of white space."""
    simhash64: str = ""
    """64-bit similarity hash of the text's word triples (16 hexadecimal digits)."""

    authors: tuple[Author, ...] = ()
    """The authors named on the page; empty if there are none."""
    agencies: tuple[str, ...] = ()
    """News agencies that the article names as its source, by their usual names."""
    dateline: str | None = None
    """Where the article was written, as stated at the beginning of its text."""
    publisher: str | None = None
    """The publication's name, as stated on the page."""

    date_published: str | None = None
    """ISO 8601, with its zone if one is known. Null rather than a guess."""
    date_modified: str | None = None
    """ISO 8601, with its zone if one is known. Null rather than a guess."""
    date_candidates: tuple[DateCandidate, ...] = ()
    """All publication dates that were considered."""

    article_section: str | None = None
    """Section or category."""
    keywords: tuple[str, ...] = ()
    """Keywords or tags that the page declares."""
    breadcrumbs: tuple[str, ...] = ()
    """Breadcrumbs: path of the page within the site, outermost first."""

    main_image: Image | None = None
    """The article's main image."""
    images: tuple[Image, ...] = ()
    """Images of the article, in order."""
    links: tuple[Link, ...] = ()
    """Links in the body, in order."""
    alternates: tuple[Alternate, ...] = ()
    """The same article in other languages and editions."""

    is_accessible_for_free: bool | None = None
    """Whether the whole article can be read without paying. Null when the page doesn't say."""
    paywall: str | None = None
    """The sign of a paywall that was found on the page. Null if there is none."""
    robots: tuple[str, ...] = ()
    """Directives of meta robots and ``X-Robots-Tag``."""
    tdm: str | None = None
    """Reservation of rights to text and data mining, as declared."""
    license: str | None = None
    """URL or name of the licence, as declared."""

    warc: WarcAddress | None = None
    """The capture from which the record was extracted."""
    rendered_from: RenderingAddress | None = None
    """The rendered document that was extracted instead of the response's body. Null if no browser was needed."""
    rendered_by: str | None = None
    """The browser that rendered the page, and its version. Null if none did."""
    discovery: RecordDiscovery | None = None
    """How the URL was found."""
    http: HttpFacts | None = None
    """What the server's response said about the page."""
    extraction: ExtractionFacts | None = None
    """The software and settings that extracted the record."""
    fields: dict[str, FieldFacts] = Field(default_factory=dict)
    """For each field with several candidates, where its value comes from."""

    def to_json_line(self) -> str:
        """The record as one line of JSON, without a line end."""
        return self.model_dump_json(by_alias=True)

    def markdown(self) -> str:
        """The headline and the body as Markdown (CommonMark 0.31 with tables as GitHub has them)."""
        return markdown_of(self.headline, self.blocks, self.paragraphs)


def article_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a stored record."""
    schema = Article.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **schema}
