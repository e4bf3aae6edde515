"""Which URLs are known, due, captured and stored: the state of this machine, in SQLite or PostgreSQL.

An article's address goes through these states::

    discovered ──claim──▶ claimed ──▶ captured ──▶ stored
         ▲                   │
         └──── failed ◀──────┘   due again while a source lists it; then given up

Beside these, an address is `set_aside` while its date lies outside of what runs ask for, `fetching` while another
machine requests it, and `forgotten` when it was redacted or an operator wants it never again.

`captured` is said only of what is durable on this machine, `stored` only of what is in the storage.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Column, Connection, bindparam, case, func, or_, select, update

from archive.exchange import Discovery, Role
from crawler.config import Configuration
from crawler.frontier.capture_outcomes import FINAL
from crawler.frontier.database import LONGEST_ADDRESS, Database, open_database
from crawler.frontier.entries import (
    WAITING,
    Captured,
    Due,
    Failed,
    KnownCapture,
    KnownSource,
    RobotsCopy,
    State,
    address_row,
    capture_row,
    discovery_of_row,
    known_capture,
    page_row,
    payload_row,
)
from crawler.frontier.failures import CLOCK_TOLERANCE, Failures, is_over
from crawler.frontier.holds import Hold
from crawler.frontier.tables import (
    ADDRESSES,
    CAPTURES,
    FLOORS,
    HOLDS,
    PAGES,
    PAYLOADS,
    ROBOTS,
    SCHEDULES,
    SHAPES,
    SOURCES,
    TEXTS,
    take_out,
)
from crawler.scheduling import Pace, Yield
from spiders.requests import RECAPTURE
from spiders.shapes import Shapes, judged
from spiders.url_identity import identity

GRACE = 86400.0
"""Seconds past twice an age after which it is too late for it: nobody asks again for all of an old archive."""

_BATCH = 500
_REFUSED = [outcome.value for outcome in FINAL]
_MOST_REMEMBERED = 10_000
_MOST_OF_SHAPE = 1000
"""Pages of a form after which those of before count half, so that a site that changes is learned again."""
_MOST_LEARNED = 200
"""What pages taught that is written together, at most."""
# Made once: to put a statement together costs more than to run it
_CAPTURE_OF = select(CAPTURES).where(CAPTURES.c.url == bindparam("key"))
_FIRST_OF = select(PAYLOADS).where(PAYLOADS.c.payload_digest == bindparam("key"))
_SCHEDULE_OF = select(SCHEDULES).where(SCHEDULES.c.url == bindparam("key"))
_ROBOTS_OF = select(ROBOTS).where(ROBOTS.c.origin == bindparam("key"))
_HOLD_OF = select(HOLDS).where(HOLDS.c.host == bindparam("key"))
_PAGE_OF = select(PAGES).where(PAGES.c.url == bindparam("key"))
_TEXT_OF = select(TEXTS).where(TEXTS.c.url == bindparam("key"))
_FOUND_AT = select(SOURCES.c.found).where(SOURCES.c.url == bindparam("key"))
_READ_AT = select(SOURCES.c.looked_at).where(SOURCES.c.url == bindparam("key"))
_SET_DISCOVERY = update(ADDRESSES).where(ADDRESSES.c.url == bindparam("address")).values(discovery=bindparam("found"))
_CLAIM = (
    update(ADDRESSES)
    .where(
        ADDRESSES.c.url == bindparam("address"),
        # Compared one by one: a list can't stand in a statement for many rows
        ADDRESSES.c.state != State.CAPTURED.value,
        ADDRESSES.c.state != State.STORED.value,
        ADDRESSES.c.state != State.FORGOTTEN.value,
    )
    .values(state=bindparam("new_state"))
)
_SET_STATE = update(ADDRESSES).where(ADDRESSES.c.url == bindparam("address")).values(state=bindparam("new_state"))


def open_frontier(configuration: Configuration) -> Frontier:
    """The frontier that is configured. Raises BadDatabase, FrontierUnavailable or OSError."""
    return Frontier(open_database(configuration), configuration.holder)


@dataclasses.dataclass(frozen=True, slots=True)
class KnownAddress:
    """What the frontier knows of an article's address. Moments are seconds since 1970; 0: never."""

    url: str
    state: State
    discovery: Discovery
    outcome: str
    status: int
    attempts: int
    tried_at: float
    not_before: float


class Frontier:
    """The state of all URLs. One writer at a time on SQLite."""

    def __init__(self, database: Database, holder: str = "") -> None:
        """`database` may be used by others too; `holder` names this machine's spool among those of several."""
        self.database = database
        self.holder = holder
        self.failures = Failures(database)
        self._holds: dict[str, Hold] = {}
        self._sets_aside: dict[str, bool] = {}
        """Whether addresses of a site are set aside: most sites have none, and are not asked for them."""
        self._remembered: OrderedDict[str, KnownCapture | None] = OrderedDict()
        self._texts: dict[str, str] = {}
        self._shapes: dict[tuple[str, str], list[int]] = {}
        """Not yet written: of each site and form of address, pages that were articles, and others."""

    @classmethod
    def in_directory(cls, directory: Path) -> Frontier:
        """The frontier of a state directory. Raises OSError when the directory cannot be made."""
        return cls(Database.in_directory(directory))

    def discover(self, found: Sequence[Due], wants: Callable[[Discovery], bool] = lambda _: True) -> list[Due]:
        """Take in addresses; give back those of articles that were not known before, in their order.

        What `wants` refuses is set aside with the date that it was found with, and given back once it is found again
        and wanted then. Of addresses that have one identity the first counts. Those that are too long are left out.
        """
        if not found:
            return []
        unique: dict[str, Due] = {}
        for item in found:
            if len(item.url) <= LONGEST_ADDRESS:
                unique.setdefault(identity(item.url), item)
        known = self._known(ADDRESSES.c.identity, list(unique))
        unknown = [item for name, item in unique.items() if name not in known]
        # Rows of an earlier version have no identity
        known = self._known(ADDRESSES.c.url, [item.url for item in unknown])
        new = [item for item in unknown if item.url not in known]
        wanted = {item.url for item in new if wants(item.discovery)}
        rows = [
            address_row(item.url, item.discovery, State.DISCOVERED if item.url in wanted else State.SET_ASIDE)
            for item in new
        ]
        readmitted = self._readmitted(unique, wants)
        self._sets_aside |= {item.discovery.site: True for item in new if item.url not in wanted}
        taken = self.database.insert_new(ADDRESSES, rows) & wanted
        for url in taken:
            self._remember(url, None)
        new = [item for item in unique.values() if item.url in taken]
        return [*new, *readmitted]

    def _readmitted(self, found: Mapping[str, Due], wants: Callable[[Discovery], bool]) -> list[Due]:
        """Of addresses (by identity) that were set aside, those that are wanted now, by the newest date there is."""
        query = select(ADDRESSES.c.identity, ADDRESSES.c.url, ADDRESSES.c.discovery).where(
            ADDRESSES.c.state == State.SET_ASIDE.value
        )
        again: list[Due] = []
        for batch in _batches([name for name, item in found.items() if self._has_set_aside(item.discovery.site)]):
            for name, url, text in self.database.rows(query.where(ADDRESSES.c.identity.in_(batch))):
                item = found[name]
                discovery = item.discovery if item.discovery.source_date else discovery_of_row(text)
                if wants(discovery):
                    again.append(Due(url, discovery))
        rows = [
            {"address": item.url, "found": address_row(item.url, item.discovery, State.DISCOVERED)["discovery"]}
            for item in again
        ]
        if rows:
            self.database.transaction(lambda connection: connection.execute(_SET_DISCOVERY, rows))
        self._set_state([item.url for item in again], State.DISCOVERED)
        return again

    def _has_set_aside(self, site: str) -> bool:
        if site not in self._sets_aside:
            query = select(ADDRESSES.c.url).where(
                ADDRESSES.c.site == site, ADDRESSES.c.state == State.SET_ASIDE.value
            )
            self._sets_aside[site] = bool(self.database.rows(query.limit(1)))
        return self._sets_aside[site]

    def announced(self, dues: Sequence[Due]) -> list[Due]:
        """Sources date these articles; those of them that wait. The date of one found without one is remembered."""
        dated = {identity(due.url): due.discovery for due in dues if due.discovery.source_date}
        query = select(ADDRESSES.c.identity, ADDRESSES.c.url, ADDRESSES.c.discovery).where(
            ADDRESSES.c.state.in_([state.value for state in WAITING])
        )
        waiting: list[Due] = []
        rows: list[dict[str, object]] = []
        for batch in _batches(list(dated)):
            for name, url, text in self.database.rows(query.where(ADDRESSES.c.identity.in_(batch))):
                waiting.append(Due(url, dated[name]))
                if not discovery_of_row(text).source_date:
                    rows.append(
                        {"address": url, "found": address_row(url, dated[name], State.DISCOVERED)["discovery"]}
                    )
        if rows:
            self.database.transaction(lambda connection: connection.execute(_SET_DISCOVERY, rows))
        return waiting

    def set_aside(self, dues: Sequence[Due]) -> None:
        """Addresses that wait turn out to have dates that this run does not want; the dates are remembered."""
        waiting = ADDRESSES.c.state.in_([state.value for state in WAITING])
        self._sets_aside |= {due.discovery.site: True for due in dues}

        def work(connection: Connection) -> None:
            for due in dues:
                row = address_row(due.url, due.discovery, State.SET_ASIDE)
                values = {name: row[name] for name in ("state", "discovery")}
                connection.execute(update(ADDRESSES).where(ADDRESSES.c.url == due.url, waiting).values(values))

        self.database.transaction(work)

    def claim(self, urls: Iterable[str]) -> None:
        """Mark addresses as being fetched. Those that are captured already stay so."""
        rows = [{"address": url, "new_state": State.CLAIMED.value} for url in sorted(urls)]
        if rows:
            self.database.transaction(lambda connection: connection.execute(_CLAIM, rows))

    def set_aside_before(self, sites: Iterable[str]) -> list[Due]:
        """Addresses of these sites that an earlier run's period left out, with their dates."""
        query = select(ADDRESSES.c.url, ADDRESSES.c.discovery).where(
            ADDRESSES.c.site.in_(list(sites)), ADDRESSES.c.state == State.SET_ASIDE.value
        )
        return [Due(url, discovery_of_row(text)) for url, text in self.database.rows(query)]

    def fetching(self, url: str) -> None:
        """An address is requested now: no other machine asks before it is known what came of it."""
        if self.database.is_shared:
            values = {"state": State.FETCHING.value, "holder": self.holder}
            statement = update(ADDRESSES).where(ADDRESSES.c.url == url, ADDRESSES.c.state == State.CLAIMED.value)
            self.database.transaction(lambda connection: connection.execute(statement.values(values)))

    def take_back(self) -> None:
        """All that this machine asked for and has is known: what it does not have may be requested again."""
        if self.database.is_shared:
            mine = (ADDRESSES.c.holder == self.holder) & (ADDRESSES.c.state == State.FETCHING.value)
            statement = update(ADDRESSES).where(mine).values(state=State.DISCOVERED.value)
            self.database.transaction(lambda connection: connection.execute(statement))

    def due(self, sites: Iterable[str], now: datetime | None = None) -> list[Due]:
        """Addresses of these sites that were found but not captured, oldest first.

        Those that failed for a passing reason are due at once, or with `now` after their pause. Refused ones
        are no part of it (see `Failures.retries`).
        """
        query = select(ADDRESSES.c.url, ADDRESSES.c.discovery).where(
            ADDRESSES.c.site.in_(list(sites)),
            ADDRESSES.c.state.in_([state.value for state in WAITING]),
            ADDRESSES.c.outcome.not_in(_REFUSED),
        )
        if now is not None:
            query = query.where(is_over(now.timestamp()))
        return [Due(url, discovery_of_row(text)) for url, text in self.database.rows(query)]

    def captured(self, captures: Sequence[Captured]) -> None:
        """These captures are durable on this machine."""
        self.keep_learned()
        for capture in captures:
            self._remembered.pop(capture.url, None)
        pages = {
            url: self._captured_row(url, capture)
            for capture in captures
            if capture.discovery.role is Role.ARTICLE
            for url in (capture.url, capture.discovery.requested_url)
            if url
        }
        self.database.insert(ADDRESSES, list(pages.values()), replace=True)
        shown = {
            capture.url: page_row(capture) for capture in captures if capture.shows_page and capture.url in pages
        }
        self.database.insert(PAGES, list(shown.values()), replace=("last",))
        originals = {capture.url: capture_row(capture) for capture in captures if capture.full}
        self.database.insert(CAPTURES, list(originals.values()), replace=True)
        self.database.insert(PAYLOADS, [payload_row(row) for row in originals.values() if row["payload_digest"]])

    def _captured_row(self, url: str, capture: Captured) -> dict[str, object]:
        """The row of an address whose page was captured, there or where a chain of redirects led from it."""
        found = dataclasses.replace(capture.discovery, requested_url="") if url != capture.url else capture.discovery
        row = address_row(url, found, State.CAPTURED, capture.address.segment, self.holder)
        return {**row, "tried_at": capture.date.timestamp()}

    def stored(self, segment: str) -> None:
        """The segment's manifest is in the storage."""
        self.keep_learned()
        self._remembered.clear()

        def work(connection: Connection) -> None:
            for table in (CAPTURES, PAYLOADS):
                connection.execute(update(table).where(table.c.segment == segment).values(stored=True))
            connection.execute(
                update(ADDRESSES)
                .where(ADDRESSES.c.segment == segment, ADDRESSES.c.state == State.CAPTURED.value)
                .values(state=State.STORED.value)
            )

        self.database.transaction(work)

    def failed(self, failures: Sequence[Failed], now: datetime) -> None:
        """Attempts that came to nothing (see `crawler.frontier.failures`)."""
        self.failures.add(failures, now)

    def led_elsewhere(self, url: str) -> None:
        """An address redirects to what this run asks for anyway: that has an outcome of its own."""
        waiting = ADDRESSES.c.state.in_([state.value for state in (*WAITING, State.FETCHING)])
        statement = update(ADDRESSES).where(ADDRESSES.c.url == url, waiting).values(state=State.CAPTURED.value)
        self.database.transaction(lambda connection: connection.execute(statement))

    def due_again(self, site: str, ages: Sequence[float], now: datetime, most: int) -> list[Due]:
        """Articles of a site that have reached one of these ages (seconds) since they were last asked for."""
        if not ages:
            return []
        moment = now.timestamp()
        reached = [
            PAGES.c.first.between(moment - 2 * age - GRACE, moment - age) & (PAGES.c.last < PAGES.c.first + age)
            for age in ages
        ]
        query = (
            select(PAGES.c.url, PAGES.c.discovery)
            .where(PAGES.c.site == site, or_(*reached))
            .order_by(PAGES.c.first.desc())
            .limit(most)
        )
        rows = self.database.rows(query)
        return [Due(url, dataclasses.replace(discovery_of_row(text), via=RECAPTURE)) for url, text in rows]

    def asked_at(self, url: str) -> float | None:
        """When an article was last asked for (seconds since 1970); None when it is not captured."""
        row = self.database.row_of(_PAGE_OF, url)
        return float(row.last) if row is not None else None

    def asked_again(self, url: str, now: datetime) -> None:
        """An article is requested again: whatever comes of it, it is due when it reaches the next age."""
        statement = update(PAGES).where(PAGES.c.url == url).values(last=now.timestamp())
        self.database.transaction(lambda connection: connection.execute(statement))

    def keep_text(self, url: str, text: str) -> None:
        """An article's newest record says this (see `Discovery.previous_text`); written with others."""
        self._texts[url] = text
        if len(self._texts) >= _MOST_LEARNED:
            self.keep_learned()

    def text_of(self, url: str) -> str:
        """What an article's newest record says; empty when there is none."""
        if url in self._texts:
            return self._texts[url]
        row = self.database.row_of(_TEXT_OF, url)
        return str(row.text) if row is not None else ""

    def learn(self, site: str, shape: str, *, is_article: bool) -> None:
        """A page whose address has this form was an article, or was none; written with others."""
        self._shapes.setdefault((site, shape), [0, 0])[not is_article] += 1
        if len(self._shapes) >= _MOST_LEARNED:
            self.keep_learned()

    def keep_learned(self) -> None:
        """Write what pages taught. Between two writes a kill loses it, and later pages teach it again."""
        texts, self._texts = self._texts, {}
        self.database.insert(TEXTS, [{"url": url, "text": text} for url, text in texts.items()], replace=True)
        shapes, self._shapes = self._shapes, {}
        if not shapes:
            return
        rows = [
            {"site": site, "shape": shape, "articles": float(articles), "others": float(others)}
            for (site, shape), (articles, others) in sorted(shapes.items())
        ]
        statement = self.database.insertion(SHAPES)
        part = case((SHAPES.c.articles + SHAPES.c.others >= _MOST_OF_SHAPE, 0.5), else_=1.0)
        counts = {name: (SHAPES.c[name] + statement.excluded[name]) * part for name in ("articles", "others")}
        more = statement.on_conflict_do_update(index_elements=["site", "shape"], set_=counts)
        self.database.transaction(lambda connection: connection.execute(more, rows))

    def shapes_of(self, site: str) -> Shapes:
        """What is known of the forms of a site's addresses."""
        self.keep_learned()
        rows = self.database.rows(select(SHAPES).where(SHAPES.c.site == site))
        known = [(row.shape, judged(row.articles, row.others)) for row in rows]
        return Shapes(
            frozenset(shape for shape, are in known if are is True),
            frozenset(shape for shape, are in known if are is False),
        )

    def redacted(self, urls: Sequence[str]) -> None:
        """Captures of these addresses were removed from the archive: nothing refers to them or asks again.

        What other addresses answered with the same bytes stays known.
        """
        self.keep_learned()
        self.database.transaction(lambda connection: take_out(connection, urls))
        self._remembered.clear()

    def settle(self) -> None:
        """Make all that was said so far survive a loss of power. Raises FrontierUnavailable."""
        self.keep_learned()
        self.database.settle()

    def known_capture(self, url: str) -> KnownCapture | None:
        """The newest full capture of an address."""
        if url not in self._remembered:
            row = self.database.row_of(_CAPTURE_OF, url)
            self._remember(url, known_capture(row) if row is not None else None)
        return self._remembered[url]

    def first_capture(self, payload_digest: str) -> KnownCapture | None:
        """The first full capture of a payload, whatever its address."""
        row = self.database.row_of(_FIRST_OF, payload_digest)
        return known_capture(row) if row is not None else None

    def _remember(self, url: str, known: KnownCapture | None) -> None:
        """Cache a look-up: a URL is looked up when it is requested, and again when it is kept."""
        self._remembered[url] = known
        if len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.popitem(last=False)

    def looked_at(self, url: str, discovery: Discovery, found: int, now: datetime) -> None:
        """A source was read and showed this many articles."""
        facts = {"site": discovery.site, "role": discovery.role.value, "via": discovery.via}
        row = {"url": url, "found": found, "looked_at": now.timestamp(), **facts}
        self.database.insert(SOURCES, [row], replace=True)

    def counted(self, found: Mapping[str, int], floors: Mapping[str, int]) -> None:
        """A run has seen so many articles at the sources of sites, which should show so many at least."""
        rows = [{"site": site, "found": found.get(site, 0), "floor": floor} for site, floor in floors.items()]
        self.database.insert(FLOORS, rows, replace=True)

    def sources(self, site: str) -> list[KnownSource]:
        """The sources of a site that were read at some time."""
        query = select(SOURCES.c.url, SOURCES.c.role, SOURCES.c.via).where(SOURCES.c.site == site)
        rows = self.database.rows(query.order_by(SOURCES.c.url))
        return [KnownSource(url, Role(role), via) for url, role, via in rows if role]

    def was_read(self, url: str) -> float:
        """When a source was last read to its end (seconds since 1970); 0: never."""
        row = self.database.row_of(_READ_AT, url)
        return float(row.looked_at) if row is not None else 0.0

    def last_found(self, url: str) -> int:
        """How many articles a source showed when it was last read."""
        row = self.database.row_of(_FOUND_AT, url)
        return int(row.found) if row is not None else 0

    def is_due(self, url: str, now: datetime) -> bool:
        """Whether it is time to look at a source. One that was never looked at is due.

        So is one that was looked at in the future: the clock was wrong then, and with it what follows from it.
        """
        row = self.database.row_of(_SCHEDULE_OF, url)
        return row is None or row.due_at <= now.timestamp() or row.looked_at > now.timestamp() + CLOCK_TOLERANCE

    def next_due(self) -> float | None:
        """When the next source is due (seconds since 1970); None when none is known."""
        return self.database.rows(select(func.min(SCHEDULES.c.due_at)))[0][0]  # type: ignore[no-any-return]

    def schedule(
        self, url: str, new: int, pace: Pace, now: datetime, *, leads_on: bool = False, wish: float = 0.0
    ) -> None:
        """A source was read and brought so many new articles: when it is due again follows from all it brought.

        One that leads on to other sources is due as usual: what these bring does not count for it. `wish` is how many
        seconds the source wants between two reads; it is respected up to the usual interval.
        """
        row = self.database.row_of(_SCHEDULE_OF, url)
        seen = Yield() if row is None else Yield(row.articles, row.seconds, row.best)
        moment = now.timestamp()
        if row is not None:
            seen = seen.after(new, max(0.0, moment - row.looked_at))
        interval = pace.interval(seen, self.last_found(url))
        interval = max(min(interval, pace.usual) if leads_on else interval, min(wish, pace.usual))
        due_at = moment + interval
        known = {"articles": seen.articles, "seconds": seen.seconds, "best": seen.best}
        self.database.insert(SCHEDULES, [{"url": url, **known, "looked_at": moment, "due_at": due_at}], replace=True)

    def robots(self, origin: str) -> RobotsCopy | None:
        """The last good response to the request for an origin's robots.txt."""
        row = self.database.row_of(_ROBOTS_OF, origin)
        return RobotsCopy(row.status, row.body, datetime.fromisoformat(row.fetched)) if row is not None else None

    def keep_robots(self, origin: str, copy: RobotsCopy) -> None:
        """Remember a good response."""
        row = {"origin": origin, "status": copy.status, "body": copy.body, "fetched": copy.fetched.isoformat()}
        self.database.insert(ROBOTS, [row], replace=True)

    def hold(self, host: str) -> Hold:
        """Whether and how long a host is left alone."""
        if host not in self._holds or self.database.is_shared:
            row = self.database.row_of(_HOLD_OF, host)
            self._holds[host] = Hold(row.refusals, row.until) if row is not None else Hold()
        return self._holds[host]

    def keep_hold(self, host: str, hold: Hold) -> None:
        """Remember how a host stands."""
        self._holds[host] = hold
        self.database.insert(HOLDS, [{"host": host, "refusals": hold.refusals, "until": hold.until}], replace=True)

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def known_address(self, url: str) -> KnownAddress | None:
        """What is known of an address, or of another form of it."""
        same = or_(ADDRESSES.c.url == url, ADDRESSES.c.identity == identity(url))
        rows = self.database.rows(select(ADDRESSES).where(same).order_by(ADDRESSES.c.url != url).limit(1))
        if not rows:
            return None
        row = rows[0]
        return KnownAddress(
            row.url,
            State(row.state),
            discovery_of_row(row.discovery),
            row.outcome,
            row.status,
            row.attempts,
            row.tried_at,
            row.not_before,
        )

    def _known(self, column: Column[str], values: Sequence[str]) -> set[str]:
        """Those of the values that a column of the addresses has."""
        known: set[str] = set()
        for batch in _batches(values):
            known.update(row[0] for row in self.database.rows(select(column).where(column.in_(batch))))
        return known

    def _set_state(self, urls: Iterable[str], state: State) -> None:
        rows = [{"address": url, "new_state": state.value} for url in sorted(urls)]
        if rows:
            self.database.transaction(lambda connection: connection.execute(_SET_STATE, rows))


def _batches(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]
