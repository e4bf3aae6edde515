"""A real Chromium for tests, contained as in a crawl; where there can be none, its tests are left out and say why."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import pytest

from crawler.browser.answers import RecentAnswers
from crawler.browser.authority import RunAuthority
from crawler.browser.plan import BrowserPlan
from crawler.browser.process import BrowserProcess, Errand, Rendered
from crawler.browser.visit import Visit, VisitTerms
from spiders.page_steps import USUAL_STEPS
from tests.browser.outlet import WireOutlet, now, page_of

PLAN = BrowserPlan()
STEPS = tuple(map(str, USUAL_STEPS))
_TRIES_NAMESPACES = """
import ctypes, os, sys
sys.exit(ctypes.CDLL(None).unshare(0x40000000 | (0x10000000 if os.getuid() else 0)) != 0)
"""


@lru_cache
def missing() -> str:
    """What this machine lacks for these tests; empty if nothing."""
    if find_spec("playwright") is None:
        return "the extra browser is not installed"
    if not os.access(PLAN.program, os.X_OK):
        return f"there is no {PLAN.program}"
    done = subprocess.run([sys.executable, "-c", _TRIES_NAMESPACES], capture_output=True, check=False)
    return "" if done.returncode == 0 else "this system forbids new namespaces"


needs_chromium = pytest.mark.skipif(bool(missing()), reason=missing() or "nothing is missing")


@dataclass
class Shown:
    """One page as a browser showed it, or why it did not."""

    visit: Visit
    outlet: WireOutlet
    rendered: Rendered | None = None
    problems: list[str] = field(default_factory=list)


@asynccontextmanager
async def browsing(plan: BrowserPlan = PLAN) -> AsyncIterator[BrowserProcess]:
    """A browser that runs."""
    browser = await BrowserProcess.start(plan, RunAuthority())
    try:
        yield browser
    finally:
        await browser.close()


async def shown(
    browser: BrowserProcess,
    outlet: WireOutlet,
    url: str,
    response: bytes,
    *,
    steps: tuple[str, ...] = STEPS,
    seconds: float = 30.0,
    terms: VisitTerms | None = None,
) -> Shown:
    """What a page becomes whose response was fetched already. Raises RenderingFailed."""
    answers = RecentAnswers(0, lambda: 0.0)
    visit = Visit(page_of(url, response), uuid4(), terms or VisitTerms(), outlet, answers, now)
    try:
        rendered = await browser.render(Errand(url, steps, seconds, "{browser}"), visit.fetch)
    finally:
        await visit.close()
    return Shown(visit, outlet, rendered)


def processes_of(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        children.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
    found = [pid]
    for process in found:
        found += children.get(process, [])
    return found
