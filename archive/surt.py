"""SURT keys: URLs written so that sorting puts a site's pages together.

``https://www.example.com/a?b=1`` has the key ``com,example)/a?b=1``. The rules are those that
replay tools apply (Heritrix's and wayback's "Google" canonicalisation): scheme, user, leading
``www``, default port, fragment, session ids and the case of letters do not count, query
parameters are sorted.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_WWW = re.compile(r"^www\d*\.")
_QUERY_SESSION = re.compile(
    r"(?i)^(?:jsessionid=[0-9a-z]{32}|phpsessid=[0-9a-z]{32}|sid=[0-9a-z]{32}|aspsessionid[a-z]{8}=[a-z]{24}|cfid=[^&]+|cftoken=[^&]+)$"
)
_PLAIN = re.compile(r"[!\"$&-~]*")
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_LONGEST_PORT = 5
_ESCAPE = re.compile(rb"%([0-9a-fA-F]{2})")


def surt_key(url: str) -> str:
    """The key of a URL. What is not http or https, or can't be read as an address, is its own key."""
    try:
        parts = urlsplit(url.strip())
        hostname = parts.hostname
    except ValueError:
        return _own_key(url)
    if parts.scheme.lower() not in _DEFAULT_PORTS or not hostname:
        return _own_key(url)
    key = f"{_host_key(hostname)}{_port(parts.scheme.lower(), parts.netloc)}){_path(parts.path)}"
    query = _query(parts.query)
    return f"{key}?{query}" if query else key


def surt_timestamp(iso_date: str) -> str:
    """Fourteen digits of a WARC-Date, ``YYYYMMDDhhmmss``."""
    return re.sub(r"\D", "", iso_date)[:14]


def _own_key(url: str) -> str:
    """The address itself, in one word of ASCII: an index line is cut at its spaces."""
    return quote(url.strip(), safe=_PRINTABLE, errors="surrogateescape")


def _host_key(hostname: str) -> str:
    host = _WWW.sub("", hostname.lower().rstrip("."))
    if not host.isascii():
        host = _ascii(host)
    if ":" in host:
        return host
    host = quote(host, safe=_PRINTABLE)
    return ",".join(reversed(host.split(".")))


def _ascii(host: str) -> str:
    """A name in ASCII (IDNA 2003); one that is no name has its bytes as %xx."""
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return quote(host, safe="", errors="surrogateescape").lower()


def _port(scheme: str, netloc: str) -> str:
    tail = netloc.rpartition("@")[2].rpartition("]")[2]
    _, colon, digits = tail.rpartition(":")
    if not colon or not (digits.isascii() and digits.isdigit()) or len(digits) > _LONGEST_PORT:
        return ""
    if int(digits) == _DEFAULT_PORTS[scheme]:
        return ""
    return f":{int(digits)}"


def _path(path: str) -> str:
    kept: list[str] = []
    for part in _normal_escapes(path).lower().split("/")[1:]:
        if part == ".." and kept:
            kept.pop()
        elif part != ".":
            kept.append(part)
    return "/" + "/".join(part for part in kept if part)


def _query(query: str) -> str:
    if not query:
        return ""
    parts = [part for part in _normal_escapes(query).lower().split("&") if part and not _QUERY_SESSION.match(part)]
    return "&".join(sorted(parts, key=lambda part: part.split("=", 1)))


def _normal_escapes(text: str) -> str:
    """Every byte once: letters, digits and common marks plain, the rest as %xx."""
    if _PLAIN.fullmatch(text):
        return text
    raw = text.encode("utf-8", "surrogateescape")
    previous = b""
    while previous != raw:
        previous, raw = raw, _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), raw)
    return "".join(chr(byte) if 0x20 < byte < 0x7F and byte not in b"#%" else f"%{byte:02x}" for byte in raw)
