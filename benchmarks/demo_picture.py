"""Draws the terminal session that the README shows: ``python -m benchmarks.demo_picture docs/demo.svg``.

The commands are run as they are shown, in an empty directory, and Rich draws their output.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

_WIDTH = 96
_COMMANDS = (
    "newswarc demo 2>&1 | head -n 15",
    r"""newswarc records --lang en | head -n 1 | grep -Eo '"(headline|datePublished|wordCount)":("[^"]*"|[0-9]+)'""",
    "newswarc verify --deep",
)
_WEB_FONTS = re.compile(r"@font-face \{.*?\}", re.S)
"""Rich's pictures fetch their font from elsewhere; a reader's own will do."""


def draw(target: Path) -> None:
    """Run the session in an empty directory and write its picture."""
    with tempfile.TemporaryDirectory() as place, Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=_WIDTH, file=nowhere, force_terminal=True)
        for command in _COMMANDS:
            console.print(Text.assemble(("$ ", "green"), (command, "bold")))
            console.print(_output(command, Path(place)), markup=False, highlight=False)
        picture = console.export_svg(title="newswarc")
    target.write_text(_WEB_FONTS.sub("", picture).replace("Fira Code", "monospace"), encoding="utf-8")


def _output(command: str, place: Path) -> str:
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=place,
        env={"PATH": programs, "COLUMNS": str(_WIDTH)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return done.stdout


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
