"""What in a machine's status needs attention. Pure: a status and limits in, concerns out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from archive.counted import counted
from archive.exchange import CaptureOutcome
from archive.outcomes import ExtractionResult, PageOutcome
from crawler.frontier.outcome_log import HOUR
from crawler.keeping.custody_log import CustodyStatus
from crawler.watching.status import DAY, SiteStatus, Status
from spiders.remedies import lasts, remedy_of_failure

_REFUSALS = (CaptureOutcome.FORBIDDEN, CaptureOutcome.RATE_LIMITED, CaptureOutcome.UNAVAILABLE)
_WAIT_FOR_SOMEBODY = frozenset(
    {outcome for outcome in CaptureOutcome if lasts(outcome)} - {CaptureOutcome.NOT_FOUND, CaptureOutcome.BLOCKED}
) | {CaptureOutcome.REDIRECT}
"""Outcomes of articles that need somebody's attention."""
_SHUT = (CaptureOutcome.ROBOTS_DENIED, CaptureOutcome.ROBOTS_UNREACHABLE)
_LOST = tuple(outcome for outcome in PageOutcome if outcome.traits.extraction is ExtractionResult.LOST)
_NOT_TRIED = tuple(outcome for outcome in PageOutcome if outcome.traits.extraction is ExtractionResult.NOT_TRIED)


class ConcernKind(StrEnum):
    """What is wrong, and from when on it counts (`AlarmLimits`)."""

    NOT_CRAWLING = "not_crawling"
    """No source has been read for 2 hours: crawling must have stopped."""
    SITE_SILENT = "site_silent"
    """A site's sources are being read, but have shown nothing new for three times the site's 95th-percentile gap
    between articles, and for at least 6 hours. The gap is known from 21 articles on."""
    SITE_OVERDUE = "site_overdue"
    """A site's source has been overdue for 6 hours."""
    BELOW_FLOOR = "below_floor"
    """In the last completed run, a site's sources showed fewer articles than the floor in its definition."""
    REFUSED = "refused"
    """A quarter of a day's attempts at a site end as `forbidden`, `rate_limited` or `unavailable`, and that share is
    three times that of the week before; or these kept every source of a new site from being read."""
    NOT_CAPTURED = "not_captured"
    """At least ten of a site's articles, and 5% of them, could not be captured for a lasting reason that somebody can
    remove, such as a missing login; of a site without articles, a single one."""
    ROBOTS_SHUT = "robots_shut"
    """As `refused`, but robots.txt denies the attempts, or can't be fetched."""
    EXTRACTION_DRIFT = "extraction_drift"
    """A quarter of a day's pages of a site give no record, and that share is three times that of the week before."""
    WORKER_SILENT = "worker_silent"
    """A worker that holds unstored captures has shown no sign of life for 10 minutes."""
    UPLOAD_BACKLOG = "upload_backlog"
    """A closed segment has been waiting to be stored for 2 hours."""
    DISK_LOW = "disk_low"
    """This machine's disk has less than four times `least_free` free."""
    FIXITY_OLD = "fixity_old"
    """Not every byte of the archive was verified within `verify_within` days."""
    FIXITY_FAULTS = "fixity_faults"
    """The last verification of the archive found faults."""
    CLOCK_SKEW = "clock_skew"
    """This machine's clock is a minute off, by the median of at least three servers in the last run; or a source
    was read at a moment that is still an hour ahead."""
    NOT_LOGGED = "not_logged"
    """What was stored could not be added to the log of custody."""
    NOT_STAMPED = "not_stamped"
    """A time authority did not stamp the newest checkpoint."""
    NOT_COSIGNED = "not_cosigned"
    """A witness did not cosign the newest checkpoint, or has seen another history."""


_REMEDIES = {
    ConcernKind.NOT_CRAWLING: "check that `newswarc schedule` or its timer is running",
    ConcernKind.SITE_SILENT: "`newswarc site check` shows which of its sources work",
    ConcernKind.SITE_OVERDUE: "check whether its host asked us to wait (429, 503), or raise `concurrency`",
    ConcernKind.BELOW_FLOOR: "`newswarc site check` shows how many articles each source lists",
    ConcernKind.WORKER_SILENT: "restart it on its machine; if that is gone for good, run `newswarc fleet lost SPOOL`",
    ConcernKind.REFUSED: "raise the site's `delay`, or contact its owner",
    ConcernKind.NOT_CAPTURED: "`newswarc failures` lists them",
    ConcernKind.ROBOTS_SHUT: "read its robots.txt; contact its owner, or remove the site",
    ConcernKind.EXTRACTION_DRIFT: "see `newswarc history` of a page; the site's extraction rules may need a change",
    ConcernKind.UPLOAD_BACKLOG: "check that the storage can be reached; `newswarc upload` shows why not",
    ConcernKind.FIXITY_OLD: "run `newswarc verify --deep`, best on a schedule",
    ConcernKind.FIXITY_FAULTS: "`newswarc verify --deep` names them; `newswarc copy --deep` restores them",
    ConcernKind.CLOCK_SKEW: "check that its time is synchronised (timedatectl)",
    ConcernKind.NOT_LOGGED: "fix what it names, then run `newswarc custody log`",
    ConcernKind.NOT_STAMPED: "check `custody_authorities`; `newswarc custody stamp` shows the answer",
    ConcernKind.NOT_COSIGNED: "check `custody_witnesses`; `newswarc custody cosign` shows the answer",
    ConcernKind.DISK_LOW: "free disk space, or move `state` to a larger disk",
}


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that is wrong."""

    kind: ConcernKind
    site: str
    """Empty for what is wrong with the machine."""
    detail: str
    """One line for a person."""
    advice: str = ""
    """What to do, if that depends on more than the kind."""

    @property
    def name(self) -> str:
        """The identity of the concern, the same at the next check."""
        return f"{self.kind}:{self.site}" if self.site else str(self.kind)

    @property
    def remedy(self) -> str:
        """What to do."""
        return self.advice or _REMEDIES[self.kind]


@dataclass(frozen=True, slots=True)
class AlarmLimits:
    """Limits above which something is wrong."""

    ahead: float = HOUR
    """Seconds by which a remembered time may be ahead of the clock."""
    stopped: float = 2 * HOUR
    """Seconds without any source being read."""
    silent_rhythms: float = 3.0
    """Silence, in multiples of the site's 95th-percentile gap."""
    silent: float = 6 * HOUR
    """Minimum silence, in seconds."""
    overdue: float = 6 * HOUR
    """Seconds a source has been overdue."""
    worker: float = 600.0
    """Seconds without a sign of life from a worker."""
    share: float = 0.25
    """Share of a day's attempts that are refused, or of its pages that extraction loses."""
    growth: float = 3.0
    """How many times the previous week's share it must be."""
    fewest: int = 10
    """Minimum number of attempts or pages per day for which shares are computed, and of articles not captured."""
    not_captured: float = 0.05
    """Share of a site's articles that could not be captured for lasting reasons."""
    backlog: float = 2 * HOUR
    """Seconds a closed segment has been waiting."""
    clock: float = 60.0
    """Seconds the clock may be off."""
    disk: float = 4.0
    """Multiple of `least_free` that should be free."""


def concerns(status: Status, limits: AlarmLimits = AlarmLimits()) -> list[Concern]:
    """What is wrong, the machine's problems first."""
    found = list(_of_machine(status, limits))
    for name, site in status.sites.items():
        found += _of_site(status, name, site, limits)
    return found


def _of_machine(status: Status, limits: AlarmLimits) -> Iterator[Concern]:
    since = status.at - status.looked_at
    if status.looked_at and since > limits.stopped:
        yield Concern(ConcernKind.NOT_CRAWLING, "", f"no source has been read for {_span(since)}")
    if status.oldest_waiting > limits.backlog:
        waits = f"{counted(status.waiting_segments, 'segment')}, {status.spool_bytes >> 20} MiB"
        yield Concern(
            ConcernKind.UPLOAD_BACKLOG,
            "",
            f"{waits}, are waiting to be stored, the oldest for {_span(status.oldest_waiting)}",
        )
    for place, worker in status.workers.items():
        if worker.silent > limits.worker:
            yield Concern(
                ConcernKind.WORKER_SILENT, place, f"no sign of life from its worker for {_span(worker.silent)}"
            )
    if abs(status.clock_ahead) > limits.clock:
        way = "ahead of" if status.clock_ahead > 0 else "behind"
        yield Concern(ConcernKind.CLOCK_SKEW, "", f"the clock is {abs(status.clock_ahead):.0f} s {way} the servers'")
    if status.looked_at > status.at + limits.ahead:
        ahead = _span(status.looked_at - status.at)
        yield Concern(ConcernKind.CLOCK_SKEW, "", f"sources were last read at a moment that lies {ahead} ahead")
    yield from _of_fixity(status)
    if status.custody is not None:
        yield from _of_custody(status.custody)
    if status.disk_free < limits.disk * status.least_free:
        yield Concern(
            ConcernKind.DISK_LOW,
            "",
            f"{status.disk_free >> 20} MiB free; fetching pauses at {status.least_free >> 20} MiB",
        )


def _of_custody(custody: CustodyStatus) -> Iterator[Concern]:
    if custody.problem:
        yield Concern(ConcernKind.NOT_LOGGED, "", custody.problem)
    for line in custody.unstamped:
        yield Concern(ConcernKind.NOT_STAMPED, "", line)
    for line in custody.uncosigned:
        yield Concern(ConcernKind.NOT_COSIGNED, "", line)


def _of_fixity(status: Status) -> Iterator[Concern]:
    last = status.fixity.read or status.first
    if status.fixity_limit and last and status.at - last > status.fixity_limit:
        detail = f"for {_span(status.at - status.fixity.read)}" if status.fixity.read else "yet"
        yield Concern(ConcernKind.FIXITY_OLD, "", f"the archive's bytes have not been verified {detail}")
    if status.fixity.faults:
        yield Concern(
            ConcernKind.FIXITY_FAULTS, "", f"the last verification found {counted(status.fixity.faults, 'fault')}"
        )


def _of_site(status: Status, name: str, site: SiteStatus, limits: AlarmLimits) -> Iterator[Concern]:
    # Counted to the last look at its sources: a crawl that stands still is not the site's silence
    silence = site.looked_at - site.newest
    if site.rhythm and silence > max(limits.silent, limits.silent_rhythms * site.rhythm):
        detail = f"nothing new for {_span(silence)}; usually something appears within {_span(site.rhythm)}"
        yield Concern(ConcernKind.SITE_SILENT, name, detail)
    if site.shown < site.floor:
        yield Concern(
            ConcernKind.BELOW_FLOOR, name, f"its sources show {site.shown} articles; its floor is {site.floor}"
        )
    is_standing = bool(status.looked_at) and status.at - status.looked_at > limits.stopped
    if site.overdue > limits.overdue and not is_standing:
        yield Concern(ConcernKind.SITE_OVERDUE, name, f"a source has been overdue for {_span(site.overdue)}")
    for kind, outcomes, what in (
        (ConcernKind.REFUSED, _REFUSALS, "attempts are refused"),
        (ConcernKind.ROBOTS_SHUT, _SHUT, "attempts are denied by robots.txt"),
    ):
        detail = _from_the_start(site, outcomes) or _grown(site.attempts, site.attempts_before, outcomes, limits)
        if detail:
            yield Concern(kind, name, f"{detail} {what}")
    yield from _not_captured(name, site, limits)
    if detail := _grown(_tried(site.pages), _tried(site.pages_before), _LOST, limits):
        yield Concern(ConcernKind.EXTRACTION_DRIFT, name, f"{detail} pages give no record")


def _not_captured(name: str, site: SiteStatus, limits: AlarmLimits) -> Iterator[Concern]:
    """Articles that need somebody's attention, such as a missing login. Every site has some that are not found."""
    lasting = Counter({how: count for how, count in site.failures.items() if how[0] in _WAIT_FOR_SOMEBODY})
    count = lasting.total()
    many = count >= limits.fewest and count >= limits.not_captured * (site.articles + count)
    if not count or (site.articles and not many):
        return
    parts = [
        f"{number} {outcome}{f' ({status})' if status else ''}" for (outcome, status), number in lasting.most_common()
    ]
    (outcome, status), _ = lasting.most_common(1)[0]
    advice = f"{remedy_of_failure(outcome, status)}; then `newswarc failures --site {name} retry` (or `forget`)"
    yield Concern(
        ConcernKind.NOT_CAPTURED,
        name,
        f"{counted(count, 'article')} could not be captured: {', '.join(parts)}",
        advice,
    )


def _from_the_start(site: SiteStatus, outcomes: Sequence[str]) -> str:
    """How outcomes have kept a site from ever showing anything. A few attempts tell: no more are made."""
    if site.looked_at or site.articles:
        return ""
    attempts = site.attempts + site.attempts_before
    count = sum(attempts[outcome] for outcome in outcomes)
    return f"no source could be read yet: {count} of {attempts.total()}" if count else ""


def _tried(pages: Counter[str]) -> Counter[str]:
    return Counter({outcome: count for outcome, count in pages.items() if outcome not in _NOT_TRIED})


def _grown(today: Counter[str], before: Counter[str], outcomes: Sequence[str], limits: AlarmLimits) -> str:
    """Whether outcomes have a large share of today's, and a much larger one than of the week's before; said so."""
    whole, earlier = today.total(), before.total()
    if whole < limits.fewest:
        return ""
    count = sum(today[outcome] for outcome in outcomes)
    share = count / whole
    share_before = sum(before[outcome] for outcome in outcomes) / earlier if earlier else 0.0
    if share < limits.share or share < limits.growth * share_before:
        return ""
    return f"{count} of {whole} in a day ({share:.0%}; {share_before:.0%} the week before)"


def _span(seconds: float) -> str:
    if seconds >= 2 * DAY:
        return f"{seconds / DAY:.0f} days"
    return f"{seconds / HOUR:.0f} hours" if seconds >= 2 * HOUR else f"{seconds / 60:.0f} minutes"
