"""Parts of an archive: together all of it, none of it twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import BadAddress
from archive.sharding import WHOLE, Shard
from archive.storage.local import LocalStorage
from crawler.demo.server import DemoServer
from tests.support.processes import newswarc


@given(st.text(min_size=1), st.integers(1, 50))
def test_each_segment_is_in_one_part(segment: str, of: int) -> None:
    assert sum(Shard(number, of).holds(segment) for number in range(1, of + 1)) == 1
    assert WHOLE.holds(segment)


@pytest.mark.parametrize("text", ["", "0/2", "3/2", "1/0", "a/b", "2", "-1/2", "1/2/3"])
def test_mistakes(text: str) -> None:
    with pytest.raises(BadAddress, match="write NUMBER/OF"):
        Shard.parse(text)


def test_commands_do_their_part(tmp_path: Path) -> None:
    with DemoServer() as server:
        host = server.base.removeprefix("http://")
        done = newswarc(
            "crawl", f"{server.base}/", "--json", "--allow-host", host, cwd=tmp_path,
            NEWSWARC_DELAY="0.05", NEWSWARC_SEGMENT_AGE="0.2", NEWSWARC_SYNC_INTERVAL="0.05", NEWSWARC_CONTACT="tests@example.org",
        )  # fmt: skip
    assert done.code == 0, done.err
    whole = {item.key for item in LocalStorage(tmp_path / "newswarc-data").list("records/")}
    segments = {key.rpartition("/")[2].partition(".")[0] for key in whole}
    assert len(segments) > 2
    verified = [
        newswarc("verify", "--deep", "--json", "--shard", f"{part}/2", cwd=tmp_path).json() for part in (1, 2)
    ]
    assert sum(found["segments"] for found in verified) == len(segments)
    assert not any(found["faults"] for found in verified)
    made: set[str] = set()
    for part in (1, 2):
        done = newswarc("extract", "newswarc-data", "--to", f"part{part}", "--shard", f"{part}/2", cwd=tmp_path)
        assert done.code == 0, done.err
        keys = {item.key for item in LocalStorage(tmp_path / f"part{part}").list("records/")}
        assert not keys & made
        made |= keys
    assert made == whole
    rebuilt = newswarc("rebuild", "newswarc-data", "--json", "--shard", "1/2", cwd=tmp_path).json()
    assert len(rebuilt["segments"]) == verified[0]["segments"]
    mistaken = newswarc("rebuild", "newswarc-data", "--frontier", "--shard", "1/2", cwd=tmp_path)
    assert mistaken.code == 2
    assert "leave out --shard" in mistaken.err
