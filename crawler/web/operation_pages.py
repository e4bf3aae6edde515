"""Pages for operators: crawls as they are now (live where scripts run), failures, alarms."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
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
from crawler.web.roles import Role
from spiders.remedies import remedy_of_failure

if TYPE_CHECKING:
    from archive.access import AccessGate
    from crawler.watching.status import Status

_EVERY = 3.0
"""Seconds between two events of the live view."""
_LONGEST = 300.0
"""Seconds after which a live view has to ask again, so that whoever lost a role loses the view."""
_SHOWN = 200
_SEGMENTS = 30


def crawls_page(asked: Asked) -> Response:
    """This machine's crawls."""
    try:
        values = _now(asked)
    except ObjectMissing as error:
        return asked.page("crawls.html", problem=str(error), now=None)
    days = _days(asked)
    manifests = list(asked.reader.contents.manifests.values())
    return asked.page(
        "crawls.html",
        problem="",
        days=days,
        segments=sorted(manifests, key=lambda one: one.opened, reverse=True)[:_SEGMENTS],
        said=None,
        **values,
    )


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
    return LongResponse(events(), asked.services.listeners, media_type="text/event-stream", headers=headers)


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
