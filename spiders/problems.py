"""What went wrong at a site, in one line for a person."""

from __future__ import annotations

from dataclasses import dataclass

problem_found = object()
"""Signal, sent with ``problem=Problem``. The crawl goes on."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Where, what, and what to do about it."""

    site: str
    url: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.site}: {self.url}: {self.what}; {self.remedy}"


class NotASource(ValueError):
    """A document is not the feed or sitemap it was taken for. The message says what it is."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.remedy = remedy

    def __str__(self) -> str:
        return str(self.args[0])
