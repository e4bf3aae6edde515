"""The application: which page is where, and who may see it."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from archive.errors import ArchiveError
from crawler.config import ConfigurationError
from crawler.web import research, session_pages
from crawler.web.answering import Page, Services, answering, broken, failed, no_such_page
from crawler.web.bounded_work import Busy
from crawler.web.guard import Guard, Refused
from crawler.web.rate import RateLimit
from crawler.web.roles import Role

_STATIC = Path(__file__).with_name("static")


def application(services: Services, rate: float) -> Guard:
    """The whole application, behind its guard; `rate` is how many requests a client may send in a second."""
    app = Starlette(
        routes=_routes(),
        exception_handlers={
            Refused: failed,
            Busy: failed,
            ArchiveError: failed,
            ConfigurationError: failed,
            HTTPException: no_such_page,
            Exception: broken,
        },
    )
    app.state.services = services
    return Guard(app, services.policy, services.tokens, services.sessions, RateLimit(rate), services.now)


def _routes() -> list[BaseRoute]:
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
    ]


def _page(path: str, page: Page, role: Role | None = Role.READ, method: str = "GET") -> Route:
    compressed = Middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)
    return Route(path, answering(page, role), methods=[method], middleware=[compressed])


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("ok\n")
