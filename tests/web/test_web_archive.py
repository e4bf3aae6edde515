"""The CDX server and Memento, as programs for web archives ask."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from archive.cdxj import IndexEntry
from archive.clock_and_ids import FixedClockAndIds
from archive.errors import BadAddress
from archive.layout import SegmentName
from archive.publishing import publish_segment
from archive.segment import SegmentWriter
from archive.storage.local import LocalStorage
from crawler.web.cdx_query import FIELDS, cdx_query
from tests.web.asking import Server, serving
from tests.web.captured import HOSTILE, QUAY, SECRET, Captured, exchange, response_to


def lines(server: Server, query: str) -> list[str]:
    answer = server.ask(f"/cdx?{query}")
    assert answer.status == 200, answer.text
    return answer.text.splitlines()


def test_lines_are_those_of_the_index(kept: Server, captured: Captured) -> None:
    first, second = (IndexEntry.parse(line.encode()) for line in lines(kept, f"url={QUAY}"))
    assert (first.segment, first.offset) == (captured.segment, captured.addresses[QUAY].offset)
    assert (first.url, first.status, first.mime) == (QUAY, 200, "text/html")
    assert second.is_revisit
    assert second.moment > first.moment


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("url=news.example&matchType=host", 4),
        ("url=*.example", 4),
        ("url=news.example/*", 4),
        ("url=news.example/secret*", 1),
        (f"url={QUAY}&limit=1", 1),
        (f"url={QUAY}&from=202603010930", 1),
        (f"url={QUAY}&to=202603010930", 1),
        (f"url={QUAY}&from=2026&to=2026", 2),
        (f"url={QUAY}&filter=mime:warc", 1),
        (f"url={QUAY}&filter=!mime:warc", 1),
        (f"url={QUAY}&filter==mime:text", 0),
        (f"url={QUAY}&filter=~mime:text/.*", 1),
        (f"url={QUAY}&filter=!~mime:text/.*", 1),
        (f"url={QUAY}&collapse=timestamp:8", 1),
        (f"url={QUAY}&collapseTime=12", 2),
        ("url=news.example/nowhere", 0),
    ],
)
def test_lines_are_chosen(kept: Server, query: str, count: int) -> None:
    assert len(lines(kept, query)) == count


def test_lines_are_put_in_order(kept: Server) -> None:
    plain = lines(kept, f"url={QUAY}")
    assert lines(kept, f"url={QUAY}&sort=reverse") == plain[::-1]
    assert lines(kept, f"url={QUAY}&closest=20260301120000") == plain[::-1]
    assert lines(kept, f"url={QUAY}&closest=20260301080000&sort=closest") == plain


def test_lines_are_written_as_asked(kept: Server) -> None:
    told = [json.loads(line) for line in lines(kept, f"url={QUAY}&output=json")]
    assert [one["timestamp"] for one in told] == ["20260301090000", "20260301100000"]
    assert set(told[0]) >= set(FIELDS)
    assert lines(kept, f"url={QUAY}&output=text&fl=timestamp,original") == [
        f"20260301090000 {QUAY}", f"20260301100000 {QUAY}"
    ]  # fmt: skip
    assert all(len(line.split(" ")) == 11 for line in lines(kept, "url=*.example&output=cdx"))


@pytest.mark.parametrize(
    "query",
    [
        "", "url=", "url=http://[", "url=a.example&matchType=all", "url=a.example&sort=up", "url=a.example&limit=-1",
        "url=a.example&filter=status", "url=a.example&filter=host:x", "url=a.example&filter=~status:(((",
        "url=a.example&filter=~url:(?=x)", "url=a.example&fl=password", "url=a.example&output=xml",
        "url=a.example&from=soon", "url=a.example&closest=soon", "url=a.example&collapse=urlkey",
        f"url=a.example&filter={'~url:' + 'a' * 600}", "url=a.example" + "&filter=status:200" * 11,
    ],
)  # fmt: skip
def test_wrong_queries_are_explained(kept: Server, query: str) -> None:
    answer = kept.ask(f"/cdx?{query}")
    assert answer.status == 400
    assert json.loads(answer.body)["detail"]


ENTRIES = st.lists(
    st.builds(
        IndexEntry,
        url=st.sampled_from(["https://a.example/", "https://a.example/b c", "https://b.example/?q=é"]),
        date=st.integers(0, 2**31).map(lambda one: f"{datetime.fromtimestamp(one, UTC):%Y-%m-%dT%H:%M:%SZ}"),
        mime=st.sampled_from(["text/html", "warc/revisit", "odd type"]),
        status=st.sampled_from([0, 200, 404]),
        digest=st.just("sha256:00"),
        length=st.integers(1, 10_000),
        offset=st.integers(0, 10**9),
        filename=st.just("warc/2026/01/01/s.warc.gz"),
    ),
    max_size=30,
)


@given(ENTRIES, st.sampled_from(["", "reverse", "closest"]), st.integers(0, 14), st.integers(0, 5))
def test_what_is_chosen_is_of_the_index(entries: list[IndexEntry], sort: str, collapse: int, limit: int) -> None:
    entries.sort(key=lambda one: one.line())
    given_ = {
        "url": "a.example",
        "sort": sort,
        "closest": "2015",
        "collapse": f"timestamp:{collapse}" if collapse else "",
    }
    query = cdx_query(QueryParams({**given_, "limit": str(limit) if limit else "", "output": "json"}))
    told = [json.loads(line) for line in query.lines(entries)]
    every = [(one.url, one.offset) for one in entries]
    assert all((one["url"], int(one["offset"])) in every for one in told)
    assert not limit or len(told) <= limit
    if not (collapse or limit):
        assert len(told) == len(entries)
    if sort == "closest" and not collapse:
        middle = datetime(2015, 1, 1, tzinfo=UTC)
        stamps = [datetime.strptime(one["timestamp"], "%Y%m%d%H%M%S").replace(tzinfo=UTC) for one in told]
        distances = [abs((stamp - middle).total_seconds()) for stamp in stamps]
        assert distances == sorted(distances)


@pytest.mark.parametrize("sort", ["closest", "reverse"])
def test_the_closest_is_found_behind_any_number_of_others(sort: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.web.cdx_query.MOST_IN_MEMORY", 50)
    hours = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(500)]
    entries = [
        IndexEntry("https://a.example/", f"{one:%Y-%m-%dT%H:%M:%SZ}", "text/html", 200, "", 1, number, "s.warc.gz")
        for number, one in enumerate(hours)
    ]
    query = cdx_query(
        QueryParams({"url": "a.example", "sort": sort, "closest": "20260121190000", "limit": "2", "output": "json"})
    )
    found = [int(json.loads(line)["offset"]) for line in query.lines(entries)]
    assert found == [499, 498]
    if sort == "closest":
        query = cdx_query(
            QueryParams({"url": "a.example", "closest": "20260117030000", "limit": "1", "output": "json"})
        )
        assert [int(json.loads(line)["offset"]) for line in query.lines(entries)] == [387]


@given(st.dictionaries(st.sampled_from(["url", "from", "to", "sort", "closest", "limit", "filter", "fl", "output"]), st.text(max_size=20)))  # fmt: skip
def test_any_query_is_answered_or_explained(parameters: dict[str, Any]) -> None:
    try:
        query = cdx_query(QueryParams(parameters))
    except BadAddress:
        return
    entry = IndexEntry("https://a.example/", "2026-01-01T00:00:00Z", "text/html", 200, "", 1, 1, "s.warc.gz")
    assert len(list(query.lines([entry]))) <= 1


def test_a_memento_client_finds_its_way(kept: Server) -> None:
    gate = kept.ask(f"/timegate/{QUAY}", Accept_Datetime="Sun, 01 Mar 2026 09:10:00 GMT")
    assert (gate.status, gate.headers["vary"]) == (302, "accept-datetime")
    links = relations(gate.headers["link"])
    assert links["original"] == QUAY
    found = kept.ask(path_of(gate.headers["location"]))
    assert found.status == 200
    assert found.headers["memento-datetime"] == "Sun, 01 Mar 2026 09:00:00 GMT"
    assert found.body == response_to(QUAY).partition(b"\r\n\r\n")[2]
    assert relations(found.headers["link"])["timegate"].endswith(f"/timegate/{QUAY}")
    newest = kept.ask(f"/timegate/{QUAY}")
    assert "20260301100000" in newest.headers["location"]
    assert kept.ask(path_of(newest.headers["location"])).body == found.body, "a revisit has its original's body"
    described = kept.ask(path_of(links["timemap"]))
    assert described.headers["content-type"].startswith("application/link-format")
    assert described.text.count('memento"') == 2
    assert 'rel="first memento"; datetime="Sun, 01 Mar 2026 09:00:00 GMT"' in described.text
    as_json = json.loads(kept.ask(f"/timemap/json/{QUAY}").body)
    assert as_json["mementos"]["last"]["uri"] == newest.headers["location"]
    nearly = kept.ask(f"/memento/20260301090001/{QUAY}")
    assert nearly.headers["location"] == gate.headers["location"]


@pytest.mark.parametrize(("used_as", "status"), [("document", 200), ("empty", 200), ("script", 403), ("style", 403), ("image", 403), ("iframe", 403), ("worker", 403), ("serviceworker", 403)])  # fmt: skip
def test_a_memento_is_no_part_of_a_page(kept: Server, used_as: str, status: int) -> None:
    assert kept.ask(f"/memento/20260301090000/{QUAY}", Sec_Fetch_Dest=used_as).status == status


def test_a_memento_is_shown_by_no_browser(kept: Server) -> None:
    found = kept.ask(path_of(kept.ask(f"/timegate/{quote(HOSTILE, safe=':/')}").headers["location"]))
    assert found.status == 200
    assert found.headers["content-security-policy"].startswith("sandbox;")
    assert found.headers["content-disposition"] == "attachment"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/timegate/", 404), ("/timegate/https://news.example/nowhere", 404), ("/timemap/link/https://none.example/", 404),
        (f"/timemap/xml/{QUAY}", 404), (f"/memento/soon/{QUAY}", 400), (f"/memento/2026/{SECRET}", 302),
        ("/timegate/http://[", 400), ("/memento/20260301090000/", 404),
    ],
)  # fmt: skip
def test_odd_requests_are_answered(kept: Server, path: str, status: int) -> None:
    assert kept.ask(path).status in (status, 400)


def test_a_time_that_is_none_is_refused(kept: Server) -> None:
    for text in ("soon", "2026-03-01", "Sun, 99 Mar 2026 09:10:00 GMT"):
        assert kept.ask(f"/timegate/{QUAY}", Accept_Datetime=text).status == 400


def relations(header: str) -> dict[str, str]:
    return {relation: url for url, relation in re.findall(r'<([^>]*)>; rel="([^"]*)"', header)}


def path_of(url: str) -> str:
    return url.removeprefix("http://localhost")


@pytest.mark.parametrize(
    "kind", ["text/html", "text/html; charset=windows-1252", "TEXT/plain;Charset=x", "image/png"]
)
def test_a_memento_has_the_type_that_was_captured(tmp_path: Path, kind: str) -> None:
    """Nothing is added: a charset that nobody told would show other letters."""
    body = "Hafenmeister schließt Kai".encode("windows-1252")
    response = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (
        kind.encode(),
        len(body),
        body,
    )
    (tmp_path / "spool").mkdir()
    name = SegmentName.new("test", 1, FixedClockAndIds())
    writer = SegmentWriter(tmp_path / "spool", name, clock_and_ids=FixedClockAndIds(), software="newswarc/test")
    writer.append(replace(exchange(QUAY), response=response))
    publish_segment(LocalStorage(tmp_path / "archive"), writer.close())
    with serving(tmp_path / "archive") as server:
        answer = server.ask(f"/memento/20260301090000/{QUAY}")
    assert answer.headers["content-type"] == kind
    assert answer.body == body
