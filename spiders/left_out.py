"""Why an announced article is not requested. Each reason is counted by site in the report of a run."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

articles_left_out = object()
"""Signal, sent with ``site=str`` and ``counts=Counter[LeftOut]`` when a source was read. The crawl continues."""


class LeftOut(StrEnum):
    """The reasons. `sentence` explains each one."""

    NO_ADDRESS = "no_address"
    UNFIT = "unfit_address"
    TOO_LONG = "address_too_long"
    IN_FRAGMENT = "in_fragment"
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
        """What it means, in one sentence."""
        return _SENTENCES[self]


_SENTENCES = {
    LeftOut.NO_ADDRESS: "The entry has no URL.",
    LeftOut.UNFIT: "The URL is not http or https, has no valid host or port, or has letters that can't be read.",
    LeftOut.TOO_LONG: "The URL is longer than 2,000 characters.",
    LeftOut.IN_FRAGMENT: "The URL names the page behind a #, which is not sent: only the site's scripts can show it.",
    LeftOut.DENIED: "The URL matches a pattern under urls.deny in the site's definition.",
    LeftOut.NOT_ALLOWED: "The URL matches no pattern under urls.allow in the site's definition.",
    LeftOut.OFF_SITE: "The URL is on another site.",
    LeftOut.ASSET: "The URL is that of a picture, a document or another file that is not a page.",
    LeftOut.NOT_AN_ARTICLE: "The URL does not look like an article's, and no feed or news sitemap lists it.",
    LeftOut.OLD: "A plain sitemap dates it more than three days ago; --backfill includes it.",
    LeftOut.UNDATED: "A plain sitemap gives it no date; --backfill includes it.",
    LeftOut.UNREADABLE_DATE: "A plain sitemap gives it a date that can't be read; --backfill includes it.",
}


class LeftOutCounts:
    """What one source announces that is not asked for: how many for each reason, and one of them."""

    def __init__(self) -> None:
        self.counts: Counter[LeftOut] = Counter()
        self.examples: dict[LeftOut, str] = {}

    def add(self, reason: LeftOut, example: str, number: int = 1) -> None:
        """Count more left-out entries."""
        if number:
            self.counts[reason] += number
            self.examples.setdefault(reason, example)
