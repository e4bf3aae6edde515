"""Pages on captures: what was sent and received comes back byte for byte, and none of it becomes markup."""

from __future__ import annotations

import gzip
import io
import shutil
from collections import Counter
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawler.web.site_pages import months
from tests.web.asking import Server, serving
from tests.web.captured import HOSTILE, QUAY, SECRET, Captured, exchange, response_to
from tests.web.elements import Elements, require_harmless


def test_sites_lead_to_days_and_days_to_captures(kept: Server) -> None:
    page = kept.ask("/sites")
    assert "news.example" in page.text
    site = next(link for link in Elements(page.text).links() if link.startswith("/site?"))
    calendar = kept.ask(site)
    day = next(link for link in Elements(calendar.text).links() if "day=" in link)
    pages = kept.ask(day)
    assert [link for link in Elements(pages.text).links() if link.startswith("/captures?url=")]
    for path in ("/site?site=nowhere.example", "/site?site=news.example&day=1999-01-01", "/site"):
        assert kept.ask(path).status == 404


def test_all_captures_of_an_address_are_listed(kept: Server, captured: Captured) -> None:
    page = kept.ask(f"/captures?url={QUAY}")
    assert "2 captures" in page.text
    links = [link for link in Elements(page.text).links() if link.startswith("/capture/")]
    assert links[0] == captured.page(QUAY)
    assert "2026-03-01 09:00:00 UTC" in page.text
    assert "1 capture" in kept.ask(f"/captures?url={QUAY}&since=2026-03-01T09:30").text
    assert "4 captures" in kept.ask("/captures?url=news.example&match=host").text
    wrong = kept.ask("/captures?url=http://[")
    assert wrong.status == 400
    assert kept.ask(f"/captures?url={QUAY}&match=all").status == 400
    assert kept.ask(f"/captures?url={QUAY}&since=soon").status == 400


@pytest.mark.parametrize("url", [QUAY, SECRET, HOSTILE])
def test_what_was_kept_comes_back_byte_for_byte(kept: Server, captured: Captured, url: str) -> None:
    place = captured.page(url)
    assert kept.ask(f"{place}/response").body == response_to(url)
    assert kept.ask(f"{place}/request").body == exchange(url).request
    assert kept.ask(f"{place}/body").body == response_to(url).partition(b"\r\n\r\n")[2]
    members = kept.ask(f"{place}/record.warc.gz").body
    kinds = [one.rec_type for one in ArchiveIterator(io.BytesIO(members))]
    assert kinds == ["request", "response", "metadata"]
    assert response_to(url) in gzip.decompress(members)
    assert kept.ask(f"{place}/exe").status == 404


def test_captured_bytes_are_for_saving_alone(kept: Server, captured: Captured) -> None:
    for part in ("response", "request", "body", "record.warc.gz"):
        headers = kept.ask(f"{captured.page(HOSTILE)}/{part}").headers
        assert headers["content-security-policy"].startswith("sandbox;")
        assert headers["content-disposition"].startswith("attachment;")
        assert headers["x-content-type-options"] == "nosniff"
        assert "html" not in headers["content-type"]


def test_a_capture_leads_to_its_article_where_there_is_one(kept: Server, captured: Captured, tmp_path: Path) -> None:
    assert f"/article/{captured.record(QUAY)}" in kept.ask(captured.page(QUAY)).text
    place = tmp_path / "archive"
    shutil.copytree(captured.place, place)
    for derived in ("records", "search"):
        shutil.rmtree(place / derived)
    with serving(place) as server:
        page = server.ask(captured.page(QUAY))
        assert page.status == 200
        assert "/article/" not in page.text


def test_a_revisit_is_told_with_its_original(kept: Server) -> None:
    links = [link for link in Elements(kept.ask(f"/captures?url={QUAY}").text).links() if "/capture/" in link]
    page = kept.ask(links[1])
    assert "The same payload as" in page.text
    assert kept.ask(f"{links[1]}/body").body == response_to(QUAY).partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    "place", ["/0", "/1", "/99999999", "/-1", "/x", "/9" * 3, "/" + "9" * 40, "/%2e%2e", "/1/../../x"]
)
def test_only_captures_of_the_index_are_shown(kept: Server, captured: Captured, place: str) -> None:
    assert kept.ask(f"/capture/{captured.segment}{place}").status == 404
    assert kept.ask(f"/capture/none{place}").status == 404


def test_hostile_bytes_stay_text(kept: Server, captured: Captured) -> None:
    paths = [captured.page(HOSTILE), "/captures?url=news.example&match=host", "/sites", "/?q=pier", "/missing"]
    paths += [f"/article/{captured.record(HOSTILE)}", "/site?site=news.example&day=2026-03-01"]
    for path in paths:
        page = kept.ask(path)
        assert page.status in (200, 404), path
        require_harmless(page.text)
    assert "&lt;script&gt;" in kept.ask(captured.page(HOSTILE)).text


def test_a_calendar_has_each_day_once() -> None:
    days = Counter({"2024-02-29": 3, "2024-12-31": 1})
    for first_weekday in range(7):
        made = months(days, 2024, first_weekday)
        assert [month.first.month for month in made] == [2, 12]
        cells = [(day, count) for month in made for week in month.weeks for day, count in week if day]
        assert len(cells) == len(dict(cells)) == 29 + 31
        assert {day.isoformat(): count for day, count in cells if count} == days
        assert all(len(week) == 7 for month in made for week in month.weeks)


def test_an_original_too_large_for_memory_is_left_to_the_warc_record(
    kept: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = [link for link in Elements(kept.ask(f"/captures?url={QUAY}").text).links() if "/capture/" in link]
    monkeypatch.setattr("crawler.web.reading.MOST_BYTES", len(response_to(QUAY)) - 5)
    assert [kept.ask(f"{links[1]}/{part}").status for part in ("body", "response", "record.warc.gz")] == [
        404,
        404,
        200,
    ]
    assert kept.ask(links[1]).status == 200
