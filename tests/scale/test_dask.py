"""Bulk work on a real Dask cluster: the same objects as by processes of one machine, also when a worker is killed."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.storage.local import LocalStorage
from crawler.demo.server import DemoServer
from crawler.offline.cluster import NoCluster, on_cluster
from tests.crawler.test_extracting_files import STORIES, foreign_warc, page
from tests.support.processes import environment, free_ports, newswarc

DASK = Path(sys.executable).parent / "dask"
SEGMENTS = 3
HTML = ("Content-Type", "text/html; charset=utf-8")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("dask")
    with DemoServer() as server:
        host = server.base.removeprefix("http://")
        for _ in range(SEGMENTS):
            done = newswarc(
                "crawl", f"{server.base}/", "--quiet", "--limit", "5", "--allow-host", host,
                cwd=directory, NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org",
            )  # fmt: skip
            assert done.code == 0, done.err
    assert len(list((directory / "newswarc-data" / "warc").rglob("*.warc.gz"))) == SEGMENTS
    return directory / "newswarc-data"


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler and two workers, processes of their own."""
    directory = tmp_path_factory.mktemp("cluster")
    (port,) = free_ports(1)
    address = f"tcp://127.0.0.1:{port}"
    variables = environment(DASK_DISTRIBUTED__WORKER__DAEMON="False", DASK_TEMPORARY_DIRECTORY=str(directory))
    common = {"cwd": directory, "env": variables, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    processes = [
        subprocess.Popen(
            [str(DASK), "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"], **common
        )  # type: ignore[call-overload]
    ]
    for _ in range(2):
        words = [
            "worker",
            address,
            "--host",
            "127.0.0.1",
            "--nthreads",
            "1",
            "--no-dashboard",
            "--death-timeout",
            "60",
        ]
        processes.append(subprocess.Popen([str(DASK), *words], **common))  # type: ignore[call-overload]
    yield address
    for process in reversed(processes):
        process.terminate()
        process.wait(30)


def digests(directory: Path) -> dict[str, str]:
    """Entries of holdings are left out: they are numbered in the order in which segments were ready."""
    apart = {"state", "holdings"}
    files = (path for path in directory.rglob("*") if path.is_file() and apart.isdisjoint(path.parts))
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("commands", [("extract",), pytest.param(("rebuild",), marks=pytest.mark.long)])
def test_the_same_bytes_as_by_processes(
    commands: tuple[str, ...], archive: Path, scheduler: str, tmp_path: Path
) -> None:
    for command in commands:
        outputs = []
        for engine in (["--engine", "pool"], ["--engine", "dask", "--scheduler", scheduler]):
            to = tmp_path / f"{command}-{engine[1]}"
            done = newswarc(command, archive, "--to", to, "--json", *engine, cwd=tmp_path)
            assert done.code == 0, done.err
            outputs.append(done.json())
        assert outputs[0] == outputs[1]
        made = digests(tmp_path / f"{command}-pool")
        assert len(made) >= 2 * SEGMENTS
        assert digests(tmp_path / f"{command}-dask") == made

    again = newswarc(
        command, archive, "--to", tmp_path / f"{command}-dask", "--json", "--engine", "dask", "--scheduler", scheduler,
        cwd=tmp_path,
    )  # fmt: skip
    assert command == "rebuild" or all(segment["skipped"] for segment in again.json()), "not done again"
    assert digests(tmp_path / f"{command}-dask") == made


@pytest.mark.long
def test_a_data_set_is_the_same(archive: Path, scheduler: str, tmp_path: Path) -> None:
    made = []
    for name, engine in (("pool", []), ("dask", ["--engine", "dask", "--scheduler", scheduler])):
        done = newswarc(
            "dataset", "build", "news", "--from", archive, "--to", tmp_path / name, "--quiet", *engine, cwd=tmp_path
        )
        assert done.code == 0, done.err
        made.append(digests(tmp_path / name))
    assert len(made[0]) > 2
    assert made[0] == made[1]
    assert not list(archive.rglob("*.npz")), "nothing of it is kept where the work was done"


def test_what_is_verified_is_the_same(archive: Path, scheduler: str, tmp_path: Path) -> None:
    reports = [
        newswarc("verify", archive, "--deep", "--json", *engine, cwd=tmp_path)
        for engine in ([], ["--engine", "dask", "--scheduler", scheduler])
    ]
    assert reports[0].json() | {"fixity": ""} == reports[1].json() | {"fixity": ""}, (
        "each result has an id of its own"
    )


@pytest.mark.long
def test_damage_is_told_the_same(archive: Path, scheduler: str, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(archive, damaged)
    warc = next((damaged / "warc").rglob("*.warc.gz"))
    data = bytearray(warc.read_bytes())
    data[len(data) // 2] ^= 0xFF
    warc.chmod(0o644)
    warc.write_bytes(bytes(data))
    here, there = (
        newswarc("verify", damaged, "--deep", "--json", *engine, cwd=tmp_path)
        for engine in ([], ["--engine", "dask", "--scheduler", scheduler])
    )
    assert here.code == there.code == 1
    assert here.json() == there.json()


def _slow(marks: str, number: int) -> tuple[int, int]:
    (Path(marks) / f"{number}-{os.getpid()}").touch()
    time.sleep(1)
    return number, os.getpid()


def test_a_call_whose_worker_is_killed_is_made_again(scheduler: str, tmp_path: Path) -> None:
    def kill() -> None:
        deadline = time.monotonic() + 30
        while not (begun := [path.name for path in tmp_path.iterdir()]):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(int(begun[0].split("-")[1]), signal.SIGKILL)

    killing = threading.Thread(target=kill)
    killing.start()
    results = dict(on_cluster(scheduler, _slow, [(str(tmp_path), number) for number in range(6)]))
    killing.join()
    assert {place: number for place, (number, _) in results.items()} == {number: number for number in range(6)}
    assert len(list(tmp_path.iterdir())) > 6, "one was begun twice"


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(NoCluster, match="can't be reached"):
        list(on_cluster(f"tcp://127.0.0.1:{free_ports(1)[0]}", _slow, []))
    LocalStorage(tmp_path)
    for words, said in (
        (["--engine", "dask"], "--scheduler ADDRESS"),
        (["--scheduler", "tcp://127.0.0.1:1"], "--engine dask"),
    ):
        done = newswarc("rebuild", tmp_path, *words, cwd=tmp_path)
        assert done.code == 2
        assert said in done.err


@pytest.mark.long
def test_files_of_other_programs_are_extracted_on_a_cluster(scheduler: str, tmp_path: Path) -> None:
    names = []
    for number in range(4):
        pages = [(f"https://a.example/{number}/{code}", [HTML], page(story)) for code, story in STORIES.items()]
        foreign_warc(tmp_path / f"CC-NEWS-2026010100000{number}-0000{number}.warc.gz", pages)
        names.append(f"CC-NEWS-2026010100000{number}-0000{number}.warc.gz")
    (tmp_path / "warc.paths").write_text("\n".join(names), encoding="utf-8")
    for to, more in (("here", ()), ("there", ("--engine", "dask", "--scheduler", scheduler))):
        done = newswarc(
            "extract",
            "--paths",
            "warc.paths",
            "--to",
            to,
            "--archive",
            f"{to}-archive",
            "--json",
            *more,
            cwd=tmp_path,
        )
        assert done.code == 0, done.err
        assert [(Path(one["file"]).name, one["articles"], bool(one["segment"])) for one in done.json()] == [
            (name, len(STORIES), True) for name in names
        ]
    for name in names:
        assert (tmp_path / "here" / f"{name}.jsonl").read_bytes() == (
            tmp_path / "there" / f"{name}.jsonl"
        ).read_bytes()
