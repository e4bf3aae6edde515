"""What a source says about an article."""

from __future__ import annotations

from dataclasses import dataclass

MOST_ENTRIES = 50_000
"""Maximum number of entries that are read from a source (the limit of the sitemap protocol)."""


def cut_at(most: int) -> str:
    """The flaw of a source with more entries than are read."""
    return f"it has more than {most:,} entries, and only these are read"


@dataclass(frozen=True, slots=True)
class Found:
    """One announced article. Texts are empty if the source does not give them."""

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
    """The content of a feed."""

    articles: tuple[Found, ...]
    without_address: int = 0
    """Number of entries without a URL."""
    flaws: tuple[str, ...] = ()
    """Why it could not be read completely."""
