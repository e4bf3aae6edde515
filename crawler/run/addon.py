"""Fills the operator's configuration into Scrapy's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.config import Configuration, environment_value, load_configuration
from crawler.run.extension import CONFIGURATION
from crawler.run.fair_queue import PLACES
from spiders.families.base import SITE_DIRECTORIES, VARIABLE_READER

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

_PRIORITY = "addon"


def scrapy_settings(configuration: Configuration) -> dict[str, Any]:
    """Scrapy's settings that follow from the configuration."""
    return {
        "USER_AGENT": configuration.agent,
        "ROBOTSTXT_OBEY": configuration.obey_robots,
        # Callers that need the order of the queue request one exchange at a time
        "CONCURRENT_REQUESTS": configuration.concurrency * PLACES if configuration.concurrency > 1 else 1,
        "CONCURRENT_REQUESTS_PER_DOMAIN": configuration.concurrency_per_host,
        "DOWNLOAD_DELAY": configuration.delay,
        "DOWNLOAD_TIMEOUT": configuration.timeout,
        "DOWNLOAD_MAXSIZE": configuration.max_body,
        "RETRY_TIMES": configuration.retries,
    }


class ConfigurationAddon:
    """A Scrapy add-on: its settings give way to those of a project, a spider or a command line."""

    @classmethod
    def update_pre_crawler_settings(cls, settings: BaseSettings) -> None:
        """Called by Scrapy, before any spider is made. Raises ConfigurationError."""
        configuration = settings.get(CONFIGURATION) or load_configuration()
        settings.set(CONFIGURATION, configuration, _PRIORITY)
        settings.set(SITE_DIRECTORIES, list(configuration.sites), _PRIORITY)
        settings.set(VARIABLE_READER, environment_value, _PRIORITY)
        for name, value in scrapy_settings(configuration).items():
            settings.set(name, value, _PRIORITY)
