"""What is replayed: an archive with its merged index, or a WARC or WACZ file with one made for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from archive.access import AccessGate
from archive.captures import iterate_records
from archive.cdxj import index_text
from archive.errors import BadAddress
from archive.indexing import WarcIndexing
from archive.library import require_archive
from archive.lookup import Lookup
from archive.storage.local import LocalStorage
from archive.storage.opening import open_storage
from archive.wacz_reading import WaczFile
from crawler.config import Configuration
from crawler.replay.listing import ArchiveListing, ListedPage, Listing, PageListing
from crawler.replay.server import RangeReader
from crawler.replay.withholding import ReplayIndex

_HEAD = 1 << 17
_WARC_ENDINGS = (".warc.gz", ".warc")


@dataclass(frozen=True, slots=True)
class Replayed:
    """All that replay needs."""

    title: str
    index_directory: Path
    """Holds sorted CDXJ files; `filename` in them is a key of `reader`."""
    reader: RangeReader
    listing: Listing
    refresh: Callable[[], object] = lambda: None
    """Takes in what was stored since, and access rules."""
    acl: Path | None = None
    """The file of what access rules withhold, as pywb reads it."""
    gate: Callable[[], AccessGate | None] = lambda: None
    """What a reader may have."""


def is_file_address(address: str) -> bool:
    """Whether it names a WARC or WACZ file, not an archive. Raises BadAddress when there is no such file."""
    if not address.endswith((".wacz", *_WARC_ENDINGS)):
        return False
    if not Path(address).is_file():
        raise BadAddress(f"{address}: no such file")
    return True


@contextmanager
def opened_for_replay(address: str, configuration: Configuration, *, is_local: bool = True) -> Iterator[Replayed]:
    """Open what is at an address: an archive, or a WARC or WACZ file. `is_local` says whether all readers are on this
    machine, for access rules.

    Raises BadAddress, DamagedArchive, StorageError or OSError.
    """
    path = Path(address)
    if is_file_address(address):
        with TemporaryDirectory(prefix="newswarc-replay-") as scratch:
            yield _wacz(path, Path(scratch)) if path.suffix == ".wacz" else _warc(path, Path(scratch))
        return
    storage = open_storage(address, configuration.s3)
    require_archive(storage)
    lookup = Lookup(storage, configuration.index_directory, is_local=is_local)
    with TemporaryDirectory(prefix="newswarc-replay-") as scratch:
        index = ReplayIndex(lookup, Path(scratch))
        index.refresh()
        listing = ArchiveListing(lookup)
        yield Replayed(address, index.files, storage, listing, index.refresh, index.acl, lambda: lookup.gate)
    lookup.close()


def _wacz(path: Path, scratch: Path) -> Replayed:
    packed = WaczFile(path)
    (scratch / "index.cdxj").write_bytes(packed.index())
    pages = (ListedPage(page.url, page.captured, page.title) for page in packed.pages())
    return Replayed(path.name, scratch, packed, PageListing(pages))


def _warc(path: Path, scratch: Path) -> Replayed:
    with path.open("rb") as stream:
        index = WarcIndexing(path.name)
        for record in iterate_records(stream, _HEAD):
            index.add(record, record.offset, record.length)
    entries = list(index.entries(path.stat().st_size))
    (scratch / "index.cdxj").write_bytes(index_text(entries))
    pages = [ListedPage(entry.url, entry.moment, "") for entry in entries if entry.is_page]
    return Replayed(path.name, scratch, LocalStorage(path.parent.absolute()), PageListing(pages))
