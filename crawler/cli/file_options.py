"""Which files a command reads: given by name, by URL, or in lists of paths."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.errors import UsageError

PathsOption = Annotated[
    list[Path] | None,
    typer.Option("--paths", metavar="FILE", help="Also read the files listed here, one per line (may be gzipped)."),
]
BaseOption = Annotated[
    str, typer.Option("--base", metavar="URL", help="Where the paths in --paths begin, such as s3://commoncrawl.")
]


def names_of(command: str, files: Sequence[str], paths: Sequence[Path] | None, base: str) -> list[str]:
    """All files that are meant. Raises UsageError when there are none, or a list cannot be read."""
    # Imported late: only some runs have files that are elsewhere
    from crawler.offline.source_files import listed

    if base and not paths:
        raise UsageError(f"{command}: --base only applies to --paths; give a list of paths as well")
    names = list(files)
    for path in paths or ():
        try:
            names += listed(path, base)
        except (OSError, EOFError) as error:
            raise UsageError(f"--paths {path}: {getattr(error, 'strerror', None) or error}") from error
    if not names:
        raise UsageError(f"{command}: name the files to read, or a list of them with --paths")
    require_some(names)
    return names


def require_some(names: Sequence[str]) -> None:
    """Raises UsageError when none of the files is there, as far as that can be told without contacting anyone."""
    from crawler.offline.source_files import is_remote

    if not any(is_remote(name) or Path(name).exists() for name in names):
        raise UsageError(f"{names[0]}: no such file")
