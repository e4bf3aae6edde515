"""Who may read which captures: rules that withhold them, and whether one of them refuses. Pure.

A rule names addresses (one, all that begin with it, its host, its domain; or a site) and perhaps a stretch of capture
dates, and says that what it names is

- *blocked*: nobody reads it, until a moment if there is one;
- *embargoed*: nobody reads it until a moment, from which on the rule refuses nothing;
- *local*: only readers on this machine read it.

A capture that several rules name is refused when one of them refuses. Nothing is changed or lost by a rule, and a
lift ends it. Where it is not known when something was captured, a rule that names dates refuses: what is withheld
does not leak for lack of a date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, ValidationError, model_validator

from archive.address_match import Match, beginnings
from archive.errors import BadAddress, DamagedArchive
from archive.manifests import StoredPart
from archive.period import Period
from archive.surt import surt_key


class Restriction(StrEnum):
    """What a rule does."""

    BLOCKED = "blocked"
    """Nobody reads it."""
    EMBARGOED = "embargoed"
    """Nobody reads it until a moment."""
    LOCAL = "local"
    """Only readers on this machine read it."""


_STRONGEST_FIRST = list(Restriction)


class AccessRule(StoredPart):
    """A rule, as it is stored. It names what its address or its hosts mean; without either, all addresses."""

    id: str
    restriction: Restriction
    address: str = ""
    """A web address, its scheme perhaps left out."""
    match: Match = Match.PREFIX
    """Which addresses `address` means."""
    site: str = ""
    """What the site was called that `hosts` are of."""
    hosts: tuple[str, ...] = ()
    """Each with the hosts below it."""
    captured_since: AwareDatetime | None = None
    """Only what was captured at or after this moment."""
    captured_until: AwareDatetime | None = None
    """Only what was captured before this moment."""
    until: AwareDatetime | None = None
    """The moment from which on the rule refuses nothing; none: until it is lifted."""
    reason: str
    by: str = ""
    date: AwareDatetime
    """When it was made."""

    @model_validator(mode="after")
    def _ends_if_embargo(self) -> AccessRule:
        if self.restriction is Restriction.EMBARGOED and self.until is None:
            raise ValueError("an embargo has an end")
        beginnings_of(self)
        return self

    @property
    def captured(self) -> Period:
        """Of which captures it is."""
        return Period(self.captured_since, self.captured_until)

    def refuses_at(self, now: datetime, *, is_local: bool) -> bool:
        """Whether a reader is refused what the rule names."""
        is_over = self.until is not None and now >= self.until
        return not is_over and not (is_local and self.restriction is Restriction.LOCAL)

    def description(self) -> str:
        """What it says, in a few words for a reader."""
        if self.restriction is Restriction.LOCAL:
            what = "readable on the archive's own machine only"
        else:
            what = self.restriction.value
        if self.until is not None:
            what += f" until {self.until:%Y-%m-%d %H:%M} UTC"
        return f"{what} by access rule {self.id}: {self.reason}"


class AccessLift(StoredPart):
    """The end of a rule, as it is stored."""

    rule: str
    """Id of the rule that holds no more."""
    reason: str
    by: str = ""
    date: AwareDatetime


def beginnings_of(rule: AccessRule) -> tuple[str, ...]:
    """What ``KEY `` (a SURT key and a space) begins with for the addresses that a rule names. Raises BadAddress."""
    if rule.address:
        return beginnings(rule.address, rule.match)
    if rule.hosts:
        return tuple(start for host in rule.hosts for start in beginnings(host, Match.DOMAIN))
    return ("",)


class AccessRules:
    """Rules that were not lifted."""

    def __init__(self, rules: Iterable[AccessRule] = ()) -> None:
        order = sorted(rules, key=lambda rule: (_STRONGEST_FIRST.index(rule.restriction), rule.id))
        self.rules = tuple(order)
        self._ranked: dict[str, list[tuple[int, AccessRule]]] = {}
        for rank, rule in enumerate(order):
            for start in beginnings_of(rule):
                self._ranked.setdefault(start, []).append((rank, rule))
        self._lengths = sorted({len(start) for start in self._ranked})

    def __bool__(self) -> bool:
        return bool(self.rules)

    @property
    def beginnings(self) -> list[str]:
        """What the keys begin with that a rule names."""
        return sorted(self._ranked)

    def refusing(self, now: datetime, *, is_local: bool) -> AccessRules:
        """The rules among them that refuse a reader at a moment what they name."""
        return AccessRules(rule for rule in self.rules if rule.refuses_at(now, is_local=is_local))

    def naming(self, url: str, captured: datetime | None) -> AccessRule | None:
        """The strictest of them, and of these the oldest, that names a capture of an address. Never raises."""
        return self._strictest(url, captured, lambda _rule: True)

    def refusal(self, url: str, captured: datetime | None, now: datetime, *, is_local: bool) -> AccessRule | None:
        """The rule that refuses a reader the capture of an address; None: the reader may have it.

        `captured` and `now` are aware; `captured` is None where it is not known. Of several rules the strictest is
        given, and of these the oldest. Never raises.
        """
        return self._strictest(url, captured, lambda rule: rule.refuses_at(now, is_local=is_local))

    def of(self, url: str) -> list[AccessRule]:
        """Those of them that name an address, whenever it was captured, strictest first."""
        return [rule for _, rule in sorted(self._of(url), key=lambda pair: pair[0])]

    def _strictest(
        self, url: str, captured: datetime | None, counts: Callable[[AccessRule], bool]
    ) -> AccessRule | None:
        if not self.rules:
            return None
        found = ((rank, rule) for rank, rule in self._of(url) if counts(rule) and _is_meant(rule, captured))
        return min(found, key=lambda pair: pair[0], default=(0, None))[1]

    def _of(self, url: str) -> Iterator[tuple[int, AccessRule]]:
        key = f"{surt_key(url)} "
        for length in self._lengths:
            yield from self._ranked.get(key[:length], ()) if length <= len(key) else ()


def _is_meant(rule: AccessRule, captured: datetime | None) -> bool:
    # Indexes have whole seconds: every reader judges by these
    return captured is None or rule.captured.holds(captured.replace(microsecond=0))


def parse_access_rule(data: bytes, key: str) -> AccessRule:
    """Read a rule. Raises DamagedArchive naming `key`."""
    try:
        return AccessRule.model_validate_json(data)
    except (ValidationError, BadAddress) as error:
        raise DamagedArchive(f"{key}: not an access rule; restore it from another copy") from error


def parse_access_lift(data: bytes, key: str) -> AccessLift:
    """Read the end of a rule. Raises DamagedArchive naming `key`."""
    try:
        return AccessLift.model_validate_json(data)
    except ValidationError as error:
        raise DamagedArchive(f"{key}: not the end of an access rule; restore it from another copy") from error
