"""Bars that show how far a command is, while a person looks on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn


@contextmanager
def bars(column: ProgressColumn, *, quiet: bool) -> Iterator[Progress]:
    """Bars on standard error, with a column of numbers behind each; none where that is no terminal."""
    console = Console(stderr=True, quiet=quiet)
    # Elsewhere Rich would leave an empty line in their place
    disable = not console.is_terminal
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), column)
    with Progress(*columns, console=console, transient=True, disable=disable) as progress:
        yield progress
