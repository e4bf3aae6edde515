"""What keeps one site from taking more than its due: budgets, places, cookies, and what reaches a terminal."""

from __future__ import annotations

from http.cookiejar import Cookie
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy.http import Request
from scrapy.http.cookies import CookieJar

from crawler.polite.site_budget import SiteBudget, SiteLimits
from crawler.run.cookies_middleware import MOST_BYTES, MOST_COOKIES, BoundedCookiesMiddleware
from crawler.run.fair_queue import AT_ONCE, FairQueue
from spiders.problems import Problem, printable


def test_a_site_has_so_many_sources_and_requests_a_run() -> None:
    budget = SiteBudget(SiteLimits(sources=2, requests=4, barren=0))
    assert [budget.takes_source("a") for _ in range(3)] == ["", "", "more than 2 sources"]
    assert [budget.takes_request("a") for _ in range(3)] == ["", "", "more than 4 requests"]
    assert budget.takes_source("b") == ""


def test_sources_that_show_nothing_new_end_the_following() -> None:
    budget = SiteBudget(SiteLimits(sources=0, requests=0, barren=3))
    budget.showed("a", {1, 2})
    for shown in ({1}, set[int](), {2, 1}):
        assert budget.takes_source("a") == ""
        budget.showed("a", shown)
    assert "nothing new" in budget.takes_source("a")
    assert budget.takes_request("a") == ""
    budget.showed("a", {3})
    assert budget.takes_source("a") == ""


def test_a_host_that_waits_leaves_the_places_to_others() -> None:
    downloader = SimpleNamespace(
        active=set[Request](), get_slot_key=lambda request: request.url.split("/")[2], slots={}
    )
    crawler = SimpleNamespace(
        settings=SimpleNamespace(getint=lambda name: 0), engine=SimpleNamespace(downloader=downloader)
    )
    queue = FairQueue(crawler, _Queue, "")
    for number in range(5):
        queue.push(Request(f"http://slow.example/{number}"))
    queue.push(Request("http://quick.example/"))
    popped = []
    while (request := queue.pop()) is not None:
        downloader.active.add(request)
        popped.append(request.url.split("/")[2])
    assert sorted(popped) == ["quick.example", *["slow.example"] * AT_ONCE]
    assert len(queue) == 5 - AT_ONCE
    downloader.active.clear()
    assert queue.pop() is not None


class _Queue:
    """The least of a queue that Scrapy's asks for."""

    def __init__(self, *_: object) -> None:
        self._waiting: list[Any] = []

    @classmethod
    def from_crawler(cls, *_: object) -> _Queue:
        return cls()

    def push(self, request: Any) -> None:
        self._waiting.append(request)

    def pop(self) -> Any:
        return self._waiting.pop() if self._waiting else None

    def close(self) -> None:
        self._waiting.clear()

    def __len__(self) -> int:
        return len(self._waiting)


def test_cookies_are_kept_within_bounds() -> None:
    middleware, jar = BoundedCookiesMiddleware(), CookieJar()
    request = Request("http://example.org/")
    for start in range(0, 300, 100):
        middleware._process_cookies(
            [_cookie(f"c{n}", "v") for n in range(start, start + 100)], jar=jar, request=request
        )
    middleware._process_cookies([_cookie("large", "v" * MOST_BYTES)], jar=jar, request=request)
    kept = {cookie.name for cookie in jar}
    assert len(kept) <= MOST_COOKIES
    assert "c249" in kept
    assert "large" not in kept


def _cookie(name: str, value: str) -> Cookie:
    fields: dict[str, Any] = {"version": 0, "port": None, "port_specified": False, "secure": False, "expires": None}
    fields |= {"discard": True, "comment": None, "comment_url": None, "rest": {}}
    fields |= {"domain": "example.org", "domain_specified": False, "domain_initial_dot": False}
    return Cookie(name=name, value=value, path="/", path_specified=True, **fields)


@pytest.mark.parametrize("text", ["\x1b[2J", "a\x07b", "\u202eabc", "\x9b31m", "line\r\nbreak"])
def test_a_terminal_gets_no_commands(text: str) -> None:
    shown = str(Problem("site", f"http://example.org/{text}", text, "remedy"))
    assert all(letter.isprintable() for letter in shown)


def test_what_is_printed_is_of_finite_length_and_otherwise_as_it_is() -> None:
    assert printable("Journal – مرحبا 日本") == "Journal – مرحبا 日本"
    assert len(printable("x" * 100_000)) < 1000
