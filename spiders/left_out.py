"""Why an article that a source announces is not asked for. Each is counted by site, and a run's report tells it."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class LeftOut(StrEnum):
    """The reasons, each with a sentence for a person."""

    sentence: str

    def __new__(cls, value: str, sentence: str) -> Self:
        """A member: its value, and what it means."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    NO_ADDRESS = "no_address", "The entry gives no address."
    UNFIT = (
        "unfit_address",
        "The address can't be asked for: it is no http or https address, or has no valid host or port.",
    )
    TOO_LONG = "address_too_long", "The address is longer than 2,000 characters."
    DENIED = "denied", "The address matches a pattern under urls.deny of the site's definition."
    NOT_ALLOWED = "not_allowed", "The address matches none of the patterns under urls.allow of the site's definition."
    OFF_SITE = "off_site", "The address lies on another site."
    ASSET = "asset", "The address is that of a picture, a document or another file that is no page."
    NOT_AN_ARTICLE = (
        "not_an_article",
        "The address does not have the form of an article's, and no feed or news sitemap lists it.",
    )
    OLD = "old", "A sitemap that is no news sitemap dates it more than three days back; --backfill asks for it."
    UNDATED = "undated", "A sitemap that is no news sitemap gives it no date; --backfill asks for it."
    UNREADABLE_DATE = (
        "unreadable_date",
        "A sitemap that is no news sitemap gives it a date that can't be read; --backfill asks for it.",
    )
