"""Access rules of an archive: where they are kept, and a gate that heeds them.

``access/rules/ID.json`` is a rule, ``access/lifts/ID.json`` its end. Neither is ever replaced. A rule that cannot be
read refuses everything: nothing of the archive is shown until it is restored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from archive.access_rules import AccessLift, AccessRule, AccessRules, parse_access_lift, parse_access_rule
from archive.clock_and_ids import ClockAndIds, SystemClockAndIds
from archive.errors import AccessRefused, BadAddress, ObjectExists
from archive.holdings import note_manifest
from archive.storage.protocol import Storage

PREFIX = "access/"
_RULES = f"{PREFIX}rules/"
_LIFTS = f"{PREFIX}lifts/"


def rule_key(rule_id: str) -> str:
    """The key of a rule."""
    return f"{_RULES}{rule_id}.json"


def lift_key(rule_id: str) -> str:
    """The key of a rule's end."""
    return f"{_LIFTS}{rule_id}.json"


def new_rule_id(clock_and_ids: ClockAndIds) -> str:
    """An id that no other rule has; ids sort by time."""
    return f"{clock_and_ids.now():%Y%m%d%H%M%S}-{clock_and_ids.token()}"


def add_rule(storage: Storage, rule: AccessRule, clock_and_ids: ClockAndIds) -> None:
    """Store a rule; it holds from now on. Raises StorageError."""
    storage.put_if_absent(rule_key(rule.id), rule.to_bytes())
    note_manifest(storage, clock_and_ids.host(), rule_key(rule.id), rule.to_bytes())


def lift_rule(storage: Storage, lift: AccessLift, clock_and_ids: ClockAndIds) -> None:
    """End a rule. Raises BadAddress when there is no such rule or it was lifted before, or StorageError."""
    if lift.rule not in {rule.id for rule in stored_rules(storage)}:
        raise BadAddress(f"{lift.rule}: no access rule of this id; `newswarc access list --all` lists them")
    try:
        storage.put_if_absent(lift_key(lift.rule), lift.to_bytes())
    except ObjectExists as error:
        raise BadAddress(f"{lift.rule}: this access rule was lifted before") from error
    note_manifest(storage, clock_and_ids.host(), lift_key(lift.rule), lift.to_bytes())


def stored_rules(storage: Storage) -> Iterator[AccessRule]:
    """All rules, oldest first, lifted ones too. Raises DamagedArchive or StorageError."""
    for item in storage.list(_RULES):
        with storage.open_range(item.key) as stream:
            yield parse_access_rule(stream.read(), item.key)


def stored_lifts(storage: Storage) -> dict[str, AccessLift]:
    """The ends of rules, by the rules' ids. Raises DamagedArchive or StorageError."""
    found: dict[str, AccessLift] = {}
    for item in storage.list(_LIFTS):
        with storage.open_range(item.key) as stream:
            lift = parse_access_lift(stream.read(), item.key)
        found[lift.rule] = lift
    return found


def rules_in_force(storage: Storage) -> AccessRules:
    """The rules that were not lifted. Raises DamagedArchive or StorageError."""
    rules = list(stored_rules(storage))
    lifts = stored_lifts(storage) if rules else {}
    return AccessRules(rule for rule in rules if rule.id not in lifts)


@dataclass(slots=True)
class AccessGate:
    """Rules and a reader: what the reader may have at the present moment. It counts what it refuses."""

    rules: AccessRules
    now: Callable[[], datetime]
    is_local: bool = True
    """Whether the reader is on the archive's own machine. What leaves it, such as an export, is for readers who
    are not."""
    refused: Counter[str] = field(default_factory=Counter)
    """How often each rule refused, by what it says."""

    @classmethod
    def of(cls, storage: Storage, *, is_local: bool = True, clock_and_ids: ClockAndIds | None = None) -> AccessGate:
        """The gate of an archive, as its rules are now. Raises DamagedArchive or StorageError."""
        return cls(rules_in_force(storage), (clock_and_ids or SystemClockAndIds()).now, is_local)

    @property
    def refusing(self) -> AccessRules:
        """The rules that refuse this reader now what they name."""
        return self.rules.refusing(self.now(), is_local=self.is_local)

    def refusal(self, url: str, captured: datetime | None) -> AccessRule | None:
        """The rule that refuses a capture, which is not counted."""
        return self.rules.refusal(url, captured, self.now(), is_local=self.is_local) if self.rules else None

    def lets(self, url: str, captured: datetime | None) -> bool:
        """Whether the reader may have a capture; a refusal is counted."""
        rule = self.refusal(url, captured)
        if rule is not None:
            self.refused[rule.description()] += 1
        return rule is None

    def require(self, url: str, captured: datetime | None) -> None:
        """Raises AccessRefused when the reader may not have a capture."""
        rule = self.refusal(url, captured)
        if rule is not None:
            raise AccessRefused(f"{url}: {rule.description()}")

    def lines(self) -> list[str]:
        """A line on each rule that refused anything, for a person."""
        return [f"{count:,} withheld, {told}" for told, count in sorted(self.refused.items())]
