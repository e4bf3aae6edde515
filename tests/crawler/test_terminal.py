"""What a terminal and a pipeline may expect of the program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from threading import Event

import pytest

from archive.library import articles
from archive.storage.local import LocalStorage
from crawler.demo.server import DemoServer, Reply
from tests.crawler.test_politeness import answer
from tests.support.processes import PROGRAM, environment, newswarc


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the demonstration newspaper's archive in it."""
    directory = tmp_path_factory.mktemp("crawled")
    assert newswarc("demo", "-q", "--port", "0", cwd=directory).code == 0
    return directory


def shell(line: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[bytes]:
    variables = {"PROGRAM": str(PROGRAM), **variables}
    return subprocess.run(
        ["bash", "-c", line], cwd=cwd, env=environment(**variables), capture_output=True, timeout=60,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # the tests themselves may run under nohup
    )  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        "records",
        "records --outcomes",
        "find --match domain 127.0.0.1",
        "status",
        "sites",
        "sites --json",
        "config --table",
        "config --json",
        "schema",
        "crawl --help",
        "--help",
        "verify --json",
        "dataset stats --json",
        "dataset stats",
        "health --json",
    ],
)
def test_a_reader_that_goes_away_is_no_error(crawled: Path, command: str) -> None:
    """`true` reads nothing: the pipe is shut before the first byte, or after the last that fits into it."""
    done = shell(f'"$PROGRAM" {command} | true; echo "${{PIPESTATUS[0]}}"', crawled)
    assert done.stdout.decode().strip() == "0", done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr


def test_a_closed_standard_error_is_no_error(crawled: Path) -> None:
    done = shell('"$PROGRAM" records 2>&- | wc -l; echo "${PIPESTATUS[0]}"', crawled)
    lines, code = done.stdout.decode().split()
    assert (int(lines) > 10, code) == (True, "0")


def test_a_crawl_goes_on_whose_standard_error_nobody_reads(tmp_path: Path) -> None:
    with DemoServer() as server:
        host = server.base.removeprefix("http://")
        line = f'"$PROGRAM" crawl {server.base}/ --allow-host {host} --to'
        end = 'echo "${PIPESTATUS[0]}"'
        gone = shell(f"{line} gone 2>&1 >/dev/null | true; {end}", tmp_path, NEWSWARC_DELAY="0")
        closed = shell(f"{line} closed 2>&- | cat; {end}", tmp_path, NEWSWARC_DELAY="0")
    for done, name in ((gone, "gone"), (closed, "closed")):
        assert done.stdout.decode().split()[-1] == "0", done.stderr.decode()
        assert len(list(articles(LocalStorage(tmp_path / name)))) > 10
        for warc in (tmp_path / name / "warc").rglob("*.warc.gz"):
            assert warc.read_bytes()[:2] == b"\x1f\x8b", "nothing else was written into it"


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "iso-8859-1", "PYTHONUTF8": "0"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=["latin-1", "ascii"],
)
def test_json_is_utf_8_in_every_locale(crawled: Path, variables: dict[str, str]) -> None:
    done = shell('"$PROGRAM" records --lang ar', crawled, **variables)
    assert done.returncode == 0, done.stderr.decode()
    found = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
    assert found
    assert all("\u0600" <= record["headline"][0] <= "\u06ff" for record in found)


def test_a_narrow_terminal_cuts_no_name(crawled: Path) -> None:
    done = shell('"$PROGRAM" sites; "$PROGRAM" dataset stats', crawled, COLUMNS="20")
    text = done.stdout.decode()
    assert "…" not in text
    assert "found on the front page" in text or "feed" in text
    assert any(line.strip().startswith("fr/") and line.rstrip().endswith("not yet") for line in text.splitlines())


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_closed_terminal_ends_a_crawl_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    asked = Event()

    def slow() -> Reply:
        asked.set()
        time.sleep(0.3)
        return Reply(b"<html><body><p>A page.</p></body></html>")

    with DemoServer() as server:
        answer(monkeypatch, {f"/slow/{name}": slow for name in range(40)})
        listed = "\n".join(f"{server.base}/slow/{name}" for name in range(40))
        (tmp_path / "list.txt").write_text(listed)
        host = server.base.removeprefix("http://")
        command = [str(PROGRAM), "crawl", "--urls", "list.txt", "--allow-host", host, "-q"]
        running = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment(NEWSWARC_DELAY="0", NEWSWARC_CONCURRENCY="1"),
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )
        assert asked.wait(60)
        running.send_signal(number)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 130, said.decode()
    assert list((tmp_path / "newswarc-data" / "manifests").rglob("*.json")), "what was captured is stored"


def test_nohup_is_heard(tmp_path: Path) -> None:
    program = "from crawler.ending_signals import ending_signals; print([one.name for one in ending_signals()])"
    python = PROGRAM.parent / "python"
    for before in ("trap '' HUP", "trap - HUP"):
        done = shell(f'{before}; exec "$PYTHON" -c "{program}"', Path(__file__).parents[2], PYTHON=str(python))
        assert (b"SIGHUP" in done.stdout) is (before == "trap - HUP"), done.stderr


def test_a_connection_that_breaks_is_no_reader_that_goes_away() -> None:
    """Typer takes both for the same; a crawl that lost its database must not end as if all were well."""
    program = (
        "import sys\nfrom crawler.cli import about\nfrom crawler.cli.main import run_program\n"
        "def broken():\n    raise BrokenPipeError(32, 'Broken pipe')\n"
        "about.schema = broken\nsys.exit(run_program(['schema']))"
    )
    done = subprocess.run(
        [PROGRAM.parent / "python", "-c", program],
        cwd=Path(__file__).parents[2],
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("newswarc: a connection was broken")


@pytest.mark.parametrize("url", ["http://[bad/", "http://host:port/", "http://", "//", "http://a:99999/", ":"])
@pytest.mark.parametrize("command", [["find"], ["show"], ["history"], ["redact", "--reason", "why"]])
def test_an_address_that_is_none_is_one_line(crawled: Path, command: list[str], url: str) -> None:
    done = newswarc(command[0], url, *command[1:], cwd=crawled)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert "write https://host/path" in done.err


def test_descriptors_are_taken_before_a_file_can_have_them() -> None:
    program = (
        "import os\nos.close(2)\nfrom crawler.cli.terminal import prepare_streams\nprepare_streams()\n"
        "number = os.open('/dev/null', os.O_RDONLY)\nassert number > 2, number\n"
        "import sys\nprint('said', file=sys.stderr)\nprint('fine')"
    )
    python = PROGRAM.parent / "python"
    done = subprocess.run([python, "-c", program], cwd=Path(__file__).parents[2], capture_output=True, env=os.environ)
    assert done.stdout == b"fine\n"
