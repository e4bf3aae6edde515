"""Everything known about a URL: what announced it, which rules apply, how it was tried, what became of it.

It reads this machine's state and the archive, sends no requests to sites, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from archive.access import AccessGate
from archive.history import Moment, history
from archive.outcomes import PageOutcome
from archive.storage.protocol import Storage
from crawler.frontier.entries import State
from crawler.frontier.frontier import Frontier, KnownAddress
from crawler.polite.robots_rules import RobotsRules, Standing
from spiders.links import address_flaw, clean_address, same_site, why_left_out
from spiders.site import ANNOUNCING, Site

_STATES = {
    State.DISCOVERED: "found, waiting to be fetched",
    State.CLAIMED: "is being fetched, or waits for the next run",
    State.FETCHING: "is being fetched by another machine",
    State.CAPTURED: "captured on this machine",
    State.STORED: "captured and stored",
    State.FAILED: "not captured; will be tried again",
    State.SET_ASIDE: "set aside: its date is outside --since and --until",
    State.GIVEN_UP: "given up; `newswarc failures retry` tries it again",
    State.FORGOTTEN: "never requested again, because of `newswarc failures forget`",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One known fact."""

    about: str
    """``address``, ``site``, ``rule``, ``robots``, ``host``, ``source``, ``state``, ``capture`` or ``access``."""
    text: str


def explain(
    url: str, storage: Storage | None, frontier: Frontier, sites: Iterable[Site], agent: str, now: datetime
) -> list[Fact]:
    """What is known of an address. `storage` is None where there is no archive yet; `agent` is our User-Agent.

    Raises FrontierUnavailable, DamagedArchive or StorageError.
    """
    address = clean_address(url)
    if address is None:
        flaw = address_flaw(url)
        return [Fact("address", f"it can't be requested: {flaw.sentence if flaw is not None else 'not a URL'}")]
    facts = [] if address == url else [Fact("address", f"it is known as {address}")]
    known = frontier.known_address(address)
    if known is not None and known.url != address:
        facts.append(Fact("address", f"it is treated as the same article as {known.url}"))
    facts += _rules(address, known, frontier, sites)
    facts += _host(address, frontier, agent, now)
    facts += _state(known)
    if storage is not None:
        gate = AccessGate.of(storage)
        facts += [_capture(one) for one in history(storage, known.url if known is not None else address, gate)]
        facts += [Fact("access", line) for line in gate.lines()]
    return facts


def _rules(url: str, known: KnownAddress | None, frontier: Frontier, sites: Iterable[Site]) -> Iterator[Fact]:
    announced = known is not None and known.discovery.via in ANNOUNCING
    of_site = [site for site in sites if same_site(url, site)]
    if not of_site:
        yield Fact("site", "no site definition covers its domain; a front page given by hand needs none")
    for site in of_site:
        reason = why_left_out(url, site, announced=announced, shapes=frontier.shapes_of(site.id))
        how = "announced" if announced else "linked"
        verdict = "is fetched" if reason is None else f"is not fetched: {reason.sentence}"
        yield Fact("rule", f"{site.id}: as a URL that is {how} it {verdict}")


def _host(url: str, frontier: Frontier, agent: str, now: datetime) -> Iterator[Fact]:
    parts = urlsplit(url)
    copy = frontier.robots(f"{parts.scheme}://{parts.netloc}")
    if copy is not None:
        rules = RobotsRules(copy.status, copy.body, agent)
        if rules.standing is Standing.GIVEN:
            verdict = "allows it" if rules.allows(url) else "does not allow it"
        else:
            verdict = f"was answered by status {copy.status}"
        yield Fact("robots", f"robots.txt of {copy.fetched:%Y-%m-%d %H:%M} {verdict}")
    until = frontier.hold(parts.hostname or "").until
    if until > now.timestamp():
        yield Fact("host", f"asked for a pause until {_moment(until)}")


def _state(known: KnownAddress | None) -> Iterator[Fact]:
    if known is None:
        yield Fact("state", "not listed by any source that this machine has read")
        return
    discovery = known.discovery
    dated = f", dated {discovery.source_date}" if discovery.source_date else ", without a date"
    seen = f" on {discovery.seen_at}" if discovery.seen_at else ""
    yield Fact("source", f"{discovery.via or 'found'} {discovery.source_url}{dated}{seen}".replace("  ", " "))
    yield Fact("state", _STATES[known.state])
    if known.outcome and known.state in (State.FAILED, State.GIVEN_UP):
        status = f" (status {known.status})" if known.status else ""
        yield Fact("state", f"last try {_moment(known.tried_at)}: {known.outcome}{status}, {known.attempts} in all")
    if known.state is State.FAILED:
        yield Fact("state", f"next try {_moment(known.not_before)}")


def _capture(moment: Moment) -> Fact:
    outcome = moment.outcome.value if moment.outcome is not None else "no page outcome"
    detail = f": {moment.detail}" if moment.detail and moment.outcome is not PageOutcome.RECORD else ""
    title = f", {moment.article.headline!r}" if moment.article is not None else ""
    return Fact("capture", f"{moment.date:%Y-%m-%d %H:%M:%S}, {outcome}{detail}{title} ({moment.segment})")


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}" if seconds else "unknown"
