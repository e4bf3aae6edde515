"""Searching and reading: what pages say, in which language and direction, and that nothing captured becomes markup."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest

from tests.datasets.making import record
from tests.web.asking import HOSTILE, Server
from tests.web.elements import require_harmless


def number(of: int) -> str:
    return str(record(of)["id"])


def headlines(text: str) -> list[str]:
    return re.findall(r'<h2><a href="/article/[^"]+">(.*?)</a></h2>', text)


def test_a_search_without_scripts_marks_what_was_found(server: Server) -> None:
    found = server.ask("/?q=%22harbour+master%22")
    assert found.status == 200
    assert "<script" not in found.text
    assert set(headlines(found.text)) == {"Quay closed", "Quay open again"}, "versions and copies once"
    assert "<mark>harbour master</mark>" in found.text
    assert "4 articles" in found.text
    assert "copy elsewhere" in found.text


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("site=paper1.com&all=1", ["Quay closed for good", "مدرسة جديدة", "Quay closed"]),
        ("site=paper1.com&sort=oldest&all=1", ["Quay closed", "مدرسة جديدة", "Quay closed for good"]),
        ("lang=en&q=portrait", ["Story 5"]),
        ("section=port", ["Quay closed"]),
        ("author=mara+ellison&q=quay&all=1&sort=newest", ["Quay closed for good", "Quay closed"]),
        ("since=2026-01-01&until=2026-01-01T01&q=quay&sort=newest", ["Quay open again", "Quay closed"]),
        ("until=2025-12-30", []),
    ],
)
def test_a_search_is_narrowed_down(server: Server, query: str, titles: list[str]) -> None:
    found = server.ask(f"/?{query}")
    assert found.status == 200
    assert headlines(found.text) == titles


def test_a_query_that_cannot_be_read_is_explained(server: Server) -> None:
    found = server.ask("/?q=%28quay")
    assert found.status == 400
    assert "this bracket is not closed" in found.text
    assert 'value="(quay"' in found.text


def test_hits_have_their_own_direction_and_pages_their_language(server: Server) -> None:
    found = server.ask("/?lang=ar")
    assert '<article lang="ar" dir="rtl">' in found.text
    assert '<html lang="en" dir="ltr">' in found.text


def test_the_plot_has_its_table(server: Server) -> None:
    page = server.ask("/?q=quay").text
    assert page.count('<rect class="bar"') == page.count('<th scope="row">') >= 1
    assert 'role="img"' in page


def test_an_article_says_what_is_known_and_from_where(server: Server) -> None:
    page = server.ask(f"/article/{number(1)}").text
    assert "<h1>Quay closed</h1>" in page
    assert "<p>A storm was near.</p>" in page
    assert "json-ld" in page
    assert "90%" in page
    assert f"/compare/{number(1)}/{number(7)}" in page, "two versions"
    other = server.ask(f"/article/{number(2)}").text
    assert f'/article/{number(8)}"' in other, "the same text elsewhere"


def test_what_changed_is_shown_word_by_word(server: Server) -> None:
    page = server.ask(f"/compare/{number(1)}/{number(7)}").text
    assert "<h1>Quay closed <ins>for good</ins></h1>" in page
    assert "The harbour master closed the <del>old quay.</del> <ins>quay for good.</ins>" in page
    assert "<p>A storm was near.</p>" in page


def test_citations_can_be_read(server: Server) -> None:
    bib = server.ask(f"/article/{number(1)}/cite.bib")
    assert bib.text.startswith(f"@online{{newswarc-{number(1)},")
    assert bib.text.count("{") == bib.text.count("}")
    assert "date = {2026-01-01}" in bib.text
    item = json.loads(server.ask(f"/article/{number(1)}/cite.json").body)[0]
    assert item["issued"] == {"date-parts": [[2026, 1, 1]]}
    assert item["author"] == [{"literal": "Mara Ellison"}]
    ris = server.ask(f"/article/{number(6)}/cite.ris")
    assert ris.text.startswith("TY  - NEWS")
    assert all(re.match(r"[A-Z][A-Z0-9]  - ", line) for line in ris.text.splitlines()), "one tag a line"


@pytest.mark.parametrize("path", ["/?q=harbour", f"/article/{number(6)}", f"/compare/{number(1)}/{number(6)}", f"/?q={HOSTILE}", f"/?site={HOSTILE}", f"/?author={HOSTILE}"])  # fmt: skip
def test_nothing_captured_becomes_markup(server: Server, path: str) -> None:
    require_harmless(server.ask(quote(path, safe="/?=&")).text)


def test_what_is_not_there_is_said(server: Server) -> None:
    assert server.ask("/article/00000000-0000-4000-8000-000000000000").status == 404
    assert server.ask("/article/nonsense").status == 404
    assert server.ask(f"/article/{number(1)}/cite.exe").status == 404
    assert server.ask("/nowhere").status == 404


def test_an_access_rule_holds_from_the_next_look_on(server: Server) -> None:
    from datetime import UTC, datetime

    from archive.access import add_rule, lift_rule
    from archive.access_rules import AccessLift, AccessRule, Restriction
    from archive.clock_and_ids import SystemClockAndIds

    now = datetime.now(UTC)
    rule = AccessRule(
        id="r1", restriction=Restriction.BLOCKED, address="https://www.paper1.com/1", reason="asked", date=now
    )
    reader, clock = server.services.reader, SystemClockAndIds()
    add_rule(reader.storage, rule, clock)
    reader.refresh_rules()
    try:
        assert server.ask(f"/article/{number(1)}").status in (404, 451)
        assert "Quay closed" not in server.ask("/?q=quay&all=1").text
    finally:
        lift_rule(reader.storage, AccessLift(rule="r1", reason="over", date=now), clock)
        reader.refresh_rules()
    assert server.ask(f"/article/{number(1)}").status == 200
