"""Access rules and redactions hold on every page, in every answer of the API and in every download."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.routing import Mount, Route

from archive.access import add_rule
from archive.access_rules import AccessRule, Restriction
from archive.address_match import Match
from archive.captures import iterate_records
from archive.clock_and_ids import FixedClockAndIds, SystemClockAndIds
from archive.errors import AccessRefused
from archive.exchange import CaptureOutcome, Discovery, Original, Role
from archive.layout import SegmentName
from archive.lookup import Lookup
from archive.publishing import publish_segment
from archive.redaction import Redaction, find_targets
from archive.segment import SegmentWriter
from archive.storage.local import LocalStorage
from crawler.web.application import routes
from tests.search.making import index
from tests.web.asking import Answer, Server, serving
from tests.web.captured import NOW, QUAY, SECRET, Captured, exchange

# What only the withheld capture has: words of its text, of its headline, and its address
TOLD = (b"names a witness", b"letter names", b"secret/letter", b"secret%2Fletter", b"secret%2fletter")
READER = {"web_guard": "proxy", "web_proxies": ("127.0.0.1",), "web_anyone": ("read", "download")}


@pytest.fixture
def copy(captured: Captured, tmp_path: Path) -> Captured:
    shutil.copytree(captured.place, tmp_path / "archive")
    return Captured(tmp_path / "archive", captured.segment, captured.addresses)


def ask(server: Server, path: str) -> Answer:
    return server.ask(path, X_Forwarded_User="reader")


def everything(copy: Captured) -> Iterator[str]:
    """Each address that a reader may ask for, with every parameter that could lead to the withheld capture."""
    record, place = str(copy.record(SECRET)), copy.addresses[SECRET].offset
    values = {
        "id": record, "before": record, "after": str(copy.record(QUAY)), "form": "json", "segment": copy.segment,
        "offset": str(place), "part": "response", "name": "all", "stamp": "20260301090100", "url": SECRET,
    }  # fmt: skip
    for route in routes():
        if isinstance(route, Mount) or "GET" not in (getattr(route, "methods", None) or ()):
            continue
        assert isinstance(route, Route)
        path = route.path
        for name in route.param_convertors:
            path = path.replace(f"{{{name}:path}}", values[name]).replace(f"{{{name}}}", values[name])
        yield path
    asked = [
        "/?q=letter", "/?q=witness&all=1", "/?site=news.example&all=1", f"/captures?url={SECRET}",
        "/captures?url=news.example&match=domain", "/site?site=news.example", f"/explain?url={SECRET}",
        "/api/v1/search?q=letter", "/api/v1/search?all=true&limit=100", f"/api/v1/captures?url={SECRET}",
        "/api/v1/captures?url=news.example&match=host", "/cdx?url=*.news.example", "/cdx?url=news.example/*&output=json",
        f"/cdx?url={SECRET}&output=cdx", f"/cdx?url={SECRET}&closest=2026&sort=closest",
        f"/timemap/link/{SECRET}", f"/article/{copy.record(QUAY)}", f"/article/{record}/cite.bib",
        f"/article/{record}/cite.ris", f"/compare/{copy.record(QUAY)}/{record}",
    ]  # fmt: skip
    asked += [f"/capture/{copy.segment}/{place}/{part}" for part in ("request", "body", "record.warc.gz")]
    asked += [f"/download?format={form}" for form in ("csv", "jsonl", "parquet")]
    asked += [f"/download?format={form}&q=letter" for form in ("csv", "jsonl", "parquet")]
    yield from asked
    site = quote("news.example")
    yield from (f"/site?site={site}&day={copy.segment.split('-')[1][:4]}-01-0{day}" for day in range(1, 10))


def rule(restriction: Restriction, **given: object) -> AccessRule:
    facts = {"id": f"r-{restriction}", "address": SECRET, "match": Match.EXACT, "reason": "a court's order"}
    until = datetime.now(UTC) + timedelta(days=2) if restriction is Restriction.EMBARGOED else None
    return AccessRule.model_validate(
        {**facts, "restriction": restriction, "until": until, "date": datetime.now(UTC), **given}
    )


def test_the_capture_is_there_without_a_rule(copy: Captured) -> None:
    with serving(copy.place, **READER) as server:
        told = {path for path in everything(copy) if any(word in ask(server, path).body for word in TOLD)}
    assert len(told) > 25, "what is looked at below would show it"


@pytest.mark.parametrize("restriction", list(Restriction))
def test_nothing_tells_of_what_a_rule_withholds(copy: Captured, restriction: Restriction) -> None:
    add_rule(LocalStorage(copy.place), rule(restriction), SystemClockAndIds())
    with serving(copy.place, **READER) as server:
        for path in everything(copy):
            answer = ask(server, path)
            named = path.encode() + quote(path).encode()
            assert answer.status in (200, 302, 303, 400, 403, 404, 451), path
            for word in TOLD:
                # What a reader typed themselves is told to them again
                assert word not in answer.body or (word in named and b"witness" not in answer.body), (path, word)
            assert b"a witness" not in answer.body, path
        assert ask(server, f"/article/{copy.record(SECRET)}").status in (404, 451)
        assert ask(server, f"{copy.page(SECRET)}/response").status == 451
        assert ask(server, f"/timegate/{SECRET}").status == 451


def test_a_rule_for_readers_elsewhere_lets_those_here_read(copy: Captured) -> None:
    add_rule(LocalStorage(copy.place), rule(Restriction.LOCAL), SystemClockAndIds())
    with serving(copy.place) as server:
        assert "names a witness" in server.ask(f"/article/{copy.record(SECRET)}").text


def test_a_rule_holds_in_a_download_that_was_made_before_it(copy: Captured) -> None:
    with serving(copy.place, **READER) as server:
        before = ask(server, "/download?format=jsonl")
        assert b"names a witness" in before.body
        add_rule(LocalStorage(copy.place), rule(Restriction.BLOCKED), SystemClockAndIds())
        server.services.reader.refresh()
        etag = before.headers["etag"]
        after = server.ask("/download?format=jsonl", X_Forwarded_User="reader", Range="bytes=10-", If_Range=etag)
        assert after.status == 200, "what was begun cannot be resumed"
        assert after.headers["etag"] != etag
        assert b"names a witness" not in after.body
        assert b"hand's breadth" in after.body


def test_what_a_rule_names_is_told_to_curators_alone(copy: Captured) -> None:
    add_rule(LocalStorage(copy.place), rule(Restriction.BLOCKED), SystemClockAndIds())
    with serving(copy.place, **{**READER, "web_users": ("ines=read+curate",)}) as server:
        shown = server.ask("/access", X_Forwarded_User="ines")
        assert "secret/letter" in shown.text
        shown = ask(server, "/access")
        assert "a court&#39;s order" in shown.text
        assert "secret/letter" not in shown.text


def test_what_was_redacted_is_gone_everywhere(copy: Captured, tmp_path: Path) -> None:
    storage = LocalStorage(copy.place)
    lookup = Lookup(storage, tmp_path / "index")
    lookup.refresh()
    with serving(copy.place, **READER) as server:
        assert b"names a witness" in ask(server, "/download?format=jsonl").body
        targets = find_targets(lookup, SECRET)
        assert list(Redaction(storage, targets, "on request", SystemClockAndIds()).run())
        index(storage)
        server.services.reader.refresh()
        for path in everything(copy):
            answer = ask(server, path)
            assert b"a witness" not in answer.body, path
        assert ask(server, f"{copy.page(SECRET)}/response").status == 404
        assert ask(server, f"{copy.page(QUAY)}/response").status == 200, "all else stays where it was"
    lookup.close()


def test_records_of_other_exchanges_are_not_told_with_a_capture(copy: Captured) -> None:
    """Other programs write responses without metadata, behind which may stand those of another exchange."""
    file = copy.place / SegmentName.parse(copy.segment).warc_key
    data = file.read_bytes()
    records = list(iterate_records(io.BytesIO(data)))
    quay = next(one for one in records if one.offset == copy.addresses[QUAY].offset)
    (other,) = (one for one in records if one.kind == "metadata" and one.target == SECRET)
    file.write_bytes(data[: quay.offset + quay.length] + data[other.offset : other.offset + other.length])
    add_rule(LocalStorage(copy.place), rule(Restriction.BLOCKED), SystemClockAndIds())
    with serving(copy.place, **READER) as server:
        kept = ask(server, f"{copy.page(QUAY)}/record.warc.gz")
        assert [one.kind for one in iterate_records(io.BytesIO(kept.body))] == ["request", "response"]
        page = ask(server, copy.page(QUAY))
        assert page.status == 200
        assert b"secret/letter" not in page.body


def test_a_confirmation_gives_nothing_of_what_it_confirms(tmp_path: Path) -> None:
    """With a 304 came no bytes: those of a withheld capture are not to be had by it."""
    (tmp_path / "spool").mkdir()
    name = SegmentName.new("test", 1, FixedClockAndIds())
    writer = SegmentWriter(tmp_path / "spool", name, clock_and_ids=FixedClockAndIds(), software="newswarc/test")
    first = writer.append(exchange(QUAY))
    said = replace(exchange(QUAY, 60), response=b"HTTP/1.1 304 Not Modified\r\n\r\n", status=304)
    confirmed = writer.append(
        replace(said, outcome=CaptureOutcome.NOT_MODIFIED), Original(first.record_id, QUAY, NOW, first.payload_digest)
    )
    storage = LocalStorage(tmp_path / "archive")
    publish_segment(storage, writer.close())
    place = f"/capture/{name.text}/{confirmed.offset}"
    paths = [place, f"{place}/body", f"{place}/response", f"/memento/20260301100000/{QUAY}"]
    with serving(tmp_path / "archive", **READER) as server:
        assert [ask(server, path).status for path in paths] == [200] * 4
        assert b"a hand's breadth" in ask(server, f"{place}/body").body
        until = NOW + timedelta(minutes=30)
        add_rule(storage, rule(Restriction.BLOCKED, address=QUAY, captured_until=until), SystemClockAndIds())
        server.services.reader.refresh()
        answers = [ask(server, path) for path in paths]
        assert [answer.status for answer in answers] == [200, 451, 200, 451]
        assert all(b"hand" not in answer.body for answer in answers)
    lookup = Lookup(storage, tmp_path / "index")
    lookup.refresh()
    try:
        entry = next(one for one in lookup.every(QUAY) if one.is_revisit)
        with pytest.raises(AccessRefused):
            lookup.original(lookup.read(entry))
    finally:
        lookup.close()


def test_a_withheld_address_is_named_by_no_header_of_another_capture(tmp_path: Path) -> None:
    """As a revisit of it does: the page does not tell, and the WARC record, which cannot be changed, is not given."""
    (tmp_path / "spool").mkdir()
    name = SegmentName.new("test", 1, FixedClockAndIds())
    writer = SegmentWriter(tmp_path / "spool", name, clock_and_ids=FixedClockAndIds(), software="newswarc/test")
    first = writer.append(exchange(SECRET))
    other = replace(exchange(QUAY, 60), response=exchange(SECRET).response)
    found = Discovery(role=Role.ARTICLE, site="news.example", via="link", source_url=SECRET)
    again = writer.append(
        replace(other, discovery=found), Original(first.record_id, SECRET, NOW, first.payload_digest)
    )
    storage = LocalStorage(tmp_path / "archive")
    publish_segment(storage, writer.close())
    place = f"/capture/{name.text}/{again.offset}"
    with serving(tmp_path / "archive", **READER) as server:
        assert ask(server, place).body.count(b"secret/letter") > 2
        assert ask(server, f"{place}/record.warc.gz").status == 200
        add_rule(storage, rule(Restriction.BLOCKED), SystemClockAndIds())
        server.services.reader.refresh()
        page = ask(server, place)
        assert page.status == 200
        assert b"secret/letter" not in page.body
        assert b"(withheld)" in page.body
        assert ask(server, f"{place}/record.warc.gz").status == 451
        assert b"names a witness" in ask(server, f"{place}/response").body, "what came with it is its own"
