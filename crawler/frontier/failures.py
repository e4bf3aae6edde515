"""URLs that failed: when each is tried again, and when it is given up.

Final is rare: an address that a source still lists is requested again, with growing pauses, whatever it answered. It
is given up when no source has listed it for a week, or when it has failed for weeks. What is given up
is listed by ``newswarc failures`` and can be tried again by hand.

=========================  ==================  ===================  =====================================
outcome                    first pause         longest pause        what a retry costs
=========================  ==================  ===================  =====================================
passing (`PASSING`)        15 minutes          1 day                a request
refused (`FINAL`)          6 hours             7 days               a request, within a share of the site's
robots.txt, own rules      6 hours             7 days               nothing unless it is allowed meanwhile
block list                 when it is off                           nothing while it is on the list
=========================  ==================  ===================  =====================================
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Update,
    and_,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)

from archive.exchange import CaptureOutcome
from crawler.frontier.capture_outcomes import FINAL
from crawler.frontier.database import Database
from crawler.frontier.entries import WAITING, Due, Failed, State, discovery_of_row
from crawler.frontier.tables import ADDRESSES, PAGES
from spiders.url_identity import identity

FIRST_PAUSE = 900.0
"""Seconds after a failure for a passing reason before an address is due; twice as long after each further one."""
LONGEST_PAUSE = 86400.0
FIRST_PAUSE_REFUSED = 6 * 3600.0
"""The same for an address that a server refuses."""
LONGEST_PAUSE_REFUSED = 7 * 86400.0
UNLISTED = 7 * 86400.0
"""Seconds without a source that lists it. Not every run reads every source, and some answer that nothing changed."""
FEWEST_TRIES = 2
"""Tries before an address that no source lists any more is given up."""
FEWEST_TRIES_PASSING = 8
"""The same for one that failed for passing reasons."""
SHARE = 0.05
"""Share of a site's attempts of a day that retries of refused addresses may take."""
LEAST = 10
"""Retries that a site may have in a day, however few its attempts."""
LONGEST_CHAIN = 600.0
"""Seconds after which a page that is captured once more is no longer a step of the same chain."""
CLOCK_TOLERANCE = 3600.0
"""Seconds by which a remembered moment may lie ahead of the clock; one that is further ahead was never."""
FREE = frozenset(
    {
        CaptureOutcome.ROBOTS_DENIED,
        CaptureOutcome.ADDRESS_REFUSED,
        CaptureOutcome.BLOCKED,
        CaptureOutcome.UNWANTED,
    }
)
"""Outcomes whose retries cost a host nothing: our own rules are asked first."""

_COSTLY = tuple(sorted(FINAL - FREE))
_LOGIN_LACKS = 401
_HAS_FAILED = ADDRESSES.c.outcome != literal_column("''")
"""At some time: rows that the index of failures holds."""
_NOT_HAD = ADDRESSES.c.state.in_([state.value for state in (*WAITING, State.FETCHING, State.GIVEN_UP)])
_IS_GIVEN_UP = ADDRESSES.c.state == State.GIVEN_UP.value
FAILING = and_(_HAS_FAILED, _NOT_HAD)
"""Rows of what has failed and is not captured, also while a run has claimed it once more."""
_HAVE = ADDRESSES.c.state.in_([State.CAPTURED.value, State.STORED.value])
FAILING_BY_OUTCOME = (
    select(ADDRESSES.c.site, ADDRESSES.c.outcome, ADDRESSES.c.status, _IS_GIVEN_UP, func.count())
    .where(FAILING)
    .group_by(ADDRESSES.c.site, ADDRESSES.c.outcome, ADDRESSES.c.status, _IS_GIVEN_UP)
)
"""How many of each site, with outcome, status and whether they were given up."""
LISTED_ANEW = 3600.0
"""Seconds after which it is noted again that a source lists an address: often enough for `UNLISTED`."""
_BATCH = 500
_MOST = 2000
"""Addresses of a site that a run looks at; the others have their turn later."""
_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Failure:
    """An address that is not captured."""

    url: str
    site: str
    outcome: str
    """How the last try ended (`archive.exchange.CaptureOutcome`)."""
    status: int
    """What the server answered; 0: nothing."""
    tries: int
    first: float
    """Moments in seconds since 1970; 0: not known. First failure."""
    last: float
    """Last try."""
    following: float
    """When it is tried again; 0: not by itself."""
    given_up: bool


class Failures:
    """Reads and changes them in the frontier's tables. Everything raises FrontierUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._has: dict[str, bool] = {}

    def add(self, failures: Sequence[Failed], now: datetime) -> None:
        """Attempts that came to nothing."""
        if not failures:
            return
        due = ADDRESSES.c.state.in_([state.value for state in (*WAITING, State.FETCHING)])
        # A page that refreshes to another was captured, and has its outcome; what it leads to is what was announced
        asked_again = exists().where(PAGES.c.url == ADDRESSES.c.url, PAGES.c.first < PAGES.c.last - LONGEST_CHAIN)
        due_or_led_on = or_(due, and_(_HAVE, ~asked_again))
        moment = now.timestamp()

        def work(connection: Connection) -> None:
            for failure in failures:
                values = {
                    "attempts": ADDRESSES.c.attempts + 1,
                    "outcome": failure.outcome,
                    "status": failure.status,
                    "failed_at": case(
                        (_never_was(ADDRESSES.c.failed_at, moment), moment), else_=ADDRESSES.c.failed_at
                    ),
                    "tried_at": moment,
                    "not_before": moment + _pause(passing=failure.passing),
                    "state": State.FAILED.value,
                }
                which = due_or_led_on if failure.is_led_to else due
                connection.execute(update(ADDRESSES).where(ADDRESSES.c.url == failure.url, which).values(values))

        self._database.transaction(work)
        self._has.clear()

    def listed(self, dues: Sequence[Due], now: datetime) -> None:
        """A source lists these articles. What an earlier version gave up at once waits for another try."""
        names = [identity(due.url) for due in dues if self._site_has(due.discovery.site)]
        if not names:
            return
        states = (State.CLAIMED, State.FETCHING, State.FAILED, State.GIVEN_UP)
        known = and_(
            ADDRESSES.c.state.in_([state.value for state in states]),
            or_(
                ADDRESSES.c.listed_at < now.timestamp() - LISTED_ANEW,
                _never_was(ADDRESSES.c.listed_at, now.timestamp()),
            ),
        )
        given_up_at_once = and_(ADDRESSES.c.state == State.GIVEN_UP.value, ADDRESSES.c.failed_at == 0)
        values = {
            "listed_at": now.timestamp(),
            "state": case((given_up_at_once, State.FAILED.value), else_=ADDRESSES.c.state),
        }
        for start in range(0, len(names), _BATCH):
            # Asked first: most sources list nothing that has failed, and asking does not lock the database
            batch = ADDRESSES.c.identity.in_(names[start : start + _BATCH])
            urls = [url for (url,) in self._database.rows(select(ADDRESSES.c.url).where(batch, known))]
            if urls:
                self._execute(update(ADDRESSES).where(ADDRESSES.c.url.in_(urls), known).values(values))

    def give_up(self, sites: Iterable[str], now: datetime, weeks: float) -> None:
        """Addresses of these sites that are due, but listed no more or failing for so many weeks, are given up."""
        moment = now.timestamp()
        refused = ADDRESSES.c.outcome.in_(sorted(FINAL))
        fewest = case((refused, FEWEST_TRIES), else_=FEWEST_TRIES_PASSING)
        long_ago = moment - UNLISTED
        unlisted = and_(
            ADDRESSES.c.listed_at < long_ago, ADDRESSES.c.failed_at < long_ago, ADDRESSES.c.attempts >= fewest
        )
        too_long = and_(ADDRESSES.c.failed_at > 0, ADDRESSES.c.failed_at < moment - weeks * 7 * _DAY)
        over = and_(
            ADDRESSES.c.site.in_(list(sites)),
            ADDRESSES.c.state == State.FAILED.value,
            is_over(moment),
            or_(unlisted, too_long),
        )
        statement = update(ADDRESSES).where(over).values(state=State.GIVEN_UP.value)
        self._execute(statement)

    def retries(self, site: str, now: datetime, most: int) -> list[Due]:
        """Refused addresses of a site whose pause is over, the least tried first.

        Of those that cost the host a request there are `most` at most, less what was tried again in the last day. A
        host that asks for a login (401) is probed by one of them, until one is answered. What the block list named is
        among them at once: whoever asks holds it against the list.
        """
        moment = now.timestamp()
        left = max(0, most - self._tried_again(site, moment))
        has_paused = is_over(moment)
        is_costly = ADDRESSES.c.outcome.in_(_COSTLY)
        wants_login = ADDRESSES.c.status == _LOGIN_LACKS
        locked = self._refused(site, has_paused, is_costly, wants_login)
        probes = self._probes(site, locked) if left and locked else []
        others = self._refused(site, has_paused, is_costly, ~wants_login) if left else []
        costly = sorted([*probes, *others], key=lambda row: (row.attempts, row.not_before))[:left]
        is_blocked = ADDRESSES.c.outcome == CaptureOutcome.BLOCKED.value
        free = self._refused(site, or_(has_paused, is_blocked), ADDRESSES.c.outcome.in_(sorted(FREE)))
        return [Due(row.url, discovery_of_row(row.discovery)) for row in (*costly, *free)]

    def _refused(self, site: str, *conditions: ColumnElement[bool]) -> Sequence[Row[Any]]:
        # One that an interrupted run had claimed is one of them still
        waiting = ADDRESSES.c.state.in_([state.value for state in WAITING])
        query = select(ADDRESSES).where(_HAS_FAILED, ADDRESSES.c.site == site, waiting, *conditions)
        return self._database.rows(query.order_by(ADDRESSES.c.attempts, ADDRESSES.c.not_before).limit(_MOST))

    def _tried_again(self, site: str, moment: float) -> int:
        """Costly retries of a site in the day before, whatever came of them."""
        failed_again = and_(~_HAVE, ADDRESSES.c.attempts >= FEWEST_TRIES)
        query = select(func.count()).where(
            _HAS_FAILED,
            ADDRESSES.c.site == site,
            ADDRESSES.c.tried_at.between(moment - _DAY, moment + CLOCK_TOLERANCE),
            ADDRESSES.c.outcome.in_(_COSTLY),
            or_(failed_again, _HAVE),
        )
        return int(self._database.rows(query)[0][0])

    def _probes(self, site: str, locked: Sequence[Row[Any]]) -> list[Row[Any]]:
        """Of addresses that lack a login, one a host; all of a host that has answered one of them since."""
        opened = select(ADDRESSES.c.url, ADDRESSES.c.tried_at).where(
            _HAS_FAILED, ADDRESSES.c.site == site, _HAVE, ADDRESSES.c.status == _LOGIN_LACKS
        )
        answered: dict[str, float] = {}
        for url, tried_at in self._database.rows(opened.order_by(ADDRESSES.c.tried_at.desc()).limit(_MOST)):
            answered.setdefault(urlsplit(url).netloc, tried_at)
        probed: set[str] = set()
        found: list[Row[Any]] = []
        for row in locked:
            host = urlsplit(row.url).netloc
            if answered.get(host, 0.0) <= row.tried_at and host in probed:
                continue
            probed.add(host)
            found.append(row)
        return found

    def all(self, *, site: str = "", outcome: str = "", since: float = 0.0) -> list[Failure]:
        """What is not captured, the newest failure first; `since` is a moment of the last try."""
        query = select(ADDRESSES).where(FAILING)
        for column, value in ((ADDRESSES.c.site, site), (ADDRESSES.c.outcome, outcome)):
            query = query.where(column == value) if value else query
        query = query.where(ADDRESSES.c.tried_at >= since) if since else query
        rows = self._database.rows(query.order_by(ADDRESSES.c.tried_at.desc(), ADDRESSES.c.url))
        return [_failure(row) for row in rows]

    def retry(self, urls: Sequence[str]) -> int:
        """Try these again with the next run, as if they had never failed; how many there were."""
        return self._change(
            urls, {"state": State.DISCOVERED.value, "attempts": 0, "outcome": "", "failed_at": 0, "not_before": 0}
        )

    def forget(self, urls: Sequence[str]) -> int:
        """Never ask for these again, whoever lists them; how many there were."""
        return self._change(urls, {"state": State.FORGOTTEN.value})

    def _change(self, urls: Sequence[str], values: dict[str, object]) -> int:
        changed = 0
        for start in range(0, len(urls), _BATCH):
            over = and_(ADDRESSES.c.url.in_(urls[start : start + _BATCH]), FAILING)
            statement = update(ADDRESSES).where(over).values(values)
            changed += self._execute(statement)
        return changed

    def _execute(self, statement: Update) -> int:
        """Change rows; how many."""
        return int(self._database.transaction(lambda connection: connection.execute(statement).rowcount))

    def _site_has(self, site: str) -> bool:
        if site not in self._has:
            query = select(ADDRESSES.c.url).where(ADDRESSES.c.site == site, FAILING)
            self._has[site] = bool(self._database.rows(query.limit(1)))
        return self._has[site]


def is_over(moment: float) -> ColumnElement[bool]:
    """Whether the pause of an address is over, or was set by a clock that was wrong."""
    return or_(ADDRESSES.c.not_before <= moment, ADDRESSES.c.tried_at > moment + CLOCK_TOLERANCE)


def _never_was(column: Column[float], moment: float) -> ColumnElement[bool]:
    """Whether a moment was not noted, or by a clock that was ahead."""
    return or_(column == 0, column > moment + CLOCK_TOLERANCE)


def _pause(*, passing: bool) -> Any:
    first, longest = (FIRST_PAUSE, LONGEST_PAUSE) if passing else (FIRST_PAUSE_REFUSED, LONGEST_PAUSE_REFUSED)
    # Beyond twenty doublings the power would leave what a float column of any database holds
    pause = first * func.pow(2, case((ADDRESSES.c.attempts < 20, ADDRESSES.c.attempts), else_=20))
    return case((pause < longest, pause), else_=longest)


def _failure(row: Row[Any]) -> Failure:
    given_up = row.state == State.GIVEN_UP.value
    return Failure(
        row.url,
        row.site,
        row.outcome,
        row.status,
        row.attempts,
        row.failed_at,
        row.tried_at,
        0.0 if given_up else row.not_before,
        given_up,
    )
