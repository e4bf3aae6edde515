"""A user's mistake becomes one clear line; `-v` shows where it came from.

Exit codes: 0 all well; 1 the run finished but something failed; 2 bad usage or configuration;
130 interrupted.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import typer
from rich.console import Console

from archive.errors import ArchiveError, BadAddress, StorageError
from crawler.config import ConfigurationError
from spiders.catalog import SiteError

USAGE = 2
FAILURE = 1
INTERRUPTED = 130


@runtime_checkable
class _Complaint(Protocol):
    """What Typer raises for a command line that it cannot read; its base class has no public name."""

    exit_code: int

    def show(self) -> None: ...


_MISTAKES = (ConfigurationError, SiteError, BadAddress)


class UsageError(ConfigurationError):
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
    except BrokenPipeError:
        # Whoever read the output has seen enough
        sys.stderr.close()
        return 0
    except (*_MISTAKES, ArchiveError, OSError) as error:
        return _explain(error, verbose=any(word in ("-v", "-vv", "--verbose") for word in arguments))
    except Exception as error:
        if isinstance(error, _Complaint):
            error.show()
            return USAGE
        raise


def _explain(error: Exception, *, verbose: bool) -> int:
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    if verbose:
        traceback.print_exc()
    console.print(f"newswarc: {error}", markup=False)
    mistaken = isinstance(error, (*_MISTAKES, StorageError, OSError))
    return USAGE if mistaken else FAILURE
