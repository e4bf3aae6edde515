"""Redirects as Scrapy follows them; an article's that lead nowhere are told as a failure of the article."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request

from crawler.run.extension import run_of
from spiders.links import with_slashes
from spiders.requests import COOKIES_SET, OUTCOME, cookies_set

if TYPE_CHECKING:
    from scrapy.http import Response


class ToldRedirectMiddleware(RedirectMiddleware):
    """In the place of Scrapy's, which drops what it does not follow."""

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """The next request of a chain, or the response that ends it. Raises IgnoreRequest for a chain too long."""
        try:
            following: Request | Response = super().process_response(request, _as_browsers_read(response))
        except IgnoreRequest:
            run_of(self.crawler).note_lost(request, response.status)
            raise
        except ValueError:  # what the redirect names is no address
            following = response
        if not isinstance(following, Request):
            following = response
        if following is response and _leads_on(response.status):
            run_of(self.crawler).note_lost(request, response.status)
        if isinstance(following, Request):
            following.meta.pop(OUTCOME, None)  # that of this step; the next one has its own, or was not made
            following.meta[COOKIES_SET] = cookies_set(request.meta, response)
        return following

    def handle_referer(self, request: Request, response: Response) -> None:  # noqa: ARG002 - Scrapy's signature
        """None is sent."""
        request.headers.pop("Referer", None)


def _as_browsers_read(response: Response) -> Response:
    """The response with slashes for backslashes in where it leads to."""
    location = response.headers.get("Location")
    if location is None or b"\\" not in location:
        return response
    headers = response.headers.copy()
    headers["Location"] = with_slashes(location.decode("latin-1")).encode("latin-1")
    return response.replace(headers=headers)


def _leads_on(status: int) -> bool:
    return HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST and status != HTTPStatus.NOT_MODIFIED
