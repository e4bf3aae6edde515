"""Which addresses are meant by one: itself, all that begin with it, its host, its domain. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from urllib.parse import urlsplit

from archive.errors import BadAddress
from archive.surt import surt_key


class Match(StrEnum):
    """How a URL is matched. The names are those of CDX servers."""

    EXACT = "exact"
    """This URL exactly, as normalised in the index."""
    PREFIX = "prefix"
    """Every URL that starts with it."""
    HOST = "host"
    """Every URL of its host."""
    DOMAIN = "domain"
    """Every URL of its host and its subdomains."""


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
        raise BadAddress(f"{url!r} is not a URL; write https://host/path")
    key = surt_key(address)
    host = key.partition(")")[0]
    if match is Match.EXACT:
        return (f"{key} ",)
    if match is Match.PREFIX:
        return (f"{key}/" if address.endswith("/") and not key.endswith("/") else key,)
    if match is Match.HOST:
        return (f"{host})",) if ":" in host else (f"{host})", f"{host}:")
    return (f"{host})", f"{host},", f"{host}:")


def shortest(starts: Iterable[str]) -> list[str]:
    """Those of them that begin with no other one."""
    kept: list[str] = []
    for start in sorted(starts):
        if not kept or not start.startswith(kept[-1]):
            kept.append(start)
    return kept
