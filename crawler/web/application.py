"""The application: which page is where, and who may see it."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from archive.errors import ArchiveError
from crawler.config import ConfigurationError
from crawler.frontier.database import FrontierUnavailable
from crawler.web import (
    capture_pages,
    curation_pages,
    dataset_pages,
    download_pages,
    operation_pages,
    research,
    session_pages,
    site_pages,
    web_archive,
)
from crawler.web.answering import Asked, Page, Services, answering, broken, failed, no_such_page
from crawler.web.api import CALLS, PREFIX
from crawler.web.bounded_work import Busy
from crawler.web.crawl_control import NotNow
from crawler.web.guard import Guard, Refused
from crawler.web.openapi import description
from crawler.web.rate import RateLimit
from crawler.web.roles import Role
from spiders.catalog import SiteError

_STATIC = Path(__file__).with_name("static")


def application(services: Services, rate: float) -> Guard:
    """The whole application, behind its guard; `rate` is how many requests a client may send in a second."""
    app = Starlette(
        routes=routes(),
        exception_handlers={
            Refused: failed,
            Busy: failed,
            NotNow: failed,
            ArchiveError: failed,
            ConfigurationError: failed,
            FrontierUnavailable: failed,
            SiteError: failed,
            HTTPException: no_such_page,
            Exception: broken,
        },
    )
    app.state.services = services
    return Guard(app, services.policy, services.tokens, services.sessions, RateLimit(rate), services.now)


def routes() -> list[BaseRoute]:
    """Every address that is answered."""
    return [
        Route("/healthz", _healthy),
        Mount("/static", StaticFiles(directory=_STATIC)),
        Route("/language", session_pages.choose_language),
        _page("/sign-in", session_pages.sign_in_page, None),
        Route("/sign-in", session_pages.sign_in, methods=["POST"]),
        Route("/sign-out", session_pages.sign_out, methods=["POST"]),
        _page("/", research.search_page),
        _page("/article/{id}", research.article_page),
        _page("/article/{id}/cite.{form}", research.citation),
        _page("/article/{id}/text.md", research.markdown),
        _page("/compare/{before}/{after}", research.comparison_page),
        _page("/sites", site_pages.sites_page),
        _page("/site", site_pages.site_page),
        _page("/captures", capture_pages.captures_page),
        _page("/capture/{segment}/{offset}", capture_pages.capture_page),
        Route("/capture/{segment}/{offset}/{part}", answering(capture_pages.capture_bytes, Role.DOWNLOAD)),
        _page("/missing", curation_pages.missing_page),
        _page("/collections", curation_pages.collections_page),
        _page("/collections", curation_pages.new_collection, Role.CURATE, "POST"),
        _page("/collection/{name}", curation_pages.collection_page),
        _page("/collection/{name}", curation_pages.save_collection, Role.CURATE, "POST"),
        _page("/datasets", dataset_pages.datasets_page),
        _page("/datasets", dataset_pages.make_dataset, Role.CURATE, "POST"),
        _page("/access", curation_pages.access_page),
        _page("/access", curation_pages.add_access_rule, Role.CURATE, "POST"),
        _page("/access/lift", curation_pages.lift_access_rule, Role.CURATE, "POST"),
        _page("/redactions", curation_pages.redactions_page),
        _page("/fixity", curation_pages.fixity_page),
        _page("/audit", curation_pages.audit_page, None),
        _page("/crawls", operation_pages.crawls_page),
        Route("/crawls/events", operation_pages.live),
        _page("/crawls/start", operation_pages.start_crawl, Role.OPERATE, "POST"),
        _page("/crawls/stop", operation_pages.stop_crawl, Role.OPERATE, "POST"),
        _page("/runs", operation_pages.runs_page),
        _page("/failures", operation_pages.failures_page),
        _page("/failures", operation_pages.change_failures, Role.OPERATE, "POST"),
        _page("/explain", operation_pages.explain_page),
        *(_page(f"{PREFIX}{call.path}", call.respond, call.role, call.method) for call in CALLS),
        _page(f"{PREFIX}/openapi.json", _openapi),
        _page("/cdx", web_archive.cdx),
        Route("/timegate/{url:path}", answering(web_archive.timegate, Role.READ)),
        Route("/timemap/{form}/{url:path}", answering(web_archive.timemap, Role.READ)),
        Route("/memento/{stamp}/{url:path}", answering(web_archive.memento, Role.DOWNLOAD)),
        Route("/download", answering(download_pages.download, Role.DOWNLOAD)),
        _page("/metrics", operation_pages.metrics),
        _page("/alarms/test", operation_pages.try_alarms, Role.OPERATE, "POST"),
    ]


def _page(path: str, page: Page, role: Role | None = Role.READ, method: str = "GET") -> Route:
    compressed = Middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)
    return Route(path, answering(page, role), methods=[method], middleware=[compressed])


def _openapi(_asked: Asked) -> Response:
    return JSONResponse(description())


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("ok\n")
