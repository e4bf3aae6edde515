"""The files that a replay tool reads: by which name of this machine they are given."""

from __future__ import annotations

import http.client
from pathlib import Path

import pytest

from archive.storage.local import LocalStorage
from crawler.replay.listing import PageListing
from crawler.replay.server import CAPTURES, ReplayServer


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{}", 200),
        ("localhost:{}", 200),
        ("evil.example:{}", 421),
        ("127.0.0.1.evil.example:{}", 421),
        ("", 421),
    ],
)
def test_another_name_of_this_machine_reads_no_captures(tmp_path: Path, host: str, status: int) -> None:
    (tmp_path / "one.warc.gz").write_bytes(b"captured")
    with ReplayServer(0, "test", PageListing([]), LocalStorage(tmp_path)) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
        connection.request("GET", f"{CAPTURES}one.warc.gz", headers={"Host": host.format(server.server_port)})
        answer = connection.getresponse()
        assert answer.status == status
        assert (answer.read() == b"captured") is (status == 200)
        connection.close()
