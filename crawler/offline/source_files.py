"""Files to read, wherever they are: on this machine, at ``https://`` or ``s3://`` URLs, or named in lists of paths.

A file that is elsewhere is copied to this machine when its turn comes, in ranges, so that a lost connection costs one
range; the copy is removed when the next file is asked for. A file that cannot be had is a problem, and the others go
on.
"""

from __future__ import annotations

import gzip
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import Request, urlopen

from archive.errors import ArchiveError, BadAddress
from archive.storage.opening import open_storage
from archive.storage.s3_options import S3Options

_RANGE = 16 << 20
_PATIENCE = 60.0
_TRIES = 5
_PARTIAL_CONTENT = 206
_REMOTE = ("https://", "http://", "s3://")


def is_remote(name: str) -> bool:
    """Whether a file is elsewhere."""
    return name.startswith(_REMOTE)


def listed(path: Path, base: str) -> list[str]:
    """The files that a list names, one per line, such as Common Crawl's ``warc.paths.gz``.

    Names without a scheme are below `base`; without one, they are files on this machine. Raises OSError.
    """
    data = path.read_bytes()
    text = (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode("utf-8", "surrogateescape")
    names = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    start = f"{base.rstrip('/')}/" if base else ""
    if start.startswith("s3://"):
        return [name if is_remote(name) else f"{start}{name.lstrip('/')}" for name in names]
    return [urljoin(start, name) if start else name for name in names]


class SourceFiles:
    """Files by name, each on this machine while it is its turn."""

    def __init__(
        self,
        names: Iterable[str],
        scratch: Path,
        *,
        s3: S3Options,
        agent: str,
        is_done: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """`scratch` is a directory for copies, `agent` the User-Agent.

        Files of which `is_done` says that their results are there, by their last name, are not copied. One that is
        named again comes once.
        """
        self.problems: list[str] = []
        """A line for each file that could not be had."""
        self._names = list(dict.fromkeys(names))
        self._scratch = scratch
        self._s3 = s3
        self._agent = agent
        self._is_done = is_done
        self._origins: dict[str, str] = {}

    def origin(self, file: str) -> str:
        """The name by which a file was given."""
        return self._origins.get(file, file)

    def __iter__(self) -> Iterator[Path]:
        for number, name in enumerate(self._names):
            if not is_remote(name):
                yield Path(name)
                continue
            directory = self._scratch / str(number)
            directory.mkdir(parents=True)
            copy = directory / (unquote(urlsplit(name).path).rpartition("/")[2] or "file")
            self._origins[str(copy)] = name
            try:
                if not self._is_done(copy.name):
                    self._copy(name, copy)
                yield copy
            except (OSError, ArchiveError, HTTPException, ValueError) as error:
                self.problems.append(f"{name}: {error}")
            finally:
                shutil.rmtree(directory, ignore_errors=True)

    def _copy(self, name: str, copy: Path) -> None:
        if not name.startswith("s3://"):
            _download(name, copy, self._agent)
            return
        place, _, key = name.rpartition("/")
        if not key or place == "s3:/":
            raise BadAddress(f"{name}: an object in S3 has a name behind its bucket")
        fetched = open_storage(place, self._s3).fetch(key, copy.parent)
        if fetched != copy:
            fetched.rename(copy)
        os.utime(copy, (0, 0))  # the same object is the same file, so that an interrupted extraction goes on


def _download(url: str, copy: Path, agent: str) -> None:
    """Copy a file range by range (RFC 9110, section 14). Raises OSError, HTTPException or ValueError."""
    with copy.open("wb") as target:
        tries, total, validator = 0, -1, ""
        while total < 0 or target.tell() < total:
            start = target.tell()
            headers = {
                "User-Agent": agent,
                "Range": f"bytes={start}-{start + _RANGE - 1}",
                "Accept-Encoding": "identity",
            }
            headers |= {"If-Range": validator} if validator and start else {}
            try:
                with urlopen(Request(url, headers=headers), timeout=_PATIENCE) as answer:  # noqa: S310 - see is_remote
                    total = _take(answer, target)
                    validator = answer.headers.get("ETag", "")
                    modified = answer.headers.get("Last-Modified", "")
                tries = 0
            except (OSError, HTTPException) as error:
                tries += 1
                if tries == _TRIES or (isinstance(error, HTTPError) and error.code < 500):
                    raise
                target.seek(start)
                target.truncate()
                time.sleep(2.0**tries / 4)
    moment = parsedate_to_datetime(modified).timestamp() if modified else 0
    os.utime(copy, (moment, moment))


def _take(answer: HTTPResponse, target: IO[bytes]) -> int:
    """Append what an answer brings; how long the file is. One without ranges brings the whole file."""
    if answer.status != _PARTIAL_CONTENT:
        target.seek(0)
        target.truncate()
    before = target.tell()
    shutil.copyfileobj(answer, target, 1 << 20)
    expected = answer.headers.get("Content-Length", "")
    if expected.isdigit() and target.tell() - before != int(expected):
        raise OSError("the connection ended too early")
    if answer.status != _PARTIAL_CONTENT:
        return target.tell()
    return int(answer.headers.get("Content-Range", "").rpartition("/")[2])
