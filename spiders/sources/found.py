"""What a source says of an article."""

from __future__ import annotations

from dataclasses import dataclass

MOST_ENTRIES = 50_000
"""Entries of a source past which it is not read on (a sitemap's limit by its protocol)."""


@dataclass(frozen=True, slots=True)
class Found:
    """One announced article. Texts are empty when the source does not give them."""

    url: str
    """Absolute, as announced."""
    date: str = ""
    """ISO 8601."""
    title: str = ""
    author: str = ""
    news: bool = False
    """Whether a feed or a news sitemap announces it, rather than a link."""
    others: tuple[str, ...] = ()
    """Further addresses of it, for when the first leads to a service that counts readers."""
    unreadable_date: str = ""
    """What stands where the date should be, when it can't be read."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed says."""

    articles: tuple[Found, ...]
    without_address: int = 0
    """Entries that give no address."""
    flaws: tuple[str, ...] = ()
    """Why it could not be read to its end."""
