"""What other programs write is imported record by record: none is missing, none is altered, as others read them."""

from __future__ import annotations

import gzip
import io
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecord, WarcRecordType
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.foreign_warcs import import_file, segment_of
from crawler.demo.server import DemoServer
from tests.support.processes import ROOT

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TOOLS = ROOT / ".venv-replay"
LIBRARY = TOOLS / "warcio" / "dist" / "index.all.js"
HTML = b"<html lang=en><title>Low water</title><p>Low water at noon.</p></html>"


@dataclass(frozen=True)
class Listed:
    """A record as another reader lists it."""

    kind: str
    headers: tuple[tuple[str, str], ...]
    block: bytes


def listed(data: bytes) -> list[Listed]:
    """Records as warcio lists them; of those that an import adds, none."""
    found = []
    for record in ArchiveIterator(io.BytesIO(data), no_record_parse=True):
        headers = tuple(record.rec_headers.headers)
        if any("urn:newswarc:import:" in value for _, value in headers):
            continue
        block = record.raw_stream.read()
        if b"via: import" not in block:
            found.append(Listed(record.rec_type, headers, block))
    return found


def listed_by_fastwarc(data: bytes) -> list[tuple[str, bytes]]:
    """Ids and blocks as FastWARC lists them."""
    found = []
    for record in FastIterator(io.BytesIO(data), parse_http=False):
        block = record.reader.read()
        if b"via: import" not in block and "urn:newswarc:import:" not in str(record.headers.get("WARC-Target-URI")):
            found.append((str(record.record_id), block))
    return found


def run(*command: object, cwd: Path) -> None:
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 8), done.stderr[-2000:]  # wget ends with 8 where a page is missing


def need(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"NO {path.name}: `make replay-tools` installs it")
    return path


@pytest.fixture(scope="module")
def newspaper() -> Iterator[DemoServer]:
    with DemoServer() as server:
        yield server


def by_wget(*options: str) -> Callable[[Path, DemoServer], list[Path]]:
    def write(place: Path, newspaper: DemoServer) -> list[Path]:
        command = ("wget", "-q", "-r", "-l", "1", "--warc-file=kept", "-P", "files", *options)
        run(*command, f"{newspaper.base}/en/", cwd=place)
        return sorted(place.glob("kept*.warc*"))

    return write


def by_wget_twice(place: Path, newspaper: DemoServer) -> list[Path]:
    """The second time, what is the same becomes a revisit."""
    page = f"{newspaper.base}/en/"
    run("wget", "-q", "--warc-file=first", "--warc-cdx", "-P", "one", page, cwd=place)
    run("wget", "-q", "--warc-file=second", "--warc-dedup=first.cdx", "-P", "two", page, cwd=place)
    return [place / "second.warc.gz"]


def by_warcit(place: Path, _: DemoServer) -> list[Path]:
    program = need(TOOLS / "bin" / "warcit")
    (place / "pages" / "sub").mkdir(parents=True)
    (place / "pages" / "index.html").write_bytes(HTML)
    (place / "pages" / "sub" / "Zoë & co.txt").write_text("tide tables", encoding="utf-8")
    run(program, "-q", "-o", "--name", "folder.warc.gz", "https://folder.example/", "pages", cwd=place)
    return [place / "folder.warc.gz"]


def by_npm(place: Path, _: DemoServer) -> list[Path]:
    run("node", Path(__file__).with_name("write_warc.mjs"), need(LIBRARY), place / "browser.warc.gz", cwd=place)
    return [place / "browser.warc.gz"]


def of_each_kind(writer: WARCWriter) -> None:
    url, head = (
        "http://kinds.example/a b?q=ü",
        StatusAndHeaders("200 OK", [("Content-Type", "text/html")], "HTTP/1.1"),
    )
    body: Callable[[bytes], io.BytesIO] = io.BytesIO
    writer.write_record(
        writer.create_warcinfo_record("kinds.warc.gz", {"software": "a writer", "note": "zwei: drei"})
    )
    response = writer.create_warc_record(url, "response", payload=body(HTML), http_headers=head)
    writer.write_record(response)
    asked = StatusAndHeaders("GET /a HTTP/1.1", [("Host", "kinds.example")], is_http_request=True)
    writer.write_record(writer.create_warc_record(url, "request", http_headers=asked))
    digest, date = response.rec_headers["WARC-Payload-Digest"], response.rec_headers["WARC-Date"]
    writer.write_record(writer.create_revisit_record(url, digest, url, date, http_headers=head))
    for kind, kind_of_content, block in (
        ("metadata", "application/warc-fields", b"via: somewhere\r\n"),
        ("resource", "text/dns", b"20260101\nkinds.example. 60 IN A 192.0.2.7\n"),
        ("conversion", "text/plain", b"Ebbe und Flut"),
        ("response", "application/http; msgtype=response", b""),
        ("resource", "application/octet-stream", bytes(range(256)) * 300),
    ):
        record = writer.create_warc_record(
            url, kind, payload=body(block), warc_content_type=kind_of_content, length=len(block)
        )
        writer.write_record(record)


def by_warcio(version: str, *, packed: bool) -> Callable[[Path, DemoServer], list[Path]]:
    def write(place: Path, _: DemoServer) -> list[Path]:
        path = place / ("kinds.warc.gz" if packed else "kinds.warc")
        with path.open("wb") as stream:
            of_each_kind(WARCWriter(stream, gzip=packed, warc_version=version))
        return [path]

    return write


def by_fastwarc(place: Path, _: DemoServer) -> list[Path]:
    path = place / "fast.warc.gz"
    with path.open("wb") as file:
        for number in range(5):
            record = WarcRecord()
            record.init_headers(WarcRecordType.resource)
            record.headers["WARC-Target-URI"] = f"https://fast.example/{number}"
            record.headers["Content-Type"] = "text/plain"
            record.set_bytes_content(b"tide " * number)
            written = io.BytesIO()
            record.write(written, checksum_data=True)
            file.write(gzip.compress(written.getvalue()))
    return [path]


def by_zstandard(*, dictionary: bool) -> Callable[[Path, DemoServer], list[Path]]:
    """Each record a frame (Zstandard for WARC files, Archive Team 2020), the first one with the dictionary."""

    def write(place: Path, _: DemoServer) -> list[Path]:
        packed = io.BytesIO()
        of_each_kind(WARCWriter(packed, gzip=True))
        texts = [gzip.decompress(member) for member in members(packed.getvalue())]
        trained = zstd.train_dict([text[at : at + 400] for text in texts for at in range(0, 800, 50)], 4096)
        frames = b"".join(zstd.compress(text, zstd_dict=trained if dictionary else None) for text in texts)
        if dictionary:
            data = trained.dict_content
            frames = 0x184D2A5D.to_bytes(4, "little") + len(data).to_bytes(4, "little") + data + frames
        (place / "kinds.warc.zst").write_bytes(frames)
        return [place / "kinds.warc.zst"]

    return write


def members(packed: bytes) -> list[bytes]:
    """The gzip members of a file, taken apart without the code under test."""
    found = []
    while packed:
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        inflater.decompress(packed)
        found.append(packed[: len(packed) - len(inflater.unused_data)])
        packed = inflater.unused_data
    return found


WRITERS: dict[str, Callable[[Path, DemoServer], list[Path]]] = {
    "wget": by_wget("-p"),
    "wget, not packed": by_wget("--no-warc-compression"),
    "wget, many files": by_wget("--warc-max-size=20K"),
    "wget, revisits": by_wget_twice,
    "warcit": by_warcit,
    "npm's warcio": by_npm,
    "warcio, WARC 1.0": by_warcio("WARC/1.0", packed=True),
    "warcio, WARC 1.1": by_warcio("WARC/1.1", packed=True),
    "warcio, not packed": by_warcio("WARC/1.1", packed=False),
    "FastWARC": by_fastwarc,
}


def segment(source: Path, place: Path) -> bytes:
    """The WARC of a segment made of a file, from which nothing was refused."""
    directory = place / f"segment-{source.name}"
    directory.mkdir()
    made = import_file(source, segment_of(source, "tests"), directory)
    assert made.refused == []
    return made.closed.warc.read_bytes()


@pytest.mark.parametrize("writer", WRITERS)
def test_nothing_is_missing_and_nothing_is_altered(writer: str, newspaper: DemoServer, tmp_path: Path) -> None:
    sources = WRITERS[writer](tmp_path, newspaper)
    assert sources
    for source in sources:
        data = source.read_bytes()
        expected = listed(data)
        assert expected
        made = segment(source, tmp_path)
        assert listed(made) == expected
        assert listed_by_fastwarc(made) == listed_by_fastwarc(data)


@pytest.mark.parametrize("dictionary", [False, True])
def test_frames_of_zstandard(dictionary: bool, newspaper: DemoServer, tmp_path: Path) -> None:
    (source,) = by_zstandard(dictionary=dictionary)(tmp_path, newspaper)
    plain = io.BytesIO()
    of_each_kind(WARCWriter(plain, gzip=False))
    kinds = [(record.kind, record.block) for record in listed(plain.getvalue())]
    made = [(record.kind, record.block) for record in listed(segment(source, tmp_path))]
    assert [kind for kind, _ in made] == [kind for kind, _ in kinds]
    assert [block for kind, block in made if kind != "warcinfo"] == [
        block for kind, block in kinds if kind != "warcinfo"
    ]


def test_a_wacz_by_py_wacz(newspaper: DemoServer, tmp_path: Path) -> None:
    program = need(TOOLS / "bin" / "wacz")
    (source,) = by_warcio("WARC/1.1", packed=True)(tmp_path, newspaper)
    run(program, "create", "-o", tmp_path / "kinds.wacz", source, cwd=tmp_path)
    with zipfile.ZipFile(tmp_path / "kinds.wacz") as packed:
        assert packed.read("archive/kinds.warc.gz") == source.read_bytes()
    assert listed(segment(tmp_path / "kinds.wacz", tmp_path)) == listed(source.read_bytes())


def test_what_is_damaged_is_listed_and_the_rest_is_there(newspaper: DemoServer, tmp_path: Path) -> None:
    """Every record is in the segment or in the list of what was refused, as many as others read before the damage."""
    (source,) = by_warcio("WARC/1.0", packed=True)(tmp_path, newspaper)
    data = bytearray(source.read_bytes())
    expected = listed(bytes(data))
    place = sum(map(len, members(bytes(data))[:3]))
    data[place + 30] ^= 0xFF
    damaged = tmp_path / "damaged.warc.gz"
    damaged.write_bytes(data)
    shutil.rmtree(tmp_path / "segment", ignore_errors=True)
    (tmp_path / "segment").mkdir()
    made = import_file(damaged, segment_of(damaged, "tests"), tmp_path / "segment")
    kept = listed(made.closed.warc.read_bytes())
    assert [record for record in expected if record not in kept] == [expected[3]]
    assert [refused.offset for refused in made.refused] == [place]
