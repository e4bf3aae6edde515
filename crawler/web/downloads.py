"""Downloads of selections: streamed while they are made, and resumable.

A download is made once, into a file of this machine, and sent from it while it grows. So its first bytes come at
once; memory holds a part of it; and a download that broke off is resumed by a range request (RFC 9110, section 14)
from the same bytes. A file's name is the digest of all that its content follows from: the query, the form, the index
that answers it, and the access rules that hold. When one of these changes, the file goes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from archive.errors import ArchiveError
from crawler.web.bounded_work import Places
from crawler.web.selected_records import Form

_PART = 1 << 18
_MAKING = 4
_MAKING_OF_ONE = 2
"""Downloads that are made at once, and of these for one client."""
_LOOK = 0.05
"""Seconds between two looks for more, where a reader is faster than the making."""
_STALLED = 600.0
"""Seconds without a byte after which a reader gives up."""


class DownloadBroken(OSError):
    """A download that could not be made to its end. The client sees an answer that breaks off."""


@dataclass(slots=True)
class Download:
    """A file that is being made, or is complete."""

    name: str
    path: Path
    size: int = 0
    """Bytes that can be read."""
    is_complete: bool = False
    problem: str = ""
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def etag(self) -> str:
        """Strong: the same bytes (RFC 9110, section 8.8.3)."""
        return f'"{self.name}"'

    def wait(self, seconds: float) -> bool:
        """Whether it is complete, after at most so many seconds."""
        with self.changed:
            self.changed.wait_for(lambda: self.is_complete or bool(self.problem), seconds)
        return self.is_complete

    def parts(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Its bytes from a place on, as they come. Raises DownloadBroken."""
        at, waited = start, time.monotonic()
        with self.path.open("rb") as file:
            file.seek(at)
            while end is None or at < end:
                part = file.read(_PART if end is None else min(_PART, end - at))
                if part:
                    at, waited = at + len(part), time.monotonic()
                    yield part
                elif self.is_complete and at >= self.size:
                    return
                elif self.problem or time.monotonic() - waited > _STALLED:
                    raise DownloadBroken(self.problem or "a download stalled")
                else:
                    with self.changed:
                        self.changed.wait(_LOOK)


class Downloads:
    """The downloads of a server, in a directory of their own."""

    def __init__(self, directory: Path, budget: int) -> None:
        """`directory` is for the downloads of all servers of this archive on this machine; those of servers that have
        ended are removed. `budget` is how many bytes the downloads of this one take at most. Raises OSError.
        """
        self._budget = budget
        self._lock = threading.Lock()
        self._known: dict[str, Download] = {}
        self._version = ""
        self._making = Places(_MAKING, _MAKING_OF_ONE)
        self._is_closed = False
        directory.mkdir(parents=True, exist_ok=True)
        for other in directory.iterdir():
            _remove_if_left(other)
        self._directory = Path(tempfile.mkdtemp(prefix="server-", dir=directory))
        self._held = _held(self._directory)

    def get(
        self, version: str, query: str, form: Form, make: Callable[[BinaryIO], None], client: str = ""
    ) -> Download:
        """The download of a query in a form; `make` writes it if it is not there yet. `version` is that of all that
        the content follows from besides; `client` is whose share of what is made at once it takes.

        Raises Busy or OSError.
        """
        name = hashlib.sha256("\0".join((version, query, form)).encode()).hexdigest()[:40]
        with self._lock:
            self._forget_others(version)
            known = self._known.get(name)
            if known is not None and not known.problem:
                return known
            self._making.take(client)
            try:
                self._make_room()
                download = Download(name, self._directory / f"{name}.download")
                file = download.path.open("wb", buffering=_PART)
            except OSError:
                self._making.give_back(client)
                raise
            self._known[name] = download
        arguments = (download, file, make, client)
        threading.Thread(target=self._make, args=arguments, name="download", daemon=True).start()
        return download

    def close(self) -> None:
        """Stop making, and remove the files."""
        with self._lock:
            self._is_closed = True
            shutil.rmtree(self._directory, ignore_errors=True)
            os.close(self._held)

    def _make(self, download: Download, file: BinaryIO, make: Callable[[BinaryIO], None], client: str) -> None:
        # Whatever ends the making, also a fault of this program, only what came to its end is complete
        problem = "this download could not be made"
        try:
            with file:
                make(cast(BinaryIO, _Counting(self, download, file)))
                file.flush()
            problem = ""
        except (ArchiveError, OSError, ValueError) as error:
            problem = str(error) or type(error).__name__
        finally:
            self._making.give_back(client)
            with download.changed:
                download.problem = problem
                with suppress(OSError):
                    download.size = download.path.stat().st_size
                download.is_complete = not problem
                download.changed.notify_all()

    def _forget_others(self, version: str) -> None:
        if version == self._version:
            return
        self._version = version
        for download in self._known.values():
            # Who reads it reads on; nobody begins
            download.path.unlink(missing_ok=True)
        self._known.clear()

    def _make_room(self) -> None:
        """Remove the oldest that are complete, until there is room for another of half the budget."""
        complete = [one for one in self._known.values() if one.is_complete or one.problem]
        for download in complete:
            if self._taken() <= self._budget // 2:
                return
            download.path.unlink(missing_ok=True)
            del self._known[download.name]

    def _taken(self) -> int:
        return sum(download.size for download in self._known.values())

    def grown(self, download: Download, size: int) -> None:
        """A download has so many bytes now. Raises DownloadBroken when there is no room for more."""
        download.size = size
        if self._is_closed:
            raise DownloadBroken("the server ends")
        # One that was forgotten while it was made is not among those that are known
        if max(self._taken(), size) > self._budget:
            raise DownloadBroken("there is no room for this download; narrow the query down")


def _held(directory: Path) -> int:
    """A descriptor by which a directory is known to be in use, until it is closed or its process ends.

    Raises BlockingIOError when another process has it, OSError.
    """
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise
    return file


def _remove_if_left(directory: Path) -> None:
    with suppress(OSError):
        file = _held(directory)
        shutil.rmtree(directory, ignore_errors=True)
        os.close(file)


class _Counting:
    """A file that tells how much was written. All that the writers of tables need of a file."""

    def __init__(self, downloads: Downloads, download: Download, file: BinaryIO) -> None:
        self._downloads = downloads
        self._download = download
        self._file = file
        self._size = 0
        self._told = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        """Write."""
        written = self._file.write(data)
        self._size += written
        if self._size - self._told >= _PART:
            self._told = self._size
            self._file.flush()
            self._downloads.grown(self._download, self._size)
        return written

    def tell(self) -> int:
        """Bytes so far."""
        return self._size

    def flush(self) -> None:
        """Let readers have what was written."""
        self._file.flush()

    def close(self) -> None:
        """The file is closed by who opened it."""

    def readable(self) -> bool:
        """No."""
        return False

    def writable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """No."""
        return False
