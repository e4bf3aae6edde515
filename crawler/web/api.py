"""The API: the same answers as the pages, for programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from archive.article import Article
from archive.cdxj import IndexEntry
from archive.collection import collections
from archive.library import captured
from archive.search.searching import Facet, Hit, Order
from crawler.config import software
from crawler.web.answering import Asked
from crawler.web.api_models import (
    ArticleBrief,
    ArticlesAnswer,
    CaptureBrief,
    CaptureParameters,
    CapturesAnswer,
    CollectionBrief,
    CollectionsAnswer,
    ConcernBrief,
    CrawlAnswer,
    CrawlSites,
    Excerpt,
    FoundArticle,
    IndexAnswer,
    Narrowing,
    NoParameters,
    Parameters,
    RunBrief,
    RunsAnswer,
    RunsParameters,
    SearchAnswer,
    SearchParameters,
    SiteBrief,
    SitesAnswer,
    SiteState,
    StatusAnswer,
    TimelineAnswer,
    TimelinePoint,
)
from crawler.web.capture_pages import period_of
from crawler.web.catalogue import is_withheld
from crawler.web.guard import Refused
from crawler.web.operation_pages import begin_crawl, cursor_of, end_crawl, offered_sites, run_cursor
from crawler.web.query_form import QueryForm, default_order
from crawler.web.reading import article_named
from crawler.web.roles import Role
from crawler.web.timeline import timeline

if TYPE_CHECKING:
    from crawler.web.operation import ShownRun

PREFIX = "/api/v1"
_FACETS = (Facet.SITE, Facet.LANGUAGE, Facet.SECTION, Facet.AUTHOR)

Given = TypeVar("Given", bound=Parameters)


@dataclass(frozen=True, slots=True)
class Call:
    """An operation of the API, as it is answered and as OpenAPI describes it."""

    path: str
    """Below `PREFIX`, with names of parts in braces."""
    name: str
    summary: str
    takes: type[Parameters]
    gives: type[BaseModel]
    answer: Callable[[Asked], BaseModel]
    method: str = "GET"
    role: Role = Role.READ

    def respond(self, asked: Asked) -> Response:
        """Answer. Raises Refused when a parameter is wrong, and as the answer does."""
        text = self.answer(asked).model_dump_json(by_alias=True)
        return Response(text, media_type="application/json")


def parameters_of(asked: Asked, kind: type[Given]) -> Given:
    """The parameters of an address. Raises Refused."""
    given = asked.request.query_params
    doubled = [name for name in given if len(given.getlist(name)) > 1]
    if doubled:
        raise Refused(HTTPStatus.BAD_REQUEST, f"{doubled[0]}: give it once")
    return _valid(kind, dict(given))


def _form_of(asked: Asked, kind: type[Given]) -> Given:
    """The fields of a form, each a list. Raises Refused."""
    names = dict.fromkeys(name for name, _ in asked.repeated)
    return _valid(kind, {name: asked.chosen(name) for name in names})


def _valid(kind: type[Given], given: dict[str, Any]) -> Given:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise Refused(HTTPStatus.BAD_REQUEST, f"{name}: {first['msg']}") from error


def _index(asked: Asked) -> IndexAnswer:
    parameters_of(asked, NoParameters)
    links = {call.name: f"{PREFIX}{call.path}" for call in CALLS}
    links |= {"openapi": f"{PREFIX}/openapi.json", "download": "/download", "cdx": "/cdx"}
    links |= {"timegate": "/timegate/", "timemap": "/timemap/link/", "metrics": "/metrics"}
    return IndexAnswer(archive=asked.services.configuration.archive, software=software(), links=links)


def _search(asked: Asked) -> SearchAnswer:
    given = parameters_of(asked, SearchParameters)
    form = _form(given)
    node = form.node()
    order = Order(given.sort) if given.sort else default_order(node)
    result = asked.reader.search(
        node, limit=given.limit, offset=given.offset, order=order, facets=_FACETS, folded=not given.all
    )
    return SearchAnswer(
        query=result.query,
        index=result.index,
        count=result.count,
        hits=tuple(_found(hit) for hit in result.hits),
        facets=result.facets,
        not_indexed=result.missing,
    )


def _timeline(asked: Asked) -> TimelineAnswer:
    form = _form(parameters_of(asked, Narrowing))
    node, background = form.node(), form.background()
    counts = [
        asked.reader.search(one, limit=0, order=Order.NEWEST, facets=(Facet.DAY,)).facets["day"]
        for one in dict.fromkeys((node, background))
    ]
    made = timeline(counts[0], counts[-1])
    points = tuple(
        TimelinePoint(first=one.first, last=one.last, found=one.found, all=one.all, share=one.share)
        for one in made.points
    )
    return TimelineAnswer(unit=made.unit.value, points=points)


def _article(asked: Asked) -> Article:
    parameters_of(asked, NoParameters)
    return article_named(asked.reader, asked.path("id"))


def _versions(asked: Asked) -> ArticlesAnswer:
    return ArticlesAnswer(articles=tuple(map(_brief, asked.reader.versions(_article(asked)))))


def _copies(asked: Asked) -> ArticlesAnswer:
    return ArticlesAnswer(articles=tuple(map(_brief, asked.reader.copies(_article(asked)))))


def _captures(asked: Asked) -> CapturesAnswer:
    given = parameters_of(asked, CaptureParameters)
    found = asked.reader.captures(given.url, given.match, period_of(given.since, given.until), given.limit)
    return CapturesAnswer(captures=tuple(map(_capture, found.entries)), is_cut=found.is_cut, withheld=found.withheld)


def _sites(asked: Asked) -> SitesAnswer:
    parameters_of(asked, NoParameters)
    found = [
        SiteBrief(
            site=site,
            captures=days.total(),
            days=len(days),
            first=date.fromisoformat(min(days)),
            last=date.fromisoformat(max(days)),
        )
        for site, days in sorted(asked.reader.contents.days.items())
        if days
    ]
    return SitesAnswer(sites=tuple(found))


def _collections(asked: Asked) -> CollectionsAnswer:
    parameters_of(asked, NoParameters)
    found = [
        CollectionBrief(
            name=one.name,
            version=one.number,
            title=one.title,
            sites=one.scope.sites,
            addresses=one.scope.addresses,
            captured_since=one.scope.captured_since,
            captured_until=one.scope.captured_until,
            dublin_core=one.dublin_core,
        )
        for one in collections(asked.reader.storage)
        if not one.removed
    ]
    return CollectionsAnswer(collections=tuple(found))


def _status(asked: Asked) -> StatusAnswer:
    parameters_of(asked, NoParameters)
    now = asked.operation.now()
    machine, gate = now.status, asked.reader.gate
    shown = {name: site for name, site in machine.sites.items() if not is_withheld(name, gate)}
    return StatusAnswer(
        at=machine.at,
        is_crawling=machine.is_crawling,
        sites=tuple(
            SiteState(
                site=name,
                articles=site.articles,
                newest=site.newest,
                looked_at=site.looked_at,
                waiting=site.waiting,
                failing=site.failing,
                given_up=site.given_up,
                listed=site.shown,
                floor=site.floor,
                overdue=site.overdue,
            )
            for name, site in shown.items()
        ),
        concerns=tuple(
            ConcernBrief(kind=one.kind, site=one.site, detail=one.detail, remedy=one.remedy)
            for one in now.concerns
            if not one.site or one.site in shown
        ),
        open_segments=machine.open_segments,
        waiting_segments=machine.waiting_segments,
        spool_bytes=machine.spool_bytes,
        disk_free=machine.disk_free,
    )


def _crawl(asked: Asked) -> CrawlAnswer:
    parameters_of(asked, NoParameters)
    return _crawl_now(asked)


def _crawl_now(asked: Asked) -> CrawlAnswer:
    crawls = asked.operation.crawls
    running = crawls.running
    return CrawlAnswer(
        is_running=running is not None,
        since=running.since if running is not None else 0.0,
        process=running.process.number if running is not None else 0,
        is_starting=crawls.is_starting,
        is_ending=crawls.is_ending,
        sites=tuple(site.id for site in offered_sites(asked)) if asked.visitor.may(Role.OPERATE) else (),
    )


def _start_crawl(asked: Asked) -> CrawlAnswer:
    begin_crawl(asked, _form_of(asked, CrawlSites).site)
    return _crawl_now(asked)


def _stop_crawl(asked: Asked) -> CrawlAnswer:
    _form_of(asked, NoParameters)
    end_crawl(asked)
    return _crawl_now(asked)


def _runs(asked: Asked) -> RunsAnswer:
    given = parameters_of(asked, RunsParameters)
    found = asked.operation.runs(given.limit + 1, run_cursor(given.before))
    shown = found[: given.limit]
    return RunsAnswer(runs=tuple(map(_run, shown)), next=cursor_of(shown[-1]) if found[given.limit :] else "")


CALLS: tuple[Call, ...] = (
    Call("", "index", "Where things are", NoParameters, IndexAnswer, _index),
    Call("/search", "search", "Search articles", SearchParameters, SearchAnswer, _search),
    Call("/timeline", "timeline", "Articles over time, and their share of all", Narrowing, TimelineAnswer, _timeline),
    Call("/articles/{id}", "article", "An article's record", NoParameters, Article, _article),
    Call("/articles/{id}/versions", "versions", "Records of its address", NoParameters, ArticlesAnswer, _versions),
    Call("/articles/{id}/copies", "copies", "The same text elsewhere", NoParameters, ArticlesAnswer, _copies),
    Call("/captures", "captures", "Captures by address", CaptureParameters, CapturesAnswer, _captures),
    Call("/sites", "sites", "The sites, and when they were captured", NoParameters, SitesAnswer, _sites),
    Call("/collections", "collections", "The collections", NoParameters, CollectionsAnswer, _collections),
    Call("/status", "status", "This machine's crawls", NoParameters, StatusAnswer, _status),
    Call("/crawl", "crawl", "The crawl that goes on", NoParameters, CrawlAnswer, _crawl),
    Call(
        "/crawl/start", "startCrawl", "Crawl what is due", CrawlSites, CrawlAnswer, _start_crawl, "POST", Role.OPERATE
    ),
    Call(
        "/crawl/stop", "stopCrawl", "Let the crawl end", NoParameters, CrawlAnswer, _stop_crawl, "POST", Role.OPERATE
    ),
    Call("/runs", "runs", "The history of runs", RunsParameters, RunsAnswer, _runs),
)


def _form(given: Narrowing) -> QueryForm:
    return QueryForm(
        q=given.q,
        site=given.site.strip(),
        lang=given.lang.strip(),
        section=given.section.strip(),
        author=given.author.strip(),
        since=given.since.strip(),
        until=given.until.strip(),
    )


def _facts(article: Article) -> dict[str, Any]:
    return {
        "id": article.id,
        "url": article.url,
        "headline": article.headline,
        "date_published": article.date_published,
        "publisher": article.publisher,
        "authors": tuple(author.name for author in article.authors),
        "section": article.article_section,
        "language": article.in_language,
        "word_count": article.word_count,
        "captured": captured(article),
    }


def _run(shown: ShownRun) -> RunBrief:
    run = shown.run
    return RunBrief(
        id=run.id,
        begun=run.begun,
        ended=run.ended,
        is_running=shown.is_running,
        is_due=run.is_due,
        code=run.code,
        sites=run.sites,
        outcomes=run.outcomes,
        pages=run.pages,
        articles=run.articles,
        received=run.received,
        failed_sites=run.failed_sites,
        problems=run.problems,
    )


def _brief(article: Article) -> ArticleBrief:
    return ArticleBrief(**_facts(article))


def _found(hit: Hit) -> FoundArticle:
    excerpt = Excerpt(text=hit.snippet.text, marks=tuple((start, end) for start, end in hit.snippet.marks))
    return FoundArticle(**_facts(hit.article), excerpt=excerpt, versions=hit.versions, copies=hit.copies)


def _capture(entry: IndexEntry) -> CaptureBrief:
    return CaptureBrief(
        url=entry.url,
        captured=entry.moment,
        status=entry.status,
        mime=entry.mime,
        digest=entry.digest,
        segment=entry.segment,
        offset=entry.offset,
        length=entry.length,
        page=f"/capture/{entry.segment}/{entry.offset}",
    )
