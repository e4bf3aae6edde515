"""Validating the values of settings: URLs, files, e-mail addresses. Pure checks; each says what to write instead."""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from urllib.parse import urlsplit

_LOOKS_LIKE_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/", re.I)
_MAILBOX = re.compile(r"[^@\s]+@[^@\s]+")
_DATABASES = ("postgresql", "postgres", "sqlite")
_LARGEST_PORT = 65535

_UNFIT_HOST = re.compile(r"[/*?@\s]|:(?!\d)")


def web_address(text: str) -> str:
    """An address with ``http`` or ``https`` and a host. Raises ValueError."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{text!r} is not a URL: {error}; write https://host/path") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or any(map(str.isspace, text)):
        raise ValueError(f"{text!r} is not a URL; write https://host/path")
    return text


def service_address(text: str) -> str:
    """The address of a service: scheme, host and port, and nothing that a request would add. Raises ValueError."""
    if "://" not in text:
        raise ValueError(f"{text!r} has no scheme; write http://{text} or https://{text}")
    parts = urlsplit(web_address(text))
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"{text!r} has more than scheme, host and port; write {parts.scheme}://host:port")
    return text.rstrip("/")


def database_address(text: str) -> str:
    """The URL of a database that can hold a frontier. Raises ValueError, without the password that is in it."""
    scheme, is_address, _ = text.partition("://")
    if not is_address or any(map(str.isspace, text)):
        raise ValueError("not a database URL; write postgresql://user@host/name")
    if scheme.partition("+")[0] not in _DATABASES:
        raise ValueError(f"{scheme} is not supported; write postgresql://user@host/name")
    return text


def mail_server(text: str) -> str:
    """``host:port``. Raises ValueError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) <= _LARGEST_PORT:
        raise ValueError(f"{text!r} is not host:port; write localhost:25")
    return text


def mailbox(text: str) -> str:
    """``name@host``. Raises ValueError."""
    if not _MAILBOX.fullmatch(text):
        raise ValueError(f"{text!r} is not an e-mail address; write name@host")
    return text


def program_line(text: str) -> str:
    """A program with its arguments, quoted as for a shell. Raises ValueError."""
    try:
        shlex.split(text)
    except ValueError as error:
        raise ValueError(f"{text!r} can't be read: {error}; close the open quote") from error
    return text


def local_path(text: str) -> str:
    """A path on this machine. Raises ValueError for the address of something elsewhere."""
    if _LOOKS_LIKE_ADDRESS.match(text) or "\0" in text:
        raise ValueError(f"{text!r} is not a local path; write one, such as ./file")
    return text


def local_address(text: str) -> str:
    """An IP address. Raises ValueError."""
    try:
        ipaddress.ip_address(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not an IP address; write one of this machine's, such as 192.0.2.7") from error
    return text


def meant(name: str, known: Iterable[str], named: Callable[[str], str] = str) -> str:
    """What to do about an unknown name, for the end of a message; `named` says how a known one is written."""
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {named(close[0])}?" if close else "; remove it or check its spelling"


def unfit_block_list_entry(text: str) -> str:
    """The first entry of a list that would block nothing, such as a path without its host; empty if there is none."""
    return next((entry for entry in block_list_entries(text) if not _is_fit(entry)), "")


def _is_fit(entry: str) -> bool:
    scheme, is_address, rest = entry.partition("://")
    host = rest.partition("/")[0] if is_address else entry
    return (
        (scheme in ("http", "https") or not is_address)
        and host.isascii()
        and not _UNFIT_HOST.search(host)
        and bool(host)
    )


def block_list_entries(text: str) -> list[str]:
    """What stands on the lines of a block list, without comments."""
    return [entry for line in text.splitlines() if (entry := line.partition("#")[0].strip())]
