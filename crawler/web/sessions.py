"""Browsers that have signed in with a token. Sessions are in memory: a restart ends them."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from crawler.web.tokens import Token

LONGEST = 12 * 3600.0
"""Seconds that a session lasts."""
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Session:
    token_id: str
    until: float


class Sessions:
    """Sessions by a random id, which is all that a cookie holds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    def begin(self, token: Token) -> str:
        """A new session; its id. The oldest ones end when there are too many."""
        session_id = secrets.token_urlsafe(32)
        self._sessions[session_id] = _Session(token.id, self._now() + LONGEST)
        while len(self._sessions) > _MOST:
            self._sessions.popitem(last=False)
        return session_id

    def token_id(self, session_id: str) -> str:
        """The id of the token that a session was begun with; empty when there is no such session."""
        session = self._sessions.get(session_id)
        if session is None or session.until <= self._now():
            self._sessions.pop(session_id, None)
            return ""
        return session.token_id

    def end(self, session_id: str) -> None:
        """End a session, if there is one."""
        self._sessions.pop(session_id, None)
