"""``newswarc token`` and ``newswarc serve`` on the command line: what they print, and what they refuse."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest

from tests.support.processes import newswarc
from tests.web.asking import serving
from tests.web.captured import Captured


@pytest.fixture
def place(captured: Captured, tmp_path: Path) -> Path:
    shutil.copytree(captured.place, tmp_path / "newswarc-data")
    return tmp_path


def test_a_token_is_made_shown_once_and_taken_away(place: Path) -> None:
    made = newswarc("token", "add", "Clara Halvard", "--role", "read", "--expires", "2040-01-01", "--json", cwd=place)
    assert made.code == 0, made.err
    facts = made.json()
    assert (facts["name"], facts["roles"]) == ("Clara Halvard", ["read"])
    listed = newswarc("token", "list", "--json", cwd=place)
    assert [json.loads(line)["id"] for line in listed.out.splitlines()] == [facts["id"]]
    assert facts["token"] not in listed.out
    assert "sha256" not in listed.out
    with serving(place / "newswarc-data", web_guard="tokens") as server:
        assert server.ask("/", Authorization=f"Bearer {facts['token']}").status == 200
        assert server.ask("/download", Authorization=f"Bearer {facts['token']}").status == 403
        assert newswarc("token", "remove", facts["id"], cwd=place).code == 0
        assert server.ask("/", Authorization=f"Bearer {facts['token']}").status == 401, "at once"
    assert newswarc("token", "list", cwd=place).out == ""


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("token", "add", "x", "--role", "admin"), "choose from read, download, curate, operate"),
        pytest.param(("token", "add", "x", "--expires", "soon"), "is not a date", marks=pytest.mark.long),
        (("token", "add", "x", "--expires", "2020-01-01"), "is in the past"),
        (("token", "add", "x", "elsewhere"), "elsewhere: no archive here"),
        pytest.param(("token", "add", " "), "the name is empty", marks=pytest.mark.long),
        (("token", "remove", "nope"), "no token has this id"),
        (("serve", "--listen", "0.0.0.0:8091"), "readers elsewhere need a guard"),
        pytest.param(("serve", "--listen", "8091x"), "ADDRESS:PORT", marks=pytest.mark.long),
        pytest.param(("serve", "--listen", "127.0.0.1:1", "--port", "2"), "not both", marks=pytest.mark.long),
    ],
)
def test_a_mistake_gives_one_line(place: Path, command: tuple[str, ...], said: str) -> None:
    done = newswarc(*command, cwd=place)
    assert done.code == 2
    assert said in " ".join(done.err.split())
    assert "Traceback" not in done.err


def test_a_port_that_is_taken_is_refused_before_an_address_is_shown(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = newswarc("serve", "--no-replay", "--port", str(port), cwd=place)
    assert (done.code, done.out) == (2, "")
    assert f"cannot listen on 127.0.0.1:{port} (Address already in use); give another --port" in done.err
    assert "http://" not in done.err


def test_a_place_without_an_archive_is_refused(tmp_path: Path) -> None:
    done = newswarc("serve", str(tmp_path / "nothing"), cwd=tmp_path)
    assert done.code == 2
    assert "no archive here" in " ".join(done.err.split())
