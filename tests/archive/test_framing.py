"""Whatever a body looked like on the wire, it is told again from its payload and what is kept of its framing."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.bufferedreaders import ChunkedDataReader

from archive.errors import DamagedArchive
from archive.exchange import Original
from archive.framing import framed, framing_of, is_plain
from archive.http1 import entity_body, parse_head
from archive.lookup import Lookup
from archive.publishing import publish_segment
from archive.storage.local import LocalStorage
from tests.archive.test_segment import NOW, exchange, writer

CHUNK = st.tuples(
    st.binary(min_size=1, max_size=40),
    st.sampled_from(["", ";tide=high", ' ; a="b c"', ";"]),
    st.sampled_from(["\r\n", "\n"]),
    st.booleans(),
)


def body_of(chunks: list[tuple[bytes, str, str, bool]], trailers: bytes, behind: bytes) -> bytes:
    parts = []
    for data, extension, end, is_upper in chunks:
        size = f"{len(data):X}" if is_upper else f"00{len(data):x}"
        parts.append(f"{size}{extension}{end}".encode() + data + end.encode())
    return b"".join([*parts, b"0\r\n", trailers, b"\r\n", behind])


HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@given(
    st.one_of(
        st.builds(body_of, st.lists(CHUNK, max_size=6), st.sampled_from([b"", b"X-Tide: low\r\n"]), st.binary(max_size=5)),
        st.binary(max_size=80),
        st.builds(lambda n, data: b"%x\r\n" % n + data, st.integers(0, 90), st.binary(max_size=60)),
    ),
    st.integers(1, 30),
)  # fmt: skip
def test_a_body_comes_back_byte_for_byte(body: bytes, step: int) -> None:
    head = parse_head(HEAD)
    pieces = [body[at : at + step] for at in range(0, len(body), step)]
    framing = framing_of(head, pieces)
    assert framing
    payload = entity_body(HEAD + body)
    assert framed(framing, payload) == body
    if payload:
        with pytest.raises(DamagedArchive):
            framed(framing, payload[1:])


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        (b"4\r\ntide\r\n0\r\n\r\n", True),
        (b"0004;a=1\r\ntide\r\nA\r\n0123456789\r\n000\r\n\r\n", True),
        (b"0\r\n\r\n", True),
        (b"4\r\ntide\r\n0\r\nX-Moon: new\r\n\r\n", False),
        (b"4\ntide\r\n0\r\n\r\n", False),
        (b"4\r\ntide\n0\r\n\r\n", False),
        (b"4\r\ntide\r\n0\n\n", False),
        (b"4 ; a\r\ntide\r\n0\r\n\r\n", False),
        (b"4;" + b"a" * 61 + b"\r\ntide\r\n0\r\n\r\n", False),
        (b"4\r\ntide\r\n0\r\n\r\nmore", False),
        (b"4\r\ntide\r\n", False),
        (b"tide", False),
        (b"", False),
    ],
)
@pytest.mark.parametrize("step", [1, 3, 1000])
def test_what_every_reader_takes_apart(body: bytes, plain: bool, step: int) -> None:
    assert is_plain(parse_head(HEAD), [body[at : at + step] for at in range(0, len(body), step)]) is plain
    assert is_plain(parse_head(b"HTTP/1.1 200 OK\r\n\r\n"), [body])


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=6),
    st.sampled_from([b"", b";a", b';a="b"']),
    st.sampled_from([b"", b"X-Tide: low\r\n"]),
)
def test_what_is_plain_warcio_reads(pieces: list[bytes], extension: bytes, trailer: bytes) -> None:
    chunks = [b"%x%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in pieces]
    body = b"".join(chunks) + b"0\r\n" + trailer + b"\r\n"
    reader = ChunkedDataReader(io.BytesIO(body))
    read = b"".join(iter(lambda: reader.read(100), b""))
    assert is_plain(parse_head(HEAD), [body]) is (not trailer)
    if not trailer:
        assert read == b"".join(pieces)


def test_what_is_not_chunked_has_none() -> None:
    assert framing_of(parse_head(b"HTTP/1.1 200 OK\r\n\r\n"), [b"tide"]) == ""
    assert framed("", b"tide") == b"tide"


@given(st.text(max_size=40))
def test_what_is_no_framing_is_told(text: str) -> None:
    if text:
        with pytest.raises(DamagedArchive):
            framed(text, b"x" * 1000)


def test_a_framing_that_is_too_large_is_not_kept() -> None:
    import random

    chance = random.Random(1)
    body = b"".join(b"1;%x\r\nx\r\n" % chance.getrandbits(256) for _ in range(9000)) + b"0\r\n\r\n"
    assert framing_of(parse_head(HEAD), [body]) is None


def in_chunks(payload: bytes, size: int, extension: bytes = b"", trailer: bytes = b"") -> bytes:
    pieces = [payload[at : at + size] for at in range(0, len(payload), size)]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Size: %d\r\nTransfer-Encoding: chunked\r\n\r\n" % size
    return head + b"".join(b"%x%s\r\n%s\r\n" % (len(p), extension, p) for p in pieces) + b"0\r\n" + trailer + b"\r\n"


def test_every_response_of_an_archive_is_told_again(tmp_path: Path) -> None:
    payload = b"<p>high water at noon</p>" * 60
    sent = [
        in_chunks(payload, 100),
        in_chunks(payload, 7, b";part=1"),
        in_chunks(payload, 999, b"", b"X-Tide: low\r\nX-Moon: new\r\n"),
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX: plain\r\n\r\n" % len(payload) + payload,
        b"HTTP/1.0 200 OK\r\n\r\n" + payload,
    ]
    segment = writer(tmp_path / "spool")
    moments = [NOW + timedelta(hours=hours) for hours in range(len(sent))]
    first = segment.append(exchange(sent[0], started=moments[0]))
    original = Original(first.record_id, exchange().url, moments[0], first.payload_digest)
    for response, moment in zip(sent[1:], moments[1:], strict=True):
        assert segment.append(exchange(response, started=moment), original).revisit
    closed = segment.close()
    publish_segment(LocalStorage(tmp_path / "archive"), closed)

    lookup = Lookup(LocalStorage(tmp_path / "archive"), tmp_path / "index")
    lookup.refresh()
    captures = [lookup.read(entry) for entry in lookup.find(exchange().url)]
    assert [capture.revisit for capture in captures] == [False, True, True, True, True]
    assert [lookup.wire(capture) for capture in captures] == sent
    lookup.close()


def test_a_revisit_of_an_early_version_says_that_it_cannot_be_told(tmp_path: Path) -> None:
    segment = writer(tmp_path / "spool")
    response = in_chunks(b"tide" * 90, 50)
    first = segment.append(exchange(response))
    later = NOW + timedelta(hours=1)
    original = Original(first.record_id, exchange().url, NOW, first.payload_digest)
    segment.append(exchange(response, started=later), original)
    publish_segment(LocalStorage(tmp_path / "archive"), segment.close())
    lookup = Lookup(LocalStorage(tmp_path / "archive"), tmp_path / "index")
    lookup.refresh()
    *_, revisit = (lookup.read(entry) for entry in lookup.find(exchange().url))
    without = replace(revisit, metadata={**revisit.metadata, "framing": []})
    with pytest.raises(DamagedArchive, match="without its framing"):
        lookup.wire(without)
    lookup.close()
