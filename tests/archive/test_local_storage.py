"""A directory as storage, on the file systems and in the arrangements that archives meet."""

from __future__ import annotations

import errno
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.errors import ObjectExists, StorageError, StorageUnavailable
from archive.storage.local import LocalStorage

KEY = "manifests/2026/11/24/a.json"


@pytest.fixture(params=[errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK])
def linkless(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStorage:
    """On a file system without hard links."""

    def link(*_: object, **__: object) -> None:
        raise OSError(request.param, "no links here")

    monkeypatch.setattr(os, "link", link)
    return LocalStorage(tmp_path)


def test_without_hard_links_the_first_writer_wins_too(linkless: LocalStorage) -> None:
    linkless.put_if_absent(KEY, b"first")
    with pytest.raises(ObjectExists):
        linkless.put_if_absent(KEY, b"second")
    assert linkless.open_range(KEY).read() == b"first"
    assert [path.name for path in linkless.root.rglob("*") if path.is_file()] == ["a.json"]


def test_without_hard_links_one_of_many_writers_wins(linkless: LocalStorage) -> None:
    def write(number: int) -> bool:
        try:
            linkless.put_if_absent(KEY, b"%d" % number * 1000)
        except StorageError:
            return False
        return True

    with ThreadPoolExecutor(8) as writers:
        won = [number for number, done in enumerate(writers.map(write, range(40))) if done]
    assert len(won) == 1
    assert linkless.open_range(KEY).read() == b"%d" % won[0] * 1000


def test_a_claim_that_its_writer_left_is_tidied_away(linkless: LocalStorage) -> None:
    claim = linkless.root / "manifests/2026/11/24/.a.json.claim.partial"
    claim.parent.mkdir(parents=True)
    claim.touch()
    with pytest.raises(StorageUnavailable, match="try again"):
        linkless.put_if_absent(KEY, b"x")
    assert linkless.tidy(datetime.now(UTC) + timedelta(seconds=5)) == 1
    linkless.put_if_absent(KEY, b"x")


def test_what_lies_behind_a_link_is_listed(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "archive")
    for year in (2025, 2026):
        storage.put_if_absent(f"warc/{year}/01/a", b"x")
    shutil.move(tmp_path / "archive/warc/2025", tmp_path / "disk")
    (tmp_path / "archive/warc/2025").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "back").symlink_to(tmp_path / "archive")
    found = [item.key for item in storage.list("warc/")]
    assert [key for key in found if "back" not in key] == ["warc/2025/01/a", "warc/2026/01/a"]
    assert len(found) < 10, "a link that leads back up is no way round and round"
    assert [item.key for item in storage.list("warc/2025/01/")] == ["warc/2025/01/a"]


@pytest.mark.skipif(os.getuid() == 0, reason="root reads every directory")
def test_a_directory_that_cannot_be_read_is_no_empty_one(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    storage.put_if_absent("warc/2026/a", b"x")
    (tmp_path / "warc/2026").chmod(0)
    try:
        with pytest.raises(StorageError):
            list(storage.list("warc/"))
    finally:
        (tmp_path / "warc/2026").chmod(0o755)
