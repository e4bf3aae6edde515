"""Answers that a run has had lately: scripts, styles, fonts and pictures that pages share are asked for once.

Only what a server would give to anybody is given again (RFC 9111, section 3, and stricter): a whole response of
status 200 to a GET without a range, that sets no cookie, does not vary by more than codings, and was not forbidden to
be kept. The capture of the first answer stands for the later ones, as a cache between browser and server would.

What an earlier run was answered (`crawler.browser.earlier_answers`) was perhaps asked for by another program: it may
vary by nothing but codings, and where the page's origin is sent it has to be allowed by name or by ``*``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from archive.exchange import CaptureOutcome, Exchange, SpooledBytes
from archive.http1 import ResponseHead
from crawler.browser.proxy_requests import AskedFor

MOST_BYTES = 64 << 20
"""Bytes of all answers that are kept in memory."""
LARGEST = 4 << 20
"""Bytes of one of them."""

_SHARED = frozenset({"script", "style", "font", "image", "worker"})
"""Values of ``Sec-Fetch-Dest`` of what pages share."""
_CODINGS = frozenset({"accept-encoding"})
_MAY_VARY_BY = _CODINGS | {"origin", "user-agent", "accept"}
"""A run's pages differ in none of these but the origin, which is compared."""
_NOT_SHARED = frozenset({"no-store", "private"})


@dataclass(frozen=True, slots=True)
class _Answer:
    exchange: Exchange
    at: float
    origin: str
    """The ``Origin`` that was sent: what a server allows one page it may not allow another."""


class RecentAnswers:
    """Answers by address, the most recently used ones."""

    def __init__(self, age: float, clock: Callable[[], float]) -> None:
        """`age` is for how many seconds of `clock` an answer is given again."""
        self._age = age
        self._clock = clock
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._bytes = 0

    def answer(self, asked: AskedFor) -> Exchange | None:
        """The answer to a request, if there is one."""
        known = self._answers.get(asked.url)
        if known is None or not may_be_shared(asked) or known.origin != asked.header("origin"):
            return None
        if self._clock() - known.at >= self._age:
            self._remove(asked.url)
            return None
        self._answers.move_to_end(asked.url)
        return known.exchange

    def note(self, asked: AskedFor, exchange: Exchange, age: float = 0.0) -> None:
        """An answer came, `age` seconds ago."""
        if not may_be_shared(asked) or not _is_for_all(exchange):
            return
        self._remove(asked.url)
        self._answers[asked.url] = _Answer(exchange, self._clock() - age, asked.header("origin"))
        self._bytes += len(exchange.response)
        while self._bytes > MOST_BYTES:
            self._remove(next(iter(self._answers)))

    def _remove(self, url: str) -> None:
        gone = self._answers.pop(url, None)
        if gone is not None:
            self._bytes -= len(gone.exchange.response)


def may_be_shared(asked: AskedFor) -> bool:
    """Whether a request may be answered by what another page was answered."""
    is_plain = asked.method == "GET" and not asked.header("range") and not asked.header("authorization")
    is_forced = "no-cache" in asked.header("cache-control").lower()
    return is_plain and not is_forced and asked.header("sec-fetch-dest") in _SHARED


def answers_anybody(asked: AskedFor, head: ResponseHead) -> bool:
    """Whether a response does not depend on who asked, or says that it is for the origin that asks now."""
    origin = asked.header("origin")
    is_allowed = not origin or head.first("access-control-allow-origin") in ("*", origin)
    return is_allowed and _words(head, "vary") <= (_CODINGS | {"origin"} if origin else _CODINGS)


def _is_for_all(exchange: Exchange) -> bool:
    head = exchange.head
    if head is None or exchange.outcome is not CaptureOutcome.OK or head.status != 200 or exchange.truncated:
        return False
    if isinstance(exchange.response, SpooledBytes) or len(exchange.response) > LARGEST or head.values("set-cookie"):
        return False
    return _words(head, "vary") <= _MAY_VARY_BY and not _words(head, "cache-control") & _NOT_SHARED


def _words(head: ResponseHead, name: str) -> frozenset[str]:
    words = ",".join(head.values(name)).lower().split(",")
    return frozenset(word.strip() for word in words if word.strip())
