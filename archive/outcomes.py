"""What became of every captured page: one line per page, each with exactly one outcome."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class PageOutcome(StrEnum):
    """Why a page became a record, or why not."""

    RECORD = "record"
    """An article record was written."""
    UNCHANGED = "unchanged"
    """The same bytes as an earlier capture (a revisit), which has the record."""
    UNCHANGED_TEXT = "unchanged_text"
    """Other bytes, but the same text as an earlier record."""
    REDIRECTED = "redirected"
    """The page redirects; its target is a separate page."""
    HTTP_ERROR = "http_error"
    """The server responded with an error status."""
    NO_RESPONSE = "no_response"
    """There was no response; the outcome of the attempt says why."""
    TRUNCATED = "truncated"
    """Only part of the page was received."""
    NOT_HTML = "not_html"
    """The body is not an HTML document."""
    UNDECODABLE = "undecodable"
    """The body can't be decoded, or is too large after decoding."""
    TOO_COMPLEX = "too_complex"
    """The page exceeds the limits for text or elements, or its extraction does not finish."""
    SOFT_NOT_FOUND = "soft_not_found"
    """The page has status 200, but says that it does not exist."""
    NOT_AN_ARTICLE = "not_an_article"
    """An HTML page, but not an article: a list, a front page or a form."""
    NO_TEXT = "no_text"
    """No body text was found."""
    TOO_SHORT = "too_short"
    """Less text than the extraction rules require."""
    NO_HEADLINE = "no_headline"
    """Text, but no headline."""
    RESERVED = "reserved"
    """The page asks not to be archived or mined, and the settings (`heed`) respect that."""
    EXTRACTION_FAILED = "extraction_failed"
    """The extractor failed on this page, or did not finish in time."""

    @property
    def traits(self) -> PageOutcomeTraits:
        """What follows from the outcome."""
        return _TRAITS[self]


class ExtractionResult(Enum):
    """The result of extraction, for the share of pages that it loses."""

    TEXT = "text"
    LOST = "lost"
    NOT_TRIED = "not_tried"
    """There was nothing to extract, or a reason not to."""


@dataclass(frozen=True, slots=True)
class PageOutcomeTraits:
    """What follows from a page's outcome."""

    is_captured: bool
    """The server sent the complete page, so its URL is not fetched again for that reason."""
    has_record: bool
    """The archive has the page's text in a record, this one or an earlier one."""
    extraction: ExtractionResult
    is_article: bool | None
    """Whether addresses of this form lead to articles; None: the page doesn't say."""


_TRAITS = {
    outcome: PageOutcomeTraits(is_captured, has_record, extraction, is_article)
    for outcome, is_captured, has_record, extraction, is_article in (
        # outcome                       captured  record  extraction                  article
        (PageOutcome.RECORD,            True,     True,   ExtractionResult.TEXT,      True),
        (PageOutcome.UNCHANGED,         True,     True,   ExtractionResult.NOT_TRIED, None),
        (PageOutcome.UNCHANGED_TEXT,    True,     True,   ExtractionResult.TEXT,      None),
        (PageOutcome.REDIRECTED,        True,     False,  ExtractionResult.NOT_TRIED, None),
        (PageOutcome.HTTP_ERROR,        False,    False,  ExtractionResult.NOT_TRIED, None),
        (PageOutcome.NO_RESPONSE,       False,    False,  ExtractionResult.NOT_TRIED, None),
        (PageOutcome.TRUNCATED,         False,    False,  ExtractionResult.LOST,      None),
        (PageOutcome.NOT_HTML,          True,     False,  ExtractionResult.LOST,      False),
        (PageOutcome.UNDECODABLE,       True,     False,  ExtractionResult.LOST,      None),
        (PageOutcome.TOO_COMPLEX,       True,     False,  ExtractionResult.LOST,      None),
        (PageOutcome.SOFT_NOT_FOUND,    True,     False,  ExtractionResult.LOST,      False),
        (PageOutcome.NOT_AN_ARTICLE,    True,     False,  ExtractionResult.LOST,      False),
        (PageOutcome.NO_TEXT,           True,     False,  ExtractionResult.LOST,      None),
        (PageOutcome.TOO_SHORT,         True,     False,  ExtractionResult.LOST,      None),
        (PageOutcome.NO_HEADLINE,       True,     False,  ExtractionResult.LOST,      None),
        (PageOutcome.RESERVED,          True,     False,  ExtractionResult.NOT_TRIED, None),
        (PageOutcome.EXTRACTION_FAILED, True,     False,  ExtractionResult.LOST,      None),
    )
}  # fmt: skip
"""A page behind a paywall, or with too little text, may well be an article: three outcomes alone say it is none."""


class PageOutcomeLine(BaseModel):
    """One line of ``SEGMENT.outcomes.jsonl.gz``."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    url: str
    """The captured URL."""
    record_id: UUID
    """Id of the WARC record: the response, or the metadata record when no response came."""
    offset: int
    """Where that record's gzip member begins in the segment's WARC (bytes)."""
    outcome: PageOutcome
    detail: str = ""
    """One line for a person, such as the status or the number of words found."""
