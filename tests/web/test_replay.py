"""Replay beside the server, and pywb that reads the server's index from elsewhere."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.replay.tools import WAYBACK, needs_pywb
from tests.support.processes import PROGRAM, environment, free_ports
from tests.web.asking import Server
from tests.web.captured import QUAY, TEXTS, Captured
from tests.web.elements import Elements


def got(url: str, seconds: float = 60.0) -> str:
    """What is at an address, once something answers there."""
    ends = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            return f"{error.code}"
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)


@contextmanager
def running(*command: str | Path, cwd: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command, cwd=cwd, env=environment(**variables), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


@needs_pywb
@pytest.mark.long
def test_pywb_reads_our_index_from_elsewhere(kept: Server, captured: Captured, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    collection = {
        "index_paths": f"cdx+http://127.0.0.1:{kept.port}/cdx",
        "archive_paths": f"{captured.place}/",
    }
    (tmp_path / "config.yaml").write_text(json.dumps({"collections": {"remote": collection}}))
    with running(WAYBACK, "-b", "127.0.0.1", "-p", str(port), "-d", str(tmp_path), cwd=tmp_path):
        shown = got(f"http://127.0.0.1:{port}/remote/20260301090000id_/{QUAY}")
        assert TEXTS[QUAY] in shown
        again = got(f"http://127.0.0.1:{port}/remote/20260301100000id_/{QUAY}")
        assert TEXTS[QUAY] in again, "a revisit is resolved through the index"
        assert got(f"http://127.0.0.1:{port}/remote/2026id_/https://news.example/nowhere") == "404"


@needs_pywb
def test_serve_replays_on_another_origin(captured: Captured, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with running(
        PROGRAM, "serve", str(captured.place), "--port", str(port), cwd=tmp_path, NEWSWARC_PYWB=str(WAYBACK)
    ) as process:
        page = got(f"http://127.0.0.1:{port}/captures?url={QUAY}")
        links = [link for link in Elements(page).links() if link.endswith(QUAY) and link.startswith("http://")]
        assert len(links) == 2
        host, _, other = links[0].removeprefix("http://").partition("/")[0].partition(":")
        assert host == "localhost", "another host name: cookies of one are none of the other"
        assert other != str(port)
        assert TEXTS[QUAY] in got(links[0].replace("00/http", "00id_/http", 1))
        assert process.poll() is None


def test_without_the_extra_other_commands_work(tmp_path: Path) -> None:
    """As if Starlette were not installed."""
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "sitecustomize.py").write_text(
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('starlette', 'uvicorn', 'jinja2', 'babel'):\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
    )
    variables = environment(PYTHONPATH=str(blocked))
    for command, code in ((["--version"], 0), (["serve", "."], 2), (["token", "list"], 0)):
        done = subprocess.run(
            [PROGRAM, *command], cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        if command[0] == "serve":
            assert "install newswarc[web]" in done.stderr
