"""``newswarc completion``: scripts for shell completion."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from typer.completion import get_completion_script  # type: ignore[attr-defined]  # not exported, though public

_VARIABLE = "_NEWSWARC_COMPLETE"
"""The variable by which Typer recognises a request for completion."""


class Shell(StrEnum):
    """A supported shell."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Annotated[Shell, typer.Argument(help="The shell that will read it.")]) -> None:
    """Print the script for shell completion.

    For the current session: `source <(newswarc completion bash)`. For all sessions: save it in your shell's
    completion directory.
    """
    typer.echo(completion_script(shell), nl=False)


def completion_script(shell: Shell) -> str:
    """The script, which calls the program for each completion."""
    return get_completion_script(prog_name="newswarc", complete_var=_VARIABLE, shell=shell.value).strip() + "\n"
