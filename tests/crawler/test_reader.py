"""The response reader: however the bytes arrive, the message is the same."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.http1 import BadMessage, entity_body
from crawler.wire.reader import MAX_HEAD, MAX_INTERIM, LengthLimit, ResponseReader

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\n"
BARE_LF = b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n"
NO_BODY = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"


def read(data: bytes, cuts: list[int] | None = None, method: str = "GET", limit: int = 0) -> ResponseReader:
    reader = ResponseReader(method, limit)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts or []), len(data)]
    for start, end in pairwise(edges):
        if start < end:
            reader.feed(data[start:end])
    return reader


@given(
    st.sampled_from([LENGTH, CHUNKED, BARE_LF, NO_BODY]),
    st.booleans(),
    st.lists(st.integers(min_value=0), max_size=12),
)
def test_pieces_do_not_matter(data: bytes, interim: bool, cuts: list[int]) -> None:
    reader = read((INTERIM if interim else b"") + data, cuts)
    assert reader.complete
    assert reader.response() == data
    assert b"".join(reader.interim) == (INTERIM if interim else b"")
    assert not reader.excess
    assert entity_body(bytes(reader.buffer)) == (b"" if data is NO_BODY else b"hello")


@given(st.sampled_from([LENGTH, CHUNKED, BARE_LF]), st.integers(min_value=0))
def test_a_part_is_not_complete(data: bytes, cut: int) -> None:
    part = data[: cut % len(data)]
    reader = read(part)
    assert not reader.complete
    assert not reader.end()
    assert reader.response() == part


def test_without_a_length_the_connections_end_is_the_end() -> None:
    reader = read(b"HTTP/1.0 200 OK\r\n\r\nhel")
    assert not reader.feed(b"lo")
    assert reader.closes
    assert reader.end()
    assert reader.buffer.endswith(b"hello")


def test_head_has_no_body() -> None:
    assert read(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", method="HEAD").complete


def test_bytes_behind_the_end_are_not_kept() -> None:
    reader = read(LENGTH + b"HTTP/1.1 200 OK\r\n\r\n")
    assert reader.excess
    assert reader.response() == LENGTH


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 5000,
        b"HTTP/1.1 200 OK\r\n" + b"x" * (MAX_HEAD + 1),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"x" * (MAX_HEAD + 1),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * (MAX_HEAD // 6 + 1),
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * (MAX_INTERIM + 1),
    ],
)
def test_what_is_no_response_is_refused(data: bytes) -> None:
    with pytest.raises(BadMessage):
        read(data)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n32\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 50,
    ],
)
def test_the_limit_holds_for_every_framing(data: bytes) -> None:
    with pytest.raises(LengthLimit):
        read(data, limit=49)
    read(data, limit=50)


def test_chunking_may_not_outgrow_the_body() -> None:
    chunk = b"1;" + b"x" * 4000 + b"\r\na\r\n"
    with pytest.raises(LengthLimit):
        read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 500, limit=1000)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"x" * 200_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 30_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 200_000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200_000,
    ],
    ids=["head", "trailers", "chunks", "counted", "until close"],
)
def test_byte_by_byte_takes_time_in_proportion(data: bytes) -> None:
    def seconds(part: bytes) -> float:
        reader = ResponseReader("GET", 0)
        started = time.process_time()
        for position in range(len(part)):
            reader.feed(part[position : position + 1])
        return time.process_time() - started

    half, whole = min(seconds(data[: len(data) // 2]) for _ in range(3)), min(seconds(data) for _ in range(3))
    assert whole < 3.2 * half + 0.05, f"{half:.3f} s for a half, {whole:.3f} s for the whole"


@given(st.binary(max_size=400), st.lists(st.integers(min_value=0), max_size=6))
def test_no_bytes_raise_anything_else(data: bytes, cuts: list[int]) -> None:
    try:
        reader = read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + data, cuts, limit=1000)
        reader.end()
    except (BadMessage, LengthLimit):
        pass
