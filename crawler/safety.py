"""Which IP addresses may be contacted: public ones, and internal ones only if they are allowed.

An entry of the allow list is ``host``, ``host:port``, ``CIDR`` or ``CIDR:port`` (an IPv6 address with a
port in brackets). It is matched on the host and port of the URL, not on what the host resolves to. Otherwise any site
could lead a crawl into the network through its own names. ``resolve:CIDR`` and ``resolve:CIDR:port`` are also
matched on what the host resolves to; use them only for networks whose services may be visible to any site.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_BRACKETED = re.compile(r"\[(?P<host>[^\]]+)\](?::(?P<port>\d+))?")
_PLAIN = re.compile(r"(?P<host>[^:]+)(?::(?P<port>\d+))?")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?", re.I)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_MAX_PORT = 65535
_RESOLVE = "resolve:"


class BadAllowEntry(ValueError):
    """An entry of the allow list can't be read; the message says what to write."""


@dataclass(frozen=True, slots=True)
class AllowEntry:
    """One internal host or network that may be contacted."""

    host: str
    network: Network | None
    port: int | None
    resolves: bool = False
    """Whether a host falls under the network whose name resolves into it."""

    def matches(self, host: str, port: int) -> bool:
        """Whether a URL's host and port fall under the entry."""
        if self.port not in (None, port):
            return False
        address = _literal(host)
        if self.network is not None:
            return address is not None and address in self.network
        return host.lower().rstrip(".") == self.host

    def admits(self, port: int, address: str) -> bool:
        """Whether a host's name may resolve to an address under the entry."""
        resolved = _literal(address)
        is_open = self.resolves and self.network is not None and self.port in (None, port)
        return is_open and resolved is not None and self.network is not None and resolved in self.network


def parse_allow_entry(text: str) -> AllowEntry:
    """Read an entry. Raises BadAllowEntry."""
    text = text.strip()
    if text.lower().startswith(_RESOLVE):
        entry = parse_allow_entry(text[len(_RESOLVE) :])
        if entry.network is None or entry.resolves:
            raise BadAllowEntry(f"{text!r}: resolve: needs a network; write resolve:CIDR or resolve:CIDR:port")
        return replace(entry, resolves=True)
    match = _BRACKETED.fullmatch(text) or (_PLAIN.fullmatch(text) if text.count(":") <= 1 else None)
    host, port = (match["host"], match["port"]) if match else (text, None)
    if port is not None and not 0 < int(port) <= _MAX_PORT:
        raise BadAllowEntry(f"{text!r}: {port} is not a port; write a number from 1 to {_MAX_PORT}")
    number = int(port) if port else None
    try:
        return AllowEntry(host, ipaddress.ip_network(host, strict=False), number)
    except ValueError:
        pass
    if not _HOST.fullmatch(host):
        raise BadAllowEntry(f"{text!r} is not host, host:port, CIDR, CIDR:port or resolve:CIDR")
    return AllowEntry(host.lower().rstrip("."), None, number)


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Decides for each connection."""

    allowed: tuple[AllowEntry, ...] = ()

    def asks_for(self, host: str, port: int) -> bool:
        """Whether the operator allowed this host and port, internal or not."""
        return any(entry.matches(host, port) for entry in self.allowed)

    def permits(self, host: str, port: int, address: str) -> bool:
        """Whether a URL's host may be contacted at an address it resolved to."""
        return (
            is_public(address)
            or self.asks_for(host, port)
            or any(entry.admits(port, address) for entry in self.allowed)
        )

    def permits_name(self, host: str, port: int) -> bool:
        """Whether a host may be requested through a proxy, which resolves names itself: no internal IP address."""
        return _literal(host) is None or self.permits(host, port, host)


def is_public(address: str) -> bool:
    """Whether an IP address is globally reachable (IANA special-purpose registries, RFC 6890).

    An IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64) is judged too.
    """
    ip = _literal(address)
    return ip is not None and ip.is_global and not ip.is_multicast and all(map(_is_global, _embedded(ip)))


def _is_global(ip: Address) -> bool:
    return ip.is_global and not ip.is_multicast


def _embedded(ip: Address) -> list[Address]:
    if isinstance(ip, ipaddress.IPv4Address):
        return []
    inside: list[Address] = [found for found in (ip.ipv4_mapped, ip.sixtofour) if found is not None]
    inside.extend(ip.teredo or ())
    if ip in _NAT64:
        inside.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return inside


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]").split("%", 1)[0])
    except ValueError:
        return None
