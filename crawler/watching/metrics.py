"""The status as Prometheus metrics. Computed on each request; times are seconds since 1970."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from crawler.frontier.outcome_log import EndedKind
from crawler.watching.concerns import ConcernKind, concerns
from crawler.watching.status import SiteStatus, Status

_MACHINE: tuple[tuple[str, str, Callable[[Status], float]], ...] = (
    ("waiting_addresses", "URLs found but not yet captured.", lambda status: status.waiting),
    ("spool_bytes", "Size of the spool in bytes.", lambda status: status.spool_bytes),
    ("spool_budget_bytes", "Maximum size of the spool in bytes.", lambda status: status.spool_budget),
    ("open_segments", "Segments being written.", lambda status: status.open_segments),
    ("waiting_segments", "Closed segments not yet confirmed as stored.", lambda status: status.waiting_segments),
    ("oldest_waiting_segment_seconds", "Age of the oldest waiting segment.", lambda status: status.oldest_waiting),
    ("disk_free_bytes", "Free disk space in bytes.", lambda status: status.disk_free),
    ("disk_least_free_bytes", "Free disk space below which fetching pauses.", lambda status: status.least_free),
    (
        "clock_ahead_seconds",
        "How far this machine's clock is ahead of the servers' clocks.",
        lambda status: status.clock_ahead,
    ),
    ("workers", "Worker slots on all machines.", lambda status: len(status.workers)),
    (
        "workers_crawling",
        "Workers currently crawling a site.",
        lambda status: sum(bool(worker.sites) for worker in status.workers.values()),
    ),
    (
        "last_verified_timestamp_seconds",
        "When the archive was last verified; 0: never.",
        lambda status: status.fixity.verified,
    ),
    (
        "last_read_timestamp_seconds",
        "When every byte of the archive was last verified; 0: never.",
        lambda status: status.fixity.read,
    ),
    ("verification_faults", "Faults that the last verification found.", lambda status: status.fixity.faults),
    ("is_crawling", "1 while a crawl is running.", lambda status: status.is_crawling),
    ("last_source_timestamp_seconds", "When a source was last read.", lambda status: status.looked_at),
)
_NOT_CAPTURED = "newswarc_site_not_captured_articles"
_NOT_CAPTURED_MEANS = "Articles not captured, by how the last try ended and what the server answered (0: nothing)."
_CONCERNS = "Alarms in force, by kind."
_SITE: tuple[tuple[str, str, Callable[[SiteStatus], float]], ...] = (
    ("site_articles", "Articles captured.", lambda site: site.articles),
    ("site_last_article_timestamp_seconds", "When the last new article was captured.", lambda site: site.newest),
    ("site_last_source_timestamp_seconds", "When a source was last read.", lambda site: site.looked_at),
    ("site_waiting_addresses", "URLs found but not yet captured.", lambda site: site.waiting),
    (
        "site_failing_addresses",
        "URLs that failed or were refused and will be tried again.",
        lambda site: site.failing,
    ),
    ("site_given_up_addresses", "URLs that are no longer tried.", lambda site: site.given_up),
    ("site_overdue_seconds", "How long the site's most overdue source has waited.", lambda site: site.overdue),
)
_COUNTED = (EndedKind.ATTEMPT, EndedKind.PAGE)


def described_metrics() -> list[tuple[str, list[str], str]]:
    """Name, labels and meaning of every metric."""
    per_kind = [
        (f"newswarc_{prefix}{kind.value}s_{period}", labels, f"{kind.value.capitalize()}s by outcome, last {span}.")
        for kind in _COUNTED
        for prefix, period, labels, span in (
            ("", "30d", ["outcome"], "30 days"),
            ("site_", "1d", ["site", "outcome"], "24 hours"),
        )
    ]
    return [
        *((f"newswarc_{name}", [], meaning) for name, meaning, _ in _MACHINE),
        *((f"newswarc_{name}", ["site"], meaning) for name, meaning, _ in _SITE),
        *per_kind,
        (_NOT_CAPTURED, ["site", "outcome", "status"], _NOT_CAPTURED_MEANS),
        ("newswarc_concerns", ["kind"], _CONCERNS),
    ]


class StatusCollector(Collector):
    """Provides the metrics of a status that is read at each scrape."""

    def __init__(self, look: Callable[[], Status]) -> None:
        self._look = look

    def collect(self) -> Iterable[Metric]:
        """All families, named ``newswarc_…``."""
        status = self._look()
        for name, meaning, value in _MACHINE:
            yield GaugeMetricFamily(f"newswarc_{name}", meaning, value(status))
        for name, meaning, of_site in _SITE:
            family = GaugeMetricFamily(f"newswarc_{name}", meaning, labels=["site"])
            for site, facts in status.sites.items():
                family.add_metric([site], of_site(facts))
            yield family
        yield from _outcomes(status)
        yield _not_captured(status)
        yield _concerns(status)


def _outcomes(status: Status) -> Iterable[Metric]:
    for kind in _COUNTED:
        family = GaugeMetricFamily(
            f"newswarc_{kind.value}s_30d",
            f"{kind.value.capitalize()}s by outcome, last 30 days.",
            labels=["outcome"],
        )
        for (of, outcome), count in sorted(status.totals.items()):
            if of is kind:
                family.add_metric([outcome], count)
        yield family
        daily = GaugeMetricFamily(
            f"newswarc_site_{kind.value}s_1d",
            f"{kind.value.capitalize()}s by outcome, last 24 hours.",
            labels=["site", "outcome"],
        )
        for site, facts in status.sites.items():
            counts = facts.attempts if kind is EndedKind.ATTEMPT else facts.pages
            for outcome, count in sorted(counts.items()):
                daily.add_metric([site, outcome], count)
        yield daily


def _not_captured(status: Status) -> Metric:
    family = GaugeMetricFamily(_NOT_CAPTURED, _NOT_CAPTURED_MEANS, labels=["site", "outcome", "status"])
    for site, facts in status.sites.items():
        for (outcome, code), count in sorted(facts.failures.items()):
            family.add_metric([site, outcome, str(code)], count)
    return family


def _concerns(status: Status) -> Metric:
    found = concerns(status)
    family = GaugeMetricFamily("newswarc_concerns", _CONCERNS, labels=["kind"])
    for kind in ConcernKind:
        family.add_metric([kind.value], sum(concern.kind is kind for concern in found))
    return family


def registry_of(look: Callable[[], Status]) -> CollectorRegistry:
    """A registry of its own, with nothing of the process in it."""
    registry = CollectorRegistry()
    registry.register(StatusCollector(look))
    return registry
