"""The main job from end to end: the bundled newspaper crawled, and everything it must leave behind."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest

from archive.article import Article
from archive.captures import SegmentReading
from archive.exchange import CaptureOutcome, Role
from archive.http1 import entity_body
from archive.library import articles, completions, outcomes, read_page, segments
from archive.outcomes import PageOutcome
from archive.storage.local import LocalStorage
from crawler.demo.server import DemoServer
from crawler.demo.stories import LANGUAGES, load_stories
from pipelines.generation import EXTRACTOR_GENERATION
from tests.support import validators
from tests.support.processes import Finished, newswarc


@dataclass(frozen=True)
class DemoCrawl:
    server: DemoServer
    directory: Path
    done: Finished
    fetched: Counter[str]
    """How often the crawl asked for each path."""

    @property
    def archive(self) -> Path:
        return self.directory / "newswarc-data"

    @property
    def storage(self) -> LocalStorage:
        return LocalStorage(self.archive)

    @property
    def warcs(self) -> list[Path]:
        return sorted((self.archive / "warc").rglob("*.warc.gz"))


def crawl(server: DemoServer, directory: Path, *options: object) -> Finished:
    host = server.base.removeprefix("http://")
    return newswarc(
        "crawl",
        f"{server.base}/",
        *options,
        cwd=directory,
        NEWSWARC_ALLOW_HOSTS=host,
        NEWSWARC_DELAY="0",
        NEWSWARC_CONTACT="tests@example.org",
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCrawl]:
    directory = tmp_path_factory.mktemp("demo")
    with DemoServer() as server:
        done = crawl(server, directory, "--json")
        yield DemoCrawl(server, directory, done, server.counts())


def test_it_succeeds_and_says_so_in_json(demo: DemoCrawl) -> None:
    assert demo.done.code == 0, demo.done.err
    report = demo.done.json()
    assert report["exit_code"] == 0
    assert sum(report["articles"].values()) == len(load_stories())
    assert report["problems"] == []


def test_the_archive_is_laid_out_as_designed(demo: DemoCrawl) -> None:
    for kind in ("warc", "cdxj", "manifests", f"records/{EXTRACTOR_GENERATION}"):
        files = [path for path in (demo.archive / kind).rglob("*") if path.is_file()]
        assert files, kind
        day = files[0].relative_to(demo.archive / kind).parts[:3]
        assert [len(part) for part in day] == [4, 2, 2]
    assert not list((demo.archive / "state" / "spool").iterdir()), "what is stored leaves nothing in the spool"


def test_every_article_of_every_edition_is_a_record(demo: DemoCrawl) -> None:
    stories = {(story.id, story.language): story for story in load_stories()}
    found = {(int(a.url.split("/")[5].split("-")[0]), a.in_language): a for a in articles(demo.storage)}
    assert set(found) == set(stories)
    assert {language for _, language in found} == set(LANGUAGES)
    for key, story in stories.items():
        article = found[key]
        body = story.body_before_correction or story.body
        assert article.headline == story.headline
        assert article.paragraphs == body, "the paragraphs alone: no link line, no image name, no comment counter"
        assert article.article_body == "\n".join(body)
        assert article.date_published == story.published
        assert [author.name for author in article.authors] in ([story.author], [])
        assert article.warc is not None
        assert article.id == article.warc.record_id


def test_the_naharnet_case(demo: DemoCrawl) -> None:
    article = next(a for a in articles(demo.storage) if "/stories/en/1001-" in a.url)
    assert any(
        alternate.hreflang == "ar" and "/stories/ar/1001-" in alternate.href for alternate in article.alternates
    )
    assert [image.url for image in article.images] == [f"{demo.server.base}/images/W460.png"]
    assert article.in_language == "en"
    assert article.discovery is not None


def test_the_address_of_a_record_gives_the_page_byte_for_byte(demo: DemoCrawl) -> None:
    for article in articles(demo.storage):
        assert article.warc is not None
        response = read_page(demo.storage, article.warc)
        request = urllib.request.Request(article.url, headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request) as served:
            assert entity_body(response) == served.read()
        assert response.startswith(b"HTTP/1.1 200 OK\r\nServer: TidewaterPress/1 \r\n"), "trailing space and all"


def test_chunked_pages_are_kept_as_chunks(demo: DemoCrawl) -> None:
    article = next(a for a in articles(demo.storage) if "/stories/en/1001-" in a.url)
    assert article.warc is not None
    response = read_page(demo.storage, article.warc)
    head, _, body = response.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert body.startswith(b"2bc\r\n")
    assert body.endswith(b"\r\n0\r\n\r\n")


def test_each_record_fits_the_published_schema(demo: DemoCrawl) -> None:
    published = json.loads((Path(__file__).parents[2] / "docs/schema/article.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(published)
    done = newswarc("records", cwd=demo.directory)
    assert len(done.lines()) == len(load_stories())
    for record in done.lines():
        validator.validate(record)


def test_other_validators_find_nothing_wrong(demo: DemoCrawl) -> None:
    assert demo.warcs
    for warc in demo.warcs:
        for validate in (validators.gzip_test, validators.warcvalid, validators.cdxj_indexer):
            done = validate(warc)
            assert done.code == 0, f"{validate.__name__}: {done.err}"
        # warcio takes the digest of a chunked body over its chunks, the specification over the payload
        assert validators.warcio_failures(warc) <= validators.chunked_responses(warc)
        assert validators.warcio_failures(warc), "the newspaper serves chunked pages"


def test_our_index_says_what_cdxj_indexer_says(demo: DemoCrawl) -> None:
    for warc in demo.warcs:
        theirs = {}
        for line in validators.cdxj_indexer(warc).out.splitlines():
            key, stamp, fields = line.split(" ", 2)
            if not key.startswith("urn:"):
                values = json.loads(fields)
                theirs[values["offset"]] = (key, stamp, values["url"], values.get("status"), values["length"])
        index = demo.archive / "cdxj" / warc.relative_to(demo.archive / "warc").with_name(f"{warc.name[:-8]}.cdxj")
        ours = {}
        lines = index.read_text().splitlines()
        for line in lines:
            key, stamp, fields = line.split(" ", 2)
            values = json.loads(fields)
            assert (demo.archive / values["filename"]).is_file()
            ours[values["offset"]] = (key, stamp, values["url"], values["status"], values["length"])
        assert ours == theirs
        assert lines == sorted(lines, key=str.encode)


def test_manifests_say_what_is_there(demo: DemoCrawl) -> None:
    for manifest in segments(demo.storage):
        for file in (manifest.warc, manifest.cdxj):
            assert demo.storage.stat(file.key).size == file.size
        assert manifest.outcomes["robots_denied"] == 1
        assert sum(manifest.outcomes.values()) == manifest.exchanges
    (completion,) = completions(demo.storage).values()
    assert completion.articles == len(load_stories())
    assert completion.page_outcomes["record"] == completion.articles


def test_every_page_has_exactly_one_outcome(demo: DemoCrawl) -> None:
    lines = {line.record_id: line for line in outcomes(demo.storage)}
    pages = []
    for warc in demo.warcs:
        with warc.open("rb") as stream:
            pages += [capture for capture in SegmentReading(stream).captures() if capture.role is Role.ARTICLE]
    assert {capture.record_id for capture in pages} == set(lines)
    assert len(lines) == len(pages) == len(list(outcomes(demo.storage)))
    by_path = {line.url.removeprefix(demo.server.base): line.outcome for line in lines.values()}
    assert by_path["/s/en/1004"] is PageOutcome.REDIRECTED
    assert by_path["/stories/en/9999-the-page-that-went-away"] is PageOutcome.SOFT_NOT_FOUND
    assert by_path["/private/en/2001-notes-for-the-editors-only"] is PageOutcome.NO_RESPONSE


def test_a_denied_address_leaves_a_record_and_is_never_fetched(demo: DemoCrawl) -> None:
    assert not [path for path, _ in demo.server.requests if path.startswith("/private/")]
    with demo.warcs[0].open("rb") as stream:
        denied = [c for c in SegmentReading(stream).captures() if c.outcome is CaptureOutcome.ROBOTS_DENIED]
    assert [capture.url for capture in denied] == [f"{demo.server.base}/private/en/2001-notes-for-the-editors-only"]


def test_the_back_catalogue_is_left_alone(demo: DemoCrawl) -> None:
    assert "/sitemap_index.xml" in demo.fetched
    assert "/archive-sitemap.xml" not in demo.fetched


def test_nothing_is_fetched_twice(demo: DemoCrawl) -> None:
    assert {path: count for path, count in demo.fetched.items() if count > 1} == {}


def test_the_user_agent_names_the_contact(demo: DemoCrawl) -> None:
    agents = {headers.get("User-Agent", "") for _, headers in demo.server.requests}
    assert any(agent.startswith("newswarc/") and "(+tests@example.org)" in agent for agent in agents)


def test_extracting_again_gives_the_same_records_line_for_line(demo: DemoCrawl, tmp_path: Path) -> None:
    done = newswarc("extract", demo.archive, "--to", tmp_path / "again", "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    assert [segment["skipped"] for segment in done.json()] == [False]
    for options in ((), ("--outcomes",)):
        before = newswarc("records", demo.archive, *options, cwd=tmp_path).out
        assert newswarc("records", tmp_path / "again", *options, cwd=tmp_path).out == before
    repeated = newswarc("extract", demo.archive, "--to", tmp_path / "again", "--json", cwd=tmp_path)
    assert [segment["skipped"] for segment in repeated.json()] == [True]


def test_extracting_from_a_warc_file_prints_its_records(demo: DemoCrawl, tmp_path: Path) -> None:
    done = newswarc("extract", *demo.warcs, cwd=tmp_path)
    assert done.out == newswarc("records", demo.archive, cwd=tmp_path).out


def test_records_can_be_chosen(demo: DemoCrawl) -> None:
    def chosen(*options: str) -> set[str]:
        return {record["url"] for record in newswarc("records", *options, cwd=demo.directory).lines()}

    everything = chosen()
    arabic = chosen("--lang", "ar")
    assert arabic == {url for url in everything if "/stories/ar/" in url}
    assert chosen("--since", "2026-01-07") == {url for url in everything if "/1005-" in url}
    assert chosen("--until", "2026-01-06") == {url for url in everything if "/1001-" in url or "/1002-" in url}
    assert chosen("--site", "127.0.0.1") == everything
    assert chosen("--site", "example.org") == set()


def test_a_second_crawl_is_conditional_and_finds_nothing_new(tmp_path: Path) -> None:
    with DemoServer() as server:
        first = crawl(server, tmp_path, "--json").json()
        assert first["exit_code"] == 0
        server.requests.clear()
        second = crawl(server, tmp_path, "--json").json()
        assert second["exit_code"] == 0
        assert second["articles"] == {}
        assert second["outcomes"]["not_modified"] >= 3
        assert not [path for path, _ in server.requests if "/stories/" in path]
        assert second["found"] == first["found"], "an unchanged source still shows its articles"
    storage = LocalStorage(tmp_path / "newswarc-data")
    manifests = list(segments(storage))
    assert len(manifests) == 2
    captures = []
    for manifest in manifests:
        with storage.open_range(manifest.warc.key) as stream:
            captures.append(list(SegmentReading(stream).captures()))
    stored = {capture.record_id: capture for capture in captures[0]}
    revisits = [capture for capture in captures[1] if capture.revisit]
    assert len(revisits) >= second["outcomes"]["not_modified"]
    for capture in revisits:
        original = stored[capture.refers_to] if capture.refers_to else None
        assert original is not None
        assert (original.url, original.payload_digest) == (capture.url, capture.payload_digest)


def test_a_dry_run_keeps_nothing_and_says_why(tmp_path: Path) -> None:
    with DemoServer() as server:
        done = crawl(server, tmp_path, "--dry-run", "--json")
        assert done.code == 0, done.err
        planned = done.json()["planned"]
        assert not [path for path, _ in server.requests if "/stories/" in path]
    assert len(planned) >= len(load_stories())
    assert {entry["via"] for entry in planned} >= {"feed", "section", "sitemap"}
    assert not (tmp_path / "newswarc-data").exists()


def test_the_limit_counts_articles(tmp_path: Path) -> None:
    with DemoServer() as server:
        report = crawl(server, tmp_path, "--limit", "3", "--json").json()
        assert sum(report["pages"].values()) <= 3
        rest = crawl(server, tmp_path, "--json").json()
        assert sum(report["articles"].values()) + sum(rest["articles"].values()) == len(load_stories())


def test_since_leaves_older_announcements_alone(tmp_path: Path) -> None:
    with DemoServer() as server:
        done = newswarc(
            "crawl",
            f"{server.base}/",
            "--since",
            "2026-01-07",
            cwd=tmp_path,
            NEWSWARC_ALLOW_HOSTS=server.base.removeprefix("http://"),
            NEWSWARC_DELAY="0",
        )
        assert done.code == 0, done.err
        storage = LocalStorage(tmp_path / "newswarc-data")
        arabic = [article.url for article in articles(storage) if article.in_language == "ar"]
    assert arabic, "the Arabic edition is announced by the news sitemap alone, with its dates"
    assert all("/1005-" in url for url in arabic)


def test_a_list_of_pages_is_captured_exactly(tmp_path: Path) -> None:
    with DemoServer() as server:
        stories = [story for story in load_stories() if story.language == "fr"][:2]
        addresses = [f"{server.base}{story.path}" for story in stories]
        done = newswarc(
            "crawl", "--urls", "-", "--json", "--allow-host", server.base.removeprefix("http://"),
            cwd=tmp_path, feed="\n".join(["# two pages", *addresses, ""]), NEWSWARC_DELAY="0",
        )  # fmt: skip
        assert done.code == 0, done.err
        fetched = [path for path, _ in server.requests]
    assert sorted(fetched) == sorted(["/robots.txt", *(story.path for story in stories)]) or len(fetched) == 3
    found = list(articles(LocalStorage(tmp_path / "newswarc-data")))
    assert {article.headline for article in found} == {story.headline for story in stories}
    assert {article.discovery.via for article in found if article.discovery} == {"list"}


def test_records_survive_a_round_trip(demo: DemoCrawl) -> None:
    for article in articles(demo.storage):
        assert Article.model_validate_json(article.to_json_line()) == article
