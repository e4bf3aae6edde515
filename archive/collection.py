"""Collections: named selections of an archive, with Dublin Core metadata.

``collections/NAME/NNNNNNNN.json`` is a version of a collection, from 1 on; the newest applies, none is replaced.
A collection holds no captures: it says which are meant, those of later crawls too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from pydantic import AwareDatetime, Field, ValidationError, field_validator, model_validator

from archive.address_match import Match, beginnings
from archive.clock_and_ids import ClockAndIds
from archive.errors import BadAddress, DamagedArchive, ObjectExists
from archive.holdings import note_manifest
from archive.manifests import StoredPart
from archive.period import Period
from archive.storage.protocol import Storage
from archive.surt import surt_key

PREFIX = "collections/"
DUBLIN_CORE = tuple(
    """
    contributor coverage creator date description format identifier language publisher relation rights source subject
    title type
    """.split()
)
"""The fifteen elements (ISO 15836-1:2017)."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


class CollectionScope(StoredPart):
    """Which captures are meant: those of one of the sites or addresses, within the dates. Empty fields mean all."""

    sites: tuple[str, ...] = ()
    """Hosts, each with those below it, and ids of site definitions."""
    addresses: tuple[str, ...] = ()
    """Each with all addresses that begin with it."""
    captured_since: AwareDatetime | None = None
    captured_until: AwareDatetime | None = None

    @field_validator("addresses")
    @classmethod
    def _are_addresses(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        for address in addresses:
            beginnings(address, Match.PREFIX)
        return addresses

    @property
    def period(self) -> Period:
        """When what is meant was captured."""
        return Period(self.captured_since, self.captured_until)

    @property
    def beginnings(self) -> tuple[str, ...]:
        """What ``KEY `` (a SURT key and a space) begins with for what is meant; empty: it may begin with anything."""
        of_sites = [start for site in self.sites if "/" not in site for start in beginnings(site, Match.DOMAIN)]
        of_addresses = [start for address in self.addresses for start in beginnings(address, Match.PREFIX)]
        return tuple(of_sites + of_addresses)

    @property
    def is_any_address(self) -> bool:
        """Whether captures of all addresses are meant."""
        return not (self.sites or self.addresses)

    def names(self, url: str, site: str = "") -> bool:
        """Whether an address is meant; `site` is the id of the definition it was captured for, where it is known."""
        if self.is_any_address or (site and site in self.sites):
            return True
        return f"{surt_key(url)} ".startswith(self.beginnings)

    def wants(self, url: str, captured: datetime | None, site: str = "") -> bool:
        """Whether a capture is meant. One without a date is meant by a scope without dates alone."""
        in_period = self.period.holds(captured) if captured is not None else self.period.is_endless
        return in_period and self.names(url, site)


class Collection(StoredPart):
    """A version of a collection, as it is stored."""

    name: str
    number: int
    """Of the version, from 1 on."""
    scope: CollectionScope
    dublin_core: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Values by element (`DUBLIN_CORE`), each in its order."""
    date: AwareDatetime
    """When this version was made."""
    by: str = ""
    removed: str = ""
    """Why it is no more; empty while it is."""

    @model_validator(mode="after")
    def _is_well_formed(self) -> Collection:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no name; use letters, digits, - and _")
        if unknown := [element for element in self.dublin_core if element not in DUBLIN_CORE]:
            raise ValueError(f"{unknown[0]!r} is no element of Dublin Core; there are {', '.join(DUBLIN_CORE)}")
        return self

    @property
    def title(self) -> str:
        """What people call it."""
        return next(iter(self.dublin_core.get("title", ())), self.name)


def collection_key(name: str, number: int) -> str:
    """The key of a version."""
    return f"{PREFIX}{name}/{number:08d}.json"


def store_collection(storage: Storage, collection: Collection, clock_and_ids: ClockAndIds) -> None:
    """Store a version. Raises BadAddress when another process was faster with its number, or StorageError."""
    key, data = collection_key(collection.name, collection.number), collection.to_bytes()
    try:
        storage.put_if_absent(key, data)
    except ObjectExists as error:
        raise BadAddress(f"{collection.name}: somebody else has changed this collection; try again") from error
    note_manifest(storage, clock_and_ids.host(), key, data)


def collections(storage: Storage) -> Iterator[Collection]:
    """The newest version of each collection, by name, removed ones too. Raises DamagedArchive or StorageError."""
    newest: dict[str, str] = {}
    for item in storage.list(PREFIX):
        newest[item.key.rpartition("/")[0]] = item.key
    for key in newest.values():
        with storage.open_range(key) as stream:
            yield parse_collection(stream.read(), key)


def stored_collection(storage: Storage, name: str) -> Collection | None:
    """The newest version of a collection, also of one that was removed. Raises DamagedArchive or StorageError."""
    keys = [item.key for item in storage.list(f"{PREFIX}{name}/")]
    if not keys:
        return None
    with storage.open_range(max(keys)) as stream:
        return parse_collection(stream.read(), max(keys))


def collection(storage: Storage, name: str) -> Collection:
    """A collection. Raises BadAddress when there is none of this name, DamagedArchive or StorageError."""
    found = stored_collection(storage, name)
    if found is None or found.removed:
        known = ", ".join(one.name for one in collections(storage) if not one.removed) or "none"
        raise BadAddress(f"{name}: no collection of this name in {storage.uri}; there are: {known}")
    return found


def parse_collection(data: bytes, key: str) -> Collection:
    """Read a version. Raises DamagedArchive naming `key`."""
    try:
        return Collection.model_validate_json(data)
    except (ValidationError, BadAddress) as error:
        raise DamagedArchive(f"{key}: not a collection; restore it from another copy") from error
