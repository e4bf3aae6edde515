"""Libraries of the extra ``research``, imported when they are first needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from archive.errors import BadAddress


class MissingLibrary(BadAddress):
    """A library of the extra ``research`` is not installed."""


def library(name: str) -> Any:
    """Import a library. Raises MissingLibrary."""
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingLibrary(f"{name} is not installed; install newswarc with the extra research") from error
