"""What stands before every page: who asks, from where, by which name of this machine, and what an answer may do.

- The Host header has to name this server: otherwise another site's script could reach it under its own name (DNS
  rebinding).
- A request that changes something has to come from this server's own pages (Fetch Metadata, ``Sec-Fetch-Site``, or
  else RFC 6454, ``Origin``), or to bring a token: no other site can make a reader's browser send one.
- A proxy is believed only from its own address; one on this machine that the settings do not name is refused.
- Answers run no scripts but our own, load nothing from elsewhere, and are shown in no frame.
- A client that does not take its answer in time is let go.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crawler.config import ConfigurationError
from crawler.web.problems import is_for_programs, problem
from crawler.web.rate import RateLimit
from crawler.web.roles import Role, Visitor
from crawler.web.sessions import Sessions
from crawler.web.tokens import Token, TokenFile

CONTENT_SECURITY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content Security Policy Level 3: nothing but our own files."""
CAPTURED_CONTENT_SECURITY = "sandbox; default-src 'none'; frame-ancestors 'none'"
"""For bytes that were captured: they run nothing and load nothing, whatever they say they are."""
LONGEST_BODY = 1 << 16
LONGEST_TARGET = 1 << 13
"""Bytes of path and query."""
SENDING_TIMEOUT = 60.0
"""Seconds in which a client has to take a part of an answer."""
RECEIVING_TIMEOUT = 30.0
"""Seconds in which a client has to send all of a form."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
"""Headers with which proxies pass a request on."""
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{0,5})?")
"""Host and port (RFC 9110, section 7.2), without what only parsers of whole addresses would leave out."""
_SEPARATOR = re.compile(r"[,|]")
_PORTS = {"http": 80, "https": 443}
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
_OPEN_PATHS = ("/static/", "/sign-in", "/healthz", "/language")
"""What everyone may ask for."""
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-frame-options": "DENY",
    "cache-control": "private, no-cache",
}


@dataclass(frozen=True, slots=True)
class Policy:
    """Who is let in. Made from the settings by `crawler.web.serving`."""

    hosts: frozenset[str]
    """Names that a Host header may have, without ports, in lower case."""
    anyone: frozenset[Role]
    """What is allowed without a token, and to everyone whom a proxy names."""
    takes_tokens: bool = False
    proxies: frozenset[str] = frozenset()
    """Addresses (as `plain_address` writes them) from which what is said about a client is believed."""
    user_header: str = ""
    """Header in which a proxy names who asks; empty: it names nobody."""
    users: dict[str, frozenset[Role]] = field(default_factory=dict)
    """Roles of those whom a proxy names, where they differ."""
    group_header: str = ""
    """Header in which a proxy names the groups of who asks; empty: none."""
    groups: dict[str, frozenset[Role]] = field(default_factory=dict)
    """Roles that members of groups have besides."""
    is_secure: bool = False
    """Whether readers reach the server by TLS."""


class Refused(Exception):
    """A request that is not answered."""

    def __init__(self, status: HTTPStatus, reason: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers or {}


class Guard:
    """The outermost layer."""

    def __init__(
        self,
        app: ASGIApp,
        policy: Policy,
        tokens: TokenFile,
        sessions: Sessions,
        rate: RateLimit,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._app = app
        self._policy = policy
        self._tokens = tokens
        self._sessions = sessions
        self._rate = rate
        self._now = now

    @property
    def cookie(self) -> str:
        """Name of the session's cookie; by TLS one that no other host can set (RFC 6265bis, section 4.1.3.2)."""
        return cookie_name(is_secure=self._policy.is_secure)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        guarded = _Answer(send, is_secure=self._policy.is_secure)
        try:
            scope["state"]["visitor"] = self._known(scope)
        except Refused as error:
            told = problem if is_for_programs(scope["path"]) else _plain
            response = told(error.status, error.reason, error.headers)
            await response(scope, receive, guarded)
            return
        await self._app(scope, _limited(receive), guarded)

    def _known(self, scope: Scope) -> Visitor:
        try:
            return self._admitted(scope)
        except ConfigurationError as error:  # where the file is concerns nobody who is not let in
            raise Refused(
                HTTPStatus.SERVICE_UNAVAILABLE, "tokens cannot be read here; `newswarc token list` says why"
            ) from error

    def _admitted(self, scope: Scope) -> Visitor:
        headers = Headers(scope=scope)
        scope.setdefault("state", {})
        if len(scope["raw_path"] or b"") + len(scope["query_string"]) > LONGEST_TARGET:
            raise Refused(HTTPStatus.REQUEST_URI_TOO_LONG, f"an address has at most {LONGEST_TARGET} bytes here")
        if "transfer-encoding" in headers and "content-length" in headers:
            # RFC 9112, section 6.3: perhaps an attempt at request smuggling
            raise Refused(HTTPStatus.BAD_REQUEST, "a request has one length", {"Connection": "close"})
        self._check_host(headers)
        client = self._client(scope, headers)
        if seconds := self._rate.wait(client):
            raise Refused(
                HTTPStatus.TOO_MANY_REQUESTS, "too many requests; wait a little", {"Retry-After": str(seconds)}
            )
        visitor, has_token = self._visitor(scope, headers, client)
        if scope["method"] not in _SAFE and not has_token:
            self._check_origin(headers)
        return visitor

    def _check_host(self, headers: Headers) -> None:
        given = headers.getlist("host")
        if len(given) != 1 or _host_name(given[0]) not in self._policy.hosts:
            raise Refused(
                HTTPStatus.MISDIRECTED_REQUEST, "this server is not known by that name; see the setting web_hosts"
            )

    def _client(self, scope: Scope, headers: Headers) -> str:
        given = str(scope["client"][0]) if scope.get("client") else ""
        peer, proxies = plain_address(given) or given, self._policy.proxies
        if not proxies:
            if _is_here(peer) and any(name in headers for name in _FORWARDED):
                # Readers elsewhere would be taken for readers on this machine
                raise Refused(HTTPStatus.FORBIDDEN, "this came through a proxy; name its address in web_proxies")
            return peer
        if peer not in proxies:
            raise Refused(HTTPStatus.FORBIDDEN, "only the named proxy may ask this server")
        client = peer
        # Each proxy adds whom it was asked by at the end, some of them as a line of their own. What stands before
        # the last address that no proxy of ours has is what a client may have written itself
        for text in reversed(",".join(headers.getlist("x-forwarded-for")).split(",")):
            address = plain_address(text.strip())
            if not address:
                break
            client = address
            if address not in proxies:
                break
        return client

    def _visitor(self, scope: Scope, headers: Headers, client: str) -> tuple[Visitor, bool]:
        """Who asks, and whether they showed a token (which no other site's page can)."""
        policy = self._policy
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if policy.takes_tokens and scheme.lower() == "bearer":
            token = self._tokens.find(credentials, self._now())
            if token is None:
                raise Refused(
                    HTTPStatus.UNAUTHORIZED,
                    "this token is unknown or has expired",
                    {"WWW-Authenticate": 'Bearer error="invalid_token"'},
                )
            return _of_token(token, client), True
        if policy.takes_tokens:
            session = cookie_parser(headers.get("cookie", "")).get(self.cookie, "")
            token_id = self._sessions.token_id(session) if session else ""
            token = self._tokens.by_id(token_id, self._now()) if token_id else None
            if token is not None:
                return _of_token(token, client, session), False
        name = _told_once(headers, policy.user_header)
        if policy.user_header and not name and not _is_open(scope["path"]):
            raise Refused(HTTPStatus.FORBIDDEN, "the proxy did not say who asks")
        roles = policy.users.get(name, policy.anyone)
        if name:
            groups = _SEPARATOR.split(_told_once(headers, policy.group_header))
            roles = roles.union(*(policy.groups.get(group.strip(), ()) for group in groups))
        return Visitor(name, roles, client), False

    def _own_origins(self, host: str) -> frozenset[str]:
        """The origins of this server's own pages, as browsers write them."""
        policy = self._policy
        scheme = "https" if policy.is_secure else "http"
        # Some proxies pass a request on under a name of their own
        public = [name for name in policy.hosts if policy.proxies and name not in _LOOPBACK_NAMES]
        named = (host, *(f"[{name}]" if ":" in name else name for name in public))
        return frozenset(_origin(f"{scheme}://{name}") for name in named) - {""}

    def _check_origin(self, headers: Headers) -> None:
        site = headers.get("sec-fetch-site", "")
        origin = headers.get("origin", "")
        own = self._own_origins(headers.get("host", ""))
        is_own = site == "same-origin" if site else _origin(origin) in own
        if not is_own:
            raise Refused(HTTPStatus.FORBIDDEN, "changes are made from this server's own pages, or with a token")


class _Answer:
    """Sends an answer with the headers that each has to have."""

    def __init__(self, send: Send, *, is_secure: bool) -> None:
        self._send = send
        self._is_secure = is_secure

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if self._is_secure:
                headers.setdefault("strict-transport-security", "max-age=31536000")
        await asyncio.wait_for(self._send(message), SENDING_TIMEOUT)


def _plain(status: HTTPStatus, reason: str, headers: dict[str, str]) -> Response:
    return PlainTextResponse(f"{reason}\n", status, headers)


def cookie_name(*, is_secure: bool) -> str:
    """Name of the cookie of a session."""
    return "__Host-newswarc" if is_secure else "newswarc"


def _limited(receive: Receive) -> Receive:
    """Receives no more than a form has, and no later."""
    received, is_whole, ends = 0, False, 0.0

    async def limited() -> Message:
        nonlocal received, is_whole, ends
        if is_whole:
            return await receive()  # tells when the client has gone, whenever that is
        now = asyncio.get_running_loop().time()
        ends = ends or now + RECEIVING_TIMEOUT
        try:
            message = await asyncio.wait_for(receive(), max(0.0, ends - now))
        except TimeoutError as error:
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, "the form took too long", {"Connection": "close"}) from error
        received += len(message.get("body", b""))
        is_whole = not message.get("more_body", False)
        if received > LONGEST_BODY:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a form has at most {LONGEST_BODY} bytes here")
        return message

    return limited


def _told_once(headers: Headers, name: str) -> str:
    """What a proxy says in a header; empty for no header. Raises Refused: of two, one may be the client's own."""
    values = headers.getlist(name) if name else []
    if len(values) > 1:
        raise Refused(HTTPStatus.BAD_REQUEST, "one header says who asks; the proxy has to replace what it is sent")
    return values[0].strip() if values else ""


def _origin(text: str) -> str:
    """Scheme, host and port of an origin (RFC 6454, section 6.2), with the usual port left out; empty for none."""
    try:
        parts = urlsplit(text.strip().lower())
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in _PORTS or not parts.hostname or parts.path or parts.query or "@" in parts.netloc:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != _PORTS[parts.scheme] else "")


def _of_token(token: Token, client: str, session: str = "") -> Visitor:
    return Visitor(token.name, frozenset(token.roles), client, session)


def _host_name(host: str) -> str:
    """The name in a Host header, without its port, in lower case; empty for what is none."""
    found = _HOST.fullmatch(host)
    return found[1].strip("[]").lower() if found is not None else ""


def plain_address(text: str) -> str:
    """An IP address as it is compared: one of IPv4 even if it is written as one of IPv6. Empty for what is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _is_here(client: str) -> bool:
    return bool(plain_address(client)) and ip_address(client).is_loopback


def _is_open(path: str) -> bool:
    return any(path == open_path or path.startswith(f"{open_path.rstrip('/')}/") for open_path in _OPEN_PATHS)


def names_of(hosts: Iterable[str]) -> frozenset[str]:
    """Host names as a policy has them."""
    return frozenset(_host_name(host) for host in hosts)
