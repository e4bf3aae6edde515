from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.http1 import (
    BadMessage,
    chunk_size,
    entity_body,
    find_head_end,
    parse_head,
)


def test_a_head_is_read_without_changing_it() -> None:
    head = parse_head(b"HTTP/1.1 200 OK\r\nX-A:  1 \r\nx-a: 2\r\nContent-Length: 3\r\n\r\nabc")
    assert (head.version, head.status, head.reason) == ("HTTP/1.1", 200, "OK")
    assert head.headers == ((b"X-A", b"1"), (b"x-a", b"2"), (b"Content-Length", b"3"))
    assert head.values("X-a") == ["1", "2"]
    assert head.content_length == 3
    assert head.length == len(b"HTTP/1.1 200 OK\r\nX-A:  1 \r\nx-a: 2\r\nContent-Length: 3\r\n\r\n")


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        (b"HTTP/1.0 200\n\n", ()),
        (b"HTTP/1.1 200 OK\nA: 1\n\n", ((b"A", b"1"),)),
        (b"HTTP/1.1 200 OK\r\nno colon here\r\nA: 1\r\n\r\n", ((b"A", b"1"),)),
        (b"HTTP/1.1 200 OK\r\nA: 1\r\n  more\r\n\r\n", ((b"A", b"1 more"),)),
        (b"HTTP/1.1 200 OK\r\nA: 1\r\nbroken\r\n  of the broken one\r\n\r\n", ((b"A", b"1"),)),
        (b"http/1.1 200 OK\r\nA:\r\n\r\n", ((b"A", b""),)),
    ],
)
def test_leniency_is_that_of_browsers(data: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    assert parse_head(data).headers == headers


@pytest.mark.parametrize(
    "data", [b"", b"HTTP/1.1 200 OK\r\n", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1\r\n\r\n"]
)
def test_what_is_no_response_is_refused(data: bytes) -> None:
    with pytest.raises(BadMessage):
        parse_head(data)


def test_the_first_empty_line_ends_the_head() -> None:
    assert find_head_end(b"A\n\nB\r\n\r\n") == 3
    assert find_head_end(b"A\r\n\r\nB\n\n") == 5
    assert find_head_end(b"A\n\r\n") == 4
    assert find_head_end(b"A\r\nB") == -1


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        (b"Content-Length: 5\r\nContent-Length: 5\r\n", 5),
        (b"Content-Length: 5\r\nContent-Length: 6\r\n", None),
        (b"Content-Length: 5, 5\r\n", 5),
        (b"Content-Length: -5\r\n", None),
        (b"Content-Length: five\r\n", None),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", None),
        (b"", None),
    ],
)
def test_content_length_counts_only_when_it_is_clear(headers: bytes, length: int | None) -> None:
    assert parse_head(b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n").content_length == length


def chunked(parts: list[bytes], extension: bytes = b"", trailer: bytes = b"") -> bytes:
    lines = b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts if part)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + lines + b"0\r\n" + trailer + b"\r\n"


@given(
    st.lists(st.binary(max_size=200), max_size=8),
    st.sampled_from([b"", b";a=b"]),
    st.sampled_from([b"", b"X: y\r\n"]),
)
def test_chunks_are_joined(parts: list[bytes], extension: bytes, trailer: bytes) -> None:
    assert entity_body(chunked(parts, extension, trailer)) == b"".join(parts)


@given(st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=5), st.integers(min_value=0))
def test_of_a_response_cut_short_the_beginning_is_given(parts: list[bytes], cut: int) -> None:
    whole = chunked(parts)
    start = parse_head(whole).length
    short = whole[: start + cut % (len(whole) - start)]
    assert b"".join(parts).startswith(entity_body(short))


@pytest.mark.parametrize("line", [b"", b"-1", b"+1", b"0x10", b"g", b" ", b"1_0", "١".encode()])
def test_a_chunk_size_is_hexadecimal(line: bytes) -> None:
    with pytest.raises(BadMessage):
        chunk_size(line)
    assert chunk_size(b"1A;x") == 26
