"""When two addresses are one article: a pure rule, made so that it rather lets a copy pass than miss an article.

Two addresses have one identity when they differ only in what does not lead to another article:

- http or https, ``www.`` or not, a mobile or AMP host (``m.``, ``mobile.``, ``amp.``), an AMP or print form
  (``/amp``, ``.amp``, ``?amp=1``, ``?outputType=amp``, ``/print``), a slash at the end, an index file;
- the order of parameters, and those that name a session, a campaign or a form of display;
- the case of percent-encoding, letters that need none, a host in Unicode or in ASCII (RFC 3986, section 6.2.2);
- the words around an article's number, where it has seven digits or more: papers change a headline's slug and keep
  the number. Round numbers are words of a headline, and dates are dates.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

_TWIN_HOST = re.compile(r"^(?:www\d?|m|mobile|amp|touch)\.(?=[^.]+\.)")
_TWIN_PATH = re.compile(r"(?:/(?:amp|print|index\.(?:html?|php|aspx?)))+/?$|\.amp(?=\.html?$|$)|/amp(?=/)", re.I)
_DISPLAY = re.compile(
    r"(?i)^(?:amp|outputtype|print|printable|view|mobile|nomobile|desktop|noredirect|share|from|source)$"
)
_SESSION = re.compile(r"(?i)^(?:phpsessid|jsessionid|aspsessionid\w*|sessionid|session_id|sid|cfid|cftoken|s_id)$")
_SESSION_IN_PATH = re.compile(r"(?i);jsessionid=[^/?#]*")
_NUMBER = re.compile(r"(?<!\d)(\d{7,})(?!\d)")
_ROUND = "000"
_DATE_DIGITS = (8, 12, 14)
_YEARS = range(1990, 2100)
_LONGEST = 600
"""Bytes of an identity past which its digest stands for it."""


def identity(url: str) -> str:
    """What an address shares with all other addresses of its article."""
    parts = urlsplit(url)
    host = _TWIN_HOST.sub("", _ascii_host(parts.hostname or ""))
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    path = _TWIN_PATH.sub("", _SESSION_IN_PATH.sub("", unquote(parts.path, errors="surrogateescape"))).rstrip("/")
    return _storable(f"{host}{port}{_without_slug(path)}{_kept_query(parts.query)}")


def _storable(text: str) -> str:
    """The same in text that any database takes: bytes that are no UTF-8 spelt out, no NUL, not without end."""
    encoded = text.replace("\0", "%00").encode("utf-8", "surrogateescape")
    if len(encoded) > _LONGEST:
        return f"sha256:{hashlib.sha256(encoded).hexdigest()}"
    return encoded.decode("utf-8", "backslashreplace")


def is_session(name: str) -> bool:
    """Whether a parameter names a session."""
    return bool(_SESSION.match(name))


def _ascii_host(host: str) -> str:
    if host.isascii():
        return host.lower().rstrip(".")
    try:
        return host.encode("idna").decode("ascii").lower().rstrip(".")
    except UnicodeError:
        return host.lower()


def _without_slug(path: str) -> str:
    """The path, its last part reduced to the article's number where it has one beside words."""
    before, _, last = path.rpartition("/")
    numbers = [number for number in _NUMBER.findall(last) if not number.endswith(_ROUND) and not _is_date(number)]
    if len(numbers) == 1 and re.search(r"[^\W\d]{2,}[-_ ][^\W\d]{2,}", last):
        return f"{before}/#{numbers[0]}"
    return path


def _is_date(digits: str) -> bool:
    if len(digits) not in _DATE_DIGITS:
        return False
    try:
        return date.fromisoformat(digits[:8]).year in _YEARS
    except ValueError:
        return False


def _kept_query(query: str) -> str:
    pairs = sorted(
        (name, value)
        for name, value in parse_qsl(query, keep_blank_values=True)
        if not _SESSION.match(name) and not _DISPLAY.match(name)
    )
    return f"?{urlencode(pairs)}" if pairs else ""
