"""Segments whose writer died: whatever is cut off, all whole exchanges are there, and the index is the same."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from archive.captures import SegmentReading, iterate_records
from archive.exchange import Original
from archive.recovery import TORN_SUFFIX, abandoned, captures_of, open_segments, recover
from tests.archive.test_segment import NOW, exchange, writer
from tests.support import validators
from tests.support.processes import ROOT


def written(directory: Path) -> tuple[bytes, bytes, list[int]]:
    """A segment's bytes, its index, and the offsets behind its exchanges."""
    segment = writer(directory)
    segment.add_resource("urn:x", "application/json", b"{}")
    ends = []
    for number in range(6):
        first = segment.append(exchange(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n%d" % number))
        ends.append(segment.size)
    original = Original(first.record_id, "http://example.org/news/1?b=2", NOW, first.payload_digest)
    segment.append(exchange(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n5"), original)
    ends.append(segment.size)
    segment.append(exchange(b"", detail="no such host"))
    ends.append(segment.size)
    closed = segment.close()
    return closed.warc.read_bytes(), closed.cdxj.read_bytes(), ends


def reopened(directory: Path, data: bytes) -> Path:
    """A file as a dead writer leaves it."""
    directory.mkdir()
    path = directory / "test-20260101000000001-00001-fixed-00000000.warc.gz.open"
    path.write_bytes(data)
    return path


def test_a_whole_segment_is_finished_as_its_writer_would_have(tmp_path: Path) -> None:
    data, index, _ = written(tmp_path / "before")
    recovered = recover(reopened(tmp_path / "after", data), NOW)
    assert recovered.closed is not None
    assert recovered.torn == 0
    assert recovered.closed.warc.read_bytes() == data
    assert recovered.closed.cdxj.read_bytes() == index
    assert recovered.closed.manifest.outcomes == {"dns_failure": 1, "ok": 7}
    assert recovered.closed.manifest.software == "newswarc/test"
    assert not open_segments(tmp_path / "after")
    assert len(list(captures_of(recovered.closed.warc))) == 8


@pytest.mark.parametrize("seed", range(40))
def test_a_torn_segment_is_cut_to_its_last_whole_exchange(tmp_path: Path, seed: int) -> None:
    data, _, ends = written(tmp_path / "before")
    source = random.Random(seed)
    cut = source.randrange(ends[0], len(data))
    torn = bytearray(data[:cut])
    if seed % 3 == 0:
        torn += b"\x00" * source.randint(1, 500)
    expected = max(end for end in ends if end <= cut)
    recovered = recover(reopened(tmp_path / "after", bytes(torn)), NOW)
    assert recovered.closed is not None
    assert recovered.closed.warc.read_bytes() == data[:expected]
    assert recovered.torn == len(torn) - expected
    tails = list((tmp_path / "after").glob(f"*{TORN_SUFFIX}"))
    assert b"".join(tail.read_bytes() for tail in tails) == bytes(torn[expected:])
    with recovered.closed.warc.open("rb") as stream:
        assert len(list(SegmentReading(stream).captures())) == ends.index(expected) + 1


def test_a_recovered_segment_pleases_the_validators(tmp_path: Path) -> None:
    data, _, ends = written(tmp_path / "before")
    recovered = recover(reopened(tmp_path / "after", data[: ends[4] + 100]), NOW)
    assert recovered.closed is not None
    for validate in (validators.gzip_test, validators.warcvalid, validators.cdxj_indexer):
        assert validate(recovered.closed.warc).code == 0


def test_nothing_whole_leaves_nothing_but_the_tail(tmp_path: Path) -> None:
    data, _, ends = written(tmp_path / "before")
    path = reopened(tmp_path / "after", data[: ends[0] - 1])
    recovered = recover(path, NOW)
    assert recovered.closed is None
    assert recovered.torn > 0
    assert not path.exists()
    assert [file.name.endswith(TORN_SUFFIX) for file in (tmp_path / "after").iterdir()] == [True]


def test_a_flipped_byte_ends_what_can_be_kept(tmp_path: Path) -> None:
    data, _, ends = written(tmp_path / "before")
    damaged = bytearray(data)
    damaged[ends[2] + 60] ^= 0xFF
    recovered = recover(reopened(tmp_path / "after", bytes(damaged)), NOW)
    assert recovered.closed is not None
    assert recovered.closed.warc.read_bytes() == data[: ends[2]]


def test_a_living_writer_is_left_alone(tmp_path: Path) -> None:
    segment = writer(tmp_path)
    (path,) = open_segments(tmp_path)
    with abandoned(path) as is_abandoned:
        assert not is_abandoned
    segment.append(exchange())
    segment.close()


def test_a_dead_writer_is_known_by_its_lock(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from tests.archive.test_segment import writer, exchange\n"
        "segment = writer(Path(sys.argv[1])); segment.append(exchange()); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, check=False)
    assert done.returncode == -9
    (path,) = open_segments(tmp_path)
    with abandoned(path) as is_abandoned:
        assert is_abandoned
        with abandoned(path) as again:
            assert not again, "one recovers at a time"
        recovered = recover(path, NOW)
    assert recovered.closed is not None
    with recovered.closed.warc.open("rb") as stream:
        kinds = [record.kind for record in iterate_records(stream)]
    assert kinds == ["warcinfo", "request", "response", "metadata"]
