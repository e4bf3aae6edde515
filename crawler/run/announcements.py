"""The best known discovery of an article: what a feed or sitemap says about it, whoever links to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from archive.exchange import Discovery, Role
from crawler.frontier.entries import Due
from crawler.frontier.frontier import Frontier
from spiders.url_identity import identity


class Announcements:
    """What sources say about articles waiting to be fetched."""

    def __init__(self, frontier: Frontier) -> None:
        self._frontier = frontier
        self._announced: dict[str, Discovery] = {}

    def add(self, dues: Sequence[Due]) -> None:
        """Feeds or news sitemaps announce articles that may not be captured yet: they say more than links did."""
        for due in self._frontier.announced(dues):
            self._announced.setdefault(identity(due.url), due.discovery)

    def best(self, url: str, discovery: Discovery) -> Discovery:
        """The best known discovery of an article when its request is sent."""
        announced = self._announced.get(identity(url))
        if announced is None or discovery.source_date:
            return discovery
        return replace(announced, requested_url=discovery.requested_url)  # which the end of a chain has to name

    def kept(self, url: str, discovery: Discovery) -> Discovery:
        """What is kept of how an address was found; of an article also what its newest record says."""
        best = self.best(url, discovery)
        text = self._frontier.text_of(url) if best.role is Role.ARTICLE else ""
        return replace(best, previous_text=text) if text else best
