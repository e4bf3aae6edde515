"""What robots.txt says (RFC 9309), and what its absence says. No I/O."""

from __future__ import annotations

import math
import re
from enum import StrEnum

import w3lib.url  # noqa: F401 - registers the handler of errors
from protego import Protego

from spiders.requests import MOST_OF_BEGINNING

MOST_BYTES = MOST_OF_BEGINNING
"""Bytes that are read; what follows is ignored (RFC 9309, section 2.5)."""
_AGENT_LINE = re.compile(r"^([ \t]*user[ -]?agent\b[ \t]*:?[ \t]*)([^\n#]*)", re.I | re.M)
_ANOTHER = "?"
"""Stands for all agents that are not meant: no product token has this character."""
_PERCENT_ENCODED = "percentencode"
"""How bytes are read that are no UTF-8: as they stand in the address that they are part of (section 2.2.2)."""


class Standing(StrEnum):
    """What an answer to the request for robots.txt means (RFC 9309, section 2.3.1)."""

    GIVEN = "given"
    """2xx: its rules hold."""
    ABSENT = "absent"
    """4xx: the server has none, so everything is allowed."""
    UNREACHABLE = "unreachable"
    """5xx, 429, or no answer: nothing is allowed for now."""


def standing_of(status: int) -> Standing:
    """What a status means; 0 stands for no answer.

    429 counts as unreachable: the host asks to get no requests, which a 4xx is otherwise taken as leave to ignore.
    A redirect that leads nowhere counts as absent (section 2.3.1.2).
    """
    if 200 <= status < 300:
        return Standing.GIVEN
    if 300 <= status < 500 and status != 429:
        return Standing.ABSENT
    return Standing.UNREACHABLE


class RobotsRules:
    """The rules of one host for us."""

    def __init__(self, status: int, body: bytes, agent: str) -> None:
        """`agent` is the User-Agent that is sent; its product token is what groups are chosen by (section 2.2.1)."""
        self.standing = standing_of(status)
        self._token = product_token(agent)
        given = self.standing is Standing.GIVEN
        text = body[:MOST_BYTES].decode("utf-8-sig", _PERCENT_ENCODED) if given else ""
        self._rules = Protego.parse(_for_agent(text, self._token))

    @property
    def sitemaps(self) -> tuple[str, ...]:
        """Values of ``Sitemap`` lines (sitemaps.org protocol)."""
        return tuple(self._rules.sitemaps)

    @property
    def crawl_delay(self) -> float:
        """Seconds between two requests that it asks for; 0: it does not."""
        delay = float(self._rules.crawl_delay(self._token) or 0.0)
        return max(0.0, delay) if not math.isnan(delay) else 0.0

    def allows(self, url: str) -> bool:
        """Whether an address may be requested."""
        if self.standing is Standing.GIVEN:
            return bool(self._rules.can_fetch(url, self._token))
        return self.standing is Standing.ABSENT


def _for_agent(text: str, token: str) -> str:
    """The rules, with the lines that name agents in a form that leaves no doubt.

    A group is for whoever has exactly its product token, whatever the case (RFC 9309, section 2.2.1): not for one
    that begins with it, and also where a version stands behind it.
    """

    def line(found: re.Match[str]) -> str:
        value = found[2].strip()
        is_ours = product_token(value).rstrip(",;").lower() == token.lower()
        return found[1] + ("" if not value else "*" if value == "*" else token if is_ours else _ANOTHER)

    return _AGENT_LINE.sub(line, text.replace("\r\n", "\n").replace("\r", "\n"))


def product_token(agent: str) -> str:
    """The name by which robots.txt speaks to a User-Agent: ``newswarc`` of ``newswarc/1.0 (+…)``."""
    return agent.split("/", 1)[0].split(" ", 1)[0]
