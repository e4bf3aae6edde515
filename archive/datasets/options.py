"""Which records a data set holds."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from archive.collection import CollectionScope
from archive.datasets.columns import REMOVED, Column, chosen
from archive.datasets.rows import Row
from archive.datasets.sampling import Strata
from archive.languages import matches
from archive.period import Period
from archive.selection import within


class Versions(StrEnum):
    """Which versions of an article."""

    ALL = "all"
    FIRST = "first"
    LATEST = "latest"


class Copies(StrEnum):
    """What to do with texts that occur more than once."""

    KEEP = "keep"
    """Keep all; columns mark them."""
    EXACT = "exact"
    """Keep the earliest of equal texts."""
    NEAR = "near"
    """Keep the earliest of nearly equal texts."""


class Dropped(StrEnum):
    """Why a record is not in a data set. The first that applies counts."""

    QUERY = "query"
    SITE = "site"
    COLLECTION = "collection"
    LANGUAGE = "language"
    CAPTURED = "captured"
    PUBLISHED = "published"
    WORDS = "words"
    PAYWALL = "paywall"
    RESERVED = "reserved"
    WITHHELD = "withheld"
    """By an access rule."""
    VERSION = "version"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near_duplicate"
    NOT_DRAWN = "not_drawn"
    """By the sample."""


class DatasetOptions(BaseModel):
    """Which records to select; empty fields select all. Kept in the manifest."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid", use_attribute_docstrings=True
    )

    sites: tuple[str, ...] = ()
    """Hosts, including their subdomains."""
    collection: str = ""
    """A collection of the archive, as ``NAME@NUMBER`` of its version."""
    scope: CollectionScope | None = None
    """What that version of the collection means."""
    languages: tuple[str, ...] = ()
    """Language ranges (`archive.languages`): ``en`` takes ``en-GB`` too."""
    captured_since: str = ""
    captured_until: str = ""
    published_since: str = ""
    published_until: str = ""
    min_words: int = Field(default=0, ge=0)
    """Minimum number of words."""
    without_paywalled: bool = False
    """Whether to leave out pages that show only part of their text."""
    without_reserved: bool = False
    """Whether to leave out pages that reserve text and data mining, or ask for ``noarchive``."""
    query: str = ""
    """A query for the full-text index (`archive.search.query`), in its plainest form."""
    analysis: str = ""
    """Version of that index's analysis."""
    versions: Versions = Versions.ALL
    copies: Copies = Copies.KEEP
    sample: str = ""
    """A sample of what is left: ``1%`` or a number of rows (`archive.datasets.sampling`)."""
    seed: int = 0
    """Of the sample."""
    strata: Strata = Strata.NONE
    """Of the sample."""
    fields: tuple[str, ...] = ()
    """Names of the columns; empty: all. Those that name the capture are always there."""
    without_text: bool = False
    """Whether columns with words of the articles are left out, and a digest of them is there instead."""
    pseudonyms: str = ""
    """Fingerprint of the key with which names were made pseudonyms; empty: names are as printed."""

    def columns(self) -> tuple[Column, ...]:
        """The columns of a row. Raises BadAddress."""
        found = chosen(self.fields)
        if not self.without_text:
            return found
        return (*(column for column in found if not column.has_text), REMOVED)

    @property
    def _captured(self) -> Period:
        return _period(self.captured_since, self.captured_until)

    @property
    def _published(self) -> Period:
        return _period(self.published_since, self.published_until)

    def reason_against(self, row: Row) -> Dropped | None:
        """Why a row is not wanted by itself."""
        checks: tuple[tuple[Dropped, bool], ...] = (
            (Dropped.SITE, bool(self.sites) and not any(within(row["site"], site) for site in self.sites)),
            (Dropped.COLLECTION, self.scope is not None and not self.scope.wants(row["url"], row["captured"])),
            (
                Dropped.LANGUAGE,
                bool(self.languages) and not any(matches(wanted, row["language"]) for wanted in self.languages),
            ),
            (Dropped.CAPTURED, not self._captured.holds(row["captured"])),
            (Dropped.PUBLISHED, not self._published.wants(row["datePublishedText"] or "")),
            (Dropped.WORDS, row["wordCount"] < self.min_words),
            (
                Dropped.PAYWALL,
                self.without_paywalled and (row["isAccessibleForFree"] is False or bool(row["paywall"])),
            ),
            (Dropped.RESERVED, self.without_reserved and _is_reserved(row)),
        )
        return next((reason for reason, applies in checks if applies), None)


CLEAN: dict[str, Any] = {
    "min_words": 50,
    "without_paywalled": True,
    "without_reserved": True,
    "versions": Versions.LATEST,
    "copies": Copies.NEAR,
}
"""The preset ``clean``: complete articles, each once, without reserved rights."""


_period = lru_cache(maxsize=16)(Period.of)
"""A row is held against the same periods as the one before."""


def _is_reserved(row: Row) -> bool:
    declared = {directive.lower() for directive in row["robots"]}
    return (row["tdm"] or "").strip() not in ("", "0") or bool(declared & {"noarchive", "noai", "none"})
