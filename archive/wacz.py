"""WACZ 1.1.1: a selection of an archive as one file that replay tools open from any static server.

Layout (WACZ specification 1.1.1, section 5)::

    archive/SEGMENT.warc.gz     the captures; stored, not deflated, so that readers can ask for ranges
    indexes/index.cdx.gz        CDXJ lines in gzip members of `_LINES` lines each; stored
    indexes/index.idx           the first line of each of these members, and where it is
    pages/pages.jsonl           every HTML page: URL and time; of articles also headline and text
    custody/proofs.jsonl        where the archive has a log of custody: a proof for each capture, one a line
    datapackage.json            all of these with sizes and digests
    datapackage-digest.json     the digest of that, signed if there is a key (WACZ Signing and Verification 0.1.0)

Everything goes through once, in this order; nothing is held but the lines of a part of the index.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import struct
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, UUID, uuid5

from archive.cdxj import IndexBuffer, IndexEntry
from archive.clock_and_ids import ClockAndIds
from archive.custody.proofs import CaptureProofs
from archive.derived import read_articles
from archive.excerpt import Excerpt, ExcerptFile, Piece
from archive.library import completion_of
from archive.lookup import Lookup
from archive.members import warc_date
from archive.named_files import part_of, require_new, settle

if TYPE_CHECKING:
    from archive.custody.proofs import Prover
    from archive.custody.wacz_signature import WaczKey

WACZ_VERSION = "1.1.1"
PROOFS = "custody/proofs.jsonl"
"""The file with the proofs in a WACZ."""
_LINES = 300
_COPY = 1 << 20
_UNIX_TIME = 0x5455
"""Extra field of a time of change, which is right for ZIP files of any kind (PKWARE APPNOTE, 4.6.1; Info-ZIP)."""
_ORIGINALS = "originals.warc.gz"


@dataclass(frozen=True, slots=True)
class WrittenWacz:
    """What a WACZ contains."""

    captures: int
    pages: int
    bytes: int
    lost: tuple[str, ...]
    """URLs of revisits whose originals are not in the archive."""
    proven: int = 0
    """Captures with a proof of custody."""
    signed_by: str = ""
    """The public key that the file is signed by; empty if it is not signed."""


@dataclass(frozen=True, slots=True)
class _Resource:
    path: str
    hash: str
    bytes: int

    def described(self) -> dict[str, Any]:
        name = self.path.rpartition("/")[2].lower()
        return {"name": name, "path": self.path, "hash": self.hash, "bytes": self.bytes}


class WaczWriter:
    """Writes one WACZ."""

    def __init__(
        self,
        lookup: Lookup,
        excerpt: Excerpt,
        clock_and_ids: ClockAndIds,
        software: str,
        *,
        prover: Prover | None = None,
        key: WaczKey | None = None,
    ) -> None:
        """`prover` makes a proof of each capture that is logged, `key` signs the file."""
        self._lookup = lookup
        self._excerpt = excerpt
        self._clock_and_ids = clock_and_ids
        self._software = software
        self._prover = prover
        self._key = key
        self._proofs: CaptureProofs | None = None
        self._resources: list[_Resource] = []
        self._pages = 0
        self._now = clock_and_ids.now()

    def write(self, path: Path, title: str, *, overwrite: bool = False) -> WrittenWacz:
        """Write the file; it has its name when it is whole. Nothing is written when the excerpt is empty.

        Raises BadAddress when it is there already and may not be replaced (`overwrite`), DamagedArchive, StorageError
        or OSError.
        """
        require_new(path, overwrite=overwrite)
        with part_of(path) as part:
            with (
                tempfile.TemporaryDirectory(prefix="newswarc-wacz-") as scratch,
                zipfile.ZipFile(part, "w", allowZip64=True) as packed,
            ):
                self._write_all(packed, Path(scratch), title)
            size = part.stat().st_size
            if self._excerpt.captures:
                settle(part, path, overwrite=overwrite)
        return WrittenWacz(
            self._excerpt.captures,
            self._pages,
            size,
            tuple(self._excerpt.lost),
            self._proofs.written if self._proofs is not None else 0,
            self._key.public if self._key is not None else "",
        )

    def _write_all(self, packed: zipfile.ZipFile, scratch: Path, title: str) -> None:
        index = IndexBuffer(scratch)
        with (scratch / "pages").open("w+b") as pages, (scratch / "proofs").open("w+b") as proofs:
            if self._prover is not None:
                self._proofs = CaptureProofs(self._prover, proofs)
            pages.write(_line({"format": "json-pages-1.0", "id": "pages", "title": title, "hasText": True}))
            for file in self._excerpt.files():
                self._add_archive(packed, file, index, pages)
            self._add_originals(packed, index)
            self._add_index(packed, index, scratch)
            pages.seek(0)
            self._add(packed, "pages/pages.jsonl", iter(lambda: pages.read(_COPY), b""), deflated=True)
            if self._proofs is not None and self._proofs.written:
                proofs.seek(0)
                self._add(packed, PROOFS, iter(lambda: proofs.read(_COPY), b""), deflated=True)
        index.close()
        self._describe(packed, title)

    def _add_archive(self, packed: zipfile.ZipFile, file: ExcerptFile, index: IndexBuffer, pages: IO[bytes]) -> None:
        first = next(file.pieces, None)
        if first is None:
            return
        copied: set[UUID] | None = None if first.sha256 else set()
        found: dict[tuple[str, str], IndexEntry] = {}

        def parts() -> Iterator[bytes]:
            for piece in _chain(first, file.pieces):
                for entry in piece.entries:
                    self._note_place(entry, piece)
                    index.add(replace(entry, filename=file.name))
                    if entry.is_page:
                        found[entry.url, _second(entry.moment)] = entry
                if copied is not None and piece.record_id is not None:
                    copied.add(piece.record_id)
                yield from piece.parts()

        self._add(packed, f"archive/{file.name}", parts())
        self._write_proofs()
        self._add_articles(file.segment, copied, found, pages)
        for entry in found.values():
            named = f"{entry.url} {entry.date}"
            page = {"id": str(uuid5(NAMESPACE_URL, named)), "url": entry.url, "ts": warc_date(entry.moment)}
            pages.write(_line(page))
            self._pages += 1

    def _add_articles(
        self, segment: str, copied: set[UUID] | None, found: dict[tuple[str, str], IndexEntry], pages: IO[bytes]
    ) -> None:
        """The articles of the captures that went in (None: all of them); they are taken out of the pages `found`."""
        completion = completion_of(self._lookup.storage, segment)
        if completion is None:
            return
        with self._lookup.storage.open_range(completion.records.key) as stream:
            for article in read_articles(stream):
                if article.warc is None or (copied is not None and article.id not in copied):
                    continue
                page = {
                    "id": str(article.id),
                    "url": article.url,
                    "ts": warc_date(article.warc.date),
                    "title": article.headline,
                    "text": article.article_body,
                }
                pages.write(_line(page))
                self._pages += 1
                found.pop((article.url, _second(article.warc.date)), None)

    def _add_originals(self, packed: zipfile.ZipFile, index: IndexBuffer) -> None:
        pieces = self._excerpt.originals(self._clock_and_ids, self._software)
        first = next(pieces, None)
        if first is None:
            return

        def parts() -> Iterator[bytes]:
            for piece in _chain(first, pieces):
                for entry in piece.entries:
                    self._note_place(entry, piece)
                    index.add(replace(entry, filename=_ORIGINALS))
                yield from piece.parts()

        self._add(packed, f"archive/{_ORIGINALS}", parts())
        self._write_proofs()

    def _note_place(self, entry: IndexEntry, piece: Piece) -> None:
        if self._proofs is not None:
            self._proofs.note(entry.segment, entry.offset + piece.shift)

    def _write_proofs(self) -> None:
        if self._proofs is not None:
            self._proofs.write()

    def _add_index(self, packed: zipfile.ZipFile, index: IndexBuffer, scratch: Path) -> None:
        with (scratch / "idx").open("w+b") as summary:
            summary.write(b'!meta 0 {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}\n')

            def members() -> Iterator[bytes]:
                at = 0
                lines_left = index.sorted_lines()
                while lines := list(islice(lines_left, _LINES)):
                    member = gzip.compress(b"".join(lines), 6, mtime=0)
                    place = {"offset": at, "length": len(member), "digest": _labelled(hashlib.sha256(member))}
                    key = lines[0].split(b" {", 1)[0]
                    summary.write(key + b" " + json.dumps(place).encode() + b"\n")
                    at += len(member)
                    yield member

            self._add(packed, "indexes/index.cdx.gz", members())
            summary.seek(0)
            self._add(packed, "indexes/index.idx", iter(lambda: summary.read(_COPY), b""), deflated=True)

    def _describe(self, packed: zipfile.ZipFile, title: str) -> None:
        package = {
            "profile": "data-package",
            "wacz_version": WACZ_VERSION,
            "title": title,
            "software": self._software,
            "created": warc_date(self._now),
            "resources": [resource.described() for resource in self._resources],
        }
        text = json.dumps(package, ensure_ascii=False, indent=2).encode()
        self._add(packed, "datapackage.json", (text,), deflated=True)
        digest: dict[str, Any] = {"path": "datapackage.json", "hash": _labelled(hashlib.sha256(text))}
        if self._key is not None:
            digest["signedData"] = self._key.signed(digest["hash"], self._now, self._software)
        self._add(packed, "datapackage-digest.json", (json.dumps(digest, indent=2).encode(),), deflated=True)

    def _add(self, packed: zipfile.ZipFile, name: str, parts: Iterable[bytes], *, deflated: bool = False) -> None:
        entry = zipfile.ZipInfo(name, self._now.timetuple()[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
        # Readers by ranges (wabac.js) look at an entry's own header only if the directory has an extra field of it
        # too; without, they take it for shorter than ZIP64 makes it
        entry.extra = struct.pack("<HHBl", _UNIX_TIME, 5, 1, int(self._now.timestamp()))
        digest = hashlib.sha256()
        size = 0
        with packed.open(entry, "w", force_zip64=True) as target:
            for part in parts:
                digest.update(part)
                size += len(part)
                target.write(part)
        self._resources.append(_Resource(name, _labelled(digest), size))


def _chain(first: Piece, rest: Iterator[Piece]) -> Iterator[Piece]:
    yield first
    yield from rest


def _second(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%d%H%M%S}"


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _labelled(digest: hashlib._Hash) -> str:
    return f"sha256:{digest.hexdigest()}"
