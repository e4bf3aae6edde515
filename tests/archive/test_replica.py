"""A replica is the archive, byte for byte, wherever it is and however often the copying died; and it brings it back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archive.datasets.withdrawing import withdraw
from archive.errors import StorageUnavailable
from archive.holdings import note_all
from archive.library import articles, segments
from archive.replica import Copied, Replication
from archive.storage.local import LocalStorage
from archive.storage.protocol import Storage
from archive.storage.s3_options import S3Options
from crawler.offline.verification import verify_archive
from tests.support.processes import newswarc
from tests.support.seaweed import S3Server

EARLY = Path(__file__).parent / "data" / "early-archive"


@pytest.fixture
def source(tmp_path: Path) -> LocalStorage:
    shutil.copytree(EARLY, tmp_path / "source")
    shutil.rmtree(tmp_path / "source" / "state", ignore_errors=True)
    storage = LocalStorage(tmp_path / "source")
    note_all(storage)
    return storage


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.relative_to(root).parts[0] != "state"
    }


def copied(source: Storage, target: Storage, scratch: Path, **options: Any) -> Copied:
    scratch.mkdir(exist_ok=True)
    return Replication(source, target, scratch, **options).run()


def sound(archive: Path) -> bool:
    return not verify_archive(str(archive), S3Options(), deep=True, workers=1, progress=lambda _: None).faults


def test_a_replica_is_the_archive_and_needs_nothing_the_second_time(source: LocalStorage, tmp_path: Path) -> None:
    target = LocalStorage(tmp_path / "replica")
    first = copied(source, target, tmp_path / "s")
    assert contents(target.root) == contents(source.root)
    assert first.objects == len(contents(source.root))
    assert first.bytes == sum(map(len, contents(source.root).values()))
    second = copied(source, target, tmp_path / "s")
    assert (second.objects, second.unchanged, second.faults) == (0, first.objects, [])
    assert sound(target.root)
    inodes = {path.stat().st_ino for path in source.root.rglob("*") if path.is_file()}
    assert not any(path.stat().st_ino in inodes for path in target.root.rglob("*")), "no link to the source's files"


class Dying:
    """A storage that goes away after some writes."""

    def __init__(self, storage: Storage, writes: int) -> None:
        self._storage = storage
        self._writes = writes

    def __getattr__(self, name: str) -> Any:
        if name in ("put", "put_if_absent"):
            self._writes -= 1
            if self._writes < 0:
                raise StorageUnavailable("gone")
        return getattr(self._storage, name)


def test_wherever_it_dies_the_replica_is_sound_and_the_next_copy_goes_on(
    source: LocalStorage, tmp_path: Path
) -> None:
    whole = len(contents(source.root))
    for writes in range(whole):
        target = LocalStorage(tmp_path / f"replica{writes}")
        with pytest.raises(StorageUnavailable):
            copied(source, Dying(target, writes), tmp_path / "s", jobs=1)
        # What has a manifest is whole
        for manifest in segments(target):
            assert target.stat(manifest.warc.key).size == manifest.warc.size
        again = copied(source, target, tmp_path / "s")
        assert again.objects == whole - writes, "what came over is not copied again"
        assert contents(target.root) == contents(source.root)


@pytest.fixture
def warc(source: LocalStorage) -> Iterator[Path]:
    yield next((source.root / "warc").rglob("*.warc.gz"))


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()
    path.write_bytes(data)


def test_damage_of_the_source_does_not_reach_the_replica(source: LocalStorage, tmp_path: Path, warc: Path) -> None:
    target = LocalStorage(tmp_path / "replica")
    copied(source, target, tmp_path / "s")
    before = contents(target.root)
    flip(warc)
    assert copied(source, target, tmp_path / "s", deep=True).faults == []
    assert contents(target.root) == before
    (target.root / warc.relative_to(source.root)).unlink()
    faults = copied(source, target, tmp_path / "s").faults
    assert [fault.key for fault in faults] == [str(warc.relative_to(source.root))]


def test_what_the_source_lost_stays_and_comes_back(source: LocalStorage, tmp_path: Path, warc: Path) -> None:
    target = LocalStorage(tmp_path / "replica")
    copied(source, target, tmp_path / "s")
    before = contents(source.root)
    segment = warc.name.partition(".")[0]
    for path in list(source.root.rglob(f"{segment}*")):
        path.unlink()
    kept = copied(source, target, tmp_path / "s")
    assert kept.only_there == len(before) - len(contents(source.root))
    assert contents(target.root) == before
    copied(target, source, tmp_path / "s")
    assert contents(source.root) == before
    assert sound(source.root)


def test_what_is_damaged_in_a_replica_is_found_and_replaced_when_asked(
    source: LocalStorage, tmp_path: Path, warc: Path
) -> None:
    target = LocalStorage(tmp_path / "replica")
    copied(source, target, tmp_path / "s")
    flip(target.root / warc.relative_to(source.root))
    assert copied(source, target, tmp_path / "s").objects == 0
    assert copied(source, target, tmp_path / "s", deep=True).objects == 1
    assert contents(target.root) == contents(source.root)


def test_a_redaction_and_a_rule_reach_the_replica(source: LocalStorage, tmp_path: Path) -> None:
    replica, place = tmp_path / "replica", tmp_path
    url = next(articles(source)).url
    assert newswarc("copy", "source", "replica", cwd=place).code == 0
    options = ("--reason", "an order", "--json")
    done = newswarc("redact", url, "source", "--yes", *options, cwd=place, NEWSWARC_STATE=str(tmp_path / "st"))
    assert done.code == 0, done.err
    rule = newswarc(
        "access", "block", "https://x.example/", "source", *options, cwd=place, NEWSWARC_STATE=str(tmp_path / "st")
    )
    assert rule.code == 0, rule.err
    done = newswarc("copy", "source", "replica", "--json", cwd=place)
    assert done.code == 0, done.err
    assert done.json()["removed"] == 1, "the former index"
    assert contents(replica) == contents(source.root)
    assert (
        rule.json()["id"] in newswarc("access", "list", "replica", cwd=place, NEWSWARC_STATE=str(tmp_path / "s2")).out
    )
    assert sound(replica)


def test_a_log_of_custody_grows_and_never_goes_back(source: LocalStorage, tmp_path: Path) -> None:
    target = LocalStorage(tmp_path / "replica")

    def write(root: Path, size: int) -> None:
        (root / "custody").mkdir(exist_ok=True)
        (root / "custody" / "checkpoint").write_text(f"log.example\n{size}\nAAAA\n")

    for size, shown in ((3, 3), (12, 12), (9, 12)):
        write(source.root, size)
        assert copied(source, target, tmp_path / "s").faults == []
        assert (target.root / "custody" / "checkpoint").read_text().splitlines()[1] == str(shown)


def test_a_withdrawn_data_set_is_withdrawn_in_the_replica(source: LocalStorage, tmp_path: Path) -> None:
    assert newswarc("dataset", "build", "news", "--from", "source", cwd=tmp_path).code == 0
    target = LocalStorage(tmp_path / "replica")
    copied(source, target, tmp_path / "s")
    assert contents(target.root) == contents(source.root)
    assert list(withdraw(source, {str(next(articles(source)).id)}, "an order")) == ["news@1"]
    copied(source, target, tmp_path / "s")
    assert contents(target.root) == contents(source.root)


def test_a_lost_archive_comes_back_from_s3(source: LocalStorage, tmp_path: Path, s3: S3Server) -> None:
    """The drill of the how-to: replica in a bucket, the archive gone, and back."""
    before, address = contents(source.root), f"s3://{s3.bucket}/replica"
    for _ in range(2):
        done = newswarc("copy", "source", address, "--json", cwd=tmp_path, **s3.variables())
        assert (done.code, done.json()["faults"]) == (0, []), done.err
    assert done.json()["objects"] == 0
    assert s3.keys("replica/") == before
    shutil.rmtree(source.root)
    done = newswarc("copy", address, "source", cwd=tmp_path, **s3.variables())
    assert done.code == 0, done.err
    assert contents(source.root) == before
    assert newswarc("verify", "source", "--deep", cwd=tmp_path).code == 0


@pytest.mark.parametrize(
    ("target", "said"),
    [("source", "not two places"), ("source/replica", "not two places"), ("other", "another archive")],
)
def test_a_copy_that_makes_no_sense_is_refused(source: LocalStorage, tmp_path: Path, target: str, said: str) -> None:
    (tmp_path / "other" / "manifests").mkdir(parents=True)
    (tmp_path / "other" / "manifests" / "x.json").write_text("{}")
    before = contents(tmp_path)
    done = newswarc("copy", "source", target, cwd=tmp_path)
    assert done.code == 2
    assert said in done.err
    assert contents(tmp_path) == before
