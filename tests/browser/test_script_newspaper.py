"""A newspaper that shows its pages to browsers alone becomes an archive, which needs no browser any more."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from archive.captures import Capture, SegmentReading
from archive.storage.local import LocalStorage
from crawler.browser.earlier_answers import EarlierAnswers
from crawler.config import Configuration
from crawler.frontier.frontier import open_frontier
from tests.browser import script_paper
from tests.browser.chromium import needs_chromium
from tests.browser.script_paper import APP, ScriptPaper
from tests.support.exchanges import counted
from tests.support.processes import Finished, newswarc, run

pytestmark = needs_chromium


def crawl(base: str, directory: Path, **variables: str) -> Any:
    host = base.removeprefix("http://").rstrip("/")
    done = newswarc(
        "crawl", base, "--json", "--allow-host", host, cwd=directory,
        NEWSWARC_DELAY="0", NEWSWARC_BROWSER_DELAY="0", NEWSWARC_CONTACT="tests@example.org", **variables,
    )  # fmt: skip
    assert done.code == 0, done.err
    return done.json()


def records(directory: Path) -> list[dict[str, Any]]:
    done = newswarc("records", cwd=directory)
    return [json.loads(line) for line in done.out.splitlines()]


@pytest.fixture(scope="module")
def paper() -> ScriptPaper:
    return ScriptPaper()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, paper: ScriptPaper) -> Path:
    """Crawled as a fallback."""
    directory = tmp_path_factory.mktemp("scripts")
    with paper.server() as server:
        report = crawl(server.url("/"), directory, NEWSWARC_BROWSER="fallback")
    (directory / "report.json").write_text(json.dumps(report))
    return directory


def test_its_articles_become_records(archive: Path, paper: ScriptPaper) -> None:
    found = {record["headline"]: record for record in records(archive)}
    assert set(found) == {story.headline for story in paper.stories.values()}
    for story in paper.stories.values():
        record = found[story.headline]
        assert record["articleBody"] == "\n".join(story.paragraphs)
        is_rendered = story is not paper.hydrated
        assert (record["renderedFrom"] is not None) == is_rendered, "what its data says needs no browser"
        assert (record["renderedBy"] or "").startswith("Chromium/") == is_rendered


def captures(directory: Path) -> list[Capture]:
    found = []
    for path in (directory / "newswarc-data" / "warc").rglob("*.warc.gz"):
        with path.open("rb") as stream:
            found += list(SegmentReading(stream).captures())
    return found


def test_all_that_a_page_asked_for_is_kept_and_names_its_page(archive: Path, paper: ScriptPaper) -> None:
    found = captures(archive)
    pages = {capture.record_id: capture for capture in found if capture.rendered is not None}
    assert len(pages) == len(paper.stories), "the front page, and the stories without data"
    of_pages: dict[str, set[str]] = {}
    for capture in found:
        if capture.discovery.via == "browser":
            page = next(page for record, page in pages.items() if str(record) == capture.discovery.source_record_id)
            of_pages.setdefault(urlsplit(page.url).path, set()).add(urlsplit(capture.url).path)
            if "favicon" not in capture.url:
                assert capture.fact("outcome") == ("robots_denied" if "/private/" in capture.url else "ok")
    for story in paper.stories.values():
        if story is not paper.hydrated:
            asked = of_pages[story.path]
            assert {"/api/story", "/private/who", f"/pictures{story.path}.png"} <= asked
            page = next(page for page in pages.values() if urlsplit(page.url).path == story.path)
            assert "expand: 1" in page.metadata["renderingStep"]
            assert "lazy: 1" in page.metadata["renderingStep"]


def test_nothing_is_asked_for_twice_and_nothing_that_robots_txt_denies(archive: Path, paper: ScriptPaper) -> None:
    assert archive.exists()
    once = {
        name: count for name, count in paper.asked.items() if name.startswith(("GET /news", "GET /app", "GET / "))
    }
    assert set(once.values()) == {1}
    assert not [name for name in paper.asked if "/private/" in name]


def test_its_records_are_made_again_without_a_browser(archive: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(archive, tmp_path / "copy"))
    before = records(copy)
    shutil.rmtree(copy / "newswarc-data" / "records")
    done = newswarc("extract", cwd=copy, NEWSWARC_BROWSER_PROGRAM="/nowhere/chromium")
    assert done.code == 0, done.err
    assert sorted(records(copy), key=itemgetter("url")) == sorted(before, key=itemgetter("url"))


@pytest.mark.long
def test_sameness_is_judged_by_the_text_not_by_the_shell(archive: Path, tmp_path: Path, paper: ScriptPaper) -> None:
    copy = Path(shutil.copytree(archive, tmp_path / "copy"))
    first, second = list(paper.stories.values())[:2]
    old = records(copy)
    changed = replace(second, paragraphs=[*second.paragraphs[:-1], "The council has withdrawn its plan, it says."])
    after = ScriptPaper({**paper.stories, second.path: changed})
    urls = tmp_path / "urls"
    port = int(urlsplit(old[0]["url"]).port or 0)
    with after.server(port) as server:
        urls.write_text(f"{server.url(first.path)}\n{server.url(second.path)}\n")
        done = newswarc(
            "crawl", "--urls", urls, "--json", "--allow-host", server.host, cwd=copy,
            NEWSWARC_DELAY="0", NEWSWARC_BROWSER="fallback", NEWSWARC_CONTACT="tests@example.org",
        )  # fmt: skip
    assert done.code == 0, done.err
    assert done.json()["pages"] == {"record": 1, "unchanged_text": 1}
    assert after.asked["GET /app.js"] == 0, "the archive has it, and it is young enough"
    new = [record for record in records(copy) if record["id"] not in {known["id"] for known in old}]
    assert [record["articleBody"].rpartition("\n")[2] for record in new] == [changed.paragraphs[-1]]


def earlier(directory: Path, url: str, age: float = 86400.0, **later: float) -> bytes | None:
    """What a run gives a page of what earlier runs were answered."""
    configuration = Configuration(archive=str(directory / "newswarc-data"))

    def moment() -> datetime:
        return datetime.now(UTC) + timedelta(**later)

    with closing(open_frontier(configuration)) as frontier:
        storage = LocalStorage(directory / "newswarc-data")
        answers = EarlierAnswers(storage, frontier.known_capture, age, moment)
        exchange = asyncio.run(answers.exchange(url))
        again = asyncio.run(answers.exchange(url))
    assert exchange == again
    return bytes(exchange.response) if exchange is not None else None  # type: ignore[arg-type]


def test_what_an_earlier_run_was_answered_is_given_to_the_byte_until_it_is_too_old(archive: Path) -> None:
    captured = next(capture for capture in captures(archive) if capture.url.endswith("/app.js"))
    assert (
        earlier(archive, captured.url) == captured.response == counted(APP.encode(), b"Content-Type: text/javascript")
    )
    assert earlier(archive, captured.url, hours=25) is None
    assert earlier(archive, captured.url, age=0) is None
    assert earlier(archive, f"{captured.url}?other") is None


def test_what_is_withheld_or_was_removed_is_given_to_no_page(archive: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(archive, tmp_path / "copy"))
    full = [capture.url for capture in captures(copy) if capture.discovery.via == "browser" and not capture.revisit]
    blocked = next(url for url in full if url.endswith("/app.js"))
    removed = next(url for url in full if url.endswith(".png"))
    kept = next(url for url in full if "/api/story" in url)
    assert all(earlier(copy, url) for url in (blocked, removed, kept))
    assert newswarc("access", "block", blocked, "--reason", "a test", cwd=copy).code == 0
    before = (copy / "newswarc-data" / "state").rename(tmp_path / "state")  # as another machine's, which is not told
    shutil.copytree(before, copy / "newswarc-data" / "state")
    assert newswarc("redact", removed, "--reason", "a test", "--yes", cwd=copy).code == 0
    shutil.rmtree(copy / "newswarc-data" / "state")
    before.rename(copy / "newswarc-data" / "state")
    assert earlier(copy, blocked) is None
    assert earlier(copy, removed) is None
    assert earlier(copy, kept) is not None


WITHOUT = """
import sys
sys.modules["playwright"] = None
from crawler.cli.main import run_program
sys.exit(run_program(sys.argv[1:]))
"""


def test_without_the_extra_everything_else_works_and_it_says_what_is_missing(tmp_path: Path) -> None:
    paper = ScriptPaper()
    with paper.server() as server:
        done = run(
            sys.executable, "-c", WITHOUT, "crawl", server.url("/"), "--allow-host", server.host, "--urls", "-",
            "--json", cwd=tmp_path, feed=f"{server.url(paper.hydrated.path)}\n{server.url(next(iter(paper.stories)))}\n",
            NEWSWARC_DELAY="0", NEWSWARC_BROWSER="fallback", NEWSWARC_CONTACT="tests@example.org",
        )  # fmt: skip
    report = json.loads(done.out)
    assert report["pages"] == {"record": 1, "no_text": 1}
    (line,) = report["problems"]
    assert "1 page was captured but not rendered" in line
    assert line.endswith("install newswarc[browser]")
    assert done.code == 1
    assert [capture.fact("renderingFailed") for capture in captures(tmp_path) if capture.is_page].count("") == 1


def quality(directory: Path, *arguments: str) -> Finished:
    return newswarc("replay", "--check", "--browser", "--json", *arguments, cwd=directory)


@pytest.mark.long
def test_its_pages_are_shown_again_from_the_archive_alone_and_a_broken_one_is_found(
    archive: Path, tmp_path: Path, paper: ScriptPaper
) -> None:
    copy = Path(shutil.copytree(archive, tmp_path / "copy"))
    done = quality(copy)
    assert done.code == 0, done.err
    pages = done.json()["pages"]
    assert len(pages) == len(paper.stories)
    assert [page for page in pages if page["score"] < 0.99] == []
    victim = next(capture.url for capture in captures(copy) if "/api/story" in capture.url)
    assert newswarc("redact", victim, "--reason", "a test", "--yes", cwd=copy).code == 0
    report = tmp_path / "report.html"
    done = quality(copy, "--report", str(report))
    assert done.code == 1
    worst, *others = done.json()["pages"]
    assert worst["score"] < 0.5
    assert f"GET {victim}" in worst["missing"]
    assert [page for page in others if page["score"] < 0.99] == []
    assert report.read_text().index(worst["url"]) < report.read_text().index(others[-1]["url"])


@pytest.mark.parametrize(
    ("use", "said"),
    [
        ("never", '1 of 2 pages show their text only to a browser (no_text); set browser = "fallback"'),
        pytest.param("fallback", "1 of 3 pages were rendered in a browser", marks=pytest.mark.long),
    ],
)
def test_a_check_of_the_site_tells_that_it_needs_one(tmp_path: Path, use: str, said: str) -> None:
    paper = ScriptPaper()
    definition = tmp_path / "sites" / "xx" / "post.toml"
    definition.parent.mkdir(parents=True)
    with paper.server() as server:
        sources = f'[[sources]]\nkind = "section"\nurl = "{server.url("/list")}"\n'
        definition.write_text(f'name = "Post"\nurl = "{server.url("/")}"\nbrowser = "{use}"\n{sources}')
        done = newswarc(
            "site", "check", "xx/post", "--sites", "sites", "--pages", "2", "--allow-host", server.host,
            cwd=tmp_path, NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org",
        )  # fmt: skip
    assert done.code == 0, done.err
    assert f"xx/post: {said}" in done.out
    assert not (tmp_path / "newswarc-data").exists()


def test_crawls_learn_that_a_site_needs_a_browser_and_say_so(tmp_path: Path) -> None:
    paper = ScriptPaper({made.path: made for made in map(script_paper.story, range(5))})
    definition = tmp_path / "sites" / "xx" / "post.toml"
    definition.parent.mkdir(parents=True)
    with paper.server() as server:
        sources = f'[[sources]]\nkind = "section"\nurl = "{server.url("/list")}"\n'
        definition.write_text(f'name = "Post"\nurl = "{server.url("/")}"\n{sources}')
        settings = {"NEWSWARC_DELAY": "0", "NEWSWARC_CONTACT": "tests@example.org"}
        options = ("xx/post", "--sites", "sites", "--allow-host", server.host)
        done = newswarc("crawl", *options, "--json", cwd=tmp_path, **settings)
        assert done.code == 0, done.err
        (line,) = [problem for problem in done.json()["problems"] if ": browser: " in problem]
        said = r"only to a browser: \d of the first \d \(no_text\); set browser = \"fallback\" for it"
        assert re.search(said, line)
        done = newswarc("site", "check", *options, cwd=tmp_path, **settings)
        assert done.code == 0, done.err
    learned = r"xx/post: pages that show .* only to a browser: \d of \d that earlier crawls looked at \(no_text\); set browser"
    assert re.search(learned, done.out)
