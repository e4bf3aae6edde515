"""The worked examples of docs/how-to/data-sets.md and use-from-python.md are run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.datasets.test_clients import PYTHON
from tests.replay.conftest import (
    Archived,
    newspaper,  # noqa: F401 - a fixture
)
from tests.support.processes import PROGRAM, ROOT, environment
from tests.support.processes import newswarc as command

EXAMPLES = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs" / "how-to" / "data-sets.md").read_text(encoding="utf-8"), re.S
)
pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="NO CLIENTS: `make dataset-clients` installs them")


@pytest.fixture(scope="module")
def place(newspaper: Archived) -> Path:  # noqa: F811
    built = command("dataset", "build", "harbour", "--from", "newswarc-data", "--quiet", cwd=newspaper.place)
    assert built.code == 0, built.err
    pulled = command("dataset", "pull", "harbour", "--from", "newswarc-data", "--quiet", cwd=newspaper.place)
    assert pulled.code == 0, pulled.err
    (newspaper.place / "news").symlink_to("newswarc-data")
    return newspaper.place


EXPECTED = ("2026-01", "copies", "en ", "Mara Ellison", "HTTP/1.1 200 OK")


def test_there_are_five() -> None:
    assert len(EXAMPLES) == len(EXPECTED)


@pytest.mark.parametrize("number", range(len(EXPECTED)))
def test_an_example(number: int, place: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [PYTHON, "-c", EXAMPLES[number]],
        cwd=place,
        env=environment(
            HF_HOME=str(tmp_path), HF_ENDPOINT="http://127.0.0.1:9", HF_HUB_DISABLE_TELEMETRY="1",
            PATH=f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}",
        ),
        capture_output=True,
        text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert EXPECTED[number] in done.stdout


def test_the_examples_of_use_from_python(place: Path, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "how-to" / "use-from-python.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", text, re.S)
    assert len(examples) == 4
    (tmp_path / "newswarc-data").symlink_to(place / "newswarc-data")
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(examples)], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "articles\n" in done.stdout
    assert (tmp_path / "found.parquet").exists()
