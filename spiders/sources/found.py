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
