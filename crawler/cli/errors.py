"""Turning a user's mistake into one clear line; `-v` shows the traceback.

Exit codes: 0 success; 1 the run finished but something failed; 2 wrong usage or configuration;
130 interrupted.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import typer

from crawler.cli.terminal import reader_is_gone

USAGE = 2
FAILURE = 1
INTERRUPTED = 130

_VERBOSE = re.compile(r"--verbose|-[a-z]*v[a-z]*")


@runtime_checkable
class _Complaint(Protocol):
    """What Typer raises for a command line that it cannot read; its base class has no public name."""

    exit_code: int

    def show(self) -> None: ...


class UsageError(Exception):
    """The command line asks for something that makes no sense."""


def run(command: Callable[[], object], arguments: list[str]) -> int:
    """Run a command; its exit code."""
    try:
        result = command()
        return result if isinstance(result, int) else 0
    except typer.Exit as ended:
        return ended.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except SystemExit as ended:
        # Typer's and Rich's answer to a pipe that nobody reads any more: whoever read it has seen enough
        if reader_is_gone():
            return 0
        return ended.code if isinstance(ended.code, int) else FAILURE
    except Exception as error:
        if isinstance(error, BrokenPipeError) and reader_is_gone():
            return 0
        if isinstance(error, _Complaint):
            error.show()
            return USAGE
        code = _code_of(error)
        if code is None:
            raise
        return _explain(error, code, verbose=any(_VERBOSE.fullmatch(word) for word in arguments))


def _code_of(error: Exception) -> int | None:
    """The exit code of an error that has an explanation fit for a person; None: it is a fault of this program."""
    # Imported late: most commands end without an error, and these modules take their time
    from archive.errors import ArchiveError, BadAddress, StorageError
    from archive.search.engine import SearchUnavailable
    from archive.search.query import BadQuery
    from crawler.config import ConfigurationError
    from spiders.catalog import SiteError

    mistakes = (
        UsageError,
        ConfigurationError,
        SiteError,
        BadAddress,
        BadQuery,
        SearchUnavailable,
        StorageError,
        OSError,
    )
    if isinstance(error, mistakes):
        return USAGE
    return FAILURE if isinstance(error, ArchiveError) else None


def _said(error: Exception) -> str:
    """What an error says to a person: the system's own name its file first, and no number."""
    if type(error).__str__ is OSError.__str__ and isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _explain(error: Exception, code: int, *, verbose: bool) -> int:
    from rich.console import Console

    if verbose:
        traceback.print_exc()
    line = " ".join(f"newswarc: {_said(error)}".split())
    Console(stderr=True, soft_wrap=True, highlight=False).print(line, markup=False)
    return code
