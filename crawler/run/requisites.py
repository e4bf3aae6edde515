"""Which requisites a run fetches, from the configuration and the frontier."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from spiders.problems import Problem
from spiders.requisites.collection import Bounds, Wishes

if TYPE_CHECKING:
    from crawler.config import Configuration
    from crawler.frontier.frontier import Frontier

_MOST_NAMED = 5


def wishes_of(configuration: Configuration, frontier: Frontier, now: Callable[[], datetime]) -> Wishes:
    """Which requisites to fetch; the frontier knows which ones are captured."""

    def is_held(url: str) -> bool:
        known = frontier.known_capture(url)
        return known is not None and (now() - known.original.date).total_seconds() < configuration.requisite_age

    return Wishes(
        wanted=configuration.requisites,
        bounds=Bounds(configuration.requisite_count, configuration.requisite_bytes, configuration.requisite_time),
        trackers=frozenset(host.lower() for host in configuration.trackers),
        is_held=is_held,
    )


def left_out_hosts(wishes: Wishes) -> Iterator[Problem]:
    """A line on each site whose pages have requisites on hosts that its definition does not name."""
    for site, hosts in sorted(wishes.other_hosts.items()):
        named = ", ".join(f"{host} ({count})" for host, count in hosts.most_common(_MOST_NAMED))
        more = f" and {len(hosts) - _MOST_NAMED} other hosts" if len(hosts) > _MOST_NAMED else ""
        remedy = "list the hosts you want in the site's requisite_hosts"
        yield Problem(site, "requisites", f"left out on {named}{more}", remedy)
