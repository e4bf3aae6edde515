"""Downloads: the same articles in each form, the same bytes when resumed, no more of anything than is allowed."""

from __future__ import annotations

import csv
import io
import json
import threading
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.access import AccessGate
from archive.access_rules import AccessRule, AccessRules, Restriction
from archive.datasets.rows import own_row_of, record_of
from archive.errors import StorageUnavailable
from archive.search.query import Everything
from crawler.web import selected_records
from crawler.web.bounded_work import Busy
from crawler.web.downloads import DownloadBroken, Downloads
from crawler.web.selected_records import TABLE, Form, Selected
from tests.datasets.making import record
from tests.web.asking import Server
from tests.web.captured import HOSTILE


def test_each_form_has_the_same_articles(server: Server) -> None:
    as_json = [json.loads(line) for line in server.ask("/download?format=jsonl").body.splitlines()]
    as_csv = list(csv.DictReader(io.StringIO(server.ask("/download?format=csv").text)))
    as_table = pq.read_table(io.BytesIO(server.ask("/download?format=parquet").body))
    assert len(as_json) == len(as_csv) == as_table.num_rows == 8
    assert as_table.schema.equals(TABLE)
    ids = [one["id"] for one in as_json]
    assert ids == [one["id"] for one in as_csv] == as_table["id"].to_pylist()
    assert [one["articleBody"] for one in as_json] == as_table["text"].to_pylist()


@pytest.mark.parametrize(
    ("query", "count"), [("q=quay", 4), ("lang=ar", 2), ("site=paper1.com", 3), ("q=nothing", 0)]
)
def test_a_download_is_of_what_the_search_means(server: Server, query: str, count: int) -> None:
    assert len(server.ask(f"/download?format=jsonl&{query}").body.splitlines()) == count
    assert pq.read_table(io.BytesIO(server.ask(f"/download?format=parquet&{query}").body)).num_rows == count


def test_what_a_spreadsheet_would_compute_stays_text(kept: Server) -> None:
    rows = list(csv.DictReader(io.StringIO(kept.ask("/download?format=csv").text)))
    row = next(one for one in rows if one["url"] == HOSTILE)
    assert row["headline"].startswith("'=HYPERLINK")
    assert not any(value.startswith(("=", "+", "-", "@")) for one in rows for value in one.values())


@pytest.mark.parametrize("form", list(Form))
def test_a_download_is_resumed(server: Server, form: Form) -> None:
    path = f"/download?format={form}"
    whole = server.ask(path)
    etag, size = whole.headers["etag"], len(whole.body)
    rest = server.ask(path, Range="bytes=100-", If_Range=etag)
    assert (rest.status, rest.headers["content-range"]) == (206, f"bytes 100-{size - 1}/{size}")
    assert whole.body[:100] + rest.body == whole.body
    assert server.ask(path, Range="bytes=10-19").body == whole.body[10:20]
    assert server.ask(path, Range="bytes=10-19", If_Range='"other"').status == 200
    assert server.ask(path, Range=f"bytes={size}-").status == 416
    assert server.ask(path, Range="bytes=0-1,5-9").status == 200, "several ranges are not given: all is"
    assert server.ask(path, "HEAD").headers["content-length"] == str(size)
    assert server.ask(path, If_None_Match=etag).status == 304


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=5000), max_size=20), st.integers(0, 50_000), st.integers(0, 50_000))
def test_parts_are_those_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], start: int, end: int
) -> None:
    downloads = Downloads(tmp_path_factory.mktemp("d"), 1 << 30)
    whole = b"".join(parts)
    download = downloads.get("v", "q", Form.JSONL, lambda file: write(file, parts))
    assert b"".join(download.parts()) == whole
    assert download.wait(5)
    assert download.size == len(whole)
    start, end = sorted((min(start, len(whole)), min(end, len(whole))))
    assert b"".join(download.parts(start, end)) == whole[start:end]
    downloads.close()


def write(file: BinaryIO, parts: list[bytes]) -> None:
    for part in parts:
        file.write(part)


def test_rows_of_a_table_are_those_of_the_records() -> None:
    made = [
        record(
            number,
            datePublished=date,
            articleBody=f"“{number}”\n東京\t\x7f",
            articleSection=section,
            keywords=["a", ""] if number % 2 else [],
            authors=[{"name": "Ines", "url": None}] * (number % 3),
        )
        for number, (date, section) in enumerate(
            product(
                ["2026", "2026-01-01", "2026-01-01T08:30:00.123456+01:00", "2026-01-01T23:59:59Z", None], [None, "x"]
            )
        )
    ]
    lines = [json.dumps(one, ensure_ascii=False).encode() for one in made] * 45
    file = io.BytesIO()
    selected_records.write(Form.PARQUET, iter(lines), file)
    table = pq.read_table(io.BytesIO(file.getvalue()))
    assert table.schema.equals(TABLE)
    rows = [{name: row[name] for name in TABLE.names} for row in map(own_row_of, map(record_of, lines))]
    assert table.equals(pa.Table.from_pylist(rows, schema=TABLE))


def test_a_reader_has_what_is_made_before_all_of_it_is(tmp_path: Path) -> None:
    downloads, go_on = Downloads(tmp_path, 1 << 30), threading.Event()

    def make(file: BinaryIO) -> None:
        file.write(b"a" * 300_000)
        go_on.wait(10)
        file.write(b"b")

    download = downloads.get("v", "q", Form.CSV, make)
    parts = download.parts()
    assert next(parts).startswith(b"aaa")
    assert not download.is_complete
    go_on.set()
    assert b"".join(parts).endswith(b"ab")
    downloads.close()


def test_the_same_is_made_once_and_another_version_anew(tmp_path: Path) -> None:
    downloads, made = Downloads(tmp_path, 1 << 30), []

    def make(file: BinaryIO) -> None:
        made.append(1)
        file.write(b"x")

    first = downloads.get("v1", "q", Form.CSV, make)
    assert first.wait(5)
    assert downloads.get("v1", "q", Form.CSV, make) is first
    second = downloads.get("v2", "q", Form.CSV, make)
    assert second.wait(5)
    assert second.etag != first.etag
    assert len(made) == 2
    assert not first.path.exists(), "what no longer holds is not kept"
    downloads.close()
    assert not any(tmp_path.iterdir())


def test_a_download_that_fails_breaks_off_and_is_tried_anew(tmp_path: Path) -> None:
    downloads = Downloads(tmp_path, 1 << 30)

    def make(file: BinaryIO) -> None:
        file.write(b"x" * 400_000)
        raise StorageUnavailable("the storage is away")

    download = downloads.get("v", "q", Form.CSV, make)
    with pytest.raises(DownloadBroken, match="the storage is away"):
        list(download.parts())
    again = downloads.get("v", "q", Form.CSV, lambda file: write(file, [b"y"]))
    assert b"".join(again.parts()) == b"y"
    downloads.close()


def test_downloads_keep_within_their_budget(tmp_path: Path) -> None:
    downloads = Downloads(tmp_path, 1 << 20)
    large = downloads.get("v", "large", Form.CSV, lambda file: write(file, [b"x" * (1 << 18)] * 8))
    with pytest.raises(DownloadBroken, match="no room"):
        list(large.parts())
    for number in range(8):
        one = downloads.get("v", str(number), Form.CSV, lambda file: write(file, [b"x" * (1 << 18)]))
        assert one.wait(5)
    kept = sum(path.stat().st_size for path in tmp_path.rglob("*.download"))
    assert kept <= 1 << 20
    downloads.close()


def test_only_some_are_made_at_once(tmp_path: Path) -> None:
    downloads, go_on = Downloads(tmp_path, 1 << 30), threading.Event()
    for number in range(4):
        downloads.get("v", str(number), Form.CSV, lambda _file: (go_on.wait(10), None)[1], f"client {number // 2}")
        if number == 1:
            with pytest.raises(Busy):
                downloads.get("v", "a third", Form.CSV, lambda file: write(file, [b"x"]), "client 0")
    with pytest.raises(Busy):
        downloads.get("v", "one more", Form.CSV, lambda file: write(file, [b"x"]), "client 2")
    go_on.set()
    downloads.close()


def test_what_a_killed_server_left_is_removed_and_another_server_kept(tmp_path: Path) -> None:
    left = tmp_path / "server-left"
    left.mkdir()
    (left / "x.download").write_bytes(b"x")
    first = Downloads(tmp_path, 1 << 30)
    kept = first.get("v", "q", Form.CSV, lambda file: write(file, [b"x"]))
    assert kept.wait(5)
    second = Downloads(tmp_path, 1 << 30)
    assert not left.exists()
    assert kept.path.exists()
    first.close()
    second.close()


def test_a_fault_of_the_program_leaves_no_download_that_seems_complete(tmp_path: Path) -> None:
    downloads = Downloads(tmp_path, 1 << 30)

    def make(file: BinaryIO) -> None:
        file.write(b"half of it")
        raise KeyError("url")

    hook, threading.excepthook = threading.excepthook, lambda _told: None
    try:
        download = downloads.get("v", "q", Form.CSV, make)
        with pytest.raises(DownloadBroken):
            list(download.parts())
    finally:
        threading.excepthook = hook
    assert not download.is_complete
    downloads.close()


def test_what_is_forgotten_while_it_is_made_keeps_within_the_budget_too(tmp_path: Path) -> None:
    downloads, go_on = Downloads(tmp_path, 1 << 20), threading.Event()

    def make(file: BinaryIO) -> None:
        go_on.wait(10)
        write(file, [b"x" * (1 << 18)] * 8)

    endless = downloads.get("v1", "q", Form.CSV, make)
    assert downloads.get("v2", "q", Form.CSV, lambda file: write(file, [b"y"])).wait(5)
    go_on.set()
    assert not endless.wait(10)
    assert "no room" in endless.problem
    downloads.close()


def test_a_rule_holds_from_the_moment_on_for_a_download_that_is_being_made(server: Server) -> None:
    reader = server.services.reader
    gates = [reader.gate]
    searcher = reader.own_searcher()
    try:
        lines = Selected(reader.storage, searcher, lambda: gates[-1]).lines(Everything())
        first = json.loads(next(lines))
        everything = AccessRule(
            id="x", restriction=Restriction.BLOCKED, reason="an order", date=datetime(2026, 1, 1, tzinfo=UTC)
        )
        gates.append(AccessGate(AccessRules([everything]), lambda: datetime.now(UTC)))
        assert first["id"]
        assert list(lines) == []
    finally:
        searcher.close()
