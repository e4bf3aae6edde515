"""What of a machine's status needs a person. Pure: a status and limits in, concerns out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from archive.exchange import CaptureOutcome
from archive.outcomes import ExtractionResult, PageOutcome
from crawler.frontier.outcome_log import HOUR
from crawler.watching.status import DAY, SiteStatus, Status

_REFUSALS = (CaptureOutcome.FORBIDDEN, CaptureOutcome.RATE_LIMITED, CaptureOutcome.UNAVAILABLE)
_SHUT = (CaptureOutcome.ROBOTS_DENIED, CaptureOutcome.ROBOTS_UNREACHABLE)
_LOST = tuple(outcome for outcome in PageOutcome if outcome.traits.extraction is ExtractionResult.LOST)
_NOT_TRIED = tuple(outcome for outcome in PageOutcome if outcome.traits.extraction is ExtractionResult.NOT_TRIED)


class ConcernKind(StrEnum):
    """What is wrong."""

    NOT_CRAWLING = "not_crawling"
    """No source was read for so long that the crawl must have stopped."""
    SITE_SILENT = "site_silent"
    """A site's sources are read, and show nothing new for much longer than they used to."""
    SITE_OVERDUE = "site_overdue"
    """A site's source waits to be read for much longer than its turn takes."""
    BELOW_FLOOR = "below_floor"
    """A site's sources showed fewer articles than its definition says they should."""
    REFUSED = "refused"
    """A site answers 403, 429 or 503 much more often than before, or from its first day."""
    ROBOTS_SHUT = "robots_shut"
    """robots.txt denies most of what is asked for, and did not before, or denies all from the first day."""
    EXTRACTION_DRIFT = "extraction_drift"
    """Pages of a site become records much less often than before."""
    WORKER_SILENT = "worker_silent"
    """A worker is not heard of, and has what is not stored yet."""
    UPLOAD_BACKLOG = "upload_backlog"
    """Closed segments wait to be stored."""
    DISK_LOW = "disk_low"
    """Little room is left on this machine's disk."""
    CLOCK_SKEW = "clock_skew"
    """This machine's clock is wrong, as most servers say."""


_REMEDIES = {
    ConcernKind.NOT_CRAWLING: "see whether `newswarc schedule` or its timer runs",
    ConcernKind.SITE_SILENT: "`newswarc site check` tells which of its sources are alive",
    ConcernKind.SITE_OVERDUE: "see whether its host is held back (429, 503), or more concurrency is needed",
    ConcernKind.BELOW_FLOOR: "`newswarc site check` tells what each of its sources shows",
    ConcernKind.WORKER_SILENT: "start it again on its machine; if that is lost for good, `newswarc fleet lost SPOOL`",
    ConcernKind.REFUSED: "raise the site's `delay`, or write to its owner",
    ConcernKind.ROBOTS_SHUT: "read its robots.txt; write to its owner, or take the site out",
    ConcernKind.EXTRACTION_DRIFT: "see `newswarc history` of a page; the site's extraction rules may need a change",
    ConcernKind.UPLOAD_BACKLOG: "see whether the storage can be reached; `newswarc upload` says why not",
    ConcernKind.CLOCK_SKEW: "see whether its time is synchronised (timedatectl)",
    ConcernKind.DISK_LOW: "free space, or move `state` to a larger disk",
}


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that is wrong."""

    kind: ConcernKind
    site: str
    """Empty for what is wrong with the machine."""
    detail: str
    """One line for a person."""

    @property
    def name(self) -> str:
        """What it is recognised by the next time."""
        return f"{self.kind}:{self.site}" if self.site else str(self.kind)

    @property
    def remedy(self) -> str:
        """What to do."""
        return _REMEDIES[self.kind]


@dataclass(frozen=True, slots=True)
class AlarmLimits:
    """From when on something is wrong."""

    stopped: float = 2 * HOUR
    """Seconds without a source being read."""
    silent_rhythms: float = 3.0
    """How often the gap that 19 of 20 of a site's do not exceed fits into its silence."""
    silent: float = 6 * HOUR
    """Seconds of silence at least."""
    overdue: float = 6 * HOUR
    """Seconds for which a source waits."""
    worker: float = 600.0
    """Seconds for which a worker is not heard of."""
    share: float = 0.25
    """Share of a day's attempts that is refused, or of its pages that are lost to extraction."""
    growth: float = 3.0
    """How many times the share of the week before it is."""
    fewest: int = 10
    """Attempts or pages of a day from which shares are taken."""
    backlog: float = 2 * HOUR
    """Seconds for which a closed segment waits."""
    clock: float = 60.0
    """Seconds that a clock may be off."""
    disk: float = 4.0
    """How many times `least_free` has to be free."""


def concerns(status: Status, limits: AlarmLimits = AlarmLimits()) -> list[Concern]:
    """What is wrong, the machine's troubles first."""
    found = list(_of_machine(status, limits))
    for name, site in status.sites.items():
        found += _of_site(status, name, site, limits)
    return found


def _of_machine(status: Status, limits: AlarmLimits) -> Iterator[Concern]:
    since = status.at - status.looked_at
    if status.looked_at and since > limits.stopped:
        yield Concern(ConcernKind.NOT_CRAWLING, "", f"no source was read for {_span(since)}")
    if status.oldest_waiting > limits.backlog:
        waits = f"{status.waiting_segments} segments, {status.spool_bytes >> 20} MiB"
        yield Concern(
            ConcernKind.UPLOAD_BACKLOG,
            "",
            f"{waits}, wait to be stored, the oldest for {_span(status.oldest_waiting)}",
        )
    for place, worker in status.workers.items():
        if worker.silent > limits.worker:
            yield Concern(ConcernKind.WORKER_SILENT, place, f"its worker was not heard of for {_span(worker.silent)}")
    if abs(status.clock_ahead) > limits.clock:
        way = "ahead of" if status.clock_ahead > 0 else "behind"
        yield Concern(ConcernKind.CLOCK_SKEW, "", f"the clock is {abs(status.clock_ahead):.0f} s {way} the servers'")
    if status.disk_free < limits.disk * status.least_free:
        yield Concern(
            ConcernKind.DISK_LOW,
            "",
            f"{status.disk_free >> 20} MiB are free; at {status.least_free >> 20} fetching pauses",
        )


def _of_site(status: Status, name: str, site: SiteStatus, limits: AlarmLimits) -> Iterator[Concern]:
    # Counted to the last look at its sources: a crawl that stands still is not the site's silence
    silence = site.looked_at - site.newest
    if site.rhythm and silence > max(limits.silent, limits.silent_rhythms * site.rhythm):
        detail = f"nothing new for {_span(silence)}; it used to bring something within {_span(site.rhythm)}"
        yield Concern(ConcernKind.SITE_SILENT, name, detail)
    if site.shown < site.floor:
        yield Concern(
            ConcernKind.BELOW_FLOOR, name, f"its sources show {site.shown} articles, its floor is {site.floor}"
        )
    is_standing = bool(status.looked_at) and status.at - status.looked_at > limits.stopped
    if site.overdue > limits.overdue and not is_standing:
        yield Concern(ConcernKind.SITE_OVERDUE, name, f"a source waits to be read for {_span(site.overdue)}")
    for kind, outcomes, what in (
        (ConcernKind.REFUSED, _REFUSALS, "attempts are refused"),
        (ConcernKind.ROBOTS_SHUT, _SHUT, "attempts are denied by robots.txt"),
    ):
        detail = _from_the_start(site, outcomes) or _grown(site.attempts, site.attempts_before, outcomes, limits)
        if detail:
            yield Concern(kind, name, f"{detail} {what}")
    if detail := _grown(_tried(site.pages), _tried(site.pages_before), _LOST, limits):
        yield Concern(ConcernKind.EXTRACTION_DRIFT, name, f"{detail} pages give no record")


def _from_the_start(site: SiteStatus, outcomes: Sequence[str]) -> str:
    """Whether outcomes have kept a site from ever showing anything; said so. Few attempts tell: no more are made."""
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
    return f"{count} of {whole} of a day ({share:.0%}, the week before {share_before:.0%})"


def _span(seconds: float) -> str:
    if seconds >= 2 * DAY:
        return f"{seconds / DAY:.0f} days"
    return f"{seconds / HOUR:.0f} hours" if seconds >= 2 * HOUR else f"{seconds / 60:.0f} minutes"
