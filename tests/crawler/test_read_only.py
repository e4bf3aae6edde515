"""An archive on a disk that takes nothing can be read, by every command that only reads."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.library import articles
from archive.storage.local import LocalStorage
from tests.support.processes import PROGRAM, environment, newswarc

_DROP_FROM_BOUNDING_SET = 24
_CAPABILITIES = (1, 2)
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, by which root passes over permissions (capabilities(7))."""


def as_anybody() -> None:
    """Let permissions hold for root too, in the program that follows."""
    library = ctypes.CDLL(None)
    for number in _CAPABILITIES if os.getuid() == 0 else ():
        library.prctl(_DROP_FROM_BOUNDING_SET, number, 0, 0, 0)


@pytest.fixture(scope="module")
def read_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """An archive that nothing can be written to, and the address of an article in it."""
    place = tmp_path_factory.mktemp("read-only")
    assert newswarc("demo", "-q", "--port", "0", "--to", "archive", cwd=place).code == 0
    root = place / "archive"
    url = next(articles(LocalStorage(root))).url
    paths = sorted(root.rglob("*"), reverse=True)
    modes = {path: path.stat().st_mode for path in [*paths, root]}
    for path in modes:
        path.chmod(0o444 if path.is_file() else 0o555)
    yield place, url
    for path, mode in reversed(modes.items()):
        path.chmod(mode)


@pytest.mark.parametrize(
    "command",
    [
        "records archive",
        "records archive --outcomes",
        "find URL archive",
        "show URL archive --headers",
        "history URL archive",
        "verify archive --deep",
        "status --to archive",
        "status --to archive --json",
        "dataset list archive",
        "dataset stats --from archive",
        "dataset build set --from archive --to elsewhere -q",
        "export warc archive --output out.warc.gz",
        "wacz archive --output out.wacz",
        "rebuild archive --to elsewhere -q",
        "extract archive --to elsewhere -q",
    ],
)
def test_what_only_reads_needs_no_permission_to_write(
    read_only: tuple[Path, str], tmp_path: Path, command: str
) -> None:
    place, url = read_only
    words = [
        str(place / "archive") if word == "archive" else url if word == "URL" else word for word in command.split()
    ]
    done = subprocess.run(
        [PROGRAM, *words],
        cwd=tmp_path,
        env=environment(XDG_CACHE_HOME=str(tmp_path / "cache")),
        capture_output=True,
        text=True,
        timeout=100,
        preexec_fn=as_anybody,
    )
    assert done.returncode == 0, done.stderr
    if command.startswith("verify"):
        assert "the result is not kept in the archive" in done.stderr
    else:
        assert "Permission denied" not in done.stderr
    if command.startswith(("records", "find", "show", "history", "status", "dataset stats")):
        assert done.stdout


def test_what_writes_says_so_in_one_line(read_only: tuple[Path, str], tmp_path: Path) -> None:
    place, url = read_only
    for words in (["crawl", url], ["recover"], ["upload"]):
        done = subprocess.run(
            [PROGRAM, *words, "--to", str(place / "archive")],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=as_anybody,
        )
        said = [line for line in done.stderr.splitlines() if line.startswith("newswarc: ")]
        assert (done.returncode, len(said)) == (2, 1), done.stderr
        assert "Traceback" not in done.stderr
