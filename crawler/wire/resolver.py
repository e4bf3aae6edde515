"""Addresses of hosts, cached for a while: the system's resolver behind a bounded cache."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections import OrderedDict

from archive.errors import ArchiveError

AddressInfo = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]
"""Family, type, protocol, canonical name and address, as `socket.getaddrinfo` gives them."""

MOST_HOSTS = 10_000
"""Number of cached hosts; the least recently used one is dropped first."""

_KEPT_SECONDS = 60.0
"""The system's resolver does not say how long an answer is valid; browsers use a minute."""


class NoAddress(ArchiveError):
    """The host has no address, or none can be found out now."""


class Resolver:
    """Finds addresses. Several who ask for one host at once share one look-up."""

    def __init__(self, most_hosts: int = MOST_HOSTS, kept_seconds: float = _KEPT_SECONDS) -> None:
        self._most_hosts = most_hosts
        self._kept_seconds = kept_seconds
        self._known: OrderedDict[tuple[str, int], tuple[float, list[AddressInfo]]] = OrderedDict()
        self._running: dict[tuple[str, int], asyncio.Task[list[AddressInfo]]] = {}

    async def addresses(self, host: str, port: int) -> list[AddressInfo]:
        """All addresses of a host, in the order of preference (RFC 6724). Raises NoAddress."""
        literal = _literal(host, port)
        if literal is not None:
            return [literal]
        key = (host, port)
        known = self._known.get(key)
        if known is not None and known[0] > asyncio.get_running_loop().time():
            self._known.move_to_end(key)
            return known[1]
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self._look_up(key))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        # One who gives up must not take the others' answer with it
        return await asyncio.shield(task)

    async def _look_up(self, key: tuple[str, int]) -> list[AddressInfo]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(*key, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise NoAddress(f"{key[0]}: {error}") from error
        infos: list[AddressInfo] = list(dict.fromkeys(found))  # type: ignore[arg-type]
        self._known[key] = (loop.time() + self._kept_seconds, infos)
        while len(self._known) > self._most_hosts:
            self._known.popitem(last=False)
        return infos


def _literal(host: str, port: int) -> AddressInfo | None:
    """The address that a host's name is itself; scoped ones are left to the system."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (str(address), port))
    if address.scope_id:
        return None
    return (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (str(address), port, 0, 0))
