"""Everything of Scrapy that we rely on without its documentation promising it. A new version is tried against this.

Each entry names the part and who relies on it. What is used beyond this list must be in Scrapy's documentation.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from http.cookiejar import CookieJar as StandardCookieJar
from pathlib import Path

import pytest
import scrapy
from scrapy.core.downloader import Downloader, Slot
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.core.engine import ExecutionEngine
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.http.cookies import CookieJar
from scrapy.pqueues import DownloaderAwarePriorityQueue, DownloaderInterface

from tests.support.processes import ROOT

PRIVATE = {
    "jar._cookies": "crawler.run.cookies_middleware counts what a jar holds for a domain",
}
"""Attributes of Scrapy's objects with a leading underscore that our code reads."""


def private_reads(path: Path) -> Iterator[str]:
    """Reads of an underscored attribute of something that is not our own object."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Attribute) or not node.attr.startswith("_") or node.attr.startswith("__"):
            continue
        owner = node.value
        if isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "super":
            yield f"super.{node.attr}"
        elif isinstance(owner, ast.Name) and owner.id not in ("self", "cls"):
            yield f"{owner.id}.{node.attr}"


def test_the_list_names_each_private_part() -> None:
    scrapy_side = [*(ROOT / "crawler" / "run").glob("*.py"), *(ROOT / "spiders" / "families").glob("*.py")]
    assert {name for path in scrapy_side for name in private_reads(path)} == set(PRIVATE)


def test_the_version_is_bounded() -> None:
    wanted = next(line for line in (ROOT / "pyproject.toml").read_text().splitlines() if '"scrapy>=' in line)
    assert "<" in wanted, "Scrapy changes what it does not document from one minor version to the next"
    assert scrapy.version_info[:2] == (2, 19)


@pytest.mark.parametrize(
    ("part", "name", "parameters"),
    [
        # crawler.run.cookies_middleware
        (CookiesMiddleware, "_process_cookies", ["self", "cookies", "jar", "request"]),
        (CookieJar, "clear", ["self", "domain", "path", "name"]),
        # crawler.run.fair_queue
        (DownloaderAwarePriorityQueue, "__init__", None),
        (DownloaderInterface, "stats", ["self", "possible_slots"]),
        (DownloaderInterface, "get_slot_key", ["self", "request"]),
        # crawler.run.robots_middleware and spiders.families.news
        (RobotsTxtMiddleware, "process_request", ["self", "request", "spider"]),
        (RobotsTxtMiddleware, "robot_parser", ["self", "request"]),
        # crawler.run.download_handler
        (BaseDownloadHandler, "download_request", ["self", "request"]),
        (BaseDownloadHandler, "close", ["self"]),
        # crawler.run.crawling, extension, interruption, frontier_middleware, robots_middleware
        (AsyncCrawlerProcess, "create_crawler", ["self", "crawler_or_spidercls"]),
        (AsyncCrawlerProcess, "start", None),
        (Crawler, "get_extension", ["self", "cls"]),
        (Crawler, "get_downloader_middleware", ["self", "cls"]),
        (Crawler, "stop_async", ["self"]),
        (ExecutionEngine, "crawl", ["self", "request"]),
        (ExecutionEngine, "download_async", ["self", "request"]),
    ],
)
def test_a_method_that_is_called_or_replaced(part: type, name: str, parameters: list[str] | None) -> None:
    method = getattr(part, name)
    if parameters is not None:
        assert list(inspect.signature(method).parameters) == parameters


def test_attributes_that_are_read() -> None:
    """Of objects as Scrapy makes them: their attributes are set where they are made."""
    assert isinstance(CookieJar()._cookies, dict)
    assert hasattr(StandardCookieJar(), "_cookies")
    sources = {
        Downloader: ["self.slots", "self.active", "self.per_slot_settings"],
        Slot: ["delay"],
        DownloaderAwarePriorityQueue: ["self._downloader_interface"],
        DownloaderInterface: ["self.downloader"],
        ExecutionEngine: ["self.downloader", "self.running"],
        Crawler: ["self.engine", "self.spider", "self.stats"],
    }
    for part, names in sources.items():
        text = inspect.getsource(part)
        missing = [name for name in names if name not in text]
        assert not missing, f"{part.__name__} has no {missing} any more"
