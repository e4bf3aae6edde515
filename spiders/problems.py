"""What went wrong at a site, in one line."""

from __future__ import annotations

from dataclasses import dataclass

_LONGEST = 500
problem_found = object()
"""Signal, sent with ``problem=Problem``. The crawl continues."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Where, what, and what to do about it."""

    site: str
    url: str
    what: str
    remedy: str
    needs_operator: bool = False
    """Whether it lasts until somebody acts, so that the run ends with exit code 1 even if all else went well."""

    def __str__(self) -> str:
        return printable(f"{self.site}: {self.url}: {self.what}; {self.remedy}")


def printable(text: str) -> str:
    """A text that is safe to show on a terminal: control and direction characters are escaped, and its length is
    limited.
    """
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in shown)


class NotASource(ValueError):
    """A document is not the feed or sitemap it was taken for. The message says what it is."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.remedy = remedy

    def __str__(self) -> str:
        return str(self.args[0])
