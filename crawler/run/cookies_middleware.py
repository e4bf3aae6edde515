"""Cookies within limits: a server can't make our memory or our requests grow with them.

RFC 6265, section 6.1, asks for at least 50 cookies a domain and 4096 bytes a cookie; what is more is not kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from http.cookiejar import Cookie
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from tldextract import TLDExtract

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from scrapy.http.cookies import CookieJar

MOST_COOKIES = 50
"""Maximum number of cookies per domain."""
MOST_BYTES = 4096
"""Maximum size of a cookie, name and value together, in bytes."""


_UNREADABLE = re.compile(rb"max-age\s*=\s*(?!-?\d+$).*|path\s*=\s*(?!/).*", re.I | re.S)
_suffixes = TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)
"""The list that comes with the package: Scrapy's own middleware asks a server for it when the first cookie comes."""


class BoundedCookiesMiddleware(CookiesMiddleware):
    """Replaces Scrapy's, which keeps all cookies of any size."""

    def process_response(self, request: Request, response: Response) -> Response:  # type: ignore[override]
        """Keep the cookies of a response, whatever is wrong with their attributes."""
        lines = response.headers.getlist("Set-Cookie")
        mended = [_without_unreadable(line) for line in lines]
        readable = response
        if mended != lines:
            headers = response.headers.copy()
            headers.setlist("Set-Cookie", mended)
            readable = response.replace(headers=headers)
        super().process_response(request, readable)
        return response

    def _process_cookies(self, cookies: Iterable[Cookie], *, jar: CookieJar, request: Request) -> None:
        host = (urlsplit(request.url).hostname or "").lower()
        fitting = [cookie for cookie in cookies if len(cookie.name) + len(cookie.value or "") <= MOST_BYTES]
        for cookie in fitting[:MOST_COOKIES]:
            domain = cookie.domain.removeprefix(".")
            if domain and _is_public_suffix(domain):
                if domain != host:
                    continue  # a cookie for all sites of a registry (RFC 6265, section 5.3, step 5)
                cookie.domain = host
            jar.set_cookie_if_ok(cookie, request)
        for domain in {cookie.domain for cookie in fitting}:
            kept = [cookie for cookies in jar._cookies.get(domain, {}).values() for cookie in cookies.values()]
            for cookie in kept[: max(0, len(kept) - MOST_COOKIES)]:
                jar.clear(domain, cookie.path, cookie.name)


def _without_unreadable(line: bytes) -> bytes:
    """A cookie without attributes that RFC 6265 (sections 5.2.2 and 5.2.4) ignores, and `http.cookiejar` does not."""
    first, *attributes = line.split(b";")
    kept = [part for part in attributes if not _UNREADABLE.fullmatch(part.strip())]
    return b";".join([first, *kept])


def _is_public_suffix(domain: str) -> bool:
    return not _suffixes(domain).domain
