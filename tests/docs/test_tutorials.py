"""The tutorials do what they say: their commands are run as they stand, from an empty directory."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import PROGRAM, ROOT, environment, free_ports

TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)
_USUAL_PORT = "8765"
_LONGEST = 200

EXPECTED = {
    "operator": ["articles would be fetched", "[[sources]]", "articles  15", "record 15", "no faults"],
    "archivist": ["HTTP/1.1 200 OK", "WARC-Date", "the fault was found", "newspaper.wacz", "it is gone"],
    "r": ["The title, without the site's name.", "2026-01", "wordCount", "authors", "cff-version"],
    "researcher": ['"headline"', "harbour@", "README.md", "parquet"],
    "web": ["ok", '"headline"', "ferry.csv", "text/html", "newswarc_site_articles"],
}
"""What a reader sees on the way, in this order."""


def test_every_tutorial_is_run() -> None:
    assert {path.stem for path in TUTORIALS} == set(EXPECTED)


def _marked(path: Path) -> Any:
    """R is a large program, which not every machine has."""
    marks = [pytest.mark.long, pytest.mark.skipif(shutil.which("Rscript") is None, reason="NO R")]
    return pytest.param(path, marks=marks if path.stem == "r" else [], id=path.stem)


@pytest.mark.parametrize("tutorial", [_marked(path) for path in TUTORIALS])
def test_a_reader_comes_to_the_end(tutorial: Path, tmp_path: Path) -> None:
    blocks = COMMANDS.findall(tutorial.read_text(encoding="utf-8"))
    assert len(blocks) >= 6
    # Another test may use the usual port meanwhile
    script = "\n".join(blocks).replace(_USUAL_PORT, str(free_ports(1)[0]))
    variables = environment(PATH=f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}", NEWSWARC_DELAY="0")
    shell = subprocess.Popen(
        ["bash", "-e", "-m", "-c", script],  # with job control, as a person's shell has it
        cwd=tmp_path,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = shell.communicate(timeout=_LONGEST)
    finally:
        if shell.poll() is None or shell.returncode:
            os.killpg(shell.pid, signal.SIGKILL)  # the newspaper that a broken tutorial leaves behind
    assert shell.returncode == 0, output
    place = 0
    for words in EXPECTED[tutorial.stem]:
        place = output.find(words, place)
        assert place >= 0, f"{words!r} is not in:\n{output}"
