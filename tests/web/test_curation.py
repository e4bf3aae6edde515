"""What archivists change through the web: who may, what is kept of it, and what becomes of mistakes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.access import stored_lifts, stored_rules
from archive.clock_and_ids import SystemClockAndIds
from archive.collection import collection
from archive.errors import BadAddress
from archive.faults import Fault, FaultKind
from archive.fixity import fixity_result, store_fixity
from archive.storage.local import LocalStorage
from crawler.web.roles import Role
from tests.web.asking import Server, serving
from tests.web.captured import QUAY, Captured
from tests.web.captured import captured as make_captured
from tests.web.elements import require_harmless

NASTY = "<script>alert(1)</script>"


@pytest.fixture
def curated(captured: Captured, tmp_path: Path) -> Iterator[Server]:
    shutil.copytree(captured.place, tmp_path / "archive")
    with serving(tmp_path / "archive", web_anyone=tuple(Role)) as server:
        yield server


def test_withholding_and_lifting(curated: Server, captured: Captured) -> None:
    given = {"address": QUAY, "match": "exact", "restriction": "blocked", "reason": f"a claim {NASTY}"}
    assert curated.post("/access", given).status == 303
    rule = next(stored_rules(curated.services.reader.storage))
    assert (rule.address, rule.reason, rule.by) == (QUAY, given["reason"], "tests@example.org")
    assert curated.ask(f"/article/{captured.record(QUAY)}").status in (404, 451), "at once"
    page = curated.ask("/access")
    assert "in force" in page.text
    require_harmless(page.text)
    assert curated.post("/access/lift", {"rule": rule.id, "reason": "settled"}).status == 303
    assert stored_lifts(curated.services.reader.storage)[rule.id].reason == "settled"
    assert curated.ask(f"/article/{captured.record(QUAY)}").status == 200
    acts = [line["act"] for line in curated.services.audit.newest(2).lines]
    assert acts == ["access rule lifted", "access rule added"]
    require_harmless(curated.ask("/audit").text)


@pytest.mark.parametrize(
    "changed",
    [
        {"reason": ""},
        {"address": ""},
        {"address": "http://["},
        {"restriction": "gone"},
        {"match": "all"},
        {"until": "soon"},
        {"restriction": "embargoed"},
        {"captured_since": "soon"},
        {"reason": "x" * 3000},
    ],
)
def test_a_rule_with_a_mistake_is_not_made(kept: Server, changed: dict[str, str]) -> None:
    given = {"address": QUAY, "match": "exact", "restriction": "blocked", "reason": "a claim", **changed}
    answer = kept.post("/access", given)
    assert answer.status == 400
    assert 'role="alert"' in answer.text
    assert not list(stored_rules(kept.services.reader.storage))


def test_a_lift_needs_a_rule_and_a_reason(kept: Server) -> None:
    assert kept.post("/access/lift", {"rule": "none", "reason": "x"}).status == 400
    assert kept.post("/access/lift", {"rule": "../../x", "reason": "x"}).status == 400
    assert kept.post("/access/lift", {"rule": "none"}).status == 400


def test_collections_have_versions(curated: Server) -> None:
    storage = curated.services.reader.storage
    assert curated.post("/collections", {"name": "storm"}).headers["location"] == "/collection/storm"
    given = {"sites": "news.example\n", "dublin_core": f"title: The storm\nsubject: sea\nsubject: {NASTY}\n"}
    assert curated.post("/collection/storm", given).status == 303
    assert collection(storage, "storm").dublin_core["subject"] == ("sea", NASTY)
    given["captured_since"] = "2026-01"
    assert curated.post("/collection/storm", given).status == 303
    assert collection(storage, "storm").number == 2
    for path in ("/collections", "/collection/storm"):
        page = curated.ask(path)
        assert "The storm" in page.text
        require_harmless(page.text)
    assert curated.post("/collection/storm", {**given, "removed": "over"}).status == 303
    with pytest.raises(BadAddress):
        collection(storage, "storm")


@pytest.mark.parametrize("name", ["..", "a/b", "%2e%2e", "a%00b", "a%20b", "-x", "x" * 101, "a%0Ab"])
def test_a_name_leads_nowhere_else(kept: Server, name: str) -> None:
    before = sorted(Path(kept.services.configuration.archive).rglob("*"))
    assert kept.post(f"/collection/{name}", {"sites": "a.example"}).status in (400, 404, 405)
    assert kept.ask(f"/collection/{name}").status == 404
    assert kept.post("/collections", {"name": name}).status == 400
    assert sorted(Path(kept.services.configuration.archive).rglob("*")) == before


@pytest.mark.parametrize(
    "given", [{"dublin_core": "title"}, {"dublin_core": "colour: red"}, {"addresses": "http://["}]
)
def test_a_collection_with_a_mistake_is_not_stored(kept: Server, given: dict[str, str]) -> None:
    assert kept.post("/collection/other", given).status == 400
    assert kept.ask("/collection/other").status == 200, "the form to make it"


def test_readers_change_nothing(server: Server) -> None:
    for path in ("/access", "/access/lift", "/collections", "/collection/x", "/failures", "/alarms/test"):
        assert server.post(path, {"reason": "x"}).status == 403, path
    assert server.ask("/audit").status == 403
    for path in ("/access", "/collections"):
        assert '<form method="post"' not in server.ask(path).text
    assert server.ask("/collection/none").status == 404


def test_verifications_are_listed(curated: Server) -> None:
    storage = curated.services.reader.storage
    assert "never verified" in curated.ask("/fixity").text
    fault = Fault(FaultKind.WRONG_DIGEST, f"warc/{NASTY}", NASTY)
    for found in ([], [fault]):
        result = fixity_result(
            SystemClockAndIds(),
            datetime(2026, 4, 1, tzinfo=UTC),
            found,
            software="newswarc/test",
            by="",
            deep=True,
            shard="1/1",
            segments=1,
            records=9,
        )
        store_fixity(storage, result)
    page = curated.ask("/fixity")
    assert "sound" in page.text
    assert "wrong_digest" in page.text
    assert "alert(" in page.text
    require_harmless(page.text)


def test_what_verifications_quote_is_told_to_those_who_mend_it(tmp_path: Path) -> None:
    """A line of an index names an address, which a rule may withhold."""
    place = make_captured(tmp_path).place
    said = "the WARC does not have: example,news)/secret/letter"
    result = fixity_result(
        SystemClockAndIds(),
        datetime(2026, 4, 1, tzinfo=UTC),
        [Fault(FaultKind.INDEX_DIFFERS, "cdxj/one.cdxj", said)],
        software="newswarc/test",
        by="",
        deep=True,
        shard="1/1",
        segments=1,
        records=9,
    )
    store_fixity(LocalStorage(place), result)
    with serving(place) as server:
        page = server.ask("/fixity").text
        assert "cdxj/one.cdxj" in page
        assert "secret/letter" not in page


def test_what_is_missing_is_told(curated: Server) -> None:
    page = curated.ask("/missing").text
    assert "dns_failure" in page
    assert "record" in page
