"""Records of single captures, read by their addresses: in an archive, in a file, at ``https://`` or ``s3://``.

For filling in the texts of a shared data set: its rows say where each capture is. Pages are extracted without the
rules of a site, which such a file does not have.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from archive.access import AccessGate
from archive.captures import first_capture, iterate_records
from archive.datasets.rehydrating import Rehydration
from archive.datasets.rows import Row, record_of
from archive.errors import ArchiveError, BadAddress, DamagedArchive
from archive.outcomes import PageOutcomeLine
from archive.storage.opening import open_storage
from archive.storage.protocol import Storage
from archive.storage.s3_options import S3Options
from crawler.offline.source_files import is_remote
from pipelines.derivation import derive

_PATIENCE = 60.0
_PARTIAL_CONTENT = 206


class CapturesElsewhere:
    """Reads captures by file, offset and length."""

    def __init__(self, storage: Storage | None, s3: S3Options, agent: str) -> None:
        """Names without a scheme are keys of `storage`, or files of this machine without one."""
        self._storage = storage
        self._s3 = s3
        self._agent = agent

    def read(self, file: str, offset: int, length: int) -> bytes:
        """The bytes there. Raises ArchiveError, OSError, HTTPException or ValueError."""
        if file.startswith("s3://"):
            place, _, key = file.rpartition("/")
            with open_storage(place, self._s3).open_range(key, offset, length) as stream:
                return stream.read()
        if is_remote(file):
            return self._asked(file, offset, length)
        if self._storage is not None:
            with self._storage.open_range(file, offset, length) as stream:
                return stream.read()
        with Path(file).open("rb") as stream:
            stream.seek(offset)
            return stream.read(length)

    def _asked(self, url: str, offset: int, length: int) -> bytes:
        span = {"Range": f"bytes={offset}-{offset + length - 1}", "User-Agent": self._agent}
        with urlopen(Request(url, headers=span), timeout=_PATIENCE) as answer:  # noqa: S310 - is_remote says which schemes
            if answer.status != _PARTIAL_CONTENT:
                raise BadAddress(f"{url}: the server does not give parts of files (status {answer.status})")
            return answer.read(length)  # type: ignore[no-any-return]

    def unknown(self, rehydration: Rehydration) -> list[str]:
        """Files that rows are missing from, if not one of them can be read: they are keys of an unknown archive."""
        if self._storage is not None:
            return []
        names = list(dict.fromkeys(row["warcFile"] for row in rehydration.missing()))
        return [] if any(is_remote(name) or Path(name).exists() for name in names) else names

    def fill(self, rehydration: Rehydration, gate: AccessGate) -> Iterator[str]:
        """Offer a record of each row that is missing; gives the problem of each capture that could not be read."""
        for row in list(rehydration.missing()):
            try:
                self._fill_one(row, rehydration, gate)
            except HTTPError as error:
                yield f"{row['warcFile']} at {row['warcOffset']}: status {error.code}"
            except (ArchiveError, OSError, HTTPException, ValueError) as error:
                yield f"{row['warcFile']} at {row['warcOffset']}: {getattr(error, 'strerror', None) or error}"

    def _fill_one(self, row: Row, rehydration: Rehydration, gate: AccessGate) -> None:
        member = self.read(row["warcFile"], row["warcOffset"], row["warcLength"])
        capture = first_capture(iterate_records(io.BytesIO(member)))
        if capture is None:
            raise DamagedArchive("no capture there")
        made = derive(capture, b"", row["warcFile"])
        if made.article is not None:
            rehydration.offer(record_of(made.article.to_json_line().encode()), gate)
        else:
            rehydration.note(PageOutcomeLine(**{**dict(made.line), "url": row["url"]}))
