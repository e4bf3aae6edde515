"""Exactly the pages in a list, one URL per line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from spiders.families.base import SiteSpider
from spiders.requests import LISTED
from spiders.run_services import BusySite, RunSites, SpiderServices, with_sites_of
from spiders.sources.found import Found


class UrlListSpider(SiteSpider):
    """Captures listed pages, whatever their form, using the rules of definitions given with them."""

    name = "urls"

    def __init__(self, name: str | None = None, *, urls: Sequence[str] | str = (), **kwargs: Any) -> None:
        """`urls` are addresses, or the path of a file with one per line. Raises SiteError, OSError."""
        super().__init__(name, **kwargs)
        lines = Path(urls).read_text(encoding="utf-8").splitlines() if isinstance(urls, str) else urls
        self.urls = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
        self.definitions, self._wrong = with_sites_of(self.urls, self.definitions)
        self.services = SpiderServices(RunSites(self.definitions))

    async def start(self) -> AsyncIterator[Any]:
        """A request for each page."""
        for url in self.urls:
            if url in self._wrong:
                self.report("list", url, self._wrong[url], "correct the line")
                continue
            try:
                site = self.sites.of_page(url)
            except BusySite as error:
                self.report("list", url, str(error), "try again when that run has finished")
                continue
            for request in self.articles(site, [Found(url)], LISTED, None):
                yield request
