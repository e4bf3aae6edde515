"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.cli.about import CONFIGURATION_PAGE
from crawler.config import configuration_table
from tests.support.processes import ROOT

PACKAGES = ("archive", "pipelines", "spiders", "crawler")
LONGEST_FILE = 400
LONGEST_FUNCTION = 40
MEDIAN_FUNCTION = 10


def sources() -> list[Path]:
    return [path for package in (*PACKAGES, "tests", "benchmarks") for path in sorted((ROOT / package).rglob("*.py"))]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


def test_files_are_short() -> None:
    long = {
        path.name: n for path in sources() if (n := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    }
    assert not long


def test_functions_are_short() -> None:
    own = [path for path in sources() if path.relative_to(ROOT).parts[0] in PACKAGES]
    lengths = {f"{path.relative_to(ROOT)}:{name}": length for path in own for name, length in functions(path)}
    too_long = {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION}
    # The options of a command are its documentation: one line each, without a body to speak of
    for command in ("crawler/cli/crawl.py:crawl", "crawler/cli/dataset.py:build"):
        too_long.pop(command, None)
    assert not too_long
    assert statistics.median(lengths.values()) < MEDIAN_FUNCTION


@pytest.mark.parametrize("word", ["utils", "manager", "helpers", "misc", "common"])
def test_no_room_without_a_meaning(word: str) -> None:
    assert not [path for path in sources() if path.stem == word]


def test_every_test_folder_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}
    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]


def test_the_lock_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "--index" not in lock
    assert lock.count("--hash=sha256:") > lock.count("==")


def test_the_configuration_is_documented() -> None:
    written = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert written.rstrip() == (CONFIGURATION_PAGE + configuration_table()).rstrip(), "make schema"


def test_the_newspaper_and_the_sites_are_packaged() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert "crawler/demo/stories.toml" in listed
    assert sum(1 for name in listed if name.startswith("spiders/sites/") and name.endswith(".toml")) >= 10
