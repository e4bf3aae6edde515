"""A disk that takes no more in the middle of a record: nothing half-written stays, and it goes on when there is room."""

from __future__ import annotations

import os
import random
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from archive.captures import SegmentReading
from archive.errors import SegmentClosed
from archive.recovery import open_segments, recover
from archive.segment import IN_MEMORY
from tests.archive.test_segment import NOW, exchange, writer


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """The system refuses to let any file grow beyond a size, as a quota does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def noise(size: int, seed: int = 1) -> bytes:
    return b"HTTP/1.1 200 OK\r\n\r\n" + random.Random(seed).randbytes(size)


@pytest.mark.parametrize("size", [3000, IN_MEMORY + 5000], ids=["in memory", "made aside"])
def test_an_exchange_is_there_whole_or_not_at_all(tmp_path: Path, size: int) -> None:
    segment = writer(tmp_path)
    kept = [segment.append(exchange(noise(500))).record_id]
    before = segment.size
    large = exchange(noise(size))
    refused = segment.prepare(large, segment.digests(large), None)
    with no_file_beyond(before + 1000), pytest.raises(OSError, match="File too large"):
        segment.append_ready(refused)
    assert segment.size == segment.path.stat().st_size == before
    kept.append(segment.append(exchange(noise(size))).record_id)
    closed = segment.close()
    with closed.warc.open("rb") as stream:
        assert [capture.record_id for capture in SegmentReading(stream).captures()] == kept
    assert len(closed.cdxj.read_bytes().splitlines()) == 2
    assert closed.manifest.exchanges == 2


def test_a_failed_fsync_ends_the_segment_where_the_last_good_one_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = writer(tmp_path)
    kept = segment.append(exchange(noise(500))).record_id
    segment.sync()
    durable = segment.size
    segment.append(exchange(noise(700)))

    def fails(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails)
        with pytest.raises(OSError, match="Input/output"):
            segment.sync()
    segment.sync()  # the next one would say yes, and must not be believed
    with pytest.raises(SegmentClosed):
        segment.append(exchange())
    segment.abandon()
    (path,) = open_segments(tmp_path)
    assert path.stat().st_size == durable
    recovered = recover(path, NOW)
    assert recovered.closed is not None
    with recovered.closed.warc.open("rb") as stream:
        assert [capture.record_id for capture in SegmentReading(stream).captures()] == [kept]
