"""Signing in and out, and choosing a language."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from crawler.web.answering import LANGUAGE_COOKIE, Asked, asked_of
from crawler.web.guard import cookie_name
from crawler.web.roles import Visitor
from crawler.web.sessions import LONGEST
from crawler.web.translations import languages

_PAUSE = 0.5
"""Seconds that a wrong token costs."""
_YEAR = 365 * 86400


def sign_in_page(asked: Asked) -> Response:
    """The form."""
    return asked.page("sign_in.html", back=local_path(asked.parameters.get("back", "")), problem="")


async def sign_in(request: Request) -> Response:
    """Begin a session, for a token that is right."""
    asked = await asked_of(request)
    services, visitor = asked.services, asked.visitor
    token = (
        services.tokens.find(asked.form.get("token", ""), services.now()) if services.policy.takes_tokens else None
    )
    back = local_path(asked.form.get("back", ""))
    if token is None:
        if not services.refusals.wait(""):
            services.audit.note(visitor, "sign-in refused", services.now())
        await asyncio.sleep(_PAUSE)
        problem = asked.gettext("This token is unknown or has expired.")
        return asked.page("sign_in.html", HTTPStatus.FORBIDDEN, back=back, problem=problem)
    known = Visitor(token.name, frozenset(token.roles), visitor.client)
    services.sessions.end(visitor.session)  # one browser, one session
    services.audit.note(known, "signed in", services.now(), token=token.id)
    response = RedirectResponse(back, HTTPStatus.SEE_OTHER)
    is_secure = services.policy.is_secure
    response.set_cookie(
        cookie_name(is_secure=is_secure),
        services.sessions.begin(token),
        max_age=int(LONGEST),
        path="/",
        secure=is_secure,
        httponly=True,
        samesite="strict",
    )
    return response


async def sign_out(request: Request) -> Response:
    """End a session."""
    asked = await asked_of(request)
    asked.services.sessions.end(asked.visitor.session)
    response = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
    is_secure = asked.services.policy.is_secure
    # Browsers take nothing for a `__Host-` cookie, not even its end, that is not marked as secure
    response.delete_cookie(
        cookie_name(is_secure=is_secure), path="/", secure=is_secure, httponly=True, samesite="strict"
    )
    return response


async def choose_language(request: Request) -> Response:
    """Remember the language that a reader chose, and go back to where they were."""
    asked = await asked_of(request)
    response = RedirectResponse(local_path(asked.parameters.get("back", "")), HTTPStatus.SEE_OTHER)
    chosen = asked.parameters.get("to", "")
    if chosen in languages():
        response.set_cookie(
            LANGUAGE_COOKIE,
            chosen,
            max_age=_YEAR,
            path="/",
            secure=asked.services.policy.is_secure,
            httponly=True,
            samesite="strict",
        )
    return response


def local_path(text: str) -> str:
    """A path of this server that a redirect may lead to; ``/`` for anything else."""
    is_local = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable()
    return text if is_local else "/"
