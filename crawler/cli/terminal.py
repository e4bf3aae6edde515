"""Preparing the standard streams for pipelines: UTF-8, no error when a reader is gone, none closed."""

from __future__ import annotations

import io
import os
import select
import sys
from typing import Literal, TextIO

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

_STANDARD_OUTPUT = 1
_STANDARD_ERROR = 2
_ANY_WIDTH = 1 << 16
_GONE = select.POLLERR | select.POLLHUP | select.POLLNVAL


_at_start: set[tuple[int, int]] = set()
"""What standard output was when the program began."""


class _ForgivingError(io.RawIOBase):
    """Standard error. What cannot be said there any more, since the terminal or the reader has gone, is not said."""

    name = "<stderr>"

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        view = memoryview(data)  # type: ignore[arg-type]  # whatever the text layer gives has a buffer
        try:
            return os.write(_STANDARD_ERROR, view)
        except OSError:
            return view.nbytes

    def fileno(self) -> int:
        return _STANDARD_ERROR

    def isatty(self) -> bool:
        return os.isatty(_STANDARD_ERROR)


def prepare_streams() -> None:
    """Set the standard streams up. To be called first, before any file is opened."""
    # Else the first file that is opened would be standard error, and what a library writes there would go into it
    for descriptor in (0, _STANDARD_OUTPUT, _STANDARD_ERROR):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # processes of our own need them just as well
    _at_start.add(_output_file())
    sys.stdin = sys.stdin or _text(0, "rb")
    sys.stdout = sys.stdout or _text(_STANDARD_OUTPUT, "wb")
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(_ForgivingError(), buffer_size=1), encoding, "backslashreplace", write_through=True
    )
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal is written as it reads; files and programs get the same bytes wherever this runs. What is no
            # character is escaped, as in JSON
            if not stream.isatty():
                stream.reconfigure(encoding="utf-8")
            if stream is sys.stdout:
                stream.reconfigure(errors="backslashreplace")


def _text(descriptor: int, mode: Literal["rb", "wb"]) -> TextIO:
    return io.TextIOWrapper(os.fdopen(descriptor, mode, closefd=False), "utf-8")


def _output_file() -> tuple[int, int]:
    status = os.fstat(_STANDARD_OUTPUT)
    return status.st_dev, status.st_ino


def reader_is_gone() -> bool:
    """Whether nobody reads standard output any more."""
    if _at_start and _output_file() not in _at_start:
        return True  # Rich has found out, and has put the null device in its place
    poll = select.poll()
    poll.register(_STANDARD_OUTPUT, select.POLLOUT)
    return any(happened & _GONE for _, happened in poll.poll(0))


def flush_output() -> bool:
    """Write what is left to standard output; whether that could be done, or its reader has gone."""
    try:
        sys.stdout.flush()
    except OSError as error:
        # So that the interpreter does not try again at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STANDARD_OUTPUT)
        if isinstance(error, BrokenPipeError):
            return True
        sys.stderr.write(f"newswarc: standard output: {error.strerror}\n")
        return False
    return True


def print_whole(console: Console, part: Table | Text) -> None:
    """Print a line, or a table with all that is in its cells, wider than the terminal if it has to be."""
    needed = Measurement.get(console, console.options.update(max_width=_ANY_WIDTH), part).maximum
    usual = console.width
    console.width = max(usual, needed)
    console.print(part)
    console.width = usual
