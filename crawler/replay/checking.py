"""Whether pages can be shown as they were: everything they need is captured, whole and unaltered.

Every HTML page that was captured is looked at, also those of which no record was made. What scripts load is not seen.

A requisite counts as there when some capture of its address has status 200, or leads on, or is a revisit whose
original is there. What a page needs from hosts that are not its site's is counted apart: it may have been left out on
purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

from archive.captures import Capture
from archive.cdxj import IndexEntry
from archive.collection import CollectionScope
from archive.errors import ArchiveError, DamagedArchive, ObjectMissing
from archive.http1 import BadMessage
from archive.lookup import Lookup
from archive.members import DigestCheck, check_digest
from archive.selection import within
from spiders.links import same_site
from spiders.problems import NotASource
from spiders.requisites.found import Requisite, RequisiteKind
from spiders.requisites.markup import page_requisites
from spiders.requisites.styles import style_requisites
from spiders.site import site_of_address

_LARGEST = 1 << 26


@dataclass(frozen=True, slots=True)
class ReplayFault:
    """Something that a page lacks."""

    page: str
    url: str
    """What is missing or wrong; the page itself perhaps."""
    what: str


@dataclass(slots=True)
class ReplayCheck:
    """A look through the HTML pages of an archive."""

    lookup: Lookup
    site: str = ""
    """Host of the pages, or a parent domain of it; empty for all."""
    scope: CollectionScope | None = None
    """Of a collection: only its pages."""
    progress: Callable[[int], None] = lambda _pages: None
    """Called with the pages looked at."""
    pages: int = 0
    requisites: int = 0
    """Addresses looked at, each once."""
    elsewhere: int = 0
    """Addresses on other hosts of which there is no capture."""
    _known: dict[str, tuple[str, list[Requisite]]] = field(default_factory=dict)
    """Of each requisite what is wrong with it, and what it needs itself."""

    def faults(self) -> Iterator[ReplayFault]:
        """All that is wrong, page by page. Raises StorageError."""
        for line in self.lookup.index.lines(b""):
            entry = IndexEntry.parse(line)
            if entry.is_page and self._is_wanted(entry):
                self.pages += 1
                yield from self._faults_of(entry)
                self.progress(self.pages)

    def _is_wanted(self, entry: IndexEntry) -> bool:
        host = urlsplit(entry.url).netloc
        is_of_site = not self.site or within(host, self.site) or within(host.rpartition(":")[0], self.site)
        in_scope = self.scope is None or self.scope.wants(entry.url, entry.moment)
        return is_of_site and in_scope and self.lookup.gate.lets(entry.url, entry.moment)

    def _faults_of(self, page: IndexEntry) -> Iterator[ReplayFault]:
        fault, needed = self._read_page(page)
        if fault:
            yield ReplayFault(page.url, page.url, fault)
        waiting = list(reversed(needed))
        seen: set[str] = set()
        while waiting:
            requisite = waiting.pop()
            if requisite.url in seen:
                continue
            seen.add(requisite.url)
            fault, further = self._looked_at(page.url, requisite)
            if fault:
                yield ReplayFault(page.url, requisite.url, fault)
            waiting += reversed(further)

    def _read_page(self, entry: IndexEntry) -> tuple[str, list[Requisite]]:
        try:
            capture = self.lookup.read(entry)
            body = self._sound_body(capture)
            return "", page_requisites(body, entry.url, capture.head().first("content-type"))
        except (DamagedArchive, ObjectMissing, BadMessage) as error:
            return str(error), []
        except NotASource:
            return "", []

    def _looked_at(self, page: str, requisite: Requisite) -> tuple[str, list[Requisite]]:
        known = self._known.get(requisite.url)
        if known is None:
            self.requisites += 1
            known = self._known[requisite.url] = self._look_at(page, requisite)
        return known

    def _look_at(self, page: str, requisite: Requisite) -> tuple[str, list[Requisite]]:
        entries = list(self.lookup.find(requisite.url))
        fitting = [entry for entry in entries if _is_shown(entry)]
        if not fitting:
            refusals = (self.lookup.gate.refusal(one.url, one.moment) for one in self.lookup.every(requisite.url))
            rule = next((rule for rule in refusals if rule is not None), None)
            if rule is not None:
                return rule.description(), []
            if not same_site(requisite.url, site_of_address(page)):
                self.elsewhere += 1
                return "", []
            statuses = ", ".join(sorted({str(entry.status) for entry in entries}))
            return (f"captured only with status {statuses}" if entries else "not captured"), []
        try:
            capture = self.lookup.original(self.lookup.read(fitting[-1]))
            body = self._sound_body(capture)
        except ArchiveError as error:
            return str(error), []
        return "", style_requisites(body, requisite.url) if requisite.kind is RequisiteKind.STYLE else []

    def _sound_body(self, capture: Capture) -> bytes:
        """The body. Raises DamagedArchive when it is not what its digest says."""
        head = capture.head()
        checks = [
            check_digest(capture.payload_digest, (payload,))  # other programs digest chunks too, see decision 4
            for payload in (capture.payload(), capture.response[head.length :])
        ]
        if checks == [DigestCheck.WRONG] * len(checks):
            raise DamagedArchive("altered: its bytes are not those of its digest")
        return capture.body(_LARGEST).body


def _is_shown(entry: IndexEntry) -> bool:
    return entry.is_revisit or HTTPStatus.OK <= entry.status < HTTPStatus.BAD_REQUEST
