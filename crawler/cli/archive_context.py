"""The settings in effect, and the storage and sites that they name, each opened when it is first used.

Nothing is imported before that, so that a command's help does not wait for the database, Pydantic or boto3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from archive.counted import counted
from archive.errors import BadAddress
from crawler.cli.errors import UsageError

if TYPE_CHECKING:
    from uuid import UUID

    from archive.access import AccessGate
    from archive.collection import Collection
    from archive.lookup import Lookup
    from archive.search.searching import Searcher
    from archive.storage.protocol import Storage
    from archive.unpublished_pages import UnpublishedPages
    from crawler.config import Configuration
    from crawler.keeping.unpublished import Unpublished
    from spiders.catalog import SiteCatalog
    from spiders.site import Site


class ArchiveContext:
    """The only way from a command line to configuration, storage, look-up and sites."""

    def __init__(
        self,
        config: Path | None = None,
        *,
        quiet: bool = False,
        verbosity: int = 0,
        flags: dict[str, Any] | None = None,
        allowed: Sequence[str] = (),
    ) -> None:
        """`config` is the configuration file given; `flags` are settings from the command line."""
        self.config = config
        self.quiet = quiet
        self.verbosity = verbosity
        self.flags = flags or {}
        self.allowed = tuple(allowed)

    def with_flags(self, **flags: object) -> ArchiveContext:
        """The context with more settings from the command line; None means not given."""
        given = {name: value for name, value in flags.items() if value is not None}
        return self._changed({**self.flags, **given}, self.allowed)

    def with_sites(self, directories: Iterable[Path] | None) -> ArchiveContext:
        """The context with directories of site definitions instead of the configured ones; empty says nothing."""
        return self.with_flags(sites=tuple(str(directory) for directory in directories or ()) or None)

    def allowing(self, hosts: Iterable[str]) -> ArchiveContext:
        """The context with internal addresses that may be contacted beside the configured ones."""
        return self._changed(self.flags, (*self.allowed, *hosts))

    def _changed(self, flags: dict[str, Any], allowed: Sequence[str]) -> ArchiveContext:
        return ArchiveContext(self.config, quiet=self.quiet, verbosity=self.verbosity, flags=flags, allowed=allowed)

    def as_options(self) -> list[str]:
        """The same context as options of another command that fetches and takes --to and --sites."""
        named = {"--to": "archive", "--contact": "contact", "--endpoint-url": "s3_endpoint"}
        options = [["--config", str(self.config)] if self.config else []]
        options += [[option, str(self.flags[name])] for option, name in named.items() if name in self.flags]
        options += [["--sites", str(directory)] for directory in self.flags.get("sites", ())]
        options += [["--allow-host", host] for host in self.allowed]
        return [word for words in options for word in words] + ["-v"] * self.verbosity

    @cached_property
    def configuration(self) -> Configuration:
        """The settings in force. Raises ConfigurationError."""
        from crawler.config import load_configuration

        configuration = load_configuration(self.config)
        allowed = (*configuration.allow_hosts, *self.allowed) if self.allowed else None
        return configuration.with_flags(**self.flags, allow_hosts=allowed)

    def to_write_state(self) -> Configuration:
        """The settings; this machine's state is the archive's from now on. Raises as `adopt_state` does."""
        from crawler.keeping.state_adoption import adopt_state

        adopt_state(self.configuration)
        return self.configuration

    def storage(self, address: str | None = None) -> Storage:
        """The storage at an address, or at the configured one. Nothing is contacted yet. Raises BadAddress."""
        from archive.storage.opening import open_storage

        return open_storage(address or self.configuration.archive, self.configuration.s3)

    @cached_property
    def archive(self) -> Storage:
        """The storage at the configured address, where an archive is. Raises BadAddress or StorageError."""
        from archive.library import require_archive

        storage = self.storage()
        try:
            require_archive(storage)
        except BadAddress as error:
            if parts := self._unpublished().parts:
                raise BadAddress(f"{storage.uri}: nothing is listed yet: {'; '.join(parts)}") from error
            raise
        return storage

    @cached_property
    def archive_with_spool(self) -> Storage:
        """The same storage, also when all that there is of the archive is still in this machine's spool."""
        storage = self.storage()
        return self.archive if self.unpublished_pages.is_empty else storage

    @cached_property
    def unpublished_pages(self) -> UnpublishedPages:
        """What this machine has captured and the archive does not list yet."""
        from archive.unpublished_pages import UnpublishedPages

        return UnpublishedPages(self.configuration.state_directory / "spool", self.storage())

    @cached_property
    def lookup(self) -> Lookup:
        """The captures of the archive, with all that is stored by now, for a reader on this machine.

        Raises BadAddress or StorageError.
        """
        return self._lookup(self.archive, is_local=True)

    @cached_property
    def lookup_with_spool(self) -> Lookup:
        """The same, with the pages that this machine has captured and the archive does not list yet."""
        return self._lookup(self.archive_with_spool, is_local=True, unpublished=self.unpublished_pages)

    @cached_property
    def lookup_to_give_away(self) -> Lookup:
        """The same, for readers elsewhere: what they get leaves this machine."""
        return self._lookup(self.archive, is_local=False)

    def _lookup(self, storage: Storage, *, is_local: bool, unpublished: UnpublishedPages | None = None) -> Lookup:
        from archive.access import AccessGate
        from archive.lookup import Lookup

        self.configuration.require_own_state()
        gate = AccessGate.of(storage, is_local=is_local)
        lookup = Lookup(storage, self.configuration.index_directory, gate, unpublished=unpublished)
        with self.console().status("indexing new segments") as status:
            lookup.refresh(lambda done, of: status.update(f"indexing new segments: {done} of {of}"))
        return lookup

    def searcher(self) -> Searcher:
        """Searches the archive, with what this machine still writes. Close it.

        Raises SearchUnavailable, BadAddress or StorageError.
        """
        from archive.derived import JOURNAL_SUFFIX
        from archive.search.searching import Searcher

        configuration = self.configuration
        spool = configuration.state_directory / "spool"
        # What is captured first can be found before anything is stored
        storage = self.storage() if any(spool.glob(f"*{JOURNAL_SUFFIX}")) else self.archive
        return Searcher(storage, configuration.scratch_directory("search"), spool=spool)

    def matching(self, query: str) -> dict[str, frozenset[UUID]]:
        """The ids of all stored records that a query means, by segment.

        Raises BadQuery, SearchUnavailable, StorageError, or UsageError when a stored segment is not in the index:
        what is taken by a query is whole.
        """
        with self.searcher() as searcher:
            if missing := searcher.missing:
                told = counted(len(missing), "stored segment", "is", "are")
                raise UsageError(f"--query: {told} not in the index; run newswarc index first")
            return searcher.ids(query)

    @cached_property
    def catalog(self) -> SiteCatalog:
        """The site definitions, the operator's own first."""
        from spiders.catalog import SiteCatalog

        return SiteCatalog([Path(directory) for directory in self.configuration.sites])

    def sites(self, names: Sequence[str]) -> tuple[Site, ...]:
        """The sites of front pages and of definitions' names, each once. Raises UsageError or SiteError."""
        from crawler.cli.site_names import site_of_name

        self.catalog.require_directories()  # also where no name is looked up
        found = [site_of_name(name, self.catalog) for name in names]
        return tuple({site.id: site for site in found}.values())

    def collection(self, name: str) -> Collection | None:
        """A collection of the archive; None for no name. Raises BadAddress when there is none, or StorageError."""
        from archive.collection import collection

        return collection(self.archive, name) if name else None

    def tell_withheld(self, gate: AccessGate) -> None:
        """Tell which access rules withheld how much of what was asked for."""
        console = Console(stderr=True, soft_wrap=True, highlight=False)
        for line in gate.lines():
            console.print(line, markup=False)

    def tell_unpublished(self, but: str = "") -> None:
        """Tell what this machine has captured and the archive does not list yet; `but`: what is not shown."""
        if parts := self._unpublished().parts:
            without = f" ({but})" if but else ""
            self.console().print(f"included from this machine: {'; '.join(parts)}{without}", markup=False)

    def _unpublished(self) -> Unpublished:
        from crawler.keeping.unpublished import unpublished

        configuration = self.configuration
        spool = configuration.state_directory / "spool"
        return unpublished(spool, configuration.segment_age, datetime.now(UTC))

    def console(self, *, quiet: bool = False) -> Console:
        """Standard error, for what is said to a person while a command works; with -q it says nothing."""
        return Console(stderr=True, soft_wrap=True, highlight=False, quiet=quiet or self.quiet)
