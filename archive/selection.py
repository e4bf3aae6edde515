"""Which captures of an archive are selected, and where they are in a WARC: for exports of any kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO
from urllib.parse import urlsplit
from uuid import UUID

from archive.captures import WarcRecord, iterate_records, record_uuid
from archive.collection import CollectionScope
from archive.indexing import is_indexed_address
from archive.members import parse_warc_fields
from archive.period import Period

_HEAD = 1 << 17
"""Bytes of a block that are read: enough for the head of any response, and for a metadata record."""
_HTTP = frozenset({"response", "revisit"})
_WITHOUT_HTTP = frozenset({"resource", "conversion"})


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection of captures by site and time; empty fields select all."""

    site: str = ""
    """Id of a site definition, or a host including its subdomains."""
    period: Period = field(default_factory=Period)
    records: Mapping[str, frozenset[UUID]] | None = None
    """By segment, when only these response records are meant."""
    scope: CollectionScope | None = None
    """Of a collection: what is meant is in it too."""

    def has_segment(self, segment: str) -> bool:
        """Whether a segment may have something that is meant."""
        return self.records is None or segment in self.records

    def has_record(self, group: Group, segment: str) -> bool:
        """Whether a group of a segment is of a record that is meant."""
        if self.records is None:
            return True
        return group.main is not None and group.main.record_id in self.records.get(segment, ())

    @property
    def is_everything(self) -> bool:
        """Whether everything is selected."""
        return self == Selection()

    def wants(self, url: str, date: datetime, site: str) -> bool:
        """Whether a capture is selected; `site` is the site in its metadata."""
        in_scope = self.scope is None or self.scope.wants(url, date, site)
        return in_scope and self.period.holds(date) and self.names(url, site)

    def names(self, url: str, site: str) -> bool:
        """Whether a URL, or the site it was captured for, is selected."""
        return not self.site or site == self.site or within(urlsplit(url).hostname or "", self.site)

    def has_site(self, sites: dict[str, int]) -> bool:
        """Whether a segment with these sites (ids, or hosts of those without a definition) has one that is meant."""
        return not self.site or any(name == self.site or within(name.partition(":")[0], self.site) for name in sites)


def within(host: str, site: str) -> bool:
    """Whether a host is a site's: the same, or below it."""
    return host == site or host.endswith(f".{site}")


@dataclass(frozen=True, slots=True)
class Group:
    """Records that belong together: an exchange's, or one about the file itself."""

    offset: int
    """Where the first one's gzip member begins in the WARC."""
    length: int
    """Bytes of all their members."""
    main: WarcRecord | None
    """The response or revisit record; of its block the beginning."""
    url: str
    date: datetime
    site: str
    """What its metadata record says; empty without one."""

    @property
    def original(self) -> UUID | None:
        """Of a revisit: the record that it stands for."""
        refers = self.main.headers.get("WARC-Refers-To", "") if self.main and self.main.kind == "revisit" else ""
        return record_uuid(refers) if refers else None


@dataclass(slots=True)
class _Growing:
    """The records of a group that may continue."""

    records: list[WarcRecord] = field(default_factory=list)

    def takes(self, record: WarcRecord) -> bool:
        """Whether a record belongs to those before it: of the same address, and none of its kind; or it names one."""
        if self.records and _names_one_of(record, self.records):
            return True
        if not self.records or _stands_alone(record) or _stands_alone(self.records[0]):
            return not self.records
        kinds = {_kind(known) for known in self.records}
        return record.target == self.records[0].target and _kind(record) not in kinds and "metadata" not in kinds

    def whole(self) -> Group:
        first, last = self.records[0], self.records[-1]
        main = next((record for record in self.records if _is_main(record)), None)
        facts = parse_warc_fields(last.block) if last.kind == "metadata" else {}
        return Group(
            offset=first.offset,
            length=last.offset + last.length - first.offset,
            main=main,
            url=first.target,
            date=(main or first).date,
            site=next(iter(facts.get("site", ())), ""),
        )


def _names_one_of(record: WarcRecord, others: list[WarcRecord]) -> bool:
    """Whether a record that has a name only is what was made of another one: a rendering, a screenshot."""
    if record.kind not in _WITHOUT_HTTP or is_indexed_address(record.target):
        return False
    names = [record.headers.get(name, "") for name in ("WARC-Refers-To", "WARC-Concurrent-To")]
    ids = {other.record_id for other in others}
    return any(name and record_uuid(name) in ids for name in names)


def _kind(record: WarcRecord) -> str:
    return "response" if _is_main(record) else record.kind


def _is_main(record: WarcRecord) -> bool:
    return record.kind in _HTTP or (record.kind in _WITHOUT_HTTP and is_indexed_address(record.target))


def _stands_alone(record: WarcRecord) -> bool:
    """Whether it is about the file itself."""
    return record.kind == "warcinfo" or (record.kind == "resource" and not _is_main(record))


def groups(stream: BinaryIO) -> Iterator[Group]:
    """All records of a WARC in their order, grouped. Raises DamagedArchive."""
    growing = _Growing()
    for record in iterate_records(stream, _HEAD):
        if not growing.takes(record):
            yield growing.whole()
            growing = _Growing()
        growing.records.append(record)
    if growing.records:
        yield growing.whole()


def chosen(
    stream: BinaryIO,
    selection: Selection,
    lets: Callable[[str, datetime], bool] = lambda _url, _date: True,
    segment: str = "",
) -> Iterator[Group]:
    """Of a segment's groups those that are meant, and before the first of them those about the file itself. `lets` is
    asked last whether one of an address and date may be taken.

    A WARC without a capture that is meant gives nothing. Raises DamagedArchive.
    """
    waiting: list[Group] = []
    found = False
    for group in groups(stream):
        if group.main is None and _is_about_the_file(group):
            if found:
                yield group
            else:
                waiting.append(group)
        elif (
            selection.wants(group.url, group.date, group.site)
            and selection.has_record(group, segment)
            and lets(group.url, group.date)
        ):
            found = True
            yield from waiting
            waiting = []
            yield group


def _is_about_the_file(group: Group) -> bool:
    return not group.url.startswith(("http://", "https://"))
