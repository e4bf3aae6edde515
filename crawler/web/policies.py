"""From settings to who is let in: what would leave an archive open by mistake is refused with a remedy. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from crawler.config import Configuration, ConfigurationError
from crawler.web.guard import Policy, names_of, plain_address
from crawler.web.roles import READERS, Role, roles_of

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def listening(configuration: Configuration) -> tuple[str, int]:
    """Host and port to listen on. Raises ConfigurationError."""
    host, _, port = configuration.web_listen.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ConfigurationError(
            f"web_listen: {configuration.web_listen!r}: write ADDRESS:PORT, such as 127.0.0.1:8091"
        )
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether a server that listens there is reached from this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_for_local_readers(configuration: Configuration) -> bool:
    """Whether all readers are on this machine, as access rules understand it. Raises ConfigurationError."""
    is_here = is_loopback(listening(configuration)[0]) and not configuration.web_proxies
    return is_here and not configuration.web_guard  # whoever guards it means readers elsewhere, as through a tunnel


def policy_of(configuration: Configuration) -> Policy:
    """Who is let in, to do what. Raises ConfigurationError."""
    host, _ = listening(configuration)
    guard, proxies = configuration.web_guard, frozenset(map(_address, configuration.web_proxies))
    has_tls = bool(configuration.web_certificate)
    if has_tls != bool(configuration.web_key):
        raise ConfigurationError("web_certificate, web_key: give both, or neither")
    if not guard and not (is_loopback(host) and not proxies):
        raise ConfigurationError(
            "serve: readers elsewhere need a guard: set web_guard to `tokens` (newswarc token add), or to `proxy`"
        )
    if guard == "tokens" and not is_loopback(host) and not (has_tls or proxies):
        raise ConfigurationError(
            "serve: tokens must not cross a network in the clear: set web_certificate and web_key, or web_proxies to "
            "the address of a proxy with TLS"
        )
    if guard == "proxy" and not (proxies and configuration.web_user_header):
        raise ConfigurationError("serve: web_guard = proxy needs web_proxies, and web_user_header")
    if configuration.web_groups and not (guard == "proxy" and configuration.web_group_header):
        raise ConfigurationError("serve: web_groups needs web_guard = proxy, and web_group_header")
    hosts = names_of([*_LOOPBACK[:2], "[::1]", *configuration.web_hosts, _host_header(host)])
    return Policy(
        hosts=frozenset(name for name in hosts if name),
        anyone=_anyone(configuration),
        takes_tokens=guard == "tokens",
        proxies=proxies,
        user_header=configuration.web_user_header.lower() if guard == "proxy" else "",
        users=_roles_by_name(configuration.web_users, "web_users", "NAME"),
        group_header=configuration.web_group_header.lower() if guard == "proxy" else "",
        groups=_roles_by_name(configuration.web_groups, "web_groups", "GROUP"),
        is_secure=has_tls or bool(proxies),
    )


def _anyone(configuration: Configuration) -> frozenset[Role]:
    if configuration.web_anyone:
        return roles_of(configuration.web_anyone)
    return frozenset() if configuration.web_guard == "tokens" else READERS


def _roles_by_name(entries: Iterable[str], setting: str, what: str) -> dict[str, frozenset[Role]]:
    found = {}
    for entry in entries:
        name, _, roles = entry.rpartition("=")
        if not name:
            raise ConfigurationError(f"{setting}: {entry!r}: write {what}=ROLE+ROLE")
        try:
            found[name] = roles_of(role for role in roles.split("+") if role)
        except ValueError as error:
            raise ConfigurationError(f"{setting}: {entry!r}: choose roles from {', '.join(Role)}") from error
    return found


def _host_header(host: str) -> str:
    """How readers name an address to listen on; one that means all addresses names nothing."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not listened on
        return ""
    return f"[{host}]" if ":" in host else host


def _address(text: str) -> str:
    address = plain_address(text)
    if not address:
        raise ConfigurationError(f"web_proxies: {text!r} is not an IP address")
    return address
