"""Downloads: in pieces, over lines that break, gone on with, never short."""

from __future__ import annotations

import hashlib
import random
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from urllib.parse import parse_qs, urlsplit

import pytest

from archive.datasets.building import BuildPlan, build
from archive.datasets.manifest import DatasetManifest
from archive.datasets.options import DatasetOptions
from archive.datasets.pulling import Wanted, pull, select
from archive.datasets.survey import ArchiveLocation
from archive.errors import BadAddress, StorageUnavailable
from archive.storage.local import LocalStorage
from archive.storage.s3 import S3Storage
from archive.storage.s3_options import S3Options
from tests.datasets.making import record, store
from tests.support.faulty_line import Asked, Fault, FaultyLine
from tests.support.processes import newswarc
from tests.support.seaweed import S3Server

PIECE = 50_000


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with a data set of a file of half a megabyte, which nothing can make smaller."""
    place = tmp_path_factory.mktemp("pulling")
    noise = random.Random(5)
    made = [record(number, articleBody=noise.randbytes(20_000).hex()) for number in range(20)]
    store(LocalStorage(place / "archive"), [made], place / "scratch")
    here = ArchiveLocation(str(place / "archive"), S3Options())
    build(BuildPlan("news", "", DatasetOptions(), "x", here, here, place / "work", jsonl=False), lambda *_: None)
    return place


def known(place: Path) -> DatasetManifest:
    manifest = place / "archive" / "datasets" / "news" / "1" / "manifest.json"
    return DatasetManifest.model_validate_json(manifest.read_bytes())


def same(place: Path, pulled: Path) -> bool:
    original = place / "archive" / "datasets" / "news" / "1"
    files = [path.relative_to(original) for path in original.rglob("*") if path.is_file()]
    there = [path.relative_to(pulled) for path in pulled.rglob("*") if path.is_file()]
    equal = all((pulled / path).read_bytes() == (original / path).read_bytes() for path in files)
    return sorted(files) == sorted(there) and equal


class Watched(LocalStorage):
    """Tells of each range that is asked for."""

    def __init__(self, root: Path, told: Callable[[str, int], None]) -> None:
        super().__init__(root)
        self._told = told

    def open_range(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        self._told(key, start)
        return super().open_range(key, start, length)


def test_an_interrupted_download_goes_on_with_what_is_missing(place: Path, tmp_path: Path) -> None:
    asked: list[int] = []

    def breaks(key: str, start: int) -> None:
        if key.endswith(".parquet"):
            asked.append(start)
            if len(asked) > 5:
                raise StorageUnavailable("the line is down")

    shard = known(place).shards(".parquet")[0]
    assert shard.size > 8 * PIECE
    with pytest.raises(StorageUnavailable):
        pull(Watched(place / "archive", breaks), known(place), tmp_path / "here", lambda _: None, jobs=1, piece=PIECE)
    assert not (tmp_path / "here" / shard.path).exists(), "never a file that is not whole"
    before = set(asked[:5])
    received: list[int] = []
    asked.clear()
    done = pull(
        Watched(place / "archive", lambda key, start: asked.append(start) if key.endswith(".parquet") else None),
        known(place),
        tmp_path / "here",
        received.append,
        piece=PIECE,
    )
    assert not before & set(asked)
    assert done.received == sum(received)
    assert done.received < sum(file.size for file in known(place).files) - 5 * PIECE + 1
    assert same(place, tmp_path / "here")


def test_files_of_somebody_else_are_replaced_only_when_asked(place: Path, tmp_path: Path) -> None:
    storage, manifest = LocalStorage(place / "archive"), known(place)
    selections = Wanted(), Wanted(columns=("id", "url"))
    for number, wanted in enumerate(selections):

        def run(target: Path, *, overwrite: bool = False, wanted: Wanted = wanted) -> None:
            if wanted.is_everything:
                pull(storage, manifest, target, lambda _: None, overwrite=overwrite)
            else:
                select(storage, manifest, target, wanted, lambda _: None, overwrite=overwrite)

        for name in ("README.md", "manifest.json"):
            directory = tmp_path / f"{number}-{name}"
            directory.mkdir()
            (directory / name).write_text("my own")
            with pytest.raises(BadAddress, match="is there already"):
                run(directory)
            assert [path.read_text() for path in directory.iterdir()] == ["my own"]
            run(directory, overwrite=True)
            (directory / "README.md").write_text("damaged later")
            run(directory)
            assert (directory / "README.md").read_text() != "damaged later", "its own files are made good again"
            other = manifest.model_copy(update={"version": "other"})
            (directory / "manifest.json").write_bytes(other.to_bytes())
            with pytest.raises(BadAddress, match="is there already"):
                run(directory)


def test_pieces_of_a_file_come_at_once(place: Path, tmp_path: Path) -> None:
    together = threading.Barrier(4, timeout=20)
    starts = {0, PIECE, 2 * PIECE, 3 * PIECE}

    def waits(key: str, start: int) -> None:
        if key.endswith(".parquet") and start in starts:
            together.wait()

    pull(Watched(place / "archive", waits), known(place), tmp_path / "here", lambda _: None, jobs=4, piece=PIECE)
    assert same(place, tmp_path / "here")


def test_what_was_noted_and_is_not_so_is_had_again(place: Path, tmp_path: Path) -> None:
    shard = known(place).shards(".parquet")[0]
    target = tmp_path / "here" / shard.path
    target.parent.mkdir(parents=True)
    target.with_name(f".{target.name}.part").write_bytes(bytes(shard.size))
    noted = "".join(f"{PIECE} {number}\n" for number in range(-(-shard.size // PIECE)))
    target.with_name(f".{target.name}.part.pieces").write_text(noted + "what is this")
    pull(LocalStorage(place / "archive"), known(place), tmp_path / "here", lambda _: None, piece=PIECE)
    assert hashlib.sha256(target.read_bytes()).hexdigest() == shard.sha256
    assert same(place, tmp_path / "here")


@pytest.fixture
def stored(place: Path, s3: S3Server, s3_environment: S3Server) -> str:
    """The address of the data set's copy on the S3 server."""
    storage = S3Storage(s3.bucket, "lines", S3Options(endpoint=s3.endpoint))
    original = place / "archive"
    for path in (original / "datasets").rglob("*"):
        if path.is_file():
            storage.put(path.relative_to(original).as_posix(), path, hashlib.sha256(path.read_bytes()).hexdigest())
    return storage.uri


def test_a_line_that_cuts_answers(place: Path, tmp_path: Path, s3: S3Server, stored: str) -> None:
    cuts: list[Asked] = []

    def plan(asked: Asked) -> Fault | None:
        if asked.method == "GET" and ".parquet" in asked.target and len(cuts) < 3:
            cuts.append(asked)
            return Fault.CUT_ANSWER
        return None

    with FaultyLine(s3.endpoint, plan) as line:
        variables = s3.variables() | {"AWS_ENDPOINT_URL": line.endpoint}
        done = newswarc(
            "dataset", "pull", "news", "--from", stored, "--to", "here", "--json",
            cwd=tmp_path, **variables,
        )  # fmt: skip
    assert done.code == 0, done.err
    assert len(cuts) == 3
    assert same(place, tmp_path / "here")


def test_links_give_the_files_to_anybody_for_a_while(place: Path, tmp_path: Path, s3: S3Server, stored: str) -> None:
    command = ("dataset", "presign", "news", "--from", stored, "--below", "data")
    done = newswarc(*command, "--json", "--hours", "1", cwd=tmp_path, **s3.variables())
    assert done.code == 0, done.err
    facts = done.json()
    with urllib.request.urlopen(facts["url"], timeout=20) as answer:
        data = answer.read()
    assert hashlib.sha256(data).hexdigest() == facts["sha256"]
    assert timedelta(minutes=50) < datetime.fromisoformat(facts["until"]) - datetime.now(UTC) < timedelta(hours=1)
    assert parse_qs(urlsplit(facts["url"]).query)["X-Amz-Expires"] == ["3600"]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(facts["url"].replace("X-Amz-Expires=3600", "X-Amz-Expires=7200"), timeout=20)
    script = newswarc(
        "dataset", "presign", "news", "--from", stored, "--format", "script", cwd=tmp_path, **s3.variables()
    )
    (tmp_path / "get.sh").write_text(script.out)
    for _ in range(2):  # the second time nothing is left to do but the manifest
        subprocess.run(["sh", "get.sh"], cwd=tmp_path, check=True, timeout=60)
        subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tmp_path / "news-1", check=True)
        assert same(place, tmp_path / "news-1")
    aria2 = newswarc(
        "dataset", "presign", "news", "--from", stored, "--format", "aria2", cwd=tmp_path, **s3.variables()
    )
    assert (
        f"  dir=news-1/data\n  out=news-00000-of-00001.parquet\n  checksum=sha-256={facts['sha256']}\n" in aria2.out
    )
    plain = newswarc(*command, cwd=tmp_path, **s3.variables())
    assert [line.startswith(f"{s3.endpoint}/") for line in plain.out.splitlines()] == [True]
    nowhere = newswarc("dataset", "presign", "news", "--from", str(place / "archive"), cwd=tmp_path)
    assert nowhere.code == 2
    assert "links exist only for s3:// archives" in nowhere.err
