"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import json
import statistics
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.article import article_schema
from crawler.cli.manual import files
from crawler.cli.reference import pages
from tests.mutations import MUTATIONS, Mutation
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


def test_long_files_and_functions_are_named() -> None:
    """A long file or function is worth a thought, and no reason for a trick: it is a warning."""
    long = [
        f"{path.relative_to(ROOT)} ({lines} lines)"
        for path in sources()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    ]
    own = [path for path in sources() if path.relative_to(ROOT).parts[0] in PACKAGES]
    lengths = {f"{path.relative_to(ROOT)}:{name}": lines for path in own for name, lines in functions(path)}
    long += [f"{name} ({lines} lines)" for name, lines in lengths.items() if lines > LONGEST_FUNCTION]
    if long:
        warnings.warn(f"longer than usual: {', '.join(sorted(long))}", stacklevel=1)
    assert statistics.median(lengths.values()) < MEDIAN_FUNCTION


PACKAGE_FOLDERS = sorted(
    path.parent
    for package in PACKAGES
    for path in (ROOT / package).rglob("__init__.py")
    if path.parent.name != "versions"
)


@pytest.mark.parametrize("folder", PACKAGE_FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_a_package_lists_its_modules(folder: Path) -> None:
    documentation = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    _, _, listing = documentation.partition("Modules:\n")
    listed = [line.split()[0] for line in listing.splitlines() if line.startswith("    ")]
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    packages = {f"{path.parent.name}/" for path in folder.glob("*/__init__.py")}
    assert sorted(listed) == sorted(modules | packages)


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


@pytest.mark.parametrize(("name", "text"), pages().items(), ids=pages())
def test_the_reference_is_what_the_program_says(name: str, text: str) -> None:
    written = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert written == text, "run: make schema"
    assert "|  |" not in text, "an option, a field or an outcome without a meaning"


@pytest.mark.parametrize(("name", "text"), files().items(), ids=files())
def test_the_packaged_files_are_what_the_program_says(name: str, text: str) -> None:
    assert (ROOT / "packaging" / name).read_text(encoding="utf-8") == text, "run: make schema"


def test_the_published_schema_is_that_of_a_record() -> None:
    published = json.loads((ROOT / "docs" / "schema" / "article.schema.json").read_text(encoding="utf-8"))
    assert published == article_schema(), "run: make schema"


def test_the_newspaper_and_the_sites_are_packaged() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert "crawler/demo/stories.toml" in listed
    assert sum(1 for name in listed if name.startswith("spiders/sites/") and name.endswith(".toml")) >= 10


MOST_PUBLIC_METHODS = 12


@pytest.mark.parametrize("path", sorted((ROOT / "crawler" / "run").glob("*.py")), ids=lambda path: str(path.stem))
def test_the_parts_of_a_run_stay_small(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            functions = [child for child in node.body if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))]
            public = [function.name for function in functions if not function.name.startswith("_")]
            assert len(public) < MOST_PUBLIC_METHODS, node.name


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: str(mutation.area))
def test_a_line_that_mutations_change_is_there_once(mutation: Mutation) -> None:
    assert (ROOT / mutation.file).read_text(encoding="utf-8").count(mutation.line) == 1
