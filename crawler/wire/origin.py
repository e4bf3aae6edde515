"""Where a request goes: scheme, host, port, and the proxy between, if there is one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_DEFAULT_PROXY_PORT = 8080


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy."""

    host: str
    port: int
    authorization: bytes = b""
    """Value of ``Proxy-Authorization``; sent to the proxy and never kept."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a connection leads to. Connections of one origin can serve each other's requests."""

    scheme: str
    host: str
    port: int
    proxy: Proxy | None = None
    verify: bool = True
    """Whether a bad TLS certificate ends the connection."""

    @property
    def pool_key(self) -> Origin:
        """What idle connections are kept by: a plain proxy takes requests for any host over one connection."""
        return replace(self, host="", port=0) if self.is_forwarded else self

    @property
    def is_forwarded(self) -> bool:
        """Whether requests go to the proxy in absolute form (RFC 9112, section 3.2.2)."""
        return self.proxy is not None and self.scheme == "http"


def origin_of(url: str, proxy: Proxy | None = None, *, verify: bool = True) -> Origin:
    """The origin of an http or https URL."""
    parts = urlsplit(url)
    return Origin(parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme], proxy, verify)


def parse_proxy(address: str, authorization: bytes = b"") -> Proxy:
    """The proxy at ``http://host:port`` or ``host:port``. Raises ValueError for another scheme or no host."""
    parts = urlsplit(address if "://" in address else f"http://{address}")
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"{parts.scheme}://{parts.hostname or ''} is not an HTTP proxy; write http://host:port")
    return Proxy(parts.hostname, parts.port or _DEFAULT_PROXY_PORT, authorization)
