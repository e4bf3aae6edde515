"""Extraction rules: what a site's definition can say about its pages."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cssselect import SelectorError
from lxml import etree
from lxml.cssselect import CSSSelector
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator


def is_xpath(selector: str) -> bool:
    """Whether a selector is an XPath expression."""
    return selector.lstrip().startswith(("/", "(", "./"))


@lru_cache(maxsize=1024)
def compiled(selector: str) -> etree.XPath:
    """A selector, ready for use. Raises SelectorError or lxml's XPathSyntaxError."""
    return etree.XPath(selector) if is_xpath(selector) else CSSSelector(selector, translator="html")


def known_timezone(name: str) -> str:
    """The name, if it is empty or an IANA time zone. Raises ValueError."""
    if name:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{name!r} is not a time zone; write an IANA name such as 'Europe/Paris'") from error
    return name


def _valid_selectors(selectors: tuple[str, ...]) -> tuple[str, ...]:
    for selector in selectors:
        try:
            compiled(selector)
        except (SelectorError, etree.XPathSyntaxError) as error:
            kind = "an XPath expression" if is_xpath(selector) else "a CSS selector"
            raise ValueError(f"{selector!r} is not {kind}: {error}") from error
    return selectors


def _valid_patterns(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
    return patterns


Selectors = Annotated[tuple[str, ...], AfterValidator(_valid_selectors)]
"""CSS selectors, or XPath expressions (`is_xpath`)."""
Patterns = Annotated[tuple[str, ...], AfterValidator(_valid_patterns)]
"""Regular expressions."""


class Quality(StrEnum):
    """How much time to spend on a page's text."""

    FAST = "fast"
    """The model alone judges the page, unless it is very unsure."""
    DEFAULT = "default"
    """Other extractors are asked if the model is unsure."""
    BEST = "best"
    """Other extractors are always asked, and the surer judgement counts."""


class Heed(StrEnum):
    """Declarations by which a page can refuse to become a record."""

    NOARCHIVE = "noarchive"
    """``noarchive`` in meta robots or X-Robots-Tag."""
    NOINDEX = "noindex"
    """``noindex``, or ``none``."""
    NOAI = "noai"
    """``noai``."""
    TDM = "tdm"
    """``tdm-reservation: 1`` (TDM Reservation Protocol)."""


class PageRules(BaseModel):
    """Rules for the pages of one site at one time. All are optional: without any, extraction works by itself.

    Selectors are CSS, or XPath 1.0 when they begin with ``/``, ``(`` or ``./``; where a text is wanted, XPath may
    name an attribute. Where a list is given, the first selector that finds something counts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    language: str = ""
    """BCP 47 tag of the site's articles; taken when the text itself is too short to tell."""
    timezone: str = ""
    """IANA name, such as ``Asia/Beirut``: the zone of dates that are given without one."""
    site_names: tuple[str, ...] = ()
    """Names of the site that may stand in titles and author fields."""
    body: Selectors = ()
    """The element that holds the article's text."""
    remove: Selectors = ()
    """Elements that are never part of the text."""
    headline: Selectors = ()
    """The element that holds the title."""
    authors: Selectors = ()
    """Elements that hold one author's name each."""
    published: Selectors = ()
    """The element that holds the publication date, as text or in ``datetime`` or ``content``."""
    remove_paragraphs: Patterns = ()
    """Regular expressions: paragraphs that match as a whole are no text of the article."""
    minimum_words: int = Field(default=20, ge=1)
    """Fewer words than this make no article."""
    heed: tuple[Heed, ...] | None = None
    """Declarations for which no record is made of a page (`noarchive`, `noai`, `noindex`, `tdm`); unset: what the
    configuration says. The page is captured all the same."""
    quality: Quality = Quality.DEFAULT
    """How much to spend on a page's text: ``fast``, ``default`` or ``best``."""

    _timezone_exists = field_validator("timezone")(known_timezone)


class EarlierRules(PageRules):
    """Rules for the pages of a site as it was until a day."""

    valid_until: date
    """The last day (UTC) on which pages looked so."""


class ExtractionRules(PageRules):
    """Rules for the pages of one site, now and in the past."""

    earlier: tuple[EarlierRules, ...] = ()
    """Rules of former layouts, for captures of their time."""
    recurring: tuple[str, ...] = ()
    """Paragraphs that recur on the site's pages and are no text of an article, by digest (`pipelines.site_memory`).
    Learned by the crawler; not to be written by hand."""

    def at(self, moment: datetime | None) -> ExtractionRules:
        """The rules for a page fetched at this time (aware); the current rules if it is not known."""
        if moment is None or not self.earlier:
            return self
        day = moment.astimezone(UTC).date()
        former = [rules for rules in self.earlier if day <= rules.valid_until]
        if not former:
            return self
        oldest = min(former, key=lambda rules: rules.valid_until)
        return ExtractionRules.model_validate(
            oldest.model_dump(exclude={"valid_until"}) | {"recurring": self.recurring}
        )

    def canonical_json(self) -> bytes:
        """The rules as bytes, the same for equal rules. Segments contain them in this form."""
        # Without what is not known, so that rules of segments from before there was any keep their digests
        return self.model_dump_json(exclude=None if self.recurring else {"recurring"}).encode("utf-8")

    def digest(self) -> str:
        """``sha256:`` and the hexadecimal digest of `canonical_json`."""
        return f"sha256:{hashlib.sha256(self.canonical_json()).hexdigest()}"
