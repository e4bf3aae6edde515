"""Both storages do the same: a directory, and a real S3 server."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from archive.errors import BadAddress, DamagedArchive, ObjectExists, ObjectMissing, StorageRefused, StorageUnavailable
from archive.manifests import file_sha256
from archive.storage.local import LocalStorage
from archive.storage.opening import open_storage
from archive.storage.protocol import Storage
from archive.storage.s3 import S3Storage
from archive.storage.s3_options import S3Options
from tests.support.seaweed import S3Server

Opener = Callable[[str], Storage]


@pytest.fixture(params=["directory", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "directory":
        return open_storage(str(tmp_path / "archive"))
    server: S3Server = request.getfixturevalue("s3_environment")
    return open_storage(f"s3://{server.bucket}/{tmp_path.name}", S3Options(server.endpoint))


def file_of(path: Path, data: bytes) -> tuple[Path, str]:
    path.write_bytes(data)
    return path, hashlib.sha256(data).hexdigest()


def test_what_is_put_can_be_read_by_ranges(storage: Storage, tmp_path: Path) -> None:
    file, digest = file_of(tmp_path / "file", bytes(range(256)))
    storage.put("warc/2026/a b+é.warc.gz", file, digest)
    assert storage.open_range("warc/2026/a b+é.warc.gz").read() == bytes(range(256))
    assert storage.open_range("warc/2026/a b+é.warc.gz", 10, 5).read() == bytes(range(10, 15))
    assert storage.open_range("warc/2026/a b+é.warc.gz", 250).read() == bytes(range(250, 256))
    assert storage.stat("warc/2026/a b+é.warc.gz").size == 256
    assert storage.fetch("warc/2026/a b+é.warc.gz", tmp_path).read_bytes() == bytes(range(256))


def test_a_large_file_is_verified_too(storage: Storage, tmp_path: Path) -> None:
    data = hashlib.sha256(b"seed").digest() * (S3Options().part_size // 32 * 2 + 1000)
    file, digest = file_of(tmp_path / "large", data)
    storage.put("warc/large", file, digest)
    copy = storage.fetch("warc/large", tmp_path)
    assert file_sha256(copy) == digest


def test_put_replaces_and_put_if_absent_does_not(storage: Storage, tmp_path: Path) -> None:
    for text in (b"one", b"two"):
        storage.put("x/y", *file_of(tmp_path / "file", text))
    assert storage.open_range("x/y").read() == b"two"
    storage.put_if_absent("m/n.json", b"first")
    with pytest.raises(ObjectExists):
        storage.put_if_absent("m/n.json", b"second")
    assert storage.open_range("m/n.json").read() == b"first"


def test_listing_is_sorted_and_bounded_by_the_prefix(storage: Storage) -> None:
    for key in ("b/2", "b/10", "a/1", "bc/1", "b/1/x"):
        storage.put_if_absent(key, key.encode())
    assert [item.key for item in storage.list("b/")] == ["b/1/x", "b/10", "b/2"]
    assert [item.key for item in storage.list("nothing/")] == []
    assert {item.size for item in storage.list("b/")} == {3, 4, 5}


def test_what_is_missing_is_said(storage: Storage, tmp_path: Path) -> None:
    questions: list[Callable[[], object]] = [
        lambda: storage.open_range("no/thing").read(),
        lambda: storage.stat("no/thing"),
        lambda: storage.fetch("no/thing", tmp_path),
    ]
    for ask in questions:
        with pytest.raises(ObjectMissing):
            ask()
    storage.put_if_absent("some/thing", b"x")
    storage.delete("some/thing")
    storage.delete("some/thing")
    assert list(storage.list("some/")) == []


def test_a_file_that_changed_meanwhile_is_not_stored(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "archive")
    file, _ = file_of(tmp_path / "file", b"changed")
    with pytest.raises(DamagedArchive):
        storage.put("warc/x", file, "0" * 64)
    assert list(storage.list("warc/")) == []


def test_a_directory_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("a file")
    with pytest.raises(StorageRefused):
        LocalStorage(tmp_path / "archive").put_if_absent("a/b", b"x")


def test_a_bucket_that_is_not_there_is_refused(s3_environment: S3Server) -> None:
    storage = S3Storage("no-such-bucket", "x", S3Options(s3_environment.endpoint))
    with pytest.raises(StorageRefused, match="NoSuchBucket"):
        list(storage.list(""))


@pytest.mark.usefixtures("s3_environment")
def test_a_server_that_is_not_there_is_unavailable() -> None:
    storage = S3Storage("archive", "x", S3Options("http://127.0.0.1:9", attempts=1))
    with pytest.raises(StorageUnavailable):
        storage.stat("x")


@pytest.mark.parametrize("address", ["", "s3://", "ftp://host/x", "s3:///prefix"])
def test_bad_addresses(address: str) -> None:
    with pytest.raises(BadAddress):
        open_storage(address)


def test_addresses(tmp_path: Path) -> None:
    assert open_storage(f"file://{tmp_path}").uri == str(tmp_path)
    assert open_storage("relative/place").uri == "relative/place"
