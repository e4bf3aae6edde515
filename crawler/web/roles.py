"""Who asks, and what they may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do. No role implies another."""

    READ = "read"
    """Search, read, look at captures and at the state of crawls."""
    DOWNLOAD = "download"
    """Download selections, and captures byte for byte."""
    CURATE = "curate"
    """Withhold captures, and change collections."""
    OPERATE = "operate"
    """Start and stop crawls, and try failures again, or never again."""


READERS = frozenset({Role.READ, Role.DOWNLOAD})
"""What anyone on this machine may do where nothing guards the server."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sent a request."""

    name: str
    """As the audit log names them; empty: nobody that is known."""
    roles: frozenset[Role]
    client: str
    """Address of the client."""
    session: str = ""
    """Id of the browser's session, if they have signed in."""

    def may(self, role: Role) -> bool:
        """Whether they have a role."""
        return role in self.roles


def roles_of(names: Iterable[str]) -> frozenset[Role]:
    """Roles by their names. Raises ValueError."""
    return frozenset(Role(name) for name in names)
