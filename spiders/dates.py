"""Dates as written by sources and servers, in any form. Pure; never raises."""

from __future__ import annotations

import re
from datetime import datetime

from archive.period import moment_of
from pipelines.extract.date_texts import parse_date

_LONGEST = 100
"""Letters of a date past which it is none."""
_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])", re.A)


def announced_date(text: str) -> str:
    """A date of a feed or sitemap in ISO 8601: a month, a day, or with time and zone; empty when it is no date.

    Sitemaps name W3C's profile of ISO 8601, RSS names RFC 822, Atom RFC 3339; papers also write whatever a page may
    (`pipelines.extract.date_texts`). A month alone is a date of the first of these, and of no page.
    """
    text = " ".join(text[: _LONGEST + 1].split())
    if not text or len(text) > _LONGEST:
        return ""
    if _MONTH.fullmatch(text):
        return text
    return parse_date(text) or ""


def http_moment(text: str) -> datetime | None:
    """The moment (UTC) of a header such as ``Date`` (RFC 9110, section 5.6.7); None when it can't be read."""
    return moment_of(announced_date(text))
