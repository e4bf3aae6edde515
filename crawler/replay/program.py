"""Running pywb as a separate program: it is licensed under the GPL and never imported."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

from crawler.config import ConfigurationError

COLLECTION = "archive"
_LONGEST_START = 60.0
_LONGEST_STOP = 10.0
_TAIL = 2000


class ReplayFailed(ConfigurationError):
    """pywb cannot be run, or ended by itself. The message says what to do or what it said."""


def find_program(named: str) -> Path:
    """Pywb's ``wayback``: the one that is named, or beside this Python, or on the path. Raises ReplayFailed."""
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise ReplayFailed(f"pywb: {named}: no such program; give the path of pywb's `wayback`")
        return path
    beside = Path(sys.executable).with_name("wayback")
    found = str(beside) if beside.is_file() else shutil.which("wayback")
    if found is None:
        raise ReplayFailed(
            "replay: pywb is not installed; install it in its own environment (`pipx install pywb`), "
            "or set `pywb` to the path of its `wayback`"
        )
    return Path(found)


@contextmanager
def running(program: Path, index_directory: Path, captures: str) -> Iterator[str]:
    """Pywb over an index, with WARC files below the address `captures`; gives the collection's address.

    Raises ReplayFailed.
    """
    with TemporaryDirectory(prefix="newswarc-pywb-") as place:
        collection = {"index_paths": f"{index_directory}/", "archive_paths": captures}
        # JSON is YAML too (YAML 1.2, section 1.3)
        config = {"collections": {COLLECTION: collection}, "enable_memento": True}
        (Path(place) / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
        port = _free_port()
        log = Path(place) / "log"
        with log.open("wb") as said:
            command = [str(program), "-b", "127.0.0.1", "-p", str(port), "-d", place]
            process = subprocess.Popen(command, cwd=place, stdout=said, stderr=said, stdin=subprocess.DEVNULL)  # noqa: S603 - the operator's own program
            try:
                _wait(process, port, log)
                yield f"http://127.0.0.1:{port}/{COLLECTION}/"
                if process.poll() is not None:
                    raise ReplayFailed(f"replay: pywb exited unexpectedly: {_tail(log)}")
            finally:
                _end(process)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ends = time.monotonic() + _LONGEST_START
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise ReplayFailed(f"replay: pywb exited with code {process.returncode}: {_tail(log)}")
        try:
            with urlopen(f"http://127.0.0.1:{port}/", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise ReplayFailed(f"replay: pywb did not respond within {_LONGEST_START:.0f} seconds: {_tail(log)}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_LONGEST_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tail(log: Path) -> str:
    return " ".join(log.read_text("utf-8", "replace")[-_TAIL:].split()) or "no output"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
