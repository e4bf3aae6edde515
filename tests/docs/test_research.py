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

pytestmark = pytest.mark.long


def run(*command: str, cwd: Path) -> str:
    variables = environment(
        PATH=f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}", NEWSWARC_DELAY="0", MPLBACKEND="agg"
    )
    done = subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, f"{' '.join(command)[:300]}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
    return done.stdout


def rows() -> list[tuple[str, list[str]]]:
    """What is wanted, and the code of each line of the table."""
    lines = CORPUS.read_text(encoding="utf-8").splitlines()
    cells = [line.strip("|").split(" | ", 1) for line in lines if line.startswith("| ") and "`" in line]
    return [(wanted.strip(), re.findall(r"`([^`]+)`", how)) for wanted, how in cells]


def test_each_line_of_the_table_does_what_it_says(tmp_path: Path) -> None:
    run("newswarc", "demo", "--to", "news", "--quiet", cwd=tmp_path)
    run("newswarc", "index", "build", "news", "--quiet", cwd=tmp_path)
    (tmp_path / "papers.csv").write_text(TABLE, encoding="utf-8")
    shutil.copyfile(next((tmp_path / "news" / "warc").rglob("*.warc.gz")), tmp_path / "crawl.warc.gz")
    assert len(rows()) >= 30
    python: list[str] = []
    for wanted, codes in rows():
        for code in codes:
            if code.startswith(("newswarc ", "cat ")):
                run("bash", "-e", "-c", code, cwd=tmp_path)
            else:
                assert code.count(";") <= 3, f"{wanted}: more than a few lines"
                python.append(code)
    python += [
        "told = [len(df), len(headlines), len(found), len(hits), page[:12], len(moments)]",
        "assert told == [5, 13, 1, 1, b'HTTP/1.1 200', 1], told",
        "assert db.sql('SELECT count(*) FROM articles').fetchall() == [(15,)]",
        "assert entry.startswith('@online{')",
    ]
    run(sys.executable, "-c", "\n".join(python), cwd=tmp_path)
    assert (tmp_path / "stories.csv").read_text(encoding="utf-8").count("\n") == 16
    assert (tmp_path / "shares.csv").read_text(encoding="utf-8").startswith("query,month,articles,of,share\nharbour,")
    assert json.loads((tmp_path / "filled" / "manifest.json").read_bytes())["rehydrated"] == {"same": 15}


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
