"""Exchanges into segments, pages into records, both into storage.

`keep` appends an exchange to the open segment. Every `sync_interval` what was appended is made durable and
only then reported to the frontier as captured. A full or old segment is closed and stored in the background:
WARC, index and manifest as soon as it is closed, its records as soon as its extractions are done.
What cannot be stored stays in the spool and is stored by a later run.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

from archive.captures import CONFIGURATION_URI, SITE_URI, Capture, SegmentReading
from archive.derived import DerivedFiles
from archive.errors import ArchiveError, DamagedArchive, StorageError
from archive.exchange import CaptureAddress, CaptureOutcome, Exchange, Original, Role
from archive.http1 import BadMessage, parse_head
from archive.identity import Identities
from archive.layout import WARC_SUFFIX, SegmentName
from archive.manifests import parse_manifest
from archive.members import Encoding, labelled_digest
from archive.publishing import publish_records, publish_segment
from archive.recovery import abandoned, captures_of, open_segments, recover
from archive.segment import ClosedSegment, SegmentWriter, write_durably
from archive.storage.protocol import Storage
from crawler.config import Configuration, software
from crawler.frontier import Captured, Frontier
from pipelines.derivation import is_page
from pipelines.extract import EXTRACTOR_GENERATION
from pipelines.pool import DerivationTask, ExtractionPool
from spiders.site import Site

logger = logging.getLogger(__name__)

_MANIFEST_SUFFIX = ".manifest.json"
_PASSING = frozenset(
    {
        CaptureOutcome.DNS_FAILURE,
        CaptureOutcome.CONNECTION_REFUSED,
        CaptureOutcome.CONNECTION_FAILED,
        CaptureOutcome.TIMEOUT,
        CaptureOutcome.TRUNCATED_TIME,
        CaptureOutcome.TRUNCATED_DISCONNECT,
        CaptureOutcome.RATE_LIMITED,
        CaptureOutcome.UNAVAILABLE,
        CaptureOutcome.SERVER_ERROR,
        CaptureOutcome.MALFORMED,
        CaptureOutcome.CANCELLED,
    }
)
_FINAL = frozenset(
    {
        CaptureOutcome.ROBOTS_DENIED,
        CaptureOutcome.ADDRESS_REFUSED,
        CaptureOutcome.TLS_FAILURE,
        CaptureOutcome.NOT_FOUND,
        CaptureOutcome.FORBIDDEN,
        CaptureOutcome.CLIENT_ERROR,
        CaptureOutcome.TRUNCATED_LENGTH,
    }
)


@dataclass(slots=True)
class Counts:
    """What a run has done so far."""

    outcomes: Counter[str] = field(default_factory=Counter)
    """Attempts by capture outcome."""
    pages: Counter[str] = field(default_factory=Counter)
    """Pages by page outcome."""
    articles: Counter[str] = field(default_factory=Counter)
    """Article records by site."""
    received: int = 0
    """Bytes of responses."""
    files: list[str] = field(default_factory=list)
    """Keys of the objects that were stored."""
    problems: list[str] = field(default_factory=list)
    """Storage troubles, one line each."""


@dataclass(slots=True)
class _Segment:
    """A segment and what is being derived from it."""

    name: SegmentName
    path: Path
    derived: DerivedFiles
    pages: dict[int, bytes] = field(default_factory=dict)
    """Extraction configuration of each page's capture, by offset."""
    sites: dict[int, str] = field(default_factory=dict)
    running: set[asyncio.Task[None]] = field(default_factory=set)


class Recorder:
    """Keeps what a crawl receives."""

    def __init__(
        self,
        configuration: Configuration,
        storage: Storage,
        frontier: Frontier,
        identities: Identities,
        *,
        site_of: Callable[[Exchange], Site | None],
    ) -> None:
        """`site_of` tells the site of an exchange whose discovery does not name it, or names it by id."""
        self.counts = Counts()
        self._configuration = configuration
        self._storage = storage
        self._frontier = frontier
        self._identities = identities
        self._site_of = site_of
        self._spool = configuration.state_directory / "spool"
        self._pool = ExtractionPool(configuration.workers, configuration.extraction_queue)
        self._writer: SegmentWriter | None = None
        self._segment: _Segment | None = None
        self._segments: dict[str, _Segment] = {}
        self._serial = 0
        self._opened_at = 0.0
        self._unsynced: list[Captured] = []
        self._storing: set[asyncio.Task[None]] = set()

    def keep(self, exchange: Exchange) -> CaptureAddress:
        """Append an exchange to the open segment. Raises OSError when the disk refuses."""
        writer, segment = self._open()
        site = self._site_of(exchange)
        configuration = b""
        if site is not None:
            configuration = self._add_rules(writer, site)
            digest = labelled_digest(configuration)
            discovery = replace(exchange.discovery, site=site.id)
            exchange = replace(exchange, discovery=discovery, extraction_configuration=digest)
        address = writer.append(exchange, self._original(exchange))
        self.counts.outcomes[exchange.outcome.value] += 1
        self.counts.received += len(exchange.response)
        if exchange.discovery.role is Role.ARTICLE:
            segment.pages[address.offset] = configuration
            segment.sites[address.offset] = exchange.discovery.site
        self._note(exchange, address)
        return address

    async def enqueue(self, segment_name: str, offset: int) -> None:
        """Put a page into the extraction queue, waiting while it is full."""
        segment = self._segments.get(segment_name)
        if segment is None or offset not in segment.pages:
            return
        await self._start_derivation(segment, offset)

    async def warm_up(self) -> None:
        """Start the extraction workers. What goes wrong here shows, and is mended, when the first page comes."""
        try:
            await self._pool.start()
        except (BrokenProcessPool, OSError, EOFError) as error:
            logger.info("the extraction workers did not start: %s", error)

    async def housekeeping(self) -> None:
        """Make what was received durable, and close the segment when it is full or old. Runs until cancelled."""
        while True:
            await asyncio.sleep(self._configuration.sync_interval)
            await self.sync()
            if self._writer is not None and self._is_due(self._writer):
                await self._rotate()

    async def sync(self) -> None:
        """Make what was received durable and tell the frontier."""
        if self._writer is not None and self._unsynced:
            durable, self._unsynced = self._unsynced, []
            await asyncio.to_thread(self._writer.sync)
            self._frontier.captured(durable)

    async def close(self) -> None:
        """Close the open segment and wait until all is stored, or known not to be storable now."""
        await self._rotate()
        while self._storing:
            await asyncio.wait(self._storing)
        self._pool.close()

    def store_leftovers(self) -> list[str]:
        """Take up what earlier runs left in the spool and begin to store it; a line on each segment.

        A segment whose writer died is finished first. Raises DamagedArchive or OSError.
        """
        lines = [self._recover(path) for path in open_segments(self._spool)]
        for segment, closed in list(self._leftovers()):
            self._acknowledge(closed)
            self._begin_storing(segment, closed)
            lines.append(f"{segment.name.text}: not stored by an earlier run, stored now")
        return [line for line in lines if line]

    def _recover(self, path: Path) -> str:
        with abandoned(path) as is_abandoned:
            if not is_abandoned:
                return ""
            recovered = recover(path, self._identities.now())
            cut = f", {recovered.torn} torn bytes kept beside it" if recovered.torn else ""
            if recovered.closed is None:
                return f"{recovered.name.text}: nothing whole in it{cut}"
            self._write_manifest(recovered.closed)
            return f"{recovered.name.text}: its writer had died; recovered{cut}"

    def _write_manifest(self, closed: ClosedSegment) -> None:
        write_durably(self._spool / f"{closed.name.text}{_MANIFEST_SUFFIX}", closed.manifest.to_bytes())

    def _acknowledge(self, closed: ClosedSegment) -> None:
        """Tell the frontier what a segment of an earlier run holds, so that it is not fetched again."""
        found = [_captured(capture, closed.name.text) for capture in captures_of(closed.warc)]
        self._frontier.captured([captured for captured in found if captured is not None])

    def _open(self) -> tuple[SegmentWriter, _Segment]:
        if self._writer is None or self._segment is None:
            settings = self._configuration
            self._serial += 1
            name = SegmentName.new(settings.segment_prefix, self._serial, self._identities)
            self._writer = SegmentWriter(
                self._spool,
                name,
                identities=self._identities,
                software=software(),
                operator=settings.contact,
                robots_obeyed=settings.obey_robots,
                encoding=Encoding(settings.compression_level, settings.digest),
            )
            derived = DerivedFiles(self._spool, name, EXTRACTOR_GENERATION)
            self._segment = _Segment(name, self._writer.path, derived)
            self._segments[name.text] = self._segment
            self._opened_at = time.monotonic()
        return self._writer, self._segment

    def _add_rules(self, writer: SegmentWriter, site: Site) -> bytes:
        """Keep the rules of the time in the segment, once; the extraction configuration's bytes."""
        definition = json.dumps(site.model_dump(mode="json"), ensure_ascii=False, sort_keys=True).encode()
        writer.add_resource(f"{SITE_URI}{site.id}:{labelled_digest(definition)}", "application/json", definition)
        configuration = site.extraction_rules().canonical_json()
        uri = f"{CONFIGURATION_URI}{labelled_digest(configuration)}"
        writer.add_resource(uri, "application/json", configuration)
        return configuration

    def _original(self, exchange: Exchange) -> Original | None:
        """An earlier capture that may stand for this one: stored, or in the same segment."""
        if exchange.outcome not in (CaptureOutcome.OK, CaptureOutcome.NOT_MODIFIED) or exchange.method != "GET":
            return None
        for captured in reversed(self._unsynced):
            if captured.url == exchange.url and captured.full:
                address = captured.address
                return Original(address.record_id, captured.url, captured.date, address.payload_digest)
        known = self._frontier.known_capture(exchange.url)
        in_reach = known is not None and (known.stored or (self._writer and known.segment == self._writer.name.text))
        return known.original if known is not None and in_reach else None

    def _note(self, exchange: Exchange, address: CaptureAddress) -> None:
        """Remember a capture for the frontier, or tell it of a failure."""
        if exchange.outcome in _PASSING | _FINAL:
            self._frontier.failed(exchange.url, exchange.outcome.value, passing=exchange.outcome in _PASSING)
            return
        full = exchange.outcome is CaptureOutcome.OK and not address.revisit and exchange.method == "GET"
        etag, last_modified = _validators(exchange) if full else ("", "")
        self._unsynced.append(
            Captured(exchange.url, address, exchange.started, exchange.discovery, etag, last_modified, full)
        )

    def _is_due(self, writer: SegmentWriter) -> bool:
        settings = self._configuration
        return writer.size >= settings.segment_size or time.monotonic() - self._opened_at >= settings.segment_age

    async def _rotate(self) -> None:
        """Close the open segment and begin to store it; what is received meanwhile goes into the next one."""
        writer, segment = self._writer, self._segment
        self._writer = self._segment = None
        if writer is None or segment is None:
            return
        durable, self._unsynced = self._unsynced, []
        closed = await asyncio.to_thread(writer.close)
        self._frontier.captured(durable)
        segment.path = closed.warc
        self._write_manifest(closed)
        self._begin_storing(segment, closed)

    def _begin_storing(self, segment: _Segment, closed: ClosedSegment) -> None:
        task = asyncio.create_task(self._store(segment, closed))
        self._storing.add(task)
        task.add_done_callback(self._storing.discard)

    async def _store(self, segment: _Segment, closed: ClosedSegment) -> None:
        try:
            await asyncio.to_thread(publish_segment, self._storage, closed)
            self._frontier.stored(segment.name.text)
            manifest = closed.manifest
            self.counts.files += [manifest.warc.key, manifest.cdxj.key, segment.name.manifest_key]
            await self._finish_derivations(segment)
            completed = await asyncio.to_thread(segment.derived.complete)
            await asyncio.to_thread(publish_records, self._storage, segment.name, completed)
            keys = [completed.manifest.records.key, completed.manifest.outcomes.key]
            self.counts.files += [*keys, segment.name.completion_key(EXTRACTOR_GENERATION)]
            self._release(segment, closed)
        except (StorageError, DamagedArchive) as error:
            self._trouble(f"{error}; kept in {self._spool}, stored by the next run")
        except OSError as error:
            self._trouble(f"{self._spool}: {error}; free space or mend rights, the next run goes on from here")

    def _trouble(self, line: str) -> None:
        logger.error(line)
        self.counts.problems.append(line)

    async def _finish_derivations(self, segment: _Segment) -> None:
        """Wait for the running extractions, then do what nobody enqueued: failures, redirects, pages left over."""
        while segment.running:
            await asyncio.wait(segment.running)
        for offset in sorted(segment.pages):
            await self._start_derivation(segment, offset)
        while segment.running:
            await asyncio.wait(segment.running)
        if segment.pages:
            raise DamagedArchive(f"{segment.path}: {len(segment.pages)} captures cannot be read back")

    async def _start_derivation(self, segment: _Segment, offset: int) -> None:
        await self._pool.reserve()
        task = asyncio.create_task(self._derive_reserved(segment, offset))
        segment.running.add(task)
        task.add_done_callback(segment.running.discard)

    async def _derive_reserved(self, segment: _Segment, offset: int) -> None:
        """Derive from one page. One that cannot be read now, as during a rename, is left for the end."""
        task = DerivationTask(segment.path, offset, segment.name.warc_key, segment.pages[offset])
        try:
            derivation = await self._pool.derive_reserved(task)
        except (ArchiveError, OSError) as error:
            logger.info("%s at %d: %s", segment.path, offset, error)
            return
        segment.derived.add(derivation)
        segment.pages.pop(offset, None)
        self.counts.pages[derivation.line.outcome.value] += 1
        if derivation.article is not None:
            self.counts.articles[segment.sites.get(offset, "")] += 1

    def _release(self, segment: _Segment, closed: ClosedSegment) -> None:
        """Remove the local copies of what is stored and verified."""
        segment.derived.remove()
        for path in (closed.warc, closed.cdxj, self._spool / f"{segment.name.text}{_MANIFEST_SUFFIX}"):
            path.unlink(missing_ok=True)
        self._segments.pop(segment.name.text, None)

    def _leftovers(self) -> Iterator[tuple[_Segment, ClosedSegment]]:
        for path in sorted(self._spool.glob(f"*{_MANIFEST_SUFFIX}")):
            manifest = parse_manifest(path.read_bytes(), str(path))
            name = SegmentName.parse(manifest.segment)
            warc = self._spool / f"{name.text}{WARC_SUFFIX}"
            closed = ClosedSegment(name, warc, self._spool / f"{name.text}.cdxj", manifest)
            segment = _Segment(name, warc, DerivedFiles(self._spool, name, EXTRACTOR_GENERATION))
            segment.pages = {
                offset: configuration
                for offset, record_id, configuration in pages_of(warc)
                if record_id not in segment.derived
            }
            yield segment, closed


def pages_of(warc: Path) -> Iterator[tuple[int, UUID, bytes]]:
    """Offset, record id and extraction configuration of each page captured in a WARC. Raises DamagedArchive."""
    with warc.open("rb") as stream:
        reading = SegmentReading(stream)
        for capture in reading.captures():
            if is_page(capture):
                configuration = reading.configurations.get(capture.fact("extractionConfiguration"), b"")
                yield capture.offset, capture.record_id, configuration


def _validators(exchange: Exchange) -> tuple[str, str]:
    try:
        head = parse_head(exchange.response)
    except BadMessage:
        return "", ""
    return head.first("etag"), head.first("last-modified")


def _captured(capture: Capture, segment: str) -> Captured | None:
    """A capture read back, as the frontier is told of it; None for one that came to nothing."""
    if capture.outcome in _PASSING | _FINAL:
        return None
    address = CaptureAddress(
        segment, capture.offset, capture.length, capture.record_id, capture.payload_digest, capture.revisit
    )
    full = capture.outcome is CaptureOutcome.OK and not capture.revisit and capture.fact("method") == "GET"
    head = capture.head() if full else None
    etag, last_modified = (head.first("etag"), head.first("last-modified")) if head is not None else ("", "")
    return Captured(capture.url, address, capture.date, capture.discovery, etag, last_modified, full)
