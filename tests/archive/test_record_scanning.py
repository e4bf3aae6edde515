"""Other programs' files: every good record is found, however it is packed, and whatever else is there is told."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from archive.captures import SegmentReading, first_capture, iterate_records
from archive.foreign_warcs import import_file, segment_of
from archive.record_scanning import FoundRecord, Refused, scan
from archive.recovery import read_contents

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


@dataclass(frozen=True)
class Made:
    head: bytes
    block: bytes

    @property
    def data(self) -> bytes:
        return self.head + self.block + b"\r\n\r\n"


def made(
    number: int, block: bytes, *, kind: str = "response", more: str = "", date: str = "2019-05-04T03:02:01Z"
) -> Made:
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012d}>\r\n"
        f"WARC-Date: {date}\r\nWARC-Target-URI: http://harbour.example/{number}\r\n{more}"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return Made(head.encode(), block)


def digested(number: int, block: bytes) -> Made:
    return made(
        number, block, more=f"WARC-Block-Digest: sha1:{base64.b32encode(hashlib.sha1(block).digest()).decode()}\r\n"
    )


BLOCKS = st.lists(
    st.one_of(
        st.binary(max_size=300), st.sampled_from([b"", b"\r\n\r\n", b"\nWARC/1.0\r\n", b"\x1f\x8b\x08\x00" * 3])
    ),
    min_size=1,
    max_size=6,
)


def by_member(parts: list[bytes]) -> bytes:
    return b"".join(gzip.compress(part, 6, mtime=0) for part in parts)


def cut_anywhere(parts: list[bytes]) -> bytes:
    whole = b"".join(parts)
    return by_member([whole[at : at + 170] for at in range(0, len(whole), 170)]) + gzip.compress(b"", mtime=0)


def zstd_with_dictionary(parts: list[bytes], *, packed: bool = True) -> bytes:
    samples = [part * 2 + bytes([number]) for number, part in enumerate(parts * 40)]
    dictionary = zstd.train_dict(samples, 4096)
    content = zstd.compress(dictionary.dict_content) if packed else dictionary.dict_content
    frame = b"\x5d\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content
    return frame + b"".join(zstd.compress(part, zstd_dict=dictionary) for part in parts)


PACKINGS: dict[str, Callable[[list[bytes]], bytes]] = {
    "plain": b"".join,
    "a member each": by_member,
    "one member": lambda parts: gzip.compress(b"".join(parts)),
    "members cut anywhere": cut_anywhere,
    "two members, then one": lambda parts: by_member(parts[:2]) + gzip.compress(b"".join(parts[2:])),
    "plain, then packed": lambda parts: b"".join(parts[:2]) + by_member(parts[2:]),
    "packed, then plain": lambda parts: by_member(parts[:2]) + b"".join(parts[2:]),
    "zstd": lambda parts: b"".join(map(zstd.compress, parts)),
    "one zstd frame": lambda parts: zstd.compress(b"".join(parts)),
}


def scanned(data: bytes) -> tuple[list[tuple[bytes, bytes]], list[Refused]]:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "other.warc"
        path.write_bytes(data)
        good, refused = [], []
        for found in scan(path):
            if isinstance(found, FoundRecord):
                good.append((found.head, found.block()))
            elif isinstance(found, Refused):
                refused.append(found)
        return good, refused


@pytest.mark.parametrize("packing", PACKINGS)
@settings(max_examples=40, deadline=None)
@given(blocks=BLOCKS)
def test_records_are_the_same_however_they_are_packed(packing: str, blocks: list[bytes]) -> None:
    records = [made(number, block) for number, block in enumerate(blocks)]
    good, refused = scanned(PACKINGS[packing]([record.data for record in records]))
    assert good == [(record.head, record.block) for record in records]
    assert refused == []


@pytest.mark.parametrize("packed", [True, False])
def test_a_dictionary_in_front(packed: bool) -> None:
    records = [made(number, f"HTTP/1.1 200 OK\r\n\r\nthe ferry of {number}".encode()) for number in range(6)]
    good, refused = scanned(zstd_with_dictionary([record.data for record in records], packed=packed))
    assert good == [(record.head, record.block) for record in records]
    assert refused == []


@settings(max_examples=200, deadline=None)
@given(
    blocks=BLOCKS,
    chance=st.randoms(use_true_random=False),
    packing=st.sampled_from(["plain", "a member each", "zstd"]),
)
def test_damage_takes_only_what_it_touches(blocks: list[bytes], chance: random.Random, packing: str) -> None:
    records = [digested(number, block + b"quay" * 5) for number, block in enumerate(blocks)]
    parts = [PACKINGS[packing]([record.data]) for record in records]
    victim = chance.randrange(len(parts))
    spoiled = bytearray(parts[victim])
    how = chance.choice(["flip", "zeros", "cut", "insert"])
    at = chance.randrange(len(spoiled))
    if how == "flip":
        spoiled[at] ^= 1 << chance.randrange(8)
    elif how == "zeros":
        spoiled[at : at + 40] = bytes(len(spoiled[at : at + 40]))
    elif how == "cut":
        del spoiled[at:]
    else:
        spoiled[at:at] = b"ballast"
    good, refused = scanned(b"".join([*parts[:victim], bytes(spoiled), *parts[victim + 1 :]]))
    untouched = [(record.head, record.block) for number, record in enumerate(records) if number != victim]
    # What is found where a plain record was cut may be a record in its block; with it the search goes on there
    lost = [record for record in untouched if record not in good]
    assert not lost or (packing == "plain" and refused), (how, at, victim, refused)
    everything = [(record.head, record.block) for record in records]
    assert refused or how in ("flip", "zeros", "insert") or good == everything or bytes(spoiled) == b""


def test_whatever_the_bytes_are_nothing_is_raised() -> None:
    chance = random.Random(5)
    base = by_member([digested(number, b"HTTP/1.1 200 OK\r\n\r\n" + bytes(300)).data for number in range(5)])
    for _ in range(150):
        data = bytearray(base)
        for _ in range(chance.randrange(1, 30)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        scanned(bytes(data[: chance.randrange(1, len(data))]))


def only(data: bytes) -> tuple[bytes, bytes]:
    good, refused = scanned(data)
    assert refused == []
    (record,) = good
    return record


def as_warcio_reads(head: bytes, block: bytes) -> dict[str, str]:
    found = []
    for record in ArchiveIterator(io.BytesIO(gzip.compress(head + block + b"\r\n\r\n")), no_record_parse=True):
        assert record.raw_stream.read() == block
        found.append(dict(record.rec_headers.headers))
    (fields,) = found
    return fields


HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>low tide"


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (lambda head: head.replace(b"\r\n", b"\n"), {}),
        (lambda head: head.replace(b"WARC-Date: ", b"WARC-Date:\r\n "), {}),
        (lambda head: head.replace(b"WARC/1.0", b"WARC/0.17"), {}),
        (lambda head: head.replace(b"WARC/1.0", b"WARC/1.2"), {}),
        (lambda head: head.replace(b"<urn:uuid:00000000-0000-4000-8000-000000000000>", b"<not an id>"), {"WARC-Record-ID": "<not an id>"}),
        (lambda head: head.replace(b"http://harbour.example/0", b"<http://harbour.example/0>"), {}),
        (lambda head: head.replace(b"\r\n\r\n", b"\r\nno colon in it\r\n\r\n"), {}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("packing", ["plain", "a member each", "one member"])
def test_heads_as_programs_write_them(change: Callable[[bytes], bytes], fields: dict[str, str], packing: str) -> None:
    plain = made(0, HTTP)
    head, block = only(PACKINGS[packing]([change(plain.head) + HTTP + b"\r\n\r\n"]))
    assert block == HTTP
    assert as_warcio_reads(head, block) == as_warcio_reads(plain.head, HTTP) | fields


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (made(0, HTTP).data.replace(b"Content-Length: ", b"Content-Length: about "), "no readable Content-Length"),
        (made(0, HTTP, date="yesterday").data, "its date cannot be read: 'yesterday'"),
        (made(0, HTTP).data.replace(b"http://harbour.example/0", b"http://[harbour/"), "its address cannot be read: 'http://[harbour/'"),
        (made(0, HTTP).data.replace(b"WARC-Type: response\r\n", b""), "no WARC-Type"),
        (made(0, HTTP).data[:-30], "cut short"),
        (b"spilt oil\n" * 9, "no record begins here"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("packing", ["plain", "a member each"])
def test_what_is_refused_says_where_and_why(record: bytes, reason: str, packing: str) -> None:
    before, after = made(1, HTTP), made(2, HTTP)
    parts = [PACKINGS[packing]([part]) for part in (before.data, record, after.data)]
    good, refused = scanned(b"".join(parts))
    assert good == [(before.head, HTTP), (after.head, HTTP)]
    assert [one.offset for one in refused] == [len(parts[0])]
    assert reason in refused[0].line


def test_zeros_and_torn_ends() -> None:
    whole = by_member([made(number, HTTP).data for number in range(3)])
    good, refused = scanned(whole + bytes(4096))
    assert (len(good), refused) == (3, [])
    good, refused = scanned(whole[:-40])
    assert len(good) == 2
    assert len(refused) == 1
    good, refused = scanned(
        gzip.compress(b"".join(made(n, random.Random(n).randbytes(900)).data for n in range(9)))[:-2000]
    )
    assert len(good) >= 5
    assert "cut short" in refused[-1].line


def test_only_a_checksum_is_wrong() -> None:
    packed = bytearray(by_member([digested(0, HTTP).data]))
    packed[-6] ^= 1
    good, refused = scanned(bytes(packed) + by_member([made(1, HTTP).data]))
    assert (len(good), refused) == (2, [])
    packed = bytearray(by_member([made(0, HTTP).data]))
    packed[-6] ^= 1
    good, refused = scanned(bytes(packed) + by_member([made(1, HTTP).data]))
    assert len(good) == 1
    assert "incorrect data check" in refused[0].line


ARC_1 = b"filedesc://tide.arc 0.0.0.0 20030405060708 text/plain 77\n1 0 Harbour\nURL IP-address Archive-date Content-type Archive-length\n\n\n\n"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>quay</title>"


def arc(version: int, packed: bool) -> bytes:
    names = b"URL IP-address Archive-date Content-type " + (
        b"Result-code Checksum Location Offset Filename " if version == 2 else b""
    )
    about = f"{version} 0 Harbour\n".encode() + names + b"Archive-length\n"
    between = b"200 - - 0 tide.arc " if version == 2 else b""
    zero = b"200 - - 0 tide.arc " if version == 2 else b""
    records = [
        b"filedesc://tide.arc 0.0.0.0 20030405060708 text/plain " + zero + b"%d\n" % len(about) + about + b"\n",
        b"dns:harbour.example 192.0.2.1 20030405060709 text/dns " + between + b"7\n1 2 3 4\n",
        b"http://harbour.example/a b 192.0.2.9 20030405060710 text/html "
        + between
        + b"%d\n" % len(PAGE)
        + PAGE
        + b"\n",
    ]
    return by_member(records) if packed else b"".join(records)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("packed", [True, False])
def test_arc(version: int, packed: bool) -> None:
    good, refused = scanned(arc(version, packed))
    assert refused == []
    heads = [as_warcio_reads(head, block) for head, block in good]
    assert [head["WARC-Type"] for head in heads] == ["metadata", "resource", "response"]
    assert heads[2]["WARC-Target-URI"] == "http://harbour.example/a%20b"
    assert heads[2]["WARC-IP-Address"] == "192.0.2.9"
    assert heads[2]["WARC-Date"] == "2003-04-05T06:07:10Z"
    assert good[2][1] == PAGE
    assert heads[1]["Content-Type"] == "text/dns"


VALUE = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20)
FIELDS = st.lists(st.tuples(st.sampled_from(["WARC-Record-ID", "warc-refers-to", "WARC-Concurrent-To", "X", "WARC-Truncated", "WARC-Payload-Digest", "WARC-Refers-To-Date", "WARC-IP-Address"]), VALUE), max_size=4)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(
    kind=st.sampled_from(["response", "revisit", "resource", "conversion", "metadata", "request", "warcinfo", "continuation", "other"]),
    fields=FIELDS,
    path=st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12),
    block=st.one_of(st.binary(max_size=60), st.just(PAGE), st.just(b"outcome: ok\r\nrole: article\r\n"), st.just(b"outcome: \r\n")),
    date=st.sampled_from(["2021", "2021-03", "2021-03-04", "2021-03-04T05:06Z", "2021-03-04T05:06:07.123456789Z", "2021-03-04T05:06:07+02:00", "20210304050607"]),
)  # fmt: skip
def test_what_is_found_good_is_imported_and_read_again(
    kind: str, fields: list[tuple[str, str]], path: str, block: bytes, date: str
) -> None:
    more = "".join(f"{name}: {value}\r\n" for name, value in fields)
    head = (
        f"WARC/1.0\r\nwarc-type: {kind}\r\n{more}WARC-Date: {date}\r\nWARC-Target-URI: http://quay.example/{path}\r\n"
        f"Content-Length: {len(block)}\r\n\r\n"
    )
    data = by_member([head.encode() + block + b"\r\n\r\n", made(7, PAGE).data])
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "other.warc.gz"
        source.write_bytes(data)
        name = segment_of(source, "t")
        imported = import_file(source, name, Path(place))
        assert imported.records + len(imported.refused) == 2
        contents = read_contents(imported.closed.warc, name)
        assert contents.end == imported.closed.warc.stat().st_size
        lines = imported.closed.cdxj.read_bytes().splitlines()
        assert all(len(line.split(b" ", 2)[1]) == 14 for line in lines)
        assert any(b"harbour.example" in line for line in lines)


RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n%s\r\n<p>Text</p>"


def test_a_record_with_anothers_id_gets_its_own_and_a_long_head_is_read(tmp_path: Path) -> None:
    long = made(2, RESPONSE % (b"X-Long: " + b"y" * 300_000 + b"\r\n"))
    other = "WARC-Refers-To: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n"
    note = made(3, b"outcome: fine\r\nrole: reader\r\n", kind="metadata", more=other)
    twice = [made(1, RESPONSE % b""), note, long, made(1, RESPONSE % b"X-Other: 1\r\n")]
    source = tmp_path / "twice.warc.gz"
    source.write_bytes(by_member([record.data for record in twice]))
    (tmp_path / "there").mkdir()
    result = import_file(source, segment_of(source, "paper"), tmp_path / "there")
    assert (result.records, result.pages, result.mended, len(result.warnings)) == (4, 3, 1, 1)
    assert "000000000001" in result.warnings[0].line
    with result.closed.warc.open("rb") as stream:
        captures = list(SegmentReading(stream).captures())
    assert len({capture.record_id for capture in captures}) == 3
    assert all(capture.is_page for capture in captures)


def test_behind_an_arc_record_of_a_wrong_length_the_next_one_is_found() -> None:
    line = b"http://harbour.example/%d 192.0.2.7 20190504030201 text/html %d\n"
    data = b"".join(line % (number, 20 if number == 2 else 90) + b"x" * 90 + b"\n" for number in (1, 2, 3))
    found, refused = scanned(data)
    assert [len(block) for _, block in found] == [90, 20, 90]
    assert len(refused) == 1


def test_a_page_may_be_packed_though_its_head_does_not_say_so() -> None:
    packed = RESPONSE.replace(b"<p>Text</p>", gzip.compress(b"<p>Text</p>", mtime=0)) % b""
    record = made(1, packed).data
    capture = first_capture(iterate_records(io.BytesIO(record)))
    assert capture is not None
    assert capture.body(1 << 20).body == b"<p>Text</p>"
    picture = first_capture(iterate_records(io.BytesIO(record.replace(b"text/html", b"image/gif"))))
    assert picture is not None
    assert picture.body(1 << 20).body.startswith(b"\x1f\x8b")
