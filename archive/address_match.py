"""Which addresses are meant by one: itself, all that begin with it, its host, its domain. Pure."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import urlsplit

from archive.errors import BadAddress
from archive.surt import surt_key


class Match(StrEnum):
    """Which addresses are meant by one. Names are those of CDX servers."""

    EXACT = "exact"
    """This address, as an index writes it."""
    PREFIX = "prefix"
    """All that begin with it."""
    HOST = "host"
    """All of its host."""
    DOMAIN = "domain"
    """All of its host and of the hosts below it."""


def beginnings(url: str, match: Match) -> tuple[str, ...]:
    """What ``KEY `` (a SURT key and a space, as index lines have it) begins with for addresses that are meant.

    `url` may lack its scheme. Raises BadAddress.
    """
    address = url if "://" in url else f"http://{url}"
    try:
        hostname = urlsplit(address).hostname
    except ValueError:
        hostname = None
    if not hostname:
        raise BadAddress(f"{url!r} is not a web address; write https://host/path")
    key = surt_key(address)
    host = key.partition(")")[0]
    if match is Match.EXACT:
        return (f"{key} ",)
    if match is Match.PREFIX:
        return (f"{key}/" if address.endswith("/") and not key.endswith("/") else key,)
    if match is Match.HOST:
        return (f"{host})",) if ":" in host else (f"{host})", f"{host}:")
    return (f"{host})", f"{host},", f"{host}:")
