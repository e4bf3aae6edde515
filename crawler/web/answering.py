"""From a request to a page: what pages are given, how they are answered, what becomes of errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from archive.errors import (
    AccessRefused,
    ArchiveError,
    BadAddress,
    DamagedArchive,
    ObjectMissing,
    StorageError,
)
from archive.search.engine import SearchUnavailable
from archive.search.query import BadQuery
from crawler.config import ConfigurationError
from crawler.frontier.database import FrontierUnavailable
from crawler.web.bounded_work import BoundedWork, Busy, Places
from crawler.web.crawl_control import NotNow
from crawler.web.guard import Policy, Refused
from crawler.web.problems import is_for_programs, problem
from crawler.web.rate import RateLimit, whose
from crawler.web.rendering import Renderer, address
from crawler.web.roles import Role, Visitor
from crawler.web.sessions import Sessions
from crawler.web.tokens import TokenFile
from crawler.web.translations import languages, preferred, translations
from spiders.catalog import SiteError

if TYPE_CHECKING:
    from crawler.config import Configuration
    from crawler.web.audit import AuditLog
    from crawler.web.dataset_making import DatasetMaking
    from crawler.web.downloads import Downloads
    from crawler.web.operation import Operation
    from crawler.web.reading import ArchiveReader

LANGUAGE_COOKIE = "newswarc-language"
_MOST_FIELDS = 1_000
_NOTED_REFUSALS = 0.1
"""A second."""


@dataclass(slots=True)
class Services:
    """All that a server has."""

    configuration: Configuration
    reader: ArchiveReader
    policy: Policy
    tokens: TokenFile
    sessions: Sessions
    audit: AuditLog
    files: Downloads
    datasets: DatasetMaking
    operate: Callable[[], Operation]
    """Gives the same each time, and is asked late: what it needs takes memory that most readers never need."""
    renderer: Renderer = field(default_factory=Renderer)
    work: BoundedWork = field(default_factory=BoundedWork)
    downloads: Places = field(default_factory=lambda: Places(24, of_one=4))
    listeners: Places = field(default_factory=lambda: Places(200, of_one=10))
    refusals: RateLimit = field(default_factory=lambda: RateLimit(_NOTED_REFUSALS))
    """Of sign-ins that are refused so many are noted: nobody without a token fills the disk with them."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    replay: Callable[[str], str] = lambda _host: ""
    """Address of the replay for a reader who knows this server by a host name; empty: there is none."""

    @property
    def operation(self) -> Operation:
        """This machine's crawls."""
        return self.operate()


@dataclass(slots=True)
class Asked:
    """A request, as pages see it."""

    services: Services
    request: Request
    visitor: Visitor
    language: str
    form: Mapping[str, str]
    """Fields of the form that was sent; of a repeated one the last."""
    repeated: tuple[tuple[str, str], ...] = ()
    """All of them, in their order."""

    @property
    def parameters(self) -> Mapping[str, str]:
        """Of the address; of a repeated one the last."""
        return self.request.query_params

    @property
    def client(self) -> str:
        """Whose share of what is limited this takes: somebody's who is known by name, or an address's."""
        return self.visitor.name or whose(self.visitor.client)

    def chosen(self, name: str) -> tuple[str, ...]:
        """All values of a field of the form."""
        return tuple(value for field_name, value in self.repeated if field_name == name and value)

    @property
    def reader(self) -> ArchiveReader:
        """The archive."""
        return self.services.reader

    @property
    def replay(self) -> str:
        """Address of the replay; empty: there is none."""
        return self.services.replay(self.request.url.hostname or "")

    def gettext(self, text: str) -> str:
        """A text in the reader's language."""
        return translations(self.language).gettext(text)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """A text for a number of things, in the reader's language."""
        return translations(self.language).ngettext(one, many, count)

    def path(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def require(self, role: Role) -> None:
        """Raises Refused."""
        if not self.visitor.may(role):
            raise _lacking(self, role)

    @property
    def operation(self) -> Operation:
        """This machine's crawls."""
        return self.services.operation

    @staticmethod
    def address(path: str, **parameters: object) -> str:
        """A path of this server with parameters."""
        return address(path, **parameters)

    def fragment(self, template: str, **values: Any) -> str:
        """A part of a page from a template."""
        return self.services.renderer.page(template, self.language, {"visitor": self.visitor, **values})

    def page(self, template: str, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> HTMLResponse:
        """A page from a template."""
        url = self.request.url
        facts = {
            "visitor": self.visitor,
            "archive": self.services.configuration.archive,
            "takes_tokens": self.services.policy.takes_tokens,
            "here": url.path,
            "here_with_query": f"{url.path}{'?' if url.query else ''}{url.query}",
            "replay": self.replay,
            **values,
        }
        text = self.services.renderer.page(template, self.language, facts)
        response = HTMLResponse(text.encode("utf-8", "replace"), status, {"content-language": self.language})
        response.headers["vary"] = "Accept-Language, Cookie"
        return response


Page = Callable[[Asked], Response]


def answering(page: Page, role: Role | None) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that gives a page to those who have a role; None: to everyone."""

    async def endpoint(request: Request) -> Response:
        asked = await asked_of(request)
        if role is not None:
            asked.require(role)
        return await asked.services.work.run(page, asked)

    return endpoint


async def asked_of(request: Request) -> Asked:
    """What pages see of a request. Raises Refused when its form is too large."""
    services: Services = request.app.state.services
    fields: list[tuple[str, str]] = []
    if request.method == "POST":
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        body = (await request.body()).decode("utf-8", "replace")
        # Programs that send nothing need not say what it is
        if kind != "application/x-www-form-urlencoded" and (kind or body):
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a form is application/x-www-form-urlencoded")
        try:
            fields = parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, f"a form has at most {_MOST_FIELDS} fields") from error
    return Asked(services, request, request.state.visitor, _language(request), dict(fields), tuple(fields))


def _language(request: Request) -> str:
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    known = languages()
    return chosen if chosen in known else preferred(request.headers.get("accept-language", ""), known)


_STATUSES: tuple[tuple[type[Exception], HTTPStatus], ...] = (
    (AccessRefused, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS),
    (BadQuery, HTTPStatus.BAD_REQUEST),
    (NotNow, HTTPStatus.CONFLICT),
    (BadAddress, HTTPStatus.BAD_REQUEST),
    (ObjectMissing, HTTPStatus.NOT_FOUND),
    (SearchUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (ConfigurationError, HTTPStatus.SERVICE_UNAVAILABLE),
    (FrontierUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (SiteError, HTTPStatus.SERVICE_UNAVAILABLE),
    (DamagedArchive, HTTPStatus.BAD_GATEWAY),
    (StorageError, HTTPStatus.BAD_GATEWAY),
    (ArchiveError, HTTPStatus.INTERNAL_SERVER_ERROR),
)
"""The first that fits says the status."""


async def failed(request: Request, error: Exception) -> Response:
    """The answer to a request that failed in a way that can be told."""
    headers: dict[str, str] = {}
    if isinstance(error, Refused):
        status, headers = error.status, error.headers
    elif isinstance(error, Busy):
        status, headers = HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": str(error.seconds)}
    else:
        status = next(status for kind, status in _STATUSES if isinstance(error, kind))
    return await _told(request, status, str(error), headers)


async def broken(_request: Request, _error: Exception) -> Response:
    """The answer where this program is at fault; what it was is in the server's log alone."""
    return PlainTextResponse("this should not have happened; the server's log says more\n", 500)


async def no_such_page(request: Request, error: Exception) -> Response:
    """The answer to an address or a method that nothing answers."""
    status = HTTPStatus(getattr(error, "status_code", HTTPStatus.NOT_FOUND))
    said = "this can't be done here" if status == HTTPStatus.METHOD_NOT_ALLOWED else "there is no such page"
    return await _told(request, status, said, dict(getattr(error, "headers", None) or {}))


async def _told(request: Request, status: HTTPStatus, reason: str, headers: dict[str, str]) -> Response:
    if is_for_programs(request.url.path):
        return problem(status, reason, headers)
    services: Services = request.app.state.services
    asked = Asked(services, request, request.state.visitor, _language(request), {})
    response = asked.page("error.html", status, code=status, reason=reason)
    response.headers.update(headers)
    return response


def _lacking(asked: Asked, role: Role) -> Refused:
    is_unknown = asked.services.policy.takes_tokens and not asked.visitor.roles
    status = HTTPStatus.UNAUTHORIZED if is_unknown else HTTPStatus.FORBIDDEN
    headers = {"WWW-Authenticate": "Bearer"} if is_unknown else {}
    return Refused(status, f"this takes the role `{role.value}`", headers)
