"""Site memories in the frontier's database: read when a run starts, updated while it runs, written when it ends."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from crawler.frontier.database import Database
from crawler.frontier.tables import MEMORIES
from pipelines.site_memory import SiteMemory

_KEPT_AFTER = 50
"""Articles after which what was learned is kept; a run that is killed forgets as many, and learns others."""


class SiteMemories:
    """What recurs on the pages of sites. All but `learn` of known sites raises FrontierUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, SiteMemory] = {}
        self._changed: set[str] = set()
        self._learned = 0

    def recurring(self, site: str) -> tuple[str, ...]:
        """Digests of the paragraphs that recur on a site, as they were last kept."""
        return self._read(site).recurring()

    def learn(self, site: str, url: str, paragraphs: Iterable[str]) -> None:
        """An article of a site, at this address, has these paragraphs."""
        if self._of(site).learn(url, paragraphs):
            self._changed.add(site)
            self._learned += 1
        if self._learned >= _KEPT_AFTER:
            self.keep()

    def keep(self) -> None:
        """Write down what is new."""
        rows: list[dict[str, object]] = [
            {"site": site, "paragraphs": self._known[site].to_lines()} for site in sorted(self._changed)
        ]
        self._database.insert(MEMORIES, rows, replace=True)
        self._changed.clear()
        self._known.clear()  # of thousands of sites these would fill the machine's memory
        self._learned = 0

    def _of(self, site: str) -> SiteMemory:
        if site not in self._known:
            self._known[site] = self._read(site)
        return self._known[site]

    def _read(self, site: str) -> SiteMemory:
        rows = self._database.rows(select(MEMORIES.c.paragraphs).where(MEMORIES.c.site == site))
        return SiteMemory(rows[0].paragraphs if rows else "")
