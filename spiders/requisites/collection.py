"""The requisites of one page, requested a few at a time and within limits; each one left out has a reason.

- An address is requested once in a run, and again in a later one when its capture is old (see `Wishes.is_held`).
- Taken are the site's own hosts and those that its definition names; never those that follow readers about.
- A page has so many requisites, bytes and seconds; past these the rest is left out. The seconds count from the first
  answer, since until then it waits for its turn.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from spiders.links import is_denied, same_site
from spiders.requisites.found import Requisite
from spiders.site import Site

AT_ONCE = 8
"""Requests of one page that may wait for their answers."""


class LeftOut(StrEnum):
    """Why a requisite was not requested."""

    HOST = "host"
    """Its host is neither the site's nor named by its definition."""
    TRACKER = "tracker"
    """Its host follows readers about, or sells what they see."""
    DENIED = "denied"
    """The site's definition denies it."""
    COUNT = "count"
    """The page has too many."""
    BYTES = "bytes"
    """What came for the page is large enough."""
    TIME = "time"
    """The page took long enough."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one page may have."""

    count: int = 200
    bytes: int = 64 << 20
    seconds: float = 300.0


def _held_by_nobody(_url: str) -> bool:
    return False


@dataclass(slots=True)
class Wishes:
    """What a run wants of requisites, and what became of that."""

    wanted: bool = False
    """Whether sites that do not say so have theirs captured."""
    bounds: Bounds = Bounds()
    trackers: frozenset[str] = frozenset()
    """Hosts (and all below them) that are never asked."""
    is_held: Callable[[str], bool] = _held_by_nobody
    """Whether an address is captured, and recently enough."""
    asked: set[int] = field(default_factory=set)
    """Hashes of the addresses that were requested in this run."""
    left_out: dict[str, Counter[LeftOut]] = field(default_factory=dict)
    """By site."""
    other_hosts: dict[str, Counter[str]] = field(default_factory=dict)
    """Hosts that a site's definition could name, by site."""

    def are_wanted(self, site: Site) -> bool:
        """Whether a site's requisites are captured."""
        return self.wanted if site.requisites is None else site.requisites

    def refuse(self, site: Site, url: str, reason: LeftOut) -> None:
        """Count what is left out."""
        self.left_out.setdefault(site.id, Counter())[reason] += 1
        if reason is LeftOut.HOST:
            self.other_hosts.setdefault(site.id, Counter())[urlsplit(url).hostname or ""] += 1

    def reason_against(self, site: Site, url: str) -> LeftOut | None:
        """Why an address is not asked for on this site's behalf, if there is a reason."""
        host = (urlsplit(url).hostname or "").lower()
        labels = host.split(".")
        if any(".".join(labels[start:]) in self.trackers for start in range(len(labels))):
            return LeftOut.TRACKER
        if is_denied(url, site):
            return LeftOut.DENIED
        if same_site(url, site) or any(_matches(host, pattern) for pattern in site.requisite_hosts):
            return None
        return LeftOut.HOST


def _matches(host: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:])
    return pattern in ("*", host)


class PageRequisites:
    """One page's requisites: what waits, and what it has had so far."""

    def __init__(self, site: Site, wishes: Wishes, clock: Callable[[], float]) -> None:
        """`clock` gives seconds."""
        self._site = site
        self._wishes = wishes
        self._clock = clock
        self._waiting: deque[Requisite] = deque()
        self._under_way = 0
        self._count = 0
        self._bytes = 0
        self._ends: float | None = None

    def add(self, found: Iterable[Requisite]) -> None:
        """Take in what a document names; what was requested in this run, or is held, is skipped."""
        wishes = self._wishes
        for requisite in found:
            mark = hash(requisite.url)
            if mark in wishes.asked:
                continue
            wishes.asked.add(mark)
            reason = wishes.reason_against(self._site, requisite.url)
            if reason is None and self._count >= wishes.bounds.count:
                reason = LeftOut.COUNT
            if reason is not None:
                wishes.refuse(self._site, requisite.url, reason)
            elif not wishes.is_held(requisite.url):
                self._count += 1
                self._waiting.append(requisite)

    def answered(self, size: int) -> None:
        """One of those that `take` gave has come, with so many bytes, or come to nothing."""
        self._under_way -= 1
        self._bytes += size
        if self._ends is None:
            self._ends = self._clock() + self._wishes.bounds.seconds

    def take(self) -> list[Requisite]:
        """Those that are to be requested now."""
        if reason := self._is_enough():
            while self._waiting:
                left = self._waiting.popleft()
                self._wishes.asked.discard(hash(left.url))
                self._wishes.refuse(self._site, left.url, reason)
            return []
        taken = [self._waiting.popleft() for _ in range(min(AT_ONCE - self._under_way, len(self._waiting)))]
        self._under_way += len(taken)
        return taken

    def _is_enough(self) -> LeftOut | None:
        if self._bytes >= self._wishes.bounds.bytes:
            return LeftOut.BYTES
        if self._ends is not None and self._clock() >= self._ends:
            return LeftOut.TIME
        return None
