"""The table of how-to/corpus.md and the notebooks are run, from an empty directory."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import PROGRAM, ROOT, environment

CORPUS = ROOT / "docs" / "how-to" / "corpus.md"
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
TABLE = "source,hosts,name,country,wikidata\nxx/demo,127.0.0.1,Demo,fr,Q1\n"

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


def run(*command: str, cwd: Path) -> str:
    variables = environment(
        PATH=f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}", NEWSWARC_DELAY="0", MPLBACKEND="agg"
    )
    done = subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, timeout=800)
    assert done.returncode == 0, f"{' '.join(command)[:300]}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
    return done.stdout


def rows() -> list[tuple[str, list[str]]]:
    """What is wanted, and the code of each line of the table."""
    lines = CORPUS.read_text(encoding="utf-8").splitlines()
    cells = [line.strip("|").split(" | ", 1) for line in lines if line.startswith("| ") and "`" in line]
    return [(wanted.strip(), re.findall(r"`([^`]+)`", how)) for wanted, how in cells]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("corpus")
    run("newswarc", "demo", "--to", "news", "--quiet", cwd=place)
    run("newswarc", "index", "build", "news", "--quiet", cwd=place)
    run("newswarc", "dataset", "build", "all", "--from", "news", "--quiet", cwd=place)
    (place / "papers.csv").write_text(TABLE, encoding="utf-8")
    shutil.copyfile(next((place / "news" / "warc").rglob("*.warc.gz")), place / "crawl.warc.gz")
    return place


def is_command(code: str) -> bool:
    return code.startswith(("newswarc ", "cat "))


def test_the_table_is_long() -> None:
    assert len(rows()) >= 30


def test_each_line_of_python_does_what_it_says(place: Path) -> None:
    python = [code for _, codes in rows() for code in codes if not is_command(code)]
    assert all(code.count(";") <= 3 for code in python), "more than a few lines"
    python += [
        "told = [len(df), len(headlines), len(found), len(hits), page[:12], len(moments)]",
        "assert told == [5, 13, 1, 1, b'HTTP/1.1 200', 1], told",
        "assert db.sql('SELECT count(*) FROM articles').fetchall() == [(15,)]",
        "assert entry.startswith('@online{')",
    ]
    run(sys.executable, "-c", "\n".join(python), cwd=place)


def test_each_command_does_what_it_says(place: Path) -> None:
    run("bash", "-e", "-c", "\n".join(code for _, codes in rows() for code in codes if is_command(code)), cwd=place)
    assert (place / "stories.csv").read_text(encoding="utf-8").count("\n") == 16
    assert (place / "shares.csv").read_text(encoding="utf-8").startswith("query,month,articles,of,share\nharbour,")
    assert json.loads((place / "filled" / "manifest.json").read_bytes())["rehydrated"] == {"same": 15}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: str(path.stem))
def test_a_notebook_comes_to_its_end(notebook: Path, tmp_path: Path) -> None:
    cells = [cell for cell in json.loads(notebook.read_bytes())["cells"] if cell["cell_type"] == "code"]
    assert len(cells) >= 4
    assert not any(cell["outputs"] for cell in cells), "results are not kept with the notebook"
    run(sys.executable, "-c", "\n\n".join("".join(cell["source"]) for cell in cells), cwd=tmp_path)


def test_there_are_three_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["corpus-to-plot", "sharing", "wire-copies"]
    index = (ROOT / "docs" / "notebooks" / "index.md").read_text(encoding="utf-8")
    assert all(path.name in index for path in NOTEBOOKS)
