"""Mistakes that used to pass without a word, and took effect all the same."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from archive.storage.addresses import parse_address
from crawler.config import Configuration, ConfigurationError, load_configuration
from crawler.polite.block_list import BlockList
from crawler.setting_files import require_files
from spiders.site import Access, site_of_address
from tests.support.processes import PROGRAM, environment, newswarc


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"ferry.example/private", "ferry.example/private"),
        (b"# all\n*.ferry.example", "*.ferry.example"),
        (b"ftp://ferry.example/", "ftp://ferry.example/"),
        ("f\u00e4hre.example".encode(), "f\u00e4hre.example"),
        ("ferry.example".encode("utf-16"), "UTF-8"),
    ],
)
def test_an_entry_that_would_block_nothing(tmp_path: Path, written: bytes, said: str) -> None:
    (tmp_path / "block").write_bytes(written)
    with pytest.raises(ConfigurationError, match="block_list") as caught:
        require_files(Configuration(block_list=str(tmp_path / "block")))
    assert said in str(caught.value)


def test_entries_that_block(tmp_path: Path) -> None:
    (tmp_path / "block").write_text("\ufeffFerry.example # all of it\nhttps://Paper.example/Private/\n127.0.0.1\n")
    require_files(Configuration(block_list=str(tmp_path / "block")))
    blocks = BlockList(tmp_path / "block").blocks
    assert blocks("https://www.ferry.example/a")
    assert blocks("https://paper.example/Private/a")
    assert not blocks("https://paper.example/private/a")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("concurrency = true", "concurrency: true is not a number"),
        ("delay = false", "delay: false is not a number"),
        ('redact_headers = ["x-key: secret"]', "'x-key: secret' is not the name of a header"),
        ('frontier = "mysql://me:hush@db/news"', "frontier: mysql is not supported"),
        ('frontier = "db.example"', "frontier: not a database URL"),
    ],
)
def test_values_of_another_kind(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "newswarc.toml").write_text(line)
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(tmp_path / "newswarc.toml", {})
    assert said in str(caught.value)
    assert "hush" not in str(caught.value)
    assert "newswarc.toml" in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        {"headers": {"X-Key": "a\nHost: paper.example"}},
        {"headers": {"X Key": "a"}},
        {"cookies": {"seen": "1; Domain=example"}},
        {"cookies": {"": "1"}},
    ],
)
def test_what_cannot_be_sent(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"can.t be sent|not a name"):
        Access(**values)


def test_a_front_page_at_a_port_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="99999"):
        site_of_address("http://paper.example:99999/")


def test_a_directory_named_like_a_user() -> None:
    assert parse_address("./~nobody-of-this-name").directory == Path("~nobody-of-this-name")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--urls", "none.txt"), "none.txt: lists no URL"),
        (("https://paper.example/", "--since", "2026-02-03", "--until", "2026-02-01"), "is not before --until"),
    ],
)
def test_what_would_ask_for_nothing(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    (tmp_path / "none.txt").write_text("# later\n\n")
    done = newswarc("crawl", *options, cwd=tmp_path)
    assert done.code == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_a_full_disk_behind_standard_output_is_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [PROGRAM, "--version"], cwd=tmp_path, env=environment(), stdout=full, stderr=subprocess.PIPE
        )
    (line,) = done.stderr.decode().splitlines()
    assert line.endswith("No space left on device")
    assert done.returncode != 0
