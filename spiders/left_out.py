"""Why an article that a source announces is not asked for. Each is counted by site; the report of a run tells it."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

articles_left_out = object()
"""Signal, sent with ``site=str`` and ``counts=Counter[LeftOut]`` when a source was read. The crawl goes on."""


class LeftOut(StrEnum):
    """The reasons. What each means is told by its `sentence`."""

    NO_ADDRESS = "no_address"
    UNFIT = "unfit_address"
    TOO_LONG = "address_too_long"
    DENIED = "denied"
    NOT_ALLOWED = "not_allowed"
    OFF_SITE = "off_site"
    ASSET = "asset"
    NOT_AN_ARTICLE = "not_an_article"
    OLD = "old"
    UNDATED = "undated"
    UNREADABLE_DATE = "unreadable_date"

    @property
    def sentence(self) -> str:
        """What it means, for a person."""
        return _SENTENCES[self]


_SENTENCES = {
    LeftOut.NO_ADDRESS: "The entry gives no address.",
    LeftOut.UNFIT: "The address is no http or https address, or has no valid host or port.",
    LeftOut.TOO_LONG: "The address is longer than 2,000 characters.",
    LeftOut.DENIED: "The address matches a pattern under urls.deny of the site's definition.",
    LeftOut.NOT_ALLOWED: "The address matches none of the patterns under urls.allow of the site's definition.",
    LeftOut.OFF_SITE: "The address lies on another site.",
    LeftOut.ASSET: "The address is that of a picture, a document or another file that is no page.",
    LeftOut.NOT_AN_ARTICLE: "The address does not look like an article's, and no feed or news sitemap lists it.",
    LeftOut.OLD: "A plain sitemap dates it more than three days back; --backfill takes it.",
    LeftOut.UNDATED: "A plain sitemap gives it no date; --backfill takes it.",
    LeftOut.UNREADABLE_DATE: "A plain sitemap gives it a date that can't be read; --backfill takes it.",
}


class LeftOutCounts:
    """What one source announces that is not asked for: how many for each reason, and one of them."""

    def __init__(self) -> None:
        self.counts: Counter[LeftOut] = Counter()
        self.examples: dict[LeftOut, str] = {}

    def add(self, reason: LeftOut, example: str, number: int = 1) -> None:
        """So many more are left out."""
        if number:
            self.counts[reason] += number
            self.examples.setdefault(reason, example)
