"""When two addresses are one article: a pure rule, made so that it rather lets a copy pass than miss an article.

Two addresses have one identity when they differ only in what does not lead to another article:

- http or https, ``www.`` or not, a mobile or AMP host (``m.``, ``mobile.``, ``amp.``), an AMP or print form
  (``/amp``, ``.amp``, ``?amp=1``, ``?outputType=amp``, ``/print``), a slash at the end, an index file;
- the order of parameters, and those that name a session, a campaign or a form of display;
- the case of percent-encoding, letters that need none, a host in Unicode or in ASCII (RFC 3986, section 6.2.2). An
  encoded letter that would part the address (``%2F``, ``%3F``) is another one than the bare one.

A number that two addresses share does not make them one: papers also give it to a gallery, or to what happened.
Nor does a parameter that may choose between pages, such as ``view``, ``source`` or ``from``.
"""

from __future__ import annotations

import hashlib
import re
from operator import itemgetter
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

_TWIN_HOST = re.compile(r"^(?:www\d?|m|mobile|amp|touch)\.(?=[^.]+\.)")
_TWIN_PATH = re.compile(r"(?:/(?:amp|print|index\.(?:html?|php|aspx?)))+/?$|\.amp(?=\.html?$|$)|/amp(?=/)", re.I)
_DISPLAY = re.compile(r"(?i)^(?:amp|outputtype|print|printable|mobile|nomobile|desktop|noredirect|share)$")
_FORM = re.compile(r"[01]?|[a-z_-]+", re.I)
"""Value of a parameter that names a form of display; a number is that of a page, as in ``print.php?print=5012``."""
_SESSION = re.compile(r"(?i)^(?:phpsessid|jsessionid|aspsessionid\w*|sessionid|session_id|cfid|cftoken)$")
_MAYBE_SESSION = re.compile(r"(?i)^(?:sid|s_id)$")
"""Names a session, or a story."""
_TOKEN = re.compile(r"(?=[^a-z]*[a-z])(?=\D*\d)[\w,-]{16,}", re.I | re.A)
_PARTING = re.compile(r"%(2f|3f|23|25|3b)", re.I)
"""Letters that would part the address if they were not encoded."""
_SESSION_IN_PATH = re.compile(r"(?i);jsessionid=[^/?#]*")
_LONGEST = 600
"""Bytes of an identity past which its digest stands for it."""


def identity(url: str) -> str:
    """What an address shares with all other addresses of its article. No text raises."""
    url = url.encode("utf-8", "backslashreplace").decode()  # halves of characters, which no bytes stand for
    try:
        parts = urlsplit(url)
        host = _TWIN_HOST.sub("", _ascii_host(parts.hostname or ""))
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except ValueError:
        return _storable(url)
    kept = _PARTING.sub(lambda letter: f"%25{letter[1].upper()}", parts.path)
    path = _TWIN_PATH.sub("", _SESSION_IN_PATH.sub("", unquote(kept, errors="surrogateescape"))).rstrip("/")
    return _storable(f"{host}{port}{path}{_kept_query(parts.query)}")


def _storable(text: str) -> str:
    """The same in text that any database takes: bytes that are no UTF-8 spelt out, no NUL, not without end."""
    encoded = text.replace("\0", "%00").encode("utf-8", "surrogateescape")
    if len(encoded) > _LONGEST:
        return f"sha256:{hashlib.sha256(encoded).hexdigest()}"
    return encoded.decode("utf-8", "backslashreplace")


def is_session(name: str, value: str) -> bool:
    """Whether a parameter names a session."""
    return bool(_SESSION.match(name) or (_MAYBE_SESSION.match(name) and _TOKEN.fullmatch(value)))


def _ascii_host(host: str) -> str:
    if host.isascii():
        return host.lower().rstrip(".")
    try:
        return host.encode("idna").decode("ascii").lower().rstrip(".")
    except UnicodeError:
        return host.lower()


def _kept_query(query: str) -> str:
    found = (
        (name, value)
        for name, value in parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
        if not is_session(name, value) and not (_DISPLAY.match(name) and _FORM.fullmatch(value))
    )
    pairs = sorted(found, key=itemgetter(0))  # values of one name keep their order
    return f"?{urlencode(pairs, errors='surrogateescape')}" if pairs else ""
