"""What is derived can be lost: the WARC files give it back, to the byte."""

from __future__ import annotations

import gzip
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from archive.errors import DamagedArchive
from archive.publishing import publish_segment
from archive.storage.local import LocalStorage
from crawler.demo.server import DemoServer
from tests.archive.test_segment import exchange, writer
from tests.support.processes import ROOT, Finished, newswarc, run

DERIVED = ("cdxj", "manifests", "records")


@dataclass(frozen=True)
class Scene:
    server: DemoServer
    original: Path


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    directory = tmp_path_factory.mktemp("rebuild")
    with DemoServer() as server:
        arguments = (f"{server.base}/", directory / "archive", directory / "state")
        done = run(sys.executable, "-m", "tests.support.fixed_crawl", *arguments, cwd=ROOT)
        assert done.code == 0, done.err
        yield Scene(server, directory / "archive")


@pytest.fixture
def archive(scene: Scene, tmp_path: Path) -> Path:
    return Path(shutil.copytree(scene.original, tmp_path / "archive"))


def files(archive: Path) -> dict[str, bytes]:
    """What is derived; compressed lines as lines."""
    found = {}
    for kind in DERIVED:
        for path in (archive / kind).rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                found[str(path.relative_to(archive))] = gzip.decompress(data) if path.suffix == ".gz" else data
    return found


def test_a_segment_without_a_manifest_is_rebuilt_at_once_and_its_writer_accepts_that(tmp_path: Path) -> None:
    segment = writer(tmp_path / "spool")
    segment.append(exchange())
    closed = segment.close()
    archive = tmp_path / "archive"
    storage = LocalStorage(archive)
    storage.put(closed.manifest.warc.key, closed.warc, closed.manifest.warc.sha256)
    done = newswarc("rebuild", archive, cwd=tmp_path)
    assert done.code == 0, done.err
    assert "rebuilding indexes, manifests and records" in done.err + done.out
    assert "index new, manifest new, records new; 0 articles; had no manifest" in done.err + done.out
    publish_segment(storage, closed)
    assert newswarc("verify", archive, "--deep", cwd=tmp_path).code == 0
    other = replace(closed, manifest=closed.manifest.model_copy(update={"exchanges": 9}))
    with pytest.raises(DamagedArchive, match="another manifest"):
        publish_segment(storage, other)


def rebuild(archive: Path, *options: object) -> Finished:
    done = newswarc("rebuild", archive, *options, "--json", cwd=archive.parent)
    assert "Traceback" not in done.err
    return done


def made(done: Finished) -> tuple[str, str, str]:
    (segment,) = done.json()["segments"]
    return segment["index"], segment["manifest"], segment["records"]


def test_what_is_there_is_the_same(archive: Path) -> None:
    before = files(archive)
    done = rebuild(archive)
    assert (done.code, made(done)) == (0, ("same", "same", "same"))
    assert files(archive) == before


def test_what_is_lost_comes_back(archive: Path) -> None:
    before = files(archive)
    for kind in DERIVED:
        shutil.rmtree(archive / kind)
    done = rebuild(archive)
    assert (done.code, made(done)) == (0, ("new", "new", "new"))
    after = files(archive)
    assert after.keys() == before.keys()
    different = {key for key in after if after[key] != before[key]}
    assert all(key.startswith("manifests/") for key in different), "a manifest's closing date is not in a WARC"
    assert newswarc("verify", archive, "--deep", cwd=archive.parent).code == 0


def test_elsewhere_it_is_the_same_too(archive: Path, tmp_path: Path) -> None:
    done = rebuild(archive, "--to", tmp_path / "other")
    assert (done.code, made(done)) == (0, ("new", "new", "new"))
    assert files(tmp_path / "other") == files(archive)


def test_an_index_that_differs_is_replaced(archive: Path) -> None:
    before = files(archive)
    (index,) = (archive / "cdxj").rglob("*.cdxj")
    index.write_bytes(index.read_bytes()[:-40])
    assert made(rebuild(archive))[0] == "replaced"
    assert files(archive) == before


def test_records_that_differ_are_reported_and_kept(archive: Path) -> None:
    (records,) = (path for path in (archive / "records").rglob("*.jsonl.gz") if "outcomes" not in path.name)
    lines = gzip.decompress(records.read_bytes()).replace(b"Tidewater", b"Lowwater")
    records.write_bytes(gzip.compress(lines))
    kept = files(archive)
    done = rebuild(archive)
    assert (done.code, made(done)) == (1, ("same", "same", "differs"))
    assert files(archive) == kept


def test_a_damaged_warc_is_named(archive: Path) -> None:
    (warc,) = (archive / "warc").rglob("*.warc.gz")
    warc.write_bytes(warc.read_bytes()[:-10])
    done = rebuild(archive)
    assert done.code == 1
    assert "verify --deep" in done.json()["segments"][0]["problem"]


@pytest.mark.parametrize("with_records", [True, False], ids=["from indexes", "from WARC files"])
def test_a_new_frontier_knows_what_is_stored(scene: Scene, archive: Path, tmp_path: Path, with_records: bool) -> None:
    if not with_records:
        shutil.rmtree(archive / "records")
    done = newswarc("rebuild", archive, "--frontier", "--json", cwd=tmp_path)
    assert (done.code, done.json()["segments"]) == (0, 1), done.err
    scene.server.requests.clear()
    host = scene.server.base.removeprefix("http://")
    again = newswarc(
        "crawl", f"{scene.server.base}/", "--to", archive, "--json", "--allow-host", host,
        # The archive's clock stood before the stories were last changed: that would be a reason to ask again
        cwd=tmp_path, NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org", NEWSWARC_RECAPTURE="",
    )  # fmt: skip
    assert again.code == 0, again.err
    fetched = [path for path, _ in scene.server.requests if "/stories/" in path and "9999" not in path]
    behind_short_addresses = sum(path.startswith("/s/") for path, _ in scene.server.requests)
    assert len(fetched) <= behind_short_addresses <= 1, "what is stored is not fetched again"
    verified = newswarc("verify", archive, "--deep", cwd=tmp_path)
    assert verified.code == (0 if with_records else 1), "records that were taken away are missed"
