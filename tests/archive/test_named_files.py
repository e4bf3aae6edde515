"""A file that a user names never takes the place of another one unasked, and is never there in part."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from archive.errors import BadAddress
from archive.named_files import part_of, require_new, settle, write_new


def test_a_file_is_replaced_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "new" / "قائمة.csv"
    write_new(path, b"first", overwrite=False)
    with pytest.raises(BadAddress, match=r"is there already; .*--overwrite"):
        write_new(path, b"second", overwrite=False)
    assert path.read_bytes() == b"first"
    write_new(path, b"second", overwrite=True)
    assert path.read_bytes() == b"second"
    assert list(path.parent.iterdir()) == [path]


def test_a_link_that_leads_nowhere_is_taken_too(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(BadAddress):
        write_new(tmp_path / "link", b"x", overwrite=False)
    assert not (tmp_path / "gone").exists()


def test_what_is_no_regular_file_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_new(tmp_path / "pipe", b"told", overwrite=False)
    reader.join()
    assert read == [b"told"]
    with pytest.raises(IsADirectoryError):
        write_new(tmp_path, b"x", overwrite=True)


@pytest.mark.parametrize("refusal", [None, errno.EPERM, errno.ENOTSUP])
def test_of_two_writers_at_once_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: int | None
) -> None:
    if refusal is not None:  # a file system without hard links, as FAT is

        def refuse(*_names: object) -> None:
            raise OSError(refusal, os.strerror(refusal))

        monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "one"
    require_new(path, overwrite=False)
    with part_of(path) as mine, part_of(path) as theirs:
        mine.write_bytes(b"mine")
        theirs.write_bytes(b"theirs")
        settle(theirs, path, overwrite=False)
        with pytest.raises(BadAddress):
            settle(mine, path, overwrite=False)
    assert path.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [path]
