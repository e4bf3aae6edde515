"""Each archive has a state of its own, and keeps the one it had."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import StorageUnavailable
from archive.storage.addresses import parse_address
from archive.storage.local import LocalStorage
from crawler.config import Configuration, ConfigurationError
from crawler.demo.server import DemoServer
from crawler.keeping import state_adoption
from crawler.keeping.state_adoption import adopt_state
from crawler.state_place import REMOTE_STATES, ArchiveIdentity, former_place, own_place, read_identity, state_place
from tests.support.processes import newswarc

PARTS = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,5}[a-z0-9])?", fullmatch=True).filter(lambda text: ".." not in text)
ADDRESSES = st.tuples(
    st.one_of(PARTS, st.tuples(PARTS, st.lists(PARTS, min_size=1, max_size=3).map("/".join)).map("/".join)),
    st.sampled_from(["", "http://one:9000", "http://two:9000"]),
).filter(lambda pair: not pair[0].partition("/")[0].replace(".", "").isdigit())


@given(ADDRESSES, ADDRESSES)
def test_two_archives_have_two_states(one: tuple[str, str], other: tuple[str, str]) -> None:
    places = [own_place(parse_address(f"s3://{address}"), endpoint) for address, endpoint in (one, other)]
    assert (places[0] == places[1]) == (one == other)


def test_what_the_first_versions_called_alike_is_told_apart() -> None:
    addresses = [parse_address("s3://a/b-c"), parse_address("s3://a-b/c"), parse_address("s3://a-b-c")]
    assert len({former_place(address) for address in addresses}) == 1
    assert len({own_place(address, "") for address in addresses}) == 3


def test_a_state_of_the_first_versions_goes_to_the_first_that_claims_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (REMOTE_STATES / "a-b").mkdir(parents=True)
    first, second = Configuration(archive="s3://a/b"), Configuration(archive="s3://a-b")
    assert first.state_directory == second.state_directory == REMOTE_STATES / "a-b"
    first.claim_state()
    assert first.state_directory == REMOTE_STATES / "a-b", "its place is its name on a shared frontier"
    assert second.state_directory != REMOTE_STATES / "a-b"
    second.claim_state()
    assert read_identity(second.state_directory) == ArchiveIdentity("s3://a-b")
    assert state_place(parse_address("s3://a/b"), "http://elsewhere:9") != REMOTE_STATES / "a-b"


def test_a_state_that_says_nothing_readable_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "archive.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"archive\.json: can't be read"):
        Configuration(archive="s3://a/b", state=str(tmp_path)).claim_state()


def test_a_directory_of_another_archive_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state"
    Configuration(archive=str(tmp_path / "one"), state=str(state)).claim_state()
    Configuration(archive=str(tmp_path / "one"), state=str(state)).claim_state()
    with pytest.raises(ConfigurationError, match=r"belongs to the archive .*/one, not to .*/two; set `state`"):
        Configuration(archive=str(tmp_path / "two"), state=str(state)).claim_state()


def test_a_state_in_its_archive_moves_with_it(tmp_path: Path) -> None:
    Configuration(archive=str(tmp_path / "one")).claim_state()
    (tmp_path / "one").rename(tmp_path / "two")
    Configuration(archive=str(tmp_path / "two")).claim_state()
    with pytest.raises(ConfigurationError, match="belongs to the archive"):
        Configuration(archive=str(tmp_path / "three"), state=str(tmp_path / "two" / "state")).claim_state()


def crawl(server: DemoServer, archive: str, cwd: Path, *more: str) -> Any:
    host = server.base.removeprefix("http://")
    done = newswarc(
        "crawl",
        f"{server.base}/",
        "--allow-host",
        host,
        "--to",
        archive,
        "--json",
        *more,
        cwd=cwd,
        NEWSWARC_DELAY="0",
    )
    assert done.code == 0, done.err
    return done.json()


@pytest.mark.parametrize("known_here", [True, False], ids=["this archive's", "another's"])
def test_a_state_of_the_first_versions_is_kept_if_its_segments_are_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known_here: bool
) -> None:
    """Made as the first versions made it: without a file that says whose it is, under the readable name alone."""
    monkeypatch.chdir(tmp_path)
    with DemoServer() as server:
        crawl(server, "copy", tmp_path)
    former = REMOTE_STATES / "bucket-news"
    shutil.copytree("copy/state", former)
    (former / "archive.json").unlink()
    stored = LocalStorage(Path("copy" if known_here else "empty"))
    monkeypatch.setattr(state_adoption, "open_storage", lambda *_: stored)
    configuration = Configuration(archive="s3://bucket/news")
    adopt_state(configuration)
    assert (configuration.state_directory == former) is known_here
    assert read_identity(configuration.state_directory) == ArchiveIdentity("s3://bucket/news")
    assert (former / "archive.json").exists() is known_here


def test_whose_state_it_is_cannot_be_told_without_the_storage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with DemoServer() as server:
        crawl(server, "copy", tmp_path)
    shutil.copytree("copy/state", REMOTE_STATES / "bucket-news")
    (REMOTE_STATES / "bucket-news" / "archive.json").unlink()

    class Away(LocalStorage):
        def list(self, prefix: str) -> Any:
            raise StorageUnavailable("s3://bucket/news: no answer")

    monkeypatch.setattr(state_adoption, "open_storage", lambda *_: Away(tmp_path))
    with pytest.raises(ConfigurationError, match="whether it belongs to this archive can't be checked"):
        adopt_state(Configuration(archive="s3://bucket/news"))
    assert read_identity(REMOTE_STATES / "bucket-news") is None


def test_a_local_state_without_a_name_refetches_nothing(tmp_path: Path) -> None:
    with DemoServer() as server:
        crawl(server, "a", tmp_path)
        (tmp_path / "a" / "state" / "archive.json").unlink()
        server.requests.clear()
        crawl(server, "a", tmp_path, "--dry-run")
        crawl(server, "a", tmp_path)
        assert not [path for path, _ in server.requests if path.startswith("/stories/")]
        assert (tmp_path / "a" / "state" / "archive.json").exists()


@pytest.mark.parametrize("name", ["what?a", "per%20cent", "hash#b", "two words", "a&b;c"])
def test_any_directory_can_be_an_archive(tmp_path: Path, name: str) -> None:
    with DemoServer() as server:
        assert sum(crawl(server, name, tmp_path)["articles"].values()) > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [name], "nothing lands beside it"
    assert (tmp_path / name / "state" / "frontier.sqlite").exists()


def test_scratch_space_is_elsewhere_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    configuration = Configuration(archive=str(tmp_path / "a"))
    assert configuration.index_directory == tmp_path / "a" / "state" / "index"
    allowed = os.access

    def access(path: Any, mode: int) -> bool:
        return not Path(path).is_relative_to(tmp_path / "a") and allowed(path, mode)

    (tmp_path / "a").mkdir()
    monkeypatch.setattr(os, "access", access)
    other = Configuration(archive=str(tmp_path / "a"), state=str(tmp_path / "a" / "other"))
    assert configuration.index_directory.is_relative_to(tmp_path / "cache")
    assert configuration.index_directory != other.index_directory
