"""The commands: what is found after a crawl, the same set from each of them, nothing left after a redaction."""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.article import Article
from archive.captures import iterate_records
from archive.search.analysis import ANALYSIS
from archive.search.opensearch import index_definition
from crawler.demo.server import DemoServer
from tests.crawler.test_due import ALWAYS_DUE, crawl
from tests.support.processes import newswarc, newswarc_process

QUERY = "harbour OR (clock -oyster)"


@pytest.fixture(scope="module")
def newspaper() -> Iterator[DemoServer]:
    with DemoServer() as server:
        yield server


@pytest.fixture(scope="module")
def place(newspaper: DemoServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a crawled archive and its index."""
    place = tmp_path_factory.mktemp("crawled")
    crawl(newspaper, place, NEWSWARC_KEEP_INDEX="true")
    return place


def ids(lines: str) -> set[str]:
    return {json.loads(line)["id"] for line in lines.splitlines()}


def test_what_a_crawl_has_stored_can_be_found(place: Path) -> None:
    told = newswarc("search", "*", "--json", "--facets", "day,site,lang,section,author", cwd=place).json()
    everything = newswarc("records", cwd=place).lines()
    assert told["count"] == len(everything)
    assert told["missingSegments"] == told["unreadable"] == 0
    assert sum(told["facets"]["lang"].values()) == told["count"]
    assert newswarc("index", cwd=place).err.strip() == "the index is up to date"
    assert (
        newswarc("search", "--count", "lang:ar", cwd=place).out
        == f"{sum(r['inLanguage'] == 'ar' for r in everything)}\n"
    )


def test_a_person_sees_headlines_dates_and_why(place: Path) -> None:
    shown = newswarc("search", '"night ferry"', cwd=place)
    assert shown.code == 0
    assert "1. Night ferry returns" in shown.out
    assert re.search(r"2026-\d\d-\d\d  http://127\.0\.0\.1", shown.out)
    assert re.search(rf'\d+ records? for "night ferry" \(index {ANALYSIS}-[0-9a-f]{{16}}\)', shown.err)
    nothing = newswarc("search", "nosuchword", cwd=place)
    assert (nothing.code, nothing.out) == (1, "")


def test_each_command_means_the_same_by_a_query(place: Path) -> None:
    found = ids(newswarc("search", QUERY, "--jsonl", "--unfolded", cwd=place).out)
    assert 1 < len(found) < len(newswarc("records", cwd=place).lines())
    assert ids(newswarc("records", "--query", QUERY, cwd=place).out) == found

    assert newswarc("export", "warc", "-o", "some.warc.gz", "--query", QUERY, cwd=place).code == 0
    with (place / "some.warc.gz").open("rb") as file:
        responses = {str(record.record_id) for record in iterate_records(file) if record.kind == "response"}
    assert responses == found

    assert newswarc("wacz", "-o", "some.wacz", "--query", QUERY, cwd=place).code == 0
    with zipfile.ZipFile(place / "some.wacz") as packed:
        pages = packed.read("pages/pages.jsonl").decode().splitlines()[1:]
    urls = {record["url"] for record in newswarc("records", cwd=place).lines() if record["id"] in found}
    assert {json.loads(page)["url"] for page in pages} == urls

    built = newswarc("dataset", "build", "some", "--query", QUERY, "--json", cwd=place).json()
    assert (built["options"]["query"], built["options"]["analysis"]) == (QUERY, ANALYSIS)
    shards = (place / "newswarc-data" / "datasets" / "some" / "1").rglob("*.jsonl.gz")
    assert {row for shard in shards for row in ids(gzip.decompress(shard.read_bytes()).decode())} == found
    assert built["dropped"] == {"query": len(newswarc("records", cwd=place).lines()) - len(found)}


def test_mistakes_are_one_line(place: Path) -> None:
    for arguments, said in [
        (["search", 'ferry "night'], "query, character 7: this quotation mark has no partner"),
        (["search", "ferry", "--sort", "colour"], "--sort colour: there are relevance, newest, oldest"),
        (["search", "ferry", "--facets", "colour"], "--facets colour: there are day"),
        (["search", "ferry", "--similar"], "'ferry' is no record's id"),
        (["records", "--query", "ferry date:soon"], "query, character 12: date: 'soon' is no date"),
        (["records", "--query", "ferry", "--outcomes"], "--query is for articles"),
        (["index", "export", "-o", "x", "--format", "solr"], "there is only opensearch"),
    ]:
        done = newswarc(*arguments, cwd=place)
        assert (done.code, done.out) == (2, ""), arguments
        assert said in done.err
        assert len(done.err.splitlines()) == 1


def test_similar_articles_are_of_the_same_matter(place: Path) -> None:
    first = newswarc("search", "lang:en", "--json", "--limit", "1", cwd=place).json()["hits"][0]
    like = newswarc("search", "--similar", first["id"], "--json", "--limit", "3", cwd=place)
    assert first["id"] not in [hit["id"] for hit in like.json()["hits"]]


def test_without_the_extra_all_else_works_and_one_line_says_what_to_install(place: Path, tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    absent.mkdir()
    (absent / "tantivy.py").write_text("raise ModuleNotFoundError('absent', name='tantivy')\n")
    for arguments in (["search", "ferry"], ["index"], ["records", "--query", "ferry"]):
        done = newswarc_process(*arguments, cwd=place, PYTHONPATH=str(absent))
        assert (done.code, done.err) == (2, "newswarc: search: tantivy is missing; install newswarc[search]\n")
    assert newswarc_process("records", cwd=place, PYTHONPATH=str(absent)).code == 0
    assert newswarc_process("index", "--help", cwd=place, PYTHONPATH=str(absent)).code == 0


def test_bulk_files_for_opensearch(place: Path) -> None:
    assert newswarc("index", "export", "--format", "opensearch", "-o", "bulk", "--name", "paper", cwd=place).code == 0
    definition = json.loads((place / "bulk" / "index.json").read_text())
    assert definition == index_definition()
    analysis = definition["settings"]["analysis"]
    analyzer = analysis["analyzer"]["every_language"]
    assert set(analysis["char_filter"]) <= set(analyzer["char_filter"])
    assert set(analysis["filter"]) <= set(analyzer["filter"])
    lines = [json.loads(line) for line in (place / "bulk" / "bulk-00001.ndjson").read_text().splitlines()]
    actions, documents = lines[::2], lines[1::2]
    records = {record["id"]: record for record in newswarc("records", cwd=place).lines()}
    assert [set(action) for action in actions] == [{"index"}] * len(records)
    assert {action["index"]["_id"] for action in actions} == set(records)
    assert {action["index"]["_index"] for action in actions} == {"paper"}
    for action, document in zip(actions, documents, strict=True):
        assert set(document) == set(definition["mappings"]["properties"]), "the mapping is strict"
        assert document["articleBody"] == Article.model_validate(records[action["index"]["_id"]]).article_body
    assert "PUT" in (place / "bulk" / "README.md").read_text()


def test_what_is_still_captured_is_found_here_and_published_nowhere(newspaper: DemoServer, tmp_path: Path) -> None:
    crawl(newspaper, tmp_path, "--due", **ALWAYS_DUE)
    data = tmp_path / "newswarc-data"
    assert list((data / "state" / "spool").glob("*.open")), "the segment is open"
    found = newswarc("search", "ferry", "newswarc-data", "--json", cwd=tmp_path)
    assert found.code == 0, found.err
    assert found.json()["count"] > 0
    assert found.json()["hits"][0]["headline"]
    assert not (data / "search").exists()
    assert newswarc("upload", cwd=tmp_path).code == 0


def test_a_redaction_leaves_nothing_in_the_index(newspaper: DemoServer, tmp_path: Path) -> None:
    crawl(newspaper, tmp_path, NEWSWARC_KEEP_INDEX="true")
    hit = newswarc("search", '"night ferry" lang:en', "--json", cwd=tmp_path).json()["hits"][0]
    before = {path.name for path in (tmp_path / "newswarc-data").rglob("*.term")}
    done = newswarc("redact", hit["url"], "--reason", "order 4/2026", "--yes", cwd=tmp_path)
    assert done.code == 0, done.err
    assert not before & {path.name for path in (tmp_path / "newswarc-data").rglob("*.term")}
    after = newswarc("search", "*", "--jsonl", "--unfolded", cwd=tmp_path)
    assert hit["id"] not in ids(after.out)
    assert ids(after.out) == ids(newswarc("records", cwd=tmp_path).out)
    assert newswarc("verify", "--deep", cwd=tmp_path).code == 0


def test_a_query_is_whole_or_refused(place: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(place / "newswarc-data", tmp_path / "newswarc-data")
    shutil.rmtree(tmp_path / "newswarc-data" / "search")
    refused = newswarc("records", "--query", "ferry", cwd=tmp_path)
    assert (refused.code, refused.out) == (2, "")
    assert "1 stored segment is not in the index; run newswarc index first" in refused.err
    told = newswarc("search", "ferry", cwd=tmp_path)
    assert "not in the index yet; run newswarc index" in told.err
    assert newswarc("index", "--shard", "1/2", cwd=tmp_path).code == 0
    assert newswarc("index", "--shard", "2/2", cwd=tmp_path).code == 0
    assert newswarc("records", "--query", "ferry", cwd=tmp_path).code == 0
    assert newswarc("watch", "--once", cwd=tmp_path, NEWSWARC_KEEP_INDEX="true").code == 0
