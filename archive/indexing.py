"""Building the index of a WARC file from its records, in their order.

- Indexed are responses, revisits, and resources and conversions of addresses: not what has a name only (``urn:``, as
  the documents have that this program keeps in a segment) or tells of name look-ups (``dns:``).
- A response without a readable HTTP head is not; a revisit may have none (WARC/1.1, section 6.7.2).
- The request that belongs to a response is the one that names it, or that it names, in ``WARC-Concurrent-To``
  (WARC/1.1, section 5.7), wherever it stands; without that field, the one of the same address next to it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from archive.captures import WarcRecord
from archive.cdxj import REVISIT_MIME, IndexEntry, plain_mime
from archive.http1 import BadMessage, parse_head
from archive.request_method import GET, RequestMethod, request_method
from archive.surt import surt_timestamp

_NOT_INDEXED = ("urn:", "dns:", "whois:", "filedesc:", "metadata:")
_WITHOUT_HTTP = frozenset({"resource", "conversion"})
_TIMESTAMP_DIGITS = 14


class WarcIndexing:
    """Indexes the records of one file."""

    def __init__(self, filename: str) -> None:
        """`filename` is what the lines call the file."""
        self._filename = filename
        self._entries: list[IndexEntry] = []
        self._by_id: dict[str, int] = {}
        self._methods: dict[str, RequestMethod] = {}
        self._last_response: tuple[str, int] = ("", -1)
        self._last_request: tuple[str, RequestMethod] = ("", GET)

    def add(self, record: WarcRecord, offset: int, length: int) -> None:
        """Take in the record whose gzip member stands at an offset."""
        if record.kind == "request":
            self._add_request(record)
            return
        entry = entry_of_record(record, self._filename)
        if entry is None:
            return
        entry = dataclasses.replace(entry, offset=offset, length=length)
        if record.kind in ("response", "revisit"):
            entry = self._with_method(record, entry)
        self._entries.append(entry)

    def entries(self, end: int) -> Iterator[IndexEntry]:
        """The entries of what stands before `end`."""
        return (entry for entry in self._entries if entry.offset < end)

    def former_entries(self) -> Iterator[IndexEntry]:
        """The entries as this program wrote them before 2026-12: of HTTP messages only, without methods."""
        return (dataclasses.replace(entry, method=GET) for entry in self._entries if entry.status)

    def _add_request(self, record: WarcRecord) -> None:
        method = request_method(record.block)
        own, other = record.headers.get("WARC-Record-ID", ""), record.headers.get("WARC-Concurrent-To", "")
        url, at = self._last_response
        if other in self._by_id:
            self._set(self._by_id[other], method)
        elif other or not (url == record.target and at >= 0):
            if method != GET:
                self._methods[other] = self._methods[own] = method
            self._last_request = (record.target, method)
        else:
            self._set(at, method)
            self._last_response = ("", -1)

    def _with_method(self, record: WarcRecord, entry: IndexEntry) -> IndexEntry:
        own, other = record.headers.get("WARC-Record-ID", ""), record.headers.get("WARC-Concurrent-To", "")
        self._by_id[own] = len(self._entries)
        url, method = self._last_request
        self._last_request = ("", GET)
        found = self._methods.pop(own, None) or (self._methods.pop(other, None) if other else None)
        if found is None and not other and url == record.target:
            found = method
        else:
            self._last_response = (record.target, len(self._entries)) if found is None else ("", -1)
        return dataclasses.replace(entry, method=found or GET)

    def _set(self, at: int, method: RequestMethod) -> None:
        self._entries[at] = dataclasses.replace(self._entries[at], method=method)


def is_indexed_address(target: str) -> bool:
    """Whether a resource or conversion of this address has a line in an index."""
    return bool(target) and not target.startswith(_NOT_INDEXED)


def entry_of_record(record: WarcRecord, filename: str) -> IndexEntry | None:
    """The index line of a record as if it had been asked for by GET; None for one that cannot be shown."""
    if not record.target or (record.kind in _WITHOUT_HTTP and not is_indexed_address(record.target)):
        return None
    if record.kind in _WITHOUT_HTTP:
        mime, status = plain_mime(record.headers.get("Content-Type", "")), 0
        if mime == "application/warc-fields":
            return None
    elif record.kind in ("response", "revisit"):
        try:
            head = parse_head(record.block)
            mime, status = plain_mime(head.first("content-type")), head.status
        except BadMessage:
            if record.kind == "response" or record.block.strip():
                return None
            mime, status = "", 0
    else:
        return None
    return IndexEntry(
        url=record.target,
        date=_index_date(record),
        mime=REVISIT_MIME if record.kind == "revisit" else mime,
        status=status,
        digest=record.headers.get("WARC-Payload-Digest", ""),
        length=record.length,
        offset=record.offset,
        filename=filename,
    )


def _index_date(record: WarcRecord) -> str:
    """Its date as it says it, or in full and in UTC where it is cut short or of another zone."""
    written_date = record.headers["WARC-Date"].strip()
    is_full = written_date.endswith("Z") and len(surt_timestamp(written_date)) == _TIMESTAMP_DIGITS
    return written_date if is_full else f"{record.date:%Y-%m-%dT%H:%M:%SZ}"
