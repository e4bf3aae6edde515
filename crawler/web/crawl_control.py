"""Starting and stopping this machine's crawls from the web.

What is started is ``newswarc crawl --due`` of sites that have a definition; what is stopped is the process that has
the lock of such runs, wherever it was started.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from archive.errors import BadAddress
from crawler.config import Configuration
from crawler.keeping.run_lock import Holder, end_holder, holder
from crawler.web.programs import Program, StillRunning
from spiders.catalog import SiteCatalog

if TYPE_CHECKING:
    from archive.access import AccessGate
    from spiders.site import Site

_LOG = "crawl.log"


class NotNow(Exception):
    """A crawl cannot be started or stopped as things are. The message says why, for a person."""


class CrawlControl:
    """One machine's crawls."""

    def __init__(self, configuration: Configuration, directory: Path, options: Sequence[str]) -> None:
        """`directory` is for the log; `options` are those of ``newswarc crawl`` that name this archive and its
        settings.
        """
        self._configuration = configuration
        self._options = tuple(options)
        self._program = Program(directory / _LOG)
        self._asked: Holder | None = None
        self._lock = threading.Lock()

    @property
    def log(self) -> Path:
        """What crawls that were started here have said."""
        return self._program.log

    @property
    def running(self) -> Holder | None:
        """The run that goes on, wherever it was started."""
        return holder(self._configuration.state_directory)

    @property
    def is_starting(self) -> bool:
        """Whether a crawl was started here that has not taken its turn yet."""
        return self._program.is_running and self.running is None

    @property
    def is_ending(self) -> bool:
        """Whether the run that goes on was asked from here to end."""
        return self._asked is not None and self._asked == self.running

    def last_lines(self, count: int) -> list[str]:
        """The end of the log. Raises OSError."""
        return self._program.last_lines(count)

    def sites(self, known: Iterable[str], gate: AccessGate) -> list[Site]:
        """The sites that can be crawled from here: the operator's own definitions, and of those that come with the
        software the ones that were crawled before (`known`). What access rules withhold is left out.

        Raises SiteError.
        """
        catalog = SiteCatalog([Path(directory) for directory in self._configuration.sites])
        own = {site.id: site for site in catalog.all(bundled=False)}
        others = {site.id: site for site in catalog.all() if site.id in set(known) - set(own)}
        return [site for _, site in sorted((own | others).items()) if gate.refusal(site.url, None) is None]

    def start(self, wanted: Sequence[str], offered: Sequence[str], told: str) -> None:
        """Start a crawl of what is due of sites, all that are offered when none is named. `told` is the line that
        begins its log.

        Raises BadAddress when a site is not offered, NotNow, or OSError.
        """
        unknown = [name for name in wanted if name not in offered]
        if unknown:
            raise BadAddress(f"site {unknown[0][:100]!r}: it cannot be crawled from here; choose one of the list")
        if not offered:
            raise NotNow("no site has a definition of its own here; `newswarc site add` makes one")
        if self._configuration.is_stopped:
            raise NotNow(f"{self._configuration.stop_file}: this file stops all crawls; remove it to continue")
        with self._lock:
            if self.running is not None:
                raise NotNow("a crawl is running; stop it, or wait until it has ended")
            named = sorted(set(wanted)) or sorted(offered)
            try:
                self._program.start(["crawl", "--due", *self._options, "--", *named], told)
            except StillRunning as error:
                raise NotNow("a crawl is about to begin") from error

    def stop(self) -> Holder:
        """Ask the run that goes on to end in order; who it is. Raises NotNow."""
        with self._lock:
            found = self.running
            if found is None:
                raise NotNow("no crawl is running")
            if found == self._asked:  # a second signal would end it at once
                raise NotNow("the crawl was asked to end, and finishes what it has begun")
            asked = end_holder(self._configuration.state_directory)
            if asked is None:
                raise NotNow(
                    "the crawl cannot be stopped from here: it has just ended, or runs in another container or as "
                    "another user"
                )
            self._asked = asked
            return asked
