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
SCHEMA_ID = "urn:newswarc:schema:article:1.1"


class Author(RecordPart):
    """A person, or a body that signs as one."""

    name: str
    """Name as printed, without roles and without "By"."""
    url: str | None = None
    """The author's page, absolute."""


class DateCandidate(RecordPart):
    """A publication date that some part of the page or its source claims."""

    value: str
    """ISO 8601: with a zone if the claim had one, else without."""
    source: str
    """Where the claim was found, such as ``json-ld`` or ``feed``."""


class Image(RecordPart):
    """An image of the article."""

    url: str
    """Absolute."""
    caption: str | None = None
    """The caption, or the alternative text when there is no caption."""
    credit: str | None = None
    """Who made the image, as printed."""


class Link(RecordPart):
    """A link from the article's body."""

    url: str
    """Absolute, without fragment."""
    text: str | None = None
    """The words that are linked."""


class Alternate(RecordPart):
    """The same article in another language or edition."""

    href: str
    """Absolute."""
    hreflang: str | None = None
    """BCP 47 language tag, as declared or as the link's script tells."""


class WarcAddress(RecordPart):
    """Where the capture is that the record was made from."""

    file: str
    """The WARC's key below the archive's root."""
    offset: int = Field(ge=0)
    """Bytes from the start of the file to the response record's gzip member."""
    length: int = Field(gt=0)
    """Bytes of that member."""
    record_id: UUID
    """UUID of the response record; the record's `id` too."""
    payload_digest: str
    """Digest of the entity body as received (``sha256:`` and hexadecimal digits)."""
    date: datetime
    """When the request was sent (UTC)."""


class RecordDiscovery(RecordPart):
    """How the URL was found."""

    via: str
    """Kind of source: ``feed``, ``sitemap``, ``section``, ``seed``, ``list`` or ``page``."""
    source_url: str | None = None
    """Address of that source."""
    source_date: str | None = None
    """Publication date as the source announced it."""
    seen_at: str | None = None
    """When the source showed the URL (UTC)."""


class HttpFacts(RecordPart):
    """What the server said of the page."""

    status: int
    """Status code of the response."""
    content_type: str | None = None
    """``Content-Type`` as received."""
    etag: str | None = None
    """``ETag`` as received."""
    last_modified: str | None = None
    """``Last-Modified`` as received."""


class ExtractionFacts(RecordPart):
    """What made the record."""

    tool: str
    """The extraction library and its version."""
    version: str
    """Generation of the extractor: changes whenever its output may."""
    config_hash: str
    """Digest of the extraction configuration, which the segment holds as a resource record."""


class FieldFacts(RecordPart):
    """Where a field's value was taken from, and how far it can be relied on."""

    source: str
    """Such as ``json-ld``, ``opengraph``, ``feed``; of the text ``blocks``, ``agreement`` or ``rules``."""
    confidence: float = Field(ge=0, le=1)
    """From 0, a guess, to 1, several independent sources agree."""


class ArticleKind(StrEnum):
    """What a page is of which a record was made."""

    ARTICLE = "article"
    """An article, as far as the page shows."""
    LIVE_BLOG = "live_blog"
    """A page that declares to be a live blog: what it says grows, and each capture holds what there was."""
    LIVE_BLOG_ENTRY = "live_blog_entry"
    """One entry of a live blog, on a page of its own."""
    PAYWALL_STUB = "paywall_stub"
    """The beginning of an article that goes on behind a paywall, which the page declares."""


class Article(RecordPart):
    """One article as it stood at the moment of its capture."""

    schema_version: str = SCHEMA_VERSION
    """Version of this schema."""
    id: UUID | None = None
    """UUID of the WARC response record; null only when extraction was called without a capture."""
    url: str
    """The captured URL (``WARC-Target-URI``)."""
    canonical_url: str | None = None
    """The address that the page names as its own, when it lies within the site."""
    next_page: str | None = None
    """The page that follows this one by the page's own account (``rel=next``), when it lies within the site."""
    requested_url: str | None = None
    """Where the redirects began; null when there were none."""
    duplicate_of: UUID | None = None
    """UUID of the first capture of the very same bytes, when that is of another address; null when none was known."""

    kind: ArticleKind = ArticleKind.ARTICLE
    """What it is besides an article."""
    headline: str
    """The title, without the site's name."""
    description: str | None = None
    """The page's own summary."""
    article_body: str
    """The text: paragraphs parted by one newline."""
    paragraphs: tuple[str, ...] = ()
    """The text's paragraphs in order."""
    blocks: tuple[BodyBlock, ...] = ()
    """The same in blocks, with what stands between the paragraphs; empty in records before version 1.1."""
    in_language: str | None = None
    """BCP 47 language tag of the text."""
    word_count: int = Field(default=0, ge=0)
    """Words of the text; in scripts without spaces, characters count."""
    boilerplate_share: float | None = Field(default=None, ge=0, le=1)
    """Of the letters that the page shows the share that is not the article's; null for other programs' records."""
    content_sha256: str = ""
    """SHA-256 (hexadecimal) of the text after NFC and folding of white space."""
    simhash64: str = ""
    """64-bit similarity hash of the text's word triples (16 hexadecimal digits)."""

    authors: tuple[Author, ...] = ()
    """People who signed; empty when nobody did."""
    agencies: tuple[str, ...] = ()
    """News agencies that the article names as its source, by their usual names."""
    dateline: str | None = None
    """Where it was written, as its text says at its beginning."""
    publisher: str | None = None
    """The publication's name, as the page states it."""

    date_published: str | None = None
    """ISO 8601, with its zone when one is known; null rather than a guess."""
    date_modified: str | None = None
    """ISO 8601, likewise."""
    date_candidates: tuple[DateCandidate, ...] = ()
    """All publication dates that were considered."""

    article_section: str | None = None
    """Section or category."""
    keywords: tuple[str, ...] = ()
    """Keywords or tags the page declares."""
    breadcrumbs: tuple[str, ...] = ()
    """Path of the page within the site, outermost first."""

    main_image: Image | None = None
    """The image that stands for the article."""
    images: tuple[Image, ...] = ()
    """Images of the article, in order."""
    links: tuple[Link, ...] = ()
    """Links from the body, in order."""
    alternates: tuple[Alternate, ...] = ()
    """The article's other languages and editions."""

    is_accessible_for_free: bool | None = None
    """Whether all of it can be read without paying; null when the page doesn't say."""
    paywall: str | None = None
    """What on the page speaks for a paywall."""
    robots: tuple[str, ...] = ()
    """Directives of meta robots and ``X-Robots-Tag``."""
    tdm: str | None = None
    """Reservation of text and data mining, as declared."""
    license: str | None = None
    """Licence address or name, as declared."""

    warc: WarcAddress | None = None
    """The capture."""
    discovery: RecordDiscovery | None = None
    """How the URL was found."""
    http: HttpFacts | None = None
    """What the server said."""
    extraction: ExtractionFacts | None = None
    """What made this record."""
    fields: dict[str, FieldFacts] = Field(default_factory=dict)
    """For each field with several candidates: where its value comes from."""

    def to_json_line(self) -> str:
        """The record as one line of JSON, without its line end."""
        return self.model_dump_json(by_alias=True)

    def markdown(self) -> str:
        """The headline and the body as Markdown (CommonMark 0.31 with tables as GitHub has them)."""
        return markdown_of(self.headline, self.blocks, self.paragraphs)


def article_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a stored record."""
    schema = Article.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **schema}
