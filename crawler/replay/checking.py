"""Whether articles can be shown as they were: everything they need is captured, whole and unaltered.

A requisite counts as there when some capture of its address has status 200, or leads on, or is a revisit whose
original is there. What a page needs from hosts that are not its site's is counted apart: it may have been left out on
purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus

from archive.article import Article
from archive.captures import Capture
from archive.cdxj import IndexEntry
from archive.errors import ArchiveError, DamagedArchive, ObjectMissing
from archive.http1 import BadMessage, entity_body
from archive.library import RecordFilter, articles
from archive.lookup import Lookup
from archive.members import labelled_digest
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
    """A look through the articles of an archive."""

    lookup: Lookup
    wanted: RecordFilter
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
        for article in articles(self.lookup.storage, self.wanted, self.lookup.gate):
            self.pages += 1
            yield from self._faults_of(article)
            self.progress(self.pages)

    def _faults_of(self, article: Article) -> Iterator[ReplayFault]:
        fault, needed = self._read_page(article)
        if fault:
            yield ReplayFault(article.url, article.url, fault)
        waiting = list(reversed(needed))
        seen: set[str] = set()
        while waiting:
            requisite = waiting.pop()
            if requisite.url in seen:
                continue
            seen.add(requisite.url)
            fault, further = self._looked_at(article.url, requisite)
            if fault:
                yield ReplayFault(article.url, requisite.url, fault)
            waiting += reversed(further)

    def _read_page(self, article: Article) -> tuple[str, list[Requisite]]:
        if article.warc is None:
            return "it names no capture", []
        address = article.warc
        entry = IndexEntry(article.url, "", "", 0, "", address.length, address.offset, address.file)
        try:
            capture = self.lookup.read(entry)
            body = self._sound_body(capture)
            return "", page_requisites(body, article.url, capture.head().first("content-type"))
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
        algorithm, _, _ = capture.payload_digest.partition(":")
        if algorithm and labelled_digest(entity_body(capture.response), algorithm) != capture.payload_digest:
            raise DamagedArchive("altered: its bytes are not those of its digest")
        return capture.body(_LARGEST).body


def _is_shown(entry: IndexEntry) -> bool:
    return entry.is_revisit or HTTPStatus.OK <= entry.status < HTTPStatus.BAD_REQUEST
