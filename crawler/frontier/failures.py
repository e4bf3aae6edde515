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
=========================  ==================  ===================  =====================================
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Update, and_, case, func, or_, select, update

from archive.exchange import CaptureOutcome
from crawler.frontier.capture_outcomes import FINAL
from crawler.frontier.database import Database
from crawler.frontier.entries import WAITING, Due, Failed, State, discovery_of_row
from crawler.frontier.tables import ADDRESSES
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
FREE = frozenset({CaptureOutcome.ROBOTS_DENIED.value, CaptureOutcome.ADDRESS_REFUSED.value})
"""Outcomes whose retries cost a host nothing: our own rules are asked first."""

_REFUSED = tuple(outcome.value for outcome in FINAL)
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
        moment = now.timestamp()

        def work(connection: Connection) -> None:
            for failure in failures:
                values = {
                    "attempts": ADDRESSES.c.attempts + 1,
                    "outcome": failure.outcome,
                    "status": failure.status,
                    "failed_at": case((ADDRESSES.c.failed_at == 0, moment), else_=ADDRESSES.c.failed_at),
                    "tried_at": moment,
                    "not_before": moment + _pause(passing=failure.passing),
                    "state": State.FAILED.value,
                }
                connection.execute(update(ADDRESSES).where(ADDRESSES.c.url == failure.url, due).values(values))

        self._database.transaction(work)
        self._has.clear()

    def listed(self, dues: Sequence[Due], now: datetime) -> None:
        """A source lists these articles. What an earlier version gave up at once waits for another try."""
        names = [identity(due.url) for due in dues if self._site_has(due.discovery.site)]
        states = (State.CLAIMED, State.FETCHING, State.FAILED, State.GIVEN_UP)
        known = ADDRESSES.c.state.in_([state.value for state in states])
        given_up_at_once = and_(ADDRESSES.c.state == State.GIVEN_UP.value, ADDRESSES.c.failed_at == 0)
        values = {
            "listed_at": now.timestamp(),
            "state": case((given_up_at_once, State.FAILED.value), else_=ADDRESSES.c.state),
        }
        for start in range(0, len(names), _BATCH):
            batch = ADDRESSES.c.identity.in_(names[start : start + _BATCH])
            statement = update(ADDRESSES).where(batch, known).values(values)
            self._execute(statement)

    def give_up(self, sites: Iterable[str], now: datetime, weeks: float) -> None:
        """Addresses of these sites that are due, but listed no more or failing for so many weeks, are given up."""
        moment = now.timestamp()
        refused = ADDRESSES.c.outcome.in_(_REFUSED)
        fewest = case((refused, FEWEST_TRIES), else_=FEWEST_TRIES_PASSING)
        long_ago = moment - UNLISTED
        unlisted = and_(
            ADDRESSES.c.listed_at < long_ago, ADDRESSES.c.failed_at < long_ago, ADDRESSES.c.attempts >= fewest
        )
        too_long = and_(ADDRESSES.c.failed_at > 0, ADDRESSES.c.failed_at < moment - weeks * 7 * _DAY)
        over = and_(
            ADDRESSES.c.site.in_(list(sites)),
            ADDRESSES.c.state == State.FAILED.value,
            ADDRESSES.c.not_before <= moment,
            or_(unlisted, too_long),
        )
        statement = update(ADDRESSES).where(over).values(state=State.GIVEN_UP.value)
        self._execute(statement)

    def retries(self, site: str, now: datetime, most: int) -> list[tuple[Due, int]]:
        """Refused addresses of a site whose pause is over, the least tried first, each with what the server answered.

        Of those that cost the host a request there are `most` at most, less what was tried again in the last day.
        """
        moment = now.timestamp()
        # One that an interrupted run had claimed is one of them still
        waiting = ADDRESSES.c.state.in_([state.value for state in WAITING])
        refused = (ADDRESSES.c.site == site, waiting)
        costly = ADDRESSES.c.outcome.in_([outcome for outcome in _REFUSED if outcome not in FREE])
        again = select(func.count()).where(
            *refused, costly, ADDRESSES.c.attempts >= FEWEST_TRIES, ADDRESSES.c.tried_at > moment - _DAY
        )
        left = max(0, most - int(self._database.rows(again)[0][0]))
        query = (
            select(ADDRESSES.c.url, ADDRESSES.c.discovery, ADDRESSES.c.outcome, ADDRESSES.c.status)
            .where(*refused, ADDRESSES.c.outcome.in_(_REFUSED), ADDRESSES.c.not_before <= moment)
            .order_by(ADDRESSES.c.attempts, ADDRESSES.c.not_before)
            .limit(_MOST)
        )
        found: list[tuple[Due, int]] = []
        for url, text, outcome, status in self._database.rows(query):
            if outcome not in FREE:
                if left <= 0:
                    continue
                left -= 1
            found.append((Due(url, discovery_of_row(text)), status))
        return found

    def all(self, *, site: str = "", outcome: str = "", since: float = 0.0) -> list[Failure]:
        """What is not captured, the newest failure first; `since` is a moment of the last try."""
        query = select(ADDRESSES).where(ADDRESSES.c.state.in_([State.FAILED.value, State.GIVEN_UP.value]))
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
            over = and_(
                ADDRESSES.c.url.in_(urls[start : start + _BATCH]),
                ADDRESSES.c.state.in_([State.FAILED.value, State.GIVEN_UP.value]),
            )
            statement = update(ADDRESSES).where(over).values(values)
            changed += self._execute(statement)
        return changed

    def _execute(self, statement: Update) -> int:
        """Change rows; how many."""
        return int(self._database.transaction(lambda connection: connection.execute(statement).rowcount))

    def _site_has(self, site: str) -> bool:
        if site not in self._has:
            query = select(ADDRESSES.c.url).where(
                ADDRESSES.c.site == site, ADDRESSES.c.state.in_([State.FAILED.value, State.GIVEN_UP.value])
            )
            self._has[site] = bool(self._database.rows(query.limit(1)))
        return self._has[site]


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
