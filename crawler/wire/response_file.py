"""Where the large part of a response is kept while it is received: an unnamed file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import IO

from archive.errors import ArchiveError


class ResponseFileFailed(ArchiveError):
    """The disk refuses the rest of a response. Free disk space or fix permissions, then fetch it again."""


class ResponseFile:
    """An overflow for one response. The file is removed once nobody uses it, however the process ends."""

    def __init__(self, directory: Path | None = None) -> None:
        """`directory` is where the file is made; None for the system's directory of temporary files."""
        self._directory = directory
        self._file: IO[bytes] | None = None

    def write(self, data: bytes) -> None:
        """Take bytes. Raises ResponseFileFailed."""
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._directory)  # noqa: SIM115 - goes with its last holder
            self._file.write(data)
        except OSError as error:
            raise ResponseFileFailed(f"a large response can't be spooled: {error}") from error

    def file(self) -> IO[bytes]:
        """All that was taken. Raises ResponseFileFailed."""
        assert self._file is not None
        try:
            self._file.flush()
        except OSError as error:
            raise ResponseFileFailed(f"a large response can't be spooled: {error}") from error
        return self._file
