"""What a page asks for when it is shown again, answered from the archive alone.

A request is answered by the capture of its address and method (of POST and PUT with the same body) nearest in time to
the page's. Where there is none, one whose query differs in long numbers alone may stand for it: scripts put random
numbers and the time into queries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus

from archive.address_match import Match
from archive.captures import Capture
from archive.cdxj import IndexEntry
from archive.errors import ArchiveError
from archive.exchange import Exchange, outcome_of_status
from archive.http1 import BadMessage, parse_head
from archive.lookup import Lookup
from archive.request_method import request_method
from crawler.browser.proxy_requests import AskedFor
from crawler.wire.connection import Watcher

_PASSING = re.compile(r"=(?:0?\.\d+|\d{6,}(?:\.\d+)?|[0-9a-f-]{16,})(?=&|$)", re.I)
_NO_ERROR = HTTPStatus.BAD_REQUEST
_MOST_OTHERS = 200
"""Captures with other queries that are looked at."""


def lasting_address(url: str) -> str:
    """An address without long numbers as values of its query."""
    path, _, query = url.partition("?")
    return f"{path}?{_PASSING.sub('=', query)}"


class ArchiveAnswers:
    """Answers the requests of one page."""

    def __init__(self, lookup: Lookup, page: Capture) -> None:
        self.answered: set[tuple[str, str]] = set()
        """Method and address of what was answered without an error."""
        self.missing: set[tuple[str, str]] = set()
        """Of what the archive does not have."""
        self._lookup = lookup
        self._page = page

    async def fetch(self, asked: AskedFor, watcher: Watcher | None) -> Exchange:  # noqa: ARG002 - the protocol's
        """See `crawler.browser.proxy.Fetch`."""
        if asked.method == "GET" and asked.url == self._page.url:
            return exchange_of(asked.url, self._page.response, self._page.date)
        try:
            found = self._found(asked)
        except (ArchiveError, BadMessage):
            found = None
        if found is None:
            if not asked.upgrade and not asked.url.endswith("/favicon.ico"):
                self.missing.add((asked.method, asked.url))
            return exchange_of(asked.url, b"", self._page.date, asked.method)
        exchange, address = found
        if exchange.status < _NO_ERROR:
            self.answered.add((asked.method, address))
        return exchange

    def _found(self, asked: AskedFor) -> tuple[Exchange, str] | None:
        for entry in self._candidates(asked):
            capture = self._lookup.read(entry)
            return exchange_of(asked.url, self._lookup.wire(capture), capture.date, asked.method), capture.url
        return None

    def _candidates(self, asked: AskedFor) -> Iterator[IndexEntry]:
        """The captures that may answer, the best ones first."""
        head = b"".join(name + b": " + value + b"\r\n" for name, value in asked.headers)
        method = request_method(asked.method.encode() + b" / HTTP/1.1\r\n" + head + b"\r\n" + asked.body)
        exact = [
            entry for entry in self._lookup.find(asked.url + method.addition(asked.url)) if entry.method == method
        ]
        yield from sorted(exact, key=self._distance)
        if exact or "?" not in asked.url:
            return
        others = []
        lasting = lasting_address(asked.url)
        for entry in self._lookup.find(asked.url.partition("?")[0], Match.PREFIX):
            if entry.method.name == method.name and lasting_address(entry.url) == lasting:
                others.append(entry)
            if len(others) >= _MOST_OTHERS:
                break
        yield from sorted(others, key=self._distance)

    def _distance(self, entry: IndexEntry) -> float:
        return abs((entry.moment - self._page.date).total_seconds())


def exchange_of(url: str, response: bytes, date: datetime, method: str = "GET") -> Exchange:
    """A captured response as an answer for which nothing is sent. Raises BadMessage."""
    head = parse_head(response) if response else None
    status = head.status if head is not None else 0
    return Exchange(url, method, b"", response, date, date, outcome_of_status(status), status, head=head)
