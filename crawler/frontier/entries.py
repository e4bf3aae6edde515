"""The input and output types of the frontier, and their form in its database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from archive.exchange import CaptureAddress, Discovery, Original, Role
from crawler.frontier.tables import PAYLOADS
from spiders.url_identity import identity


class State(StrEnum):
    """State of an article's URL."""

    DISCOVERED = "discovered"
    CLAIMED = "claimed"
    FETCHING = "fetching"
    """Asked for by one of several machines, which alone knows what came of it."""
    CAPTURED = "captured"
    STORED = "stored"
    FAILED = "failed"
    SET_ASIDE = "set_aside"
    """Announced with a date outside the period given for a run (``--since``, ``--until``)."""
    GIVEN_UP = "given_up"
    FORGOTTEN = "forgotten"
    """An operator wants it never to be requested again."""


WAITING = (State.DISCOVERED, State.CLAIMED, State.FAILED)
"""States of an address that is to be captured."""


@dataclass(frozen=True, slots=True)
class Due:
    """A URL to be captured."""

    url: str
    discovery: Discovery


@dataclass(frozen=True, slots=True)
class KnownCapture:
    """A full capture that a revisit can refer to."""

    original: Original
    etag: str
    last_modified: str
    segment: str
    stored: bool
    chunked: bool = False
    """Whether it came in chunks."""
    is_article: bool = True
    """Whether it was captured as an article, so that there is a record or an outcome of its page."""

    def may_stand_for(self, role: Role) -> bool:
        """Whether a repeat of this page that is fetched as `role` may refer here.

        An article may not when its page was captured as anything else, such as a feed that redirected there: only
        articles have records, so there is none to refer to.
        """
        return self.is_article or role is not Role.ARTICLE

    def may_stand_for_repeats_in(self, segment: str) -> bool:
        """Whether a revisit in the open `segment` may point here: its reader has to find the original.

        What is neither stored nor in the same file can still be lost with this machine.
        """
        return self.stored or self.segment == segment


@dataclass(frozen=True, slots=True)
class Captured:
    """A capture that became durable."""

    url: str
    address: CaptureAddress
    date: datetime
    discovery: Discovery
    etag: str = ""
    last_modified: str = ""
    full: bool = False
    """Whether it can serve as the original of a revisit."""
    chunked: bool = False
    """Whether it came in chunks."""
    shows_page: bool = False
    """Whether the server gave the page, or said that it is the one it gave before."""

    @property
    def known(self) -> KnownCapture:
        """What is known of it as long as it is not stored."""
        original = Original(self.address.record_id, self.url, self.date, self.address.payload_digest)
        validators, segment = (self.etag, self.last_modified), self.address.segment
        return KnownCapture(original, *validators, segment, False, self.chunked, self.is_article)

    @property
    def is_article(self) -> bool:
        """Whether it was captured as an article."""
        return self.discovery.role is Role.ARTICLE


@dataclass(frozen=True, slots=True)
class Failed:
    """A failed attempt."""

    url: str
    outcome: str
    passing: bool
    """Whether it may go better soon; else the server, or a rule of ours, refuses it."""
    status: int = 0
    """What the server answered; 0: nothing."""
    is_led_to: bool = False
    """Whether it was not `url` itself that failed, but what it leads to (a redirect, a page that refreshes)."""


@dataclass(frozen=True, slots=True)
class RobotsCopy:
    """An answer to the request for robots.txt."""

    status: int
    body: bytes
    fetched: datetime
    why: str = ""
    """What was wrong with it, for a person; not remembered."""


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A place where a site announces its articles, as it was found."""

    url: str
    role: Role
    via: str


def known_capture(row: Row[Any]) -> KnownCapture:
    """A capture as the database tells of it."""
    original = Original(UUID(row.record_id), row.url, datetime.fromisoformat(row.date), row.payload_digest)
    etag, last_modified = getattr(row, "etag", ""), getattr(row, "last_modified", "")
    return KnownCapture(
        original, etag, last_modified, row.segment, bool(row.stored), bool(row.chunked), bool(row.is_article)
    )


def discovery_of_row(text: str) -> Discovery:
    """A discovery from its JSON."""
    values = json.loads(text)
    return Discovery(role=Role(values.pop("role", Role.ARTICLE)), **values)


def address_row(
    url: str, discovery: Discovery, state: State, segment: str = "", holder: str = ""
) -> dict[str, object]:
    """An address as a row."""
    text = json.dumps(discovery.facts())
    facts = {"url": url, "site": discovery.site, "state": state.value, "discovery": text, "segment": segment}
    return {**facts, "identity": identity(url), "holder": holder}


def page_row(capture: Captured) -> dict[str, object]:
    """A captured article as a row."""
    row = address_row(capture.url, capture.discovery, State.CAPTURED)
    moment = capture.date.timestamp()
    return {name: row[name] for name in ("url", "site", "discovery")} | {"first": moment, "last": moment}


def capture_row(capture: Captured) -> dict[str, object]:
    """A capture as a row."""
    return {
        "url": capture.url,
        "record_id": str(capture.address.record_id),
        "date": capture.date.astimezone(UTC).isoformat(),
        "payload_digest": capture.address.payload_digest,
        "etag": _validator(capture.etag),
        "last_modified": _validator(capture.last_modified),
        "segment": capture.address.segment,
        "stored": False,
        "chunked": capture.chunked,
        "is_article": capture.is_article,
    }


def _validator(text: str) -> str:
    """A header's value, or nothing when it holds what no header may and no database takes."""
    return "" if "\0" in text else text


def payload_row(capture: dict[str, object]) -> dict[str, object]:
    """The part of a capture's row that a payload's first capture has."""
    return {name: value for name, value in capture.items() if name in PAYLOADS.c}
