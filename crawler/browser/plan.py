"""How a browser is started, as the configuration says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from crawler.browser.contained import NAMESPACE

if TYPE_CHECKING:
    from crawler.config import Configuration


@dataclass(frozen=True, slots=True)
class BrowserPlan:
    """How a browser is started."""

    program: str = "/usr/bin/chromium"
    isolation: str = NAMESPACE
    user: str = "nobody"
    """Who runs it where the crawl is root's."""
    sandbox: bool = True
    """Whether Chromium's own sandbox is on."""
    cpu: float = 30.0
    """Seconds of processor time that one process of a page may use."""

    @classmethod
    def of(cls, configuration: Configuration) -> Self:
        """The plan of a configuration."""
        return cls(
            configuration.browser_program,
            configuration.browser_isolation,
            configuration.browser_user,
            configuration.browser_sandbox,
            configuration.browser_cpu,
        )
