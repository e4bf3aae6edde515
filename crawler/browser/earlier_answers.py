"""Answers that earlier runs have had, from the archive: scripts, styles, fonts and pictures that are young enough.

The frontier knows an address's newest full capture. It is read where it is stored; what cannot be read, is withheld
by an access rule, or was asked for with a login, is asked for again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from archive.access import AccessGate
from archive.captures import Capture
from archive.cdxj import IndexEntry
from archive.errors import ArchiveError
from archive.exchange import Exchange
from archive.layout import SegmentName
from archive.library import newest_manifest
from archive.lookup import read_entry
from archive.request_method import GET
from archive.storage.protocol import Storage
from archive.surt import surt_key
from crawler.browser.archive_answers import exchange_of
from crawler.frontier.entries import KnownCapture

logger = logging.getLogger(__name__)

_SECRETS = frozenset({"authorization", "cookie"})


class EarlierAnswers:
    """Reads them for one run."""

    def __init__(
        self,
        storage: Storage,
        known: Callable[[str], KnownCapture | None],
        age: float,
        now: Callable[[], datetime],
    ) -> None:
        """`known` gives the newest full capture of an address; one of `age` seconds is too old."""
        self._storage = storage
        self._known = known
        self._age = age
        self._now = now
        self._gate: AccessGate | None = None
        self._index: tuple[str, bytes] = ("", b"")
        """The segment that was read from last, and its index: a page's requisites are often in one segment."""
        self._looking_up = asyncio.Lock()

    async def exchange(self, url: str) -> Exchange | None:
        """The exchange that brought an address, if it is stored, young enough, and may be given again."""
        known = self._known(url)
        if known is None or not known.stored or self._age_of(known) >= self._age:
            return None
        try:
            async with self._looking_up:
                entry = await asyncio.to_thread(self._entry, known)
            capture = await asyncio.to_thread(read_entry, self._storage, entry) if entry is not None else None
            if capture is None or not _is_it(capture, known):
                return None
            return exchange_of(url, capture.response, capture.date)
        except (ArchiveError, OSError) as error:
            logger.info("%s: asked for again, since its capture cannot be read: %s", url, error)
            return None

    def _age_of(self, known: KnownCapture) -> float:
        return (self._now() - known.original.date).total_seconds()

    def _entry(self, known: KnownCapture) -> IndexEntry | None:
        """Raises DamagedArchive, StorageError or OSError."""
        if self._gate is None:
            self._gate = AccessGate.of(self._storage)
        if self._gate.refusal(known.original.url, known.original.date) is not None:
            return None
        key = surt_key(known.original.url).encode()
        for line in self._lines(known.segment).splitlines():
            if line.startswith(key + b" "):
                entry = IndexEntry.parse(line)
                if entry.method == GET and entry.url == known.original.url and not entry.is_revisit:
                    return entry
        return None

    def _lines(self, segment: str) -> bytes:
        if self._index[0] != segment:
            found = newest_manifest(self._storage, SegmentName.parse(segment))
            lines = b""
            if found is not None:
                with self._storage.open_range(found[0].cdxj.key) as stream:
                    lines = stream.read()
            self._index = segment, lines
        return self._index[1]


def _is_it(capture: Capture, known: KnownCapture) -> bool:
    """Whether a capture is the whole one that is known, and came without a login from a server that was verified."""
    hidden = {name.strip().lower() for name in capture.fact("redactedHeaders").split(",")}
    is_open = not hidden & _SECRETS and capture.fact("certificateVerified") != "no"
    return is_open and capture.record_id == known.original.record_id and not capture.truncated
