from __future__ import annotations

import gzip
import sys
import time
import zlib
from contextlib import suppress

import brotli
import pytest

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from archive.content_coding import BodyTooLarge, DecodedBody, decode_body

TEXT = b"The quay wall is to be raised by the length of a hand. " * 40


def raw_deflate(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush()


CODERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


@pytest.mark.parametrize("coding", CODERS)
@given(data=st.binary(max_size=3000))
def test_each_coding(coding: str, data: bytes) -> None:
    assert decode_body([coding], CODERS[coding](data), 10_000) == DecodedBody(data)
    assert decode_body([coding.upper(), "identity"], CODERS[coding](data), 10_000) == DecodedBody(data)


def test_deflate_both_ways() -> None:
    assert decode_body(["deflate"], raw_deflate(TEXT), 10_000) == DecodedBody(TEXT)


def test_codings_are_stacked() -> None:
    assert (
        decode_body(["br", "gzip", "zstd"], zstd.compress(gzip.compress(brotli.compress(TEXT))), 10_000).body == TEXT
    )


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_several_members(coding: str) -> None:
    parts = b"".join(CODERS[coding](TEXT) for _ in range(300))
    assert decode_body([coding], parts, 10_000_000) == DecodedBody(TEXT * 300)


@pytest.mark.parametrize("coding", CODERS)
def test_a_lie_gives_the_body_as_it_is(coding: str) -> None:
    assert decode_body([coding], b"<html>plain</html>", 10_000) == DecodedBody(b"<html>plain</html>", f"not {coding}")
    assert decode_body([coding], b"", 10_000) == DecodedBody(b"")


def test_an_unknown_coding_gives_the_body_as_it_is() -> None:
    assert decode_body(["compress"], TEXT, 10_000) == DecodedBody(TEXT, "unknown coding 'compress'")
    assert decode_body(["gzip"] * 9, TEXT, 10_000) == DecodedBody(TEXT, "9 codings")


@pytest.mark.parametrize("coding", CODERS)
def test_of_a_body_cut_short_the_beginning_is_given(coding: str) -> None:
    noise = bytes(byte for number in range(3000) for byte in (number % 251, number * 7 % 253))
    decoded = decode_body([coding], CODERS[coding](noise)[:-20], 100_000)
    assert decoded.flaw in (f"{coding} cut short", f"not {coding}")
    if decoded.flaw.endswith("cut short"):
        assert noise.startswith(decoded.body)
        assert decoded.body


def test_rubbish_behind_the_end_is_passed_over() -> None:
    assert decode_body(["gzip"], gzip.compress(TEXT) + b"rubbish", 10_000).body == TEXT
    assert decode_body(["br"], brotli.compress(TEXT), 10_000).flaw == ""


@pytest.mark.parametrize("coding", CODERS)
def test_a_bomb_is_refused_quickly(coding: str) -> None:
    bomb = CODERS[coding](b"0" * 50_000_000)
    started = time.process_time()
    with pytest.raises(BodyTooLarge):
        decode_body([coding], bomb, 1_000_000)
    assert time.process_time() - started < 2
    with pytest.raises(BodyTooLarge):
        decode_body([coding, "gzip"], gzip.compress(bomb), 1_000_000)


@given(st.lists(st.sampled_from([*CODERS, "x"]), max_size=5), st.binary(max_size=500))
def test_no_bytes_raise_anything_else(codings: list[str], data: bytes) -> None:
    with suppress(BodyTooLarge):
        decode_body(codings, data, 1000)


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_of_a_bomb_the_beginning_can_be_had(coding: str) -> None:
    pack = {"gzip": gzip.compress, "br": brotli.compress, "zstd": zstd.compress}[coding]
    assert decode_body([coding], pack(b"rules\n" * 1_000_000), 1000, cut=True).body == (b"rules\n" * 1_000)[:1000]


@pytest.mark.parametrize("size", [300, 200_000])
def test_a_wrong_checksum_takes_nothing(size: int) -> None:
    text = (b"<p>the lighthouse of the harbour</p>" * (size // 30))[:size]
    packed = bytearray(gzip.compress(text))
    packed[-6] ^= 0x40
    decoded = decode_body(["gzip"], bytes(packed), 1 << 20)
    assert decoded.body == text
    assert decoded.flaw == "gzip with a wrong checksum"
    assert len(decode_body(["gzip"], bytes(packed[:-20]), 1 << 20).body) < size, "what is cut short stays so"
