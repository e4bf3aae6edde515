"""All cases in one browser, what was captured written to a WARC file, and what of it is not as it should be."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from archive.captures import SegmentReading
from archive.clock_and_ids import SystemClockAndIds
from archive.exchange import Exchange
from archive.layout import SegmentName
from archive.segment import SegmentWriter
from crawler.browser.pages import BrowserPages, PageOrder
from crawler.browser.plan import BrowserPlan
from crawler.browser.process import RenderingFailed
from crawler.browser.visit import VisitBounds, VisitTerms
from crawler.wire.fetcher import WireRequest
from spiders.page_steps import page_steps
from tests.browser.hard import ends, transfers, views
from tests.browser.hard.case import Case
from tests.browser.hard.server import HardSite, NamesOfTest
from tests.browser.outlet import WireOutlet, now, page_of

CASES: tuple[Case, ...] = (*views.CASES, *transfers.CASES, *ends.CASES)


@dataclass
class Came:
    """What became of one case."""

    case: Case
    text: str = ""
    refused: tuple[str, ...] = ()
    failure: str = ""
    kept: list[Exchange] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass
class Result:
    """What became of all."""

    cases: list[Came]
    exact: int = 0
    """Responses that stand in the WARC file as they were sent."""
    altered: list[str] = field(default_factory=list)
    escaped: list[str] = field(default_factory=list)
    """Requests that the servers got and the WARC file does not have."""
    within: int = 0
    """Connections to the service within."""
    packets: int = 0
    """Datagrams that came."""

    @property
    def amiss(self) -> list[str]:
        """All that is not as it should be, a line each."""
        found = [f"{came.case.name}: {fault}" for came in self.cases for fault in came.faults]
        found += [f"altered: {url}" for url in self.altered] + [f"escaped: {request}" for request in self.escaped]
        return (
            found
            + [f"{self.within} connections within"] * bool(self.within)
            + [f"{self.packets} packets"] * bool(self.packets)
        )


def run(cases: Sequence[Case], directory: Path, plan: BrowserPlan | None = None, at_once: int = 2) -> Result:
    """Show all cases to a browser; `directory` gets the certificates and the WARC file."""
    with HardSite(cases, directory) as site:
        came = asyncio.run(_shown(site, cases, plan or BrowserPlan(), at_once))
        result = Result(came, within=site.within.connections, packets=site.packets())
        _compare(site, came, directory, result)
    for each in came:
        each.faults = list(_faults(each))
    return result


async def _shown(site: HardSite, cases: Sequence[Case], plan: BrowserPlan, at_once: int) -> list[Came]:
    outlet = _Sorting(site.allowed, ca_file=site.authorities, resolver=NamesOfTest())
    pages = BrowserPages(plan, at_once, outlet, now, 0.0)
    try:
        return list(await asyncio.gather(*(_one(site, case, pages, outlet) for case in cases)))
    finally:
        await pages.close()
        outlet.pool.close()


async def _one(site: HardSite, case: Case, pages: BrowserPages, outlet: _Sorting) -> Came:
    came = Came(case)
    page = page_of(site.url(case), site.page(case))
    outlet.of_page[page.url] = came.kept
    bounds = VisitBounds(case.requests, case.mebibytes << 20, case.seconds)
    steps = tuple(map(str, page_steps(case.steps)))
    try:
        order = PageOrder(page, uuid4(), steps, "{browser}", VisitTerms(bounds=bounds))
        rendering = await pages.rendered(order)
        came.text, came.refused = rendering.text.decode() + _tagless(rendering.document.decode()), rendering.refused
    except RenderingFailed as error:
        came.failure = str(error)
    return came


def _tagless(document: str) -> str:
    """The text of the document without scripts: what stands in shadow trees, too."""
    return " ".join(re.sub(r"<script.*?</script>|<[^>]*>", "", document, flags=re.S).split())


@dataclass
class _Sorting(WireOutlet):
    """Keeps what is fetched by its page."""

    of_page: dict[str, list[Exchange]] = field(default_factory=dict)

    async def fetched(self, request: WireRequest) -> Exchange:
        exchange = await super().fetched(request)
        self.of_page[request.discovery.source_url].append(exchange)
        return exchange

    async def keep(self, exchange: Exchange) -> None:
        await super().keep(exchange)
        self.of_page[exchange.discovery.source_url].append(exchange)


def _compare(site: HardSite, came: list[Came], directory: Path, result: Result) -> None:
    """What the WARC file holds with what was sent."""
    clock_and_ids = SystemClockAndIds()
    writer = SegmentWriter(
        directory, SegmentName.new("hard", 1, clock_and_ids), clock_and_ids=clock_and_ids, software="newswarc/test"
    )
    for each in came:
        for exchange in each.kept:
            writer.append(exchange)
    sent = {name: list(map(bytes, answers)) for name, answers in site.sent.items()}
    with writer.close().warc.open("rb") as stream:
        for capture in SegmentReading(stream).captures():
            if not capture.response:
                continue
            answers = sent.get((capture.fact("method"), capture.url), [])
            match = next(
                (answer for answer in answers if _same(answer, capture.response, bool(capture.truncated))), None
            )
            if match is None:
                result.altered.append(f"{capture.fact('method')} {capture.url}")
            else:
                answers.remove(match)
                result.exact += 1
    kept = Counter(exchange.request for each in came for exchange in each.kept if exchange.request)
    result.escaped = [
        request.partition(b"\r\n")[0].decode("latin-1") for request in (Counter(site.received()) - kept).elements()
    ]


def _same(sent: bytes, kept: bytes, is_cut: bool) -> bool:
    if sent.startswith(b"HTTP/1.1 1"):  # interim responses stand in the metadata record
        sent = sent.partition(b"\r\n\r\n")[2]
    return sent.startswith(kept) if is_cut else sent == kept


def _faults(came: Came) -> Iterator[str]:
    case = came.case
    if case.fails and case.fails not in came.failure:
        yield f"should fail ({case.fails}): {came.failure or 'rendered'}"
    if came.failure and not case.fails and (case.says or case.asks):
        yield f"not rendered: {came.failure}"
    if case.says and case.says not in came.text:
        yield f"does not say {case.says!r}: {came.text[-150:]!r}"
    if case.tries and not any(case.tries in way for way in came.refused):
        yield f"did not note {case.tries}"
    answered = {f"{kept.method} /{kept.url.split('/', 3)[3]}" for kept in came.kept if kept.response}
    for asked in case.asks:
        if asked not in answered:
            yield f"not kept: {asked}"
    for refusal in case.refuses:
        outcome, _, part = refusal.partition(" ")
        if not any(kept.outcome == outcome and part in kept.url for kept in came.kept):
            yield f"not noted: {refusal}"
