"""Matching language tags: basic filtering (RFC 4647, section 3.3.1; tags: BCP 47)."""

from __future__ import annotations

ANY = "*"
"""The range that means every page, also one without a language."""


def matches(language_range: str, tag: str | None) -> bool:
    """Whether a tag is meant: ``en`` takes ``en-GB`` too, ``en-GB`` takes only that and what is below it.

    Case does not matter. A page without a language is meant by ``*`` alone.
    """
    wanted, found = language_range.strip().lower(), (tag or "").strip().lower()
    return wanted == ANY or (bool(found) and (found == wanted or found.startswith(f"{wanted}-")))
