"""Pages for operators: crawls as they are now (live where scripts run), failures, alarms."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from archive.errors import ArchiveError, BadAddress, ObjectMissing
from archive.period import moment_of
from crawler.web.answering import Asked, asked_of
from crawler.web.bounded_work import Busy, LongResponse
from crawler.web.catalogue import is_withheld
from crawler.web.crawl_control import NotNow
from crawler.web.roles import Role
from spiders.catalog import SiteError
from spiders.remedies import remedy_of_failure

if TYPE_CHECKING:
    from archive.access import AccessGate
    from crawler.watching.status import Status
    from crawler.web.operation import ShownRun
    from spiders.site import Site

_EVERY = 3.0
"""Seconds between two events of the live view."""
_LONGEST = 300.0
"""Seconds after which a live view has to ask again, so that whoever lost a role loses the view."""
_SHOWN = 200
_SEGMENTS = 30
_RUNS = 50
_LINES = 20


def crawls_page(asked: Asked) -> Response:
    """This machine's crawls, and for operators what starts and stops them."""
    try:
        values = _now(asked)
    except ObjectMissing as error:
        return asked.page("crawls.html", problem=str(error), now=None, control=_control(asked))
    days = _days(asked)
    manifests = list(asked.reader.contents.manifests.values())
    return asked.page(
        "crawls.html",
        problem="",
        days=days,
        segments=sorted(manifests, key=lambda one: one.opened, reverse=True)[:_SEGMENTS],
        control=_control(asked),
        **values,
    )


def start_crawl(asked: Asked) -> Response:
    """Crawl what is due of the sites that were chosen, or of all."""
    begin_crawl(asked, asked.chosen("site"))
    return RedirectResponse("/crawls", HTTPStatus.SEE_OTHER)


def stop_crawl(asked: Asked) -> Response:
    """Let the crawl that goes on end in order."""
    end_crawl(asked)
    return RedirectResponse("/crawls", HTTPStatus.SEE_OTHER)


def begin_crawl(asked: Asked, wanted: Sequence[str]) -> None:
    """Start a crawl. Raises as `CrawlControl.start`."""
    _noted(asked, "crawl started", sites=" ".join(wanted))
    now = f"{asked.services.now():%Y-%m-%d %H:%M:%S} UTC"
    told = f"{now}: started from the web by {asked.visitor.name or asked.visitor.client}"
    try:
        asked.operation.crawls.start(wanted, [site.id for site in offered_sites(asked)], told)
    except (NotNow, BadAddress) as error:
        _noted(asked, "crawl not started", reason=str(error))
        raise


def end_crawl(asked: Asked) -> None:
    """Ask the crawl that goes on to end. Raises NotNow."""
    found = asked.operation.crawls.running
    _noted(asked, "crawl stopped", process=found.process.number if found is not None else 0)
    try:
        asked.operation.crawls.stop()
    except NotNow as error:
        _noted(asked, "crawl not stopped", reason=str(error))
        raise


def offered_sites(asked: Asked) -> list[Site]:
    """The sites that can be crawled from here. Raises SiteError."""
    try:
        known = list(asked.operation.now().status.sites)
    except ObjectMissing:  # nothing was crawled yet
        known = []
    return asked.operation.crawls.sites(known, asked.reader.gate)


def runs_page(asked: Asked) -> Response:
    """The history of runs, the newest first."""
    try:
        found = asked.operation.runs(_RUNS + 1, run_cursor(asked.parameters.get("before", "")))
        problem = ""
    except ObjectMissing as error:
        found, problem = [], str(error)
    return asked.page(
        "runs.html", problem=problem, runs=found[:_RUNS], older=cursor_of(found[_RUNS - 1]) if found[_RUNS:] else ""
    )


def run_cursor(text: str) -> tuple[float, str] | None:
    """From where on older runs are asked for; None: from the newest. Raises BadAddress."""
    begun, colon, run_id = text.partition(":")
    try:
        return (float(begun), run_id) if colon else None
    except ValueError as error:
        raise BadAddress(f"before: {text[:60]!r} is not what an answer gave") from error


def cursor_of(shown: ShownRun) -> str:
    """What `run_cursor` reads."""
    return f"{shown.run.begun!r}:{shown.run.id}"


def _control(asked: Asked) -> dict[str, Any] | None:
    """What operators start and stop crawls with; None for others."""
    if not asked.visitor.may(Role.OPERATE):
        return None
    crawls = asked.operation.crawls
    problem, sites = "", []
    try:
        sites = offered_sites(asked)
    except SiteError as error:
        problem = str(error)
    may_tell = asked.operation.may_tell
    return {
        "running": crawls.running,
        "is_starting": crawls.is_starting,
        "is_ending": crawls.is_ending,
        "sites": sites,
        "problem": problem,
        "log": crawls.log if crawls.log.exists() else None,
        "lines": crawls.last_lines(_LINES) if may_tell else [],
    }


def _noted(asked: Asked, act: str, **details: object) -> None:
    """First the log, then the act."""
    asked.services.audit.note(asked.visitor, act, asked.services.now(), **details)


async def live(request: Request) -> Response:
    """The live part of the page, again and again (Server-Sent Events, HTML Living Standard, section 9.2)."""
    asked = await asked_of(request)
    asked.require(Role.READ)

    async def events() -> AsyncIterator[bytes]:
        ends = asyncio.get_running_loop().time() + _LONGEST
        while asyncio.get_running_loop().time() < ends:
            try:
                text = await asked.services.work.run(_fragment, asked)
            except (ArchiveError, Busy):
                return
            yield f"retry: 5000\ndata: {json.dumps(text)}\n\n".encode()
            await asyncio.sleep(_EVERY)

    headers = {"Cache-Control": "no-store"}
    places = asked.services.listeners
    return LongResponse(events(), places, asked.client, media_type="text/event-stream", headers=headers)


def failures_page(asked: Asked) -> Response:
    """What could not be captured, and when it is tried again."""
    return _failures(asked)


def change_failures(asked: Asked) -> Response:
    """Try an address again, or never again."""
    action, url = asked.form.get("action", ""), asked.form.get("url", "")
    if action not in ("retry", "forget"):
        raise BadAddress("a failure is tried again (`retry`), or never again (`forget`)")
    asked.services.audit.note(asked.visitor, action, asked.services.now(), url=url)
    asked.operation.change(action, [url])
    back = {name: asked.form.get(name, "") for name in ("site", "outcome")}
    return RedirectResponse(asked.address("/failures", **back), HTTPStatus.SEE_OTHER)


def explain_page(asked: Asked) -> Response:
    """Everything known of an address on this machine."""
    url = asked.parameters.get("url", "").strip()
    facts = asked.operation.explain(url) if url else []
    return asked.page("explain.html", url=url, facts=facts)


def metrics(asked: Asked) -> Response:
    """The status for Prometheus, without sites that access rules withhold as a whole."""
    from prometheus_client import generate_latest

    from crawler.watching.metrics import registry_of

    def status() -> Status:
        return shown_status(asked.operation.now().status, asked.reader.gate)

    return Response(generate_latest(registry_of(status)), media_type="text/plain; version=0.0.4; charset=utf-8")


def try_alarms(asked: Asked) -> Response:
    """Send a test notice by each notifier that is configured."""
    asked.services.audit.note(asked.visitor, "alarms tried", asked.services.now())
    return asked.page("alarms.html", said=asked.operation.try_alarms())


def _now(asked: Asked) -> dict[str, Any]:
    now, gate = asked.operation.now(), asked.reader.gate
    shown = shown_status(now.status, gate)
    return {
        "now": now,
        "machine": shown,
        "sites": shown.sites,
        "concerns": [one for one in now.concerns if not one.site or not is_withheld(one.site, gate)],
        "may_operate": asked.visitor.may(Role.OPERATE),
    }


def shown_status(status: Status, gate: AccessGate) -> Status:
    """A status without the sites that access rules withhold as a whole, wherever it names them."""
    return replace(
        status,
        sites={name: site for name, site in status.sites.items() if not is_withheld(name, gate)},
        workers={
            place: replace(worker, sites=tuple(site for site in worker.sites if not is_withheld(site, gate)))
            for place, worker in status.workers.items()
        },
    )


def _fragment(asked: Asked) -> str:
    return asked.fragment("live.html", **_now(asked))


def _days(asked: Asked) -> list[dict[str, Any]]:
    """Attempts of the last week by day, and how many of them failed."""
    by_day: dict[str, dict[str, int]] = {}
    for hour, counts in asked.operation.hours().items():
        day = by_day.setdefault(f"{datetime.fromtimestamp(hour, UTC):%Y-%m-%d}", {"attempts": 0, "good": 0})
        day["attempts"] += counts.total()
        day["good"] += counts["ok"] + counts["not_modified"]
    return [{"day": day, **counts} for day, counts in sorted(by_day.items(), reverse=True)]


def _failures(asked: Asked) -> Response:
    site, outcome = asked.parameters.get("site", ""), asked.parameters.get("outcome", "")
    since = asked.parameters.get("since", "")
    moment = moment_of(since) if since else None
    if since and moment is None:
        raise BadAddress(f"{since!r} is not a date; write 2026-11-24")
    problem = ""
    try:
        found = asked.operation.failures(site, outcome, moment.timestamp() if moment is not None else 0.0)
    except ObjectMissing as error:
        found, problem = [], str(error)
    return asked.page(
        "failures.html",
        problem=problem,
        site=site,
        outcome=outcome,
        since=since,
        failures=found[:_SHOWN],
        count=len(found),
        given_up=sum(failure.given_up for failure in found),
        remedy=remedy_of_failure,
        may_operate=asked.visitor.may(Role.OPERATE),
    )
