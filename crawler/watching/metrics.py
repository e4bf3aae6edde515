"""The status as Prometheus reads it. Every reading looks anew; moments are seconds since 1970."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from crawler.frontier.outcome_log import EndedKind
from crawler.watching.concerns import ConcernKind, concerns
from crawler.watching.status import SiteStatus, Status

_MACHINE: tuple[tuple[str, str, Callable[[Status], float]], ...] = (
    ("waiting_addresses", "Addresses that were found and not captured.", lambda status: status.waiting),
    ("spool_bytes", "Bytes of the spool.", lambda status: status.spool_bytes),
    ("spool_budget_bytes", "Bytes that the spool may have.", lambda status: status.spool_budget),
    ("open_segments", "Segments that are being written.", lambda status: status.open_segments),
    ("waiting_segments", "Closed segments that are not known to be stored.", lambda status: status.waiting_segments),
    ("oldest_waiting_segment_seconds", "Age of the oldest of them.", lambda status: status.oldest_waiting),
    ("disk_free_bytes", "Bytes that are free.", lambda status: status.disk_free),
    ("disk_least_free_bytes", "Bytes below which fetching pauses.", lambda status: status.least_free),
    ("clock_ahead_seconds", "How far the clock is ahead of the servers'.", lambda status: status.clock_ahead),
    ("workers", "Places of workers, of all machines.", lambda status: len(status.workers)),
    (
        "workers_crawling",
        "Of these such as crawl a site.",
        lambda status: sum(bool(worker.sites) for worker in status.workers.values()),
    ),
    ("is_crawling", "1 while a run is under way.", lambda status: status.is_crawling),
    ("last_source_timestamp_seconds", "When a source was last read.", lambda status: status.looked_at),
)
_SITE: tuple[tuple[str, str, Callable[[SiteStatus], float]], ...] = (
    ("site_articles", "Articles captured.", lambda site: site.articles),
    ("site_last_article_timestamp_seconds", "When the last new article was captured.", lambda site: site.newest),
    ("site_last_source_timestamp_seconds", "When a source was last read.", lambda site: site.looked_at),
    ("site_waiting_addresses", "Addresses found and not captured.", lambda site: site.waiting),
    ("site_overdue_seconds", "How long its most overdue source waits.", lambda site: site.overdue),
)


class StatusCollector(Collector):
    """Gives the metrics of a status that is looked up at each reading."""

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
        yield _concerns(status)


def _outcomes(status: Status) -> Iterable[Metric]:
    for kind in EndedKind:
        family = GaugeMetricFamily(
            f"newswarc_{kind.value}s_30d", f"How often a {kind.value} ended so in 30 days.", labels=["outcome"]
        )
        for (of, outcome), count in sorted(status.totals.items()):
            if of is kind:
                family.add_metric([outcome], count)
        yield family
        daily = GaugeMetricFamily(
            f"newswarc_site_{kind.value}s_1d",
            f"How often a {kind.value} ended so in a day.",
            labels=["site", "outcome"],
        )
        for site, facts in status.sites.items():
            counts = facts.attempts if kind is EndedKind.ATTEMPT else facts.pages
            for outcome, count in sorted(counts.items()):
                daily.add_metric([site, outcome], count)
        yield daily


def _concerns(status: Status) -> Metric:
    found = concerns(status)
    family = GaugeMetricFamily("newswarc_concerns", "What needs a person, by kind.", labels=["kind"])
    for kind in ConcernKind:
        family.add_metric([kind.value], sum(concern.kind is kind for concern in found))
    return family


def registry_of(look: Callable[[], Status]) -> CollectorRegistry:
    """A registry of its own, with nothing of the process in it."""
    registry = CollectorRegistry()
    registry.register(StatusCollector(look))
    return registry
