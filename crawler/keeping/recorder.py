"""Exchanges into segments.

`keep` appends an exchange to the open segment. Every `sync_interval` seconds or `sync_bytes` bytes what was appended
is made durable, and only then counted and reported to the frontier as captured. A full or old segment is closed and
handed on, to be stored in the background.

A disk that refuses stops the fetching, not the crawl: what was in progress is fetched again when there is room. A
disk that fails to make durable ends the segment at what is durable; what came after it is due again.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from archive.captures import CONFIGURATION_URI, SITE_URI
from archive.clock_and_ids import ClockAndIds
from archive.errors import ArchiveError, SegmentClosed
from archive.exchange import CaptureAddress, CaptureOutcome, Exchange, Original, Role
from archive.exchange_records import ResponseDigests
from archive.layout import OPEN_SUFFIX, WARC_SUFFIX, SegmentName
from archive.members import Encoding, labelled_digest
from archive.recovery import resume
from archive.segment import IN_MEMORY, ReadyExchange, SegmentWriter
from crawler.config import Configuration, software
from crawler.frontier.entries import Captured, Failed, KnownCapture
from crawler.frontier.failures import CLOCK_TOLERANCE
from crawler.keeping.captured import captured_or_failed
from crawler.keeping.counts import Counts, FailedArticle
from crawler.keeping.custody import newest_checkpoint
from crawler.keeping.deriving import SegmentPages, WaitingPage
from crawler.keeping.local_services import LocalServices
from crawler.keeping.recent_captures import RecentCaptures
from crawler.keeping.spool_recovery import acknowledge, segment_pages
from pipelines.generation import EXTRACTOR_GENERATION
from spiders.requests import RECAPTURE
from spiders.site import Site

logger = logging.getLogger(__name__)

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class NotKept(ArchiveError):
    """This machine's disk refuses, and nothing of the exchange was kept. Fetch it again when there is room."""


@dataclass(slots=True)
class _Open:
    """The segment that is being written."""

    writer: SegmentWriter
    pages: SegmentPages
    since: float


@dataclass(frozen=True, slots=True)
class _SiteRules:
    """What a segment keeps of a site, made once."""

    definition_uri: str
    definition: bytes
    configuration_uri: str
    configuration: bytes
    digest: str

    @classmethod
    def of(cls, site: Site) -> _SiteRules:
        definition = site.definition()
        configuration = site.extraction_rules().canonical_json()
        digest = labelled_digest(configuration)
        return cls(
            f"{SITE_URI}{site.id}:{labelled_digest(definition)}",
            definition,
            f"{CONFIGURATION_URI}{digest}",
            configuration,
            digest,
        )

    def add_to(self, writer: SegmentWriter) -> None:
        writer.add_resource(self.definition_uri, "application/json", self.definition)
        writer.add_resource(self.configuration_uri, "application/json", self.configuration)


@dataclass(frozen=True, slots=True)
class _Undurable:
    """An attempt that is written, or what follows from one, and may not be reported yet."""

    outcome: CaptureOutcome | None
    """None: this is no attempt, and not counted."""
    site: str
    received: int
    result: Captured | Failed | None
    """What the frontier is told; None: nothing."""
    is_article: bool
    """Of an article that may not be captured yet."""


class Recorder:
    """Keeps what a crawl receives."""

    def __init__(
        self,
        configuration: Configuration,
        services: LocalServices,
        clock_and_ids: ClockAndIds,
        counts: Counts,
        *,
        site_of: Callable[[Exchange], Site | None],
        robots: Callable[[], str],
    ) -> None:
        """`site_of` tells an exchange's site, `robots` how robots.txt is treated in this run."""
        self._robots = robots
        self._configuration = configuration
        self._frontier = services.frontier
        self._spool = services.spool
        self._store = services.store
        self._deriver = services.deriver
        self._encoding = Encoding(configuration.compression_level, configuration.digest)
        self._clock_and_ids = clock_and_ids
        self._counts = counts
        self._site_of = site_of
        self._current: _Open | None = None
        self._segments: dict[str, SegmentPages] = {}
        self._serial = 0
        self._undurable: list[_Undurable] = []
        self._unreported: list[_Undurable] = []
        self._recent = RecentCaptures()
        self._rules: dict[str, _SiteRules] = {}
        self._much = asyncio.Event()

    async def keep(self, exchange: Exchange) -> CaptureAddress:
        """Append an exchange to the open segment; the records of a large one are made aside. Raises NotKept."""
        if len(exchange.response) <= IN_MEMORY and exchange.rendering is None:
            return self.keep_now(exchange)
        while True:
            current, described = self._placed(exchange)
            digests = await asyncio.to_thread(self._digests, current, described)
            same = self._of_payload(described, digests, current.pages.name.text)
            original = self._original(current, described, digests, same)
            described = _compared(described, original, same)
            ready = await asyncio.to_thread(self._prepared, current, described, digests, original)
            if current is self._current:
                return self._append(current, ready)
            ready.members.close()  # the segment was closed meanwhile

    def keep_now(self, exchange: Exchange) -> CaptureAddress:
        """The same at once. Raises NotKept."""
        current, described = self._placed(exchange)
        digests = self._digests(current, described)
        same = self._of_payload(described, digests, current.pages.name.text)
        original = self._original(current, described, digests, same)
        described = _compared(described, original, same)
        return self._append(current, self._prepared(current, described, digests, original))

    def pages(self, segment_name: str) -> SegmentPages | None:
        """A segment of this run whose file is still on this machine."""
        return self._segments.get(segment_name)

    async def wait(self) -> None:
        """Wait until it is time to `sync`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._much.wait(), self._configuration.sync_interval)
        self._much.clear()

    def hurry(self) -> None:
        """Let `wait` end now."""
        self._much.set()

    async def sync(self) -> None:
        """Make what was received durable and report it.

        Raises OSError when the disk fails; the segment has ended then.
        """
        current = self._current
        durable: list[_Undurable] = []
        if current is not None and self._undurable:
            durable, self._undurable = self._undurable, []
            try:
                await asyncio.to_thread(current.writer.sync)
            except OSError as error:
                self._lose(current, error)
                raise
        self._much.clear()
        if durable or self._unreported:
            self._report(durable)

    def note_failed(self, failed: Failed, site: str) -> None:
        """An address came to nothing, by attempts that were kept before: told when these are durable."""
        self._undurable.append(_Undurable(None, site, 0, failed, is_article=True))

    async def rotate(self, *, if_due: bool = False) -> None:
        """Close the open segment, if there is one, and hand it on; what is received meanwhile goes into the next one.

        Raises OSError when the disk fails; the segment has ended then where it was last durable.
        """
        current = self._current
        if current is None and self._undurable:
            told, self._undurable = self._undurable, []  # what is behind it is in segments that are closed
            self._report(told)
        if current is None or (if_due and not self._is_due(current)):
            return
        self._current = None
        durable, self._undurable = self._undurable, []
        try:
            closed = await asyncio.to_thread(current.writer.close)
        except OSError as error:
            self._lose(current, error)
            raise
        current.pages.path = closed.warc
        self._store.begin(current.pages, closed)
        self._report(durable)

    async def resume(self) -> None:
        """Go on with the segment that an earlier run has left open, unless it is old or full. Raises OSError."""
        for path in reversed(self._spool.open_segments()):
            if self._current is None and path.name.startswith(f"{self._configuration.segment_prefix}-"):
                self._current = await asyncio.to_thread(self._resumed, path)

    def _resumed(self, path: Path) -> _Open | None:
        name = SegmentName.parse(path.name.removesuffix(WARC_SUFFIX + OPEN_SUFFIX))
        age = (self._clock_and_ids.now() - name.opened).total_seconds()
        is_old = age >= self._configuration.segment_age or age < -CLOCK_TOLERANCE  # opened by a clock that was wrong
        if is_old or path.stat().st_size >= self._configuration.segment_size:
            return None
        writer = resume(path, clock_and_ids=self._clock_and_ids, software=software(), encoding=self._encoding)
        if writer is None:
            return None
        acknowledge(path, name.text, self._frontier)
        pages = segment_pages(name, path, self._spool, self._frontier)
        self._segments[name.text] = pages
        return _Open(writer, pages, time.monotonic() - age)

    async def leave(self) -> None:
        """Make the open segment durable and leave it to the next run; close it when it is due.

        Raises OSError when the disk fails; the segment has ended then where it was last durable.
        """
        current = self._current
        if current is None or self._is_due(current):
            await self.rotate()
            return
        await self.sync()
        await self._deriver.settle(current.pages)
        self._current = None
        try:
            await asyncio.to_thread(current.writer.leave)
        except OSError as error:
            self._lose(current, error)
            raise

    def forget(self, segment_name: str) -> None:
        """A segment is no longer on this machine."""
        self._segments.pop(segment_name, None)

    def _report(self, durable: list[_Undurable]) -> None:
        """Tell the frontier of attempts that are durable, and count them.

        Raises OSError; then they are told of next time.
        """
        self._unreported += durable
        ready = self._unreported
        self._frontier.captured([attempt.result for attempt in ready if isinstance(attempt.result, Captured)])
        failures = [attempt.result for attempt in ready if isinstance(attempt.result, Failed)]
        self._frontier.failed(failures, self._clock_and_ids.now())
        self._unreported = []
        for attempt in ready:
            if attempt.outcome is not None:
                self._counts.attempt(attempt.site, attempt.outcome.value, attempt.received)
            if isinstance(attempt.result, Captured):
                self._recent.discard(attempt.result)
            if attempt.is_article:
                self._count_article(attempt)

    def _count_article(self, attempt: _Undurable) -> None:
        match attempt.result:
            case Captured(url=url, discovery=discovery):
                self._counts.article_came(attempt.site, url, discovery.requested_url)
            case Failed(url=url, outcome=outcome, status=status):
                self._counts.failed[url] = FailedArticle(attempt.site, outcome, status)

    def _lose(self, current: _Open, error: OSError) -> None:
        """The disk failed to make a segment durable. A full disk is told elsewhere, and may have room again."""
        if error.errno not in _FULL:
            self._counts.problems.append(
                f"{current.writer.path}: {error.strerror}; the segment ends where it is durable; what came after is "
                "fetched again; check the disk"
            )
        self._abandon(current)

    def _abandon(self, current: _Open) -> None:
        """Give a segment up behind what is durable. Recovery finishes it; what is lost is due again."""
        if self._current in (current, None):
            self._current = None
            self._undurable.clear()  # else they are in a segment that was opened meanwhile
        self._recent.clear()
        self._segments.pop(current.pages.name.text, None)
        try:
            current.writer.abandon()
        except OSError as error:
            logger.warning("%s: %s; the next run finishes it", current.writer.path, error)

    def _placed(self, exchange: Exchange) -> tuple[_Open, Exchange]:
        """The segment that an exchange goes into, with the rules of its site; and the exchange with their names."""
        try:
            current = self._current or self._opened()
            site = self._site_of(exchange)
            if site is None:
                return current, exchange
            rules = self._rules_of(site)
            rules.add_to(current.writer)
        except (OSError, SegmentClosed) as error:
            raise self._refused(error) from error
        discovery = replace(exchange.discovery, site=site.id)
        return current, replace(exchange, discovery=discovery, extraction_configuration=rules.digest)

    def _digests(self, current: _Open, exchange: Exchange) -> ResponseDigests:
        try:
            return current.writer.digests(exchange)
        except OSError as error:
            raise NotKept(str(error)) from error

    def _prepared(
        self, current: _Open, exchange: Exchange, digests: ResponseDigests, original: Original | None
    ) -> ReadyExchange:
        try:
            return current.writer.prepare(exchange, digests, original)
        except OSError as error:
            raise NotKept(str(error)) from error

    def _append(self, current: _Open, ready: ReadyExchange) -> CaptureAddress:
        exchange = ready.exchange
        try:
            address = current.writer.append_ready(ready)
        except (OSError, SegmentClosed) as error:
            raise self._refused(error) from error
        if exchange.discovery.role is Role.ARTICLE:
            rules = self._rules.get(exchange.discovery.site)
            configuration = rules.configuration if rules is not None else b""
            current.pages.waiting[address.offset] = WaitingPage(configuration, exchange.discovery.site)
        self._note(exchange, address, is_plain=ready.prepared.is_plain)
        if current.writer.undurable >= self._configuration.sync_bytes:
            self._much.set()
        return address

    def _refused(self, error: Exception) -> NotKept:
        """The disk refused. A segment that could not be put right again is given up."""
        current = self._current
        if current is not None and current.writer.is_closed:
            self._abandon(current)
        return NotKept(f"{self._spool.directory}: {error}")

    def _opened(self) -> _Open:
        settings = self._configuration
        self._serial += 1
        name = SegmentName.new(settings.segment_prefix, self._serial, self._clock_and_ids)
        writer = SegmentWriter(
            self._spool.directory,
            name,
            clock_and_ids=self._clock_and_ids,
            software=software(),
            operator=settings.contact,
            robots=self._robots(),
            checkpoint=newest_checkpoint(settings),
            encoding=self._encoding,
        )
        pages = SegmentPages(name, writer.path, self._spool.derived(name, EXTRACTOR_GENERATION))
        self._segments[name.text] = pages
        self._current = _Open(writer, pages, time.monotonic())
        return self._current

    def _rules_of(self, site: Site) -> _SiteRules:
        if site.id not in self._rules:
            self._rules[site.id] = _SiteRules.of(site)
        return self._rules[site.id]

    def _original(
        self, current: _Open, exchange: Exchange, digests: ResponseDigests, same: Sequence[KnownCapture]
    ) -> Original | None:
        """An earlier capture that may stand for this one: stored, or in the same segment.

        Of the same address; a requisite's also of another one, but for HTML. So a page that is removed from the
        archive never takes another paper's with it. `same` are captures of the same payload.
        """
        if exchange.outcome not in (CaptureOutcome.OK, CaptureOutcome.NOT_MODIFIED) or exchange.method != "GET":
            return None
        if exchange.truncated is not None:
            return None  # what was received is kept as it is
        if exchange.rendering is not None or exchange.rendering_failure:
            return None  # such pages are compared by their text: the same shell may show another one
        segment = current.pages.name.text
        role, of_address = exchange.discovery.role, self._of_address(exchange)
        if exchange.outcome is CaptureOutcome.NOT_MODIFIED:
            is_fitting = (
                of_address is not None
                and of_address.may_stand_for(role)
                and of_address.may_stand_for_repeats_in(segment)
            )
            return of_address.original if of_address is not None and is_fitting else None
        may_be_anywhere = _may_be_anywhere(exchange, digests)
        is_chunked = digests.head.chunked
        # Readers take the payload apart as the repeat's own head says: they would show an original's chunks
        fitting = (
            known.original
            for known in same
            if known.may_stand_for(role)
            and (may_be_anywhere or known.original.url == exchange.url)
            and (is_chunked or not known.chunked)
        )
        return next(fitting, None)

    def _of_address(self, exchange: Exchange) -> KnownCapture | None:
        return self._recent.of_address(exchange.url) or self._frontier.known_capture(exchange.url)

    def _of_payload(self, exchange: Exchange, digests: ResponseDigests, segment: str) -> list[KnownCapture]:
        """Captures of the same payload that are stored or in the same segment: that of the address first."""
        if exchange.outcome is not CaptureOutcome.OK or len(exchange.response) <= digests.head.length:
            return []  # an empty payload says nothing
        known = (
            self._of_address(exchange),
            self._recent.of_payload(digests.payload),
            self._frontier.first_capture(digests.payload),
        )
        return [
            capture
            for capture in known
            if capture is not None
            and capture.original.payload_digest == digests.payload
            and capture.may_stand_for_repeats_in(segment)
        ]

    def _note(self, exchange: Exchange, address: CaptureAddress, *, is_plain: bool) -> None:
        """Remember an attempt until it is durable."""
        result = captured_or_failed(exchange, address, is_plain=is_plain)
        if isinstance(result, Captured) and result.full:
            self._recent.add(result)
        found = exchange.discovery
        is_article = found.role is Role.ARTICLE and found.via != RECAPTURE
        received = len(exchange.response)
        self._undurable.append(_Undurable(exchange.outcome, found.site, received, result, is_article=is_article))

    def _is_due(self, current: _Open) -> bool:
        settings = self._configuration
        age = time.monotonic() - current.since
        return current.writer.size >= settings.segment_size or age >= settings.segment_age


def _compared(exchange: Exchange, original: Original | None, same: Sequence[KnownCapture]) -> Exchange:
    """An exchange that says which capture of another address its page has the bytes of."""
    is_whole_page = exchange.discovery.role is Role.ARTICLE and exchange.outcome is CaptureOutcome.OK
    is_rendered = exchange.rendering is not None
    if original is not None or not is_whole_page or is_rendered or exchange.truncated is not None:
        return exchange
    first = next((known.original for known in same if known.original.url != exchange.url), None)
    return replace(exchange, duplicate_of=first.record_id) if first is not None else exchange


def _may_be_anywhere(exchange: Exchange, digests: ResponseDigests) -> bool:
    """Whether a capture of another address may stand for this one."""
    return exchange.discovery.role is Role.REQUISITE and "html" not in digests.head.first("content-type").lower()
