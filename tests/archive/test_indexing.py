"""What an index says: of requests that are not GET, and of records that are no HTTP responses."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import tempfile
from pathlib import Path

import pytest
from cdxj_indexer.main import CDXJIndexer  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from surt import surt

from archive.captures import iterate_records
from archive.cdxj import IndexEntry, index_text
from archive.indexing import WarcIndexing
from archive.request_method import GET, RequestMethod, request_method
from archive.surt import surt_key
from tests.support.processes import newswarc

EARLY = Path(__file__).parent / "data" / "early-archive"


def record(kind: str, url: str, block: bytes, number: int, more: str = "", mime: str = "") -> bytes:
    mime = mime or f"application/http; msgtype={kind}"
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012d}>\r\n"
        f"WARC-Date: 2020-02-03T04:05:06Z\r\nWARC-Target-URI: {url}\r\n{more}Content-Type: {mime}\r\n"
        f"Content-Length: {len(block)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + block + b"\r\n\r\n", mtime=0)


def concurrent(number: int) -> str:
    return f"WARC-Concurrent-To: <urn:uuid:00000000-0000-4000-8000-{number:012d}>\r\n"


def request(method: str, body: bytes = b"", mime: str = "") -> bytes:
    types = f"Content-Type: {mime}\r\n" if mime else ""
    return f"{method} /x HTTP/1.1\r\nHost: buoy.example\r\n{types}Content-Length: {len(body)}\r\n\r\n".encode() + body


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[]"


def indexed(data: bytes) -> list[IndexEntry]:
    index = WarcIndexing("a.warc.gz")
    for found in iterate_records(io.BytesIO(data)):
        index.add(found, found.offset, found.length)
    return list(index.entries(len(data)))


def theirs(data: bytes) -> list[tuple[str, dict[str, str]]]:
    with tempfile.TemporaryDirectory() as place:
        path, output = Path(place) / "a.warc.gz", Path(place) / "a.cdxj"
        path.write_bytes(data)
        CDXJIndexer(str(output), [str(path)], post_append=True, sort=True).process_all()
        lines = [line.split(" ", 2) for line in output.read_text().splitlines()]
    return [(key, json.loads(text)) for key, _, text in lines]


WORD = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=6)
# The indexer keeps an empty pair where an ampersand stands in a value: it unquotes before it takes the query apart
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="&"), max_size=12)
LEAF = st.one_of(TEXT, st.integers(0, 99), st.booleans(), st.none())
DOCUMENT = st.dictionaries(WORD, st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD, inner, max_size=3), max_leaves=6), max_size=4)  # fmt: skip
BODIES = st.one_of(
    st.tuples(st.just("application/json"), DOCUMENT.map(json.dumps).map(str.encode)),
    st.tuples(st.just("text/plain"), st.one_of(DOCUMENT.map(json.dumps).map(str.encode), st.binary(max_size=30))),
    st.tuples(st.just("application/octet-stream"), st.binary(max_size=40)),
    st.tuples(st.just(""), st.binary(max_size=20)),
    st.tuples(
        st.just("application/x-www-form-urlencoded"),
        st.lists(st.tuples(WORD, WORD), max_size=3).map(lambda pairs: "&".join("=".join(pair) for pair in pairs).encode()),
    ),
    st.tuples(
        st.just('multipart/form-data; boundary=tide'),
        st.lists(st.tuples(WORD, WORD), min_size=1, max_size=3).map(
            lambda pairs: "".join(
                f'--tide\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in pairs
            ).encode()
            + b"--tide--\r\n"
        ),
    ),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(BODIES, st.sampled_from(["POST", "PUT"]), st.sampled_from(["", "?page=2"]), st.booleans())
def test_keys_are_those_of_the_indexer_that_pywb_goes_with(
    sent: tuple[str, bytes], method: str, query: str, is_request_first: bool
) -> None:
    mime, body = sent
    url = f"https://buoy.example/x{query}"
    asked = record("request", url, request(method, body, mime), 1, "" if is_request_first else concurrent(2))
    answered = record("response", url, ANSWER, 2, concurrent(1) if is_request_first else "")
    data = asked + answered if is_request_first else answered + asked
    (entry,) = indexed(data)
    ((key, fields),) = theirs(data)
    assert entry.line().split(" ", 2)[0] == key
    said = json.loads(entry.line().split(" ", 2)[2])
    assert said["method"] == fields["method"] == method
    assert said.get("requestBody", "") == fields.get("requestBody", "")
    assert IndexEntry.parse(entry.line().encode()).method == entry.method


def test_other_methods_do_not_shadow_a_page() -> None:
    url = "https://buoy.example/x"
    data = b"".join(
        [
            record("request", url, request("OPTIONS"), 1, concurrent(2)),
            record("response", url, ANSWER, 2),
            record("response", url, ANSWER, 3),
            record("metadata", url, b"outcome: ok\r\n", 9, mime="application/warc-fields"),
            record("request", url, request("HEAD"), 4, concurrent(3)),
            record("request", url, request("GET"), 5, concurrent(6)),
            record("response", url, ANSWER, 6),
            record("response", url, ANSWER, 7),
            record("request", url, request("DELETE"), 8),
        ]
    )
    entries = indexed(data)
    assert [entry.method.name for entry in entries] == ["OPTIONS", "HEAD", "", "DELETE"]
    key = surt_key(url)
    assert [entry.line().split(" ")[0] == key for entry in entries] == [False, False, True, False]
    assert entries[0].line().split(" ")[0] == surt(f"{url}?__wb_method=OPTIONS")


@given(st.binary(max_size=200))
def test_any_bytes_have_a_method(data: bytes) -> None:
    assert isinstance(request_method(data), RequestMethod)
    assert isinstance(request_method(b"POST / HTTP/1.1\r\nContent-Type: " + data), RequestMethod)


def test_get_adds_nothing() -> None:
    assert request_method(request("GET")) == GET
    assert GET.addition("http://x/") == ""


def test_records_without_an_http_message(tmp_path: Path) -> None:
    page, paper = "http://buoy.example/page", "http://buoy.example/paper.pdf"
    digest = "WARC-Payload-Digest: sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ\r\n"
    empty = (
        "WARC-Profile: http://netpreserve.org/warc/1.0/revisit/identical-payload-digest\r\n"
        f"WARC-Refers-To-Target-URI: {page}\r\nWARC-Refers-To-Date: 2020-02-03T04:05:06Z\r\n"
    )
    html = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    data = [
        record("warcinfo", "", b"software: other\r\n", 1, mime="application/warc-fields"),
        record("response", page, html, 2, digest),
        record("revisit", f"{page}?again", b"", 3, digest + empty),
        record("resource", paper, b"%PDF-1.7 tides", 4, mime="application/pdf"),
        record("conversion", f"{paper}.txt", b"tides", 5, mime="text/plain"),
        record("resource", "dns:buoy.example", b"1 2 3", 6, mime="text/dns"),
    ]
    (tmp_path / "other.warc.gz").write_bytes(b"".join(data))
    done = newswarc("import", "other.warc.gz", "--to", "a", cwd=tmp_path)
    assert done.code == 0, done.err
    found = {line["url"]: line for line in newswarc("find", "buoy.example", "a", "--match", "host", "--json", cwd=tmp_path).lines()}  # fmt: skip
    assert set(found) == {page, f"{page}?again", paper, f"{paper}.txt"}
    assert newswarc("show", paper, "a", "--body", cwd=tmp_path).out == "%PDF-1.7 tides"
    assert newswarc("show", f"{paper}.txt", "a", "--raw", cwd=tmp_path).out == "tides"
    assert "application/pdf" in newswarc("show", paper, "a", cwd=tmp_path).out
    assert "the same as" in newswarc("show", f"{page}?again", "a", cwd=tmp_path).out
    verified = newswarc("verify", "a", "--deep", cwd=tmp_path)
    assert verified.code == 0, verified.err
    done = newswarc("export", "warc", "a", "-o", "b.warc.gz", "--since", "2020-02-03", cwd=tmp_path)
    assert done.code == 0, done.err
    exported = (tmp_path / "b.cdxj").read_text() if (tmp_path / "b.cdxj").exists() else (tmp_path / "b.warc.gz.cdxj").read_text()  # fmt: skip
    assert len(exported.splitlines()) == 4
    assert newswarc("wacz", "a", "-o", "b.wacz", "--quiet", cwd=tmp_path).code == 0


def test_an_archive_of_an_early_version_is_read_verified_and_rebuilt(tmp_path: Path) -> None:
    shutil.copytree(EARLY, tmp_path / "a")
    before = newswarc("records", "a", cwd=tmp_path).out
    assert len(before.splitlines()) == 4
    assert newswarc("verify", "a", "--deep", cwd=tmp_path).code == 0
    done = newswarc("rebuild", "a", cwd=tmp_path)
    assert done.code == 0, done.err
    verified = newswarc("verify", "a", "--deep", cwd=tmp_path)
    assert verified.code == 0, verified.err
    assert len(newswarc("records", "a", cwd=tmp_path).out.splitlines()) == 4
    assert newswarc("rebuild", "a", cwd=tmp_path).code == 0


def test_an_older_index_is_read_and_brought_up_to_date(tmp_path: Path) -> None:
    from archive.library import newest_manifest, segment_name, segments
    from archive.manifests import stored_file
    from archive.recovery import read_contents
    from archive.storage.local import LocalStorage

    url = "http://buoy.example/page"
    data = [
        record("response", url, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", 2),
        record("resource", "http://buoy.example/chart", b"chart", 4, mime="image/png"),
    ]
    (tmp_path / "other.warc.gz").write_bytes(b"".join(data))
    assert newswarc("import", "other.warc.gz", "--to", "a", cwd=tmp_path).code == 0
    storage = LocalStorage(tmp_path / "a")
    (manifest,) = segments(storage)
    name = segment_name(manifest)
    index = tmp_path / "a" / manifest.cdxj.key
    older = [entry for entry in read_contents(tmp_path / "a" / manifest.warc.key, name).entries if entry.status]
    index.chmod(0o644)
    index.write_bytes(index_text(older))
    missing = {"records": 0, "records_root": ""}
    stored = manifest.model_copy(update={"cdxj": stored_file(manifest.cdxj.key, index), **missing})
    (tmp_path / "a" / name.manifest_key).write_bytes(stored.to_bytes())
    for part in ("state", "holdings"):  # which such archives do not have
        shutil.rmtree(tmp_path / "a" / part, ignore_errors=True)

    assert newswarc("verify", "a", "--deep", cwd=tmp_path).code == 0
    assert newswarc("find", "http://buoy.example/chart", "a", cwd=tmp_path).code == 1
    done = newswarc("rebuild", "a", cwd=tmp_path)
    assert done.code == 0, done.out + done.err
    found = newest_manifest(storage, name)
    assert found is not None
    assert found[1] == 2
    assert (found[0].records_root, found[0].records) == (manifest.records_root, manifest.records)
    assert newswarc("find", "http://buoy.example/chart", "a", cwd=tmp_path).code == 0
    verified = newswarc("verify", "a", "--deep", cwd=tmp_path)
    assert verified.code == 0, verified.err
    assert newswarc("rebuild", "a", cwd=tmp_path).code == 0
    assert newest_manifest(storage, name) == found


@pytest.mark.parametrize("line", [b"com,a)/ 20200101000000 {}", b"x"])
def test_lines_that_are_none(line: bytes) -> None:
    from archive.errors import DamagedArchive

    with pytest.raises(DamagedArchive):
        IndexEntry.parse(line)
