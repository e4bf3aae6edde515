"""Running pywb as a separate program: it is licensed under the GPL and never imported."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

from crawler.config import ConfigurationError
from crawler.replay.host_guard import HostGuard

COLLECTION = "archive"
_OWN_NAMES = ("127.0.0.1", "localhost")
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
def running(
    program: Path,
    index_directory: Path,
    captures: str,
    acl: Path | None = None,
    withheld: str = "",
    port: int = 0,
    names: Iterable[str] = (),
) -> Iterator[str]:
    """Pywb over an index, with WARC files below the address `captures`; gives the collection's address.

    Pywb answers by whatever name it is asked, so that a guard stands before it, which lets in who asks by a name of
    loopback or one of `names`. Pywb itself listens where nobody else's script can guess.

    `acl` is an ACL file, which may change; `withheld` is the address, but for a captured address at its end, of the
    page that says which rule withholds it. `port` 0 takes a free one.

    Raises ReplayFailed, or OSError when the port is taken.
    """
    with TemporaryDirectory(prefix="newswarc-pywb-") as place:
        collection: dict[str, object] = {"index_paths": f"{index_directory}/", "archive_paths": captures}
        if acl is not None:
            collection |= {"acl_paths": [str(acl)], "default_access": "allow"}
            _write_templates(Path(place) / "templates", withheld)
        # JSON is YAML too (YAML 1.2, section 1.3)
        config = {"collections": {COLLECTION: collection}, "enable_memento": True}
        (Path(place) / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
        address = _hidden_address()
        hidden = address, _free_port(address)
        log = Path(place) / "log"
        with log.open("wb") as said:
            command = [str(program), "-b", address, "-p", str(hidden[1]), "-d", place]
            process = subprocess.Popen(command, cwd=place, stdout=said, stderr=said, stdin=subprocess.DEVNULL)  # noqa: S603 - the operator's own program
            try:
                _wait(process, hidden, log)
                with HostGuard(port, (*_OWN_NAMES, *names), hidden) as guard:
                    yield f"http://127.0.0.1:{guard.port}/{COLLECTION}/"
                if process.poll() is not None:
                    raise ReplayFailed(f"replay: pywb exited unexpectedly: {_tail(log)}")
            finally:
                _end(process)


def _write_templates(directory: Path, withheld: str) -> None:
    """Pywb's pages on what is not shown, with the way to the rule (Jinja 2)."""
    directory.mkdir()
    for name, address, said in (
        (
            "error.html",
            "err_msg",
            "{% if err_status == 451 %}Withheld by an access rule{% else %}{{ err_msg }}{% endif %}",
        ),
        ("not_found.html", "url", "Not in this archive, or withheld by an access rule"),
    ):
        link = f'<a href="{withheld}{{{{ {address} | urlencode }}}}">Which rule?</a>'
        page = f'{{% extends "base.html" %}}{{% block body %}}<div class="container"><h4>{said}</h4>{link}</div>'
        (directory / name).write_text(f"{page}{{% endblock %}}\n", encoding="utf-8")


def _wait(process: subprocess.Popen[bytes], place: tuple[str, int], log: Path) -> None:
    ends = time.monotonic() + _LONGEST_START
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise ReplayFailed(f"replay: pywb exited with code {process.returncode}: {_tail(log)}")
        try:
            with urlopen(f"http://{place[0]}:{place[1]}/", timeout=5):
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


def _hidden_address() -> str:
    """One of the sixteen million addresses of loopback, where the system has more than one (RFC 1122, section
    3.2.1.3).
    """
    address = f"127.{secrets.randbelow(254) + 1}.{secrets.randbelow(256)}.{secrets.randbelow(254) + 1}"
    try:
        _free_port(address)
    except OSError:
        return "127.0.0.1"
    return address


def _free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])
