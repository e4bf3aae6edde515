"""A data set shared without text, filled in again: from the archive, from WARC files, and from a site that changed."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from archive.access import AccessGate
from archive.access_rules import AccessRule, AccessRules, Restriction
from archive.datasets.building import BuildPlan, build
from archive.datasets.options import DatasetOptions
from archive.datasets.pseudonyms import Pseudonyms
from archive.datasets.rehydrating import Rehydrated, Rehydration
from archive.datasets.survey import ArchiveLocation
from archive.errors import BadAddress
from archive.storage.local import LocalStorage
from archive.storage.s3_options import S3Options
from crawler.demo.server import DemoServer, Newspaper, Reply
from tests.datasets.making import body, record, store
from tests.datasets.test_documents import here
from tests.support.processes import newswarc

KEY = Pseudonyms(b"a key of more than sixteen bytes")
NOBODY_REFUSED = AccessGate(AccessRules(()), lambda: datetime(2026, 9, 1, tzinfo=UTC))


def records(count: int) -> list[dict[str, Any]]:
    return [
        record(
            number,
            images=[{"url": "https://a.org/i.png", "caption": f"Caption {number}", "credit": "Mara Ellison"}],
            links=[{"url": "https://b.org/", "text": "there"}],
            description=f"Summary {number}",
        )
        for number in range(count)
    ]


def built(place: Path, name: str, **options: Any) -> Path:
    at = ArchiveLocation(str(place / "archive"), S3Options())
    pseudonyms = KEY if options.get("pseudonyms") else None
    plan = BuildPlan(name, "", DatasetOptions(**options), "x/1", at, at, place / "work", pseudonyms=pseudonyms)
    version = build(plan, lambda *_: None, here).manifest.version
    return place / "archive" / "datasets" / name / version


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("rehydrating")
    store(LocalStorage(place / "archive"), [records(300)[:100], records(300)[100:]], place / "scratch")
    return place


def rows(directory: Path) -> list[dict[str, Any]]:
    return [row for path in sorted(directory.glob("data/*")) for row in pq.read_table(path).to_pylist()]


def fates(directory: Path) -> dict[str, tuple[str, str]]:
    with (directory / "rehydration.csv").open(encoding="utf-8", newline="") as stream:
        return {row["url"].rpartition("/")[2]: (row["outcome"], row["detail"]) for row in csv.DictReader(stream)}


def filled(shared: Path, archive: Path, target: Path, gate: AccessGate = NOBODY_REFUSED, **given: Any) -> Rehydrated:
    target.parent.mkdir(parents=True, exist_ok=True)
    with Rehydration(shared, target.parent, **given) as rehydration:
        rehydration.fill_from(LocalStorage(archive), gate)
        return rehydration.write(target)


def test_from_the_archive_all_rows_are_equal(place: Path, tmp_path: Path) -> None:
    shared, whole = built(place, "shared", without_text=True), built(place, "whole")
    done = filled(shared, place / "archive", tmp_path / "filled")
    assert done.fates == {"same": 300}
    assert rows(tmp_path / "filled") == rows(whole)
    card = (tmp_path / "filled" / "README.md").read_text(encoding="utf-8")
    assert "filled in from shared, version 1, which was shared without text: 300 same" in card
    assert "The words of the articles are left out" not in card


def test_chosen_columns_stay_chosen(place: Path, tmp_path: Path) -> None:
    fields = ("headline", "text", "language")
    shared, whole = built(place, "few-shared", without_text=True, fields=fields), built(place, "few", fields=fields)
    assert "headline" not in pq.read_schema(next(shared.glob("data/*"))).names
    filled(shared, place / "archive", tmp_path / "filled")
    assert rows(tmp_path / "filled") == rows(whole)


def test_what_differs_is_listed_and_not_filled_in(place: Path, tmp_path: Path) -> None:
    shared = built(place, "shared-too", without_text=True)
    later = records(10)
    later[1] = record(1, articleBody="Another text. " * 30)  # of the same capture, by another extractor
    later[2] = {**later[2], "images": []}
    later[3] = {**later[3], "id": record(9_001)["id"]}  # of another capture, with the same words
    del later[4]
    store(LocalStorage(tmp_path / "later"), [later], tmp_path / "scratch")
    rule = AccessRule(
        id="court",
        restriction=Restriction.BLOCKED,
        address="https://www.paper2.com/5",
        reason="a court says so",
        date=datetime(2026, 2, 1, tzinfo=UTC),
    )
    gate = AccessGate(AccessRules((rule,)), lambda: datetime(2026, 3, 1, tzinfo=UTC))
    done = filled(shared, tmp_path / "later", tmp_path / "filled", gate)
    told = fates(tmp_path / "filled")
    assert told["0"] == ("same", "")
    assert told["1"] == ("changed", f"record {record(1)['id']}")
    assert told["2"] == ("same_text", f"record {record(2)['id']}")
    assert told["3"] == ("same", "")
    assert told["4"] == ("not_found", "")
    assert told["5"] == ("withheld", "blocked by access rule court: a court says so")
    assert done.fates == {"same": 6, "same_text": 1, "changed": 1, "withheld": 1, "not_found": 291}
    assert {row["url"].rpartition("/")[2] for row in rows(tmp_path / "filled")} == set("0236789")


def test_names_stay_hidden_unless_the_key_is_there(place: Path, tmp_path: Path) -> None:
    shared = built(place, "hidden", without_text=True, pseudonyms=KEY.fingerprint)
    whole = built(place, "hidden-whole", pseudonyms=KEY.fingerprint)
    assert filled(shared, place / "archive", tmp_path / "a" / "x").fates == {"same": 300}
    assert "Ellison" not in repr(rows(tmp_path / "a" / "x"))
    filled(shared, place / "archive", tmp_path / "b" / "x", pseudonyms=KEY)
    assert rows(tmp_path / "b" / "x") == rows(whole)
    with pytest.raises(BadAddress, match="not the key"):
        filled(shared, place / "archive", tmp_path / "c" / "x", pseudonyms=Pseudonyms(b"another key, long enough"))


def test_captures_of_an_archive_that_is_not_named(place: Path, tmp_path: Path) -> None:
    shared = built(place, "captures-of-what", without_text=True)
    done = newswarc("dataset", "rehydrate", shared, "--captures", "--to", "filled", cwd=tmp_path)
    assert done.code == 2
    (line,) = done.err.splitlines()
    assert "warc/2026/01/01/x.warc.gz, which is not on this machine; say with --from which archive has them" in line
    assert list(tmp_path.iterdir()) == []


def test_a_version_with_its_text(place: Path, tmp_path: Path) -> None:
    with pytest.raises(BadAddress, match="was not made with --without-text"):
        Rehydration(built(place, "whole-too"), tmp_path)
    with pytest.raises(BadAddress, match="no data set here"):
        Rehydration(tmp_path, tmp_path)


@pytest.mark.long
def test_ten_thousand_rows(tmp_path: Path) -> None:
    store(LocalStorage(tmp_path / "archive"), [records(10_000)], tmp_path / "scratch")
    shared, whole = built(tmp_path, "shared", without_text=True), built(tmp_path, "whole")
    assert filled(shared, tmp_path / "archive", tmp_path / "filled").fates == {"same": 10_000}
    assert rows(tmp_path / "filled") == rows(whole)


STORIES = ("kept", "rewritten", "removed", "retitled")


class Site:
    """A newspaper, as it is at first and later."""

    is_later = False

    def reply(self, _: Newspaper, target: str) -> Reply:
        name = target.rpartition("/")[2]
        if target == "/robots.txt":
            return Reply(b"", "text/plain")
        if name not in STORIES or (name == "removed" and self.is_later):
            return Reply(b"no", "text/plain", 404)
        changed = name == "rewritten" and self.is_later
        text = "".join(f"<p>{body(number + 50 * changed, 60)}.</p>" for number in range(3))
        title = "Another title" if name == "retitled" and self.is_later else f"Of what was {name}"
        head = f"<html><head><title>{title}</title></head>"
        return Reply(f"{head}<body><article><h1>{title}</h1>{text}</article></body>".encode())


@pytest.mark.long
def test_from_captures_and_from_a_site_that_changed(tmp_path: Path) -> None:
    site = Site()
    with pytest.MonkeyPatch.context() as patch, DemoServer() as server:
        patch.setattr(Newspaper, "reply", lambda newspaper, target: site.reply(newspaper, target))
        host = server.base.removeprefix("http://")
        options = ("--allow-host", host)
        environment = {"NEWSWARC_DELAY": "0", "NEWSWARC_CONTACT": "tests@example.org"}
        (tmp_path / "urls").write_text("".join(f"{server.base}/2026/05/{name}\n" for name in STORIES))
        crawled = newswarc("crawl", "--urls", "urls", "--json", *options, cwd=tmp_path, **environment)
        assert crawled.code == 0, crawled.err
        for name, more in (("whole", ()), ("shared", ("--without-text",))):
            assert newswarc("dataset", "build", name, *more, cwd=tmp_path).code == 0
        assert newswarc("dataset", "pull", "shared", "--to", "pulled", cwd=tmp_path).code == 0
        site.is_later = True
        asked = newswarc(
            "dataset", "rehydrate", "pulled", "--web", "web", "--json", *options, cwd=tmp_path, **environment
        )
    assert asked.code == 1, asked.err
    assert asked.json()["fates"] == {"same": 1, "same_text": 1, "changed": 1, "gone": 1}
    told = fates(tmp_path / "pulled-rehydrated")
    assert {name: told[name][0] for name in STORIES} == {
        "kept": "same", "rewritten": "changed", "removed": "gone", "retitled": "same_text",
    }  # fmt: skip
    assert told["removed"][1].startswith("http_error: status 404")

    archive = tmp_path / "newswarc-data"
    whole = rows(archive / "datasets" / "whole" / "1")
    done = newswarc(
        "dataset", "rehydrate", "pulled", "--captures", "--from", "newswarc-data", "--to", "a", cwd=tmp_path
    )
    assert done.code == 0, done.err
    assert rows(tmp_path / "a") == whole
    for path in archive.glob("records/**/*"):
        if path.is_file():
            path.unlink()
    done = newswarc(
        "dataset", "rehydrate", "pulled", "--captures", "--from", "newswarc-data", "--to", "b", cwd=tmp_path
    )
    assert done.code == 0, done.err
    assert rows(tmp_path / "b") == whole
