"""What changes behind an index: redactions, newer records, access rules, other builders, damage."""

from __future__ import annotations

import json
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from archive.access import add_rule, lift_rule
from archive.access_rules import AccessLift, AccessRule, Restriction
from archive.address_match import Match
from archive.clock_and_ids import SystemClockAndIds
from archive.derived import completed
from archive.layout import SegmentName
from archive.library import completion_of
from archive.manifests import file_sha256
from archive.publishing import put_manifest
from archive.search.analysis import ANALYSIS
from archive.search.building import IndexPlanner, SplitPlan, build_split, forget_segments
from archive.search.engine import META, new_index, open_index
from archive.search.splits import IndexedSegment, SplitManifest, coverage
from archive.storage.local import LocalStorage
from archive.storage.protocol import Storage
from tests.datasets.making import store
from tests.search.making import archive, index, index_apart, numbers, searcher, story

SECRET = "zugzwangerin"


def segments(storage: Storage) -> list[str]:
    return sorted(
        {
            item.key.rpartition("/")[2].removesuffix(".json")
            for item in storage.list("records/")
            if item.key.endswith(".json")
        }
    )


def take_out(storage: Storage, segment: str, kept: list[dict[str, Any]], scratch: Path) -> None:
    """Records of a segment stored anew without some, as a redaction does."""
    name = SegmentName.parse(segment)
    before = completion_of(storage, segment)
    assert before is not None
    made = completed(
        name, before.generation, scratch / "r", scratch / "o", [json.dumps(one).encode() for one in kept], []
    )
    for part, file in ((made.manifest.records, made.records), (made.manifest.outcomes, made.outcomes)):
        storage.put(part.key, file, part.sha256)
    put_manifest(storage, name, name.revised(name.completion_key(before.generation), 2), made.manifest.to_bytes())


def holding(directory: Path, word: str) -> set[str]:
    """Names of index files below a directory whose dictionary has a word."""
    found: set[str] = set()
    for terms in directory.rglob("*.term"):
        with tempfile.TemporaryDirectory() as scratch:
            index = Path(scratch)
            new_index(index)
            for part in terms.parent.glob(f"{terms.stem}.*"):
                shutil.copy(part, index)
            about = json.loads((index / META).read_text())
            about["segments"] = [{"segment_id": str(UUID(terms.stem)), "max_doc": 1, "deletes": None}]
            (index / META).write_text(json.dumps(about))
            if open_index(index).searcher().terms_with_prefix("text", word):
                found.add(terms.stem)
    return found


def test_redacted_records_are_hidden_at_once_and_gone_when_the_index_is_forgotten(tmp_path: Path) -> None:
    stories = [story(1, f"A word that must go: {SECRET}."), story(2, "What stays.")]
    storage = archive(tmp_path, stories, [story(3, "In another segment.")])
    index(storage)
    first = segments(storage)[0]
    with searcher(storage, tmp_path) as here:
        assert numbers(here, SECRET) == {"1"}
        tainted = holding(tmp_path / "archive" / "search", SECRET)
        assert tainted == holding(tmp_path / "search" / "splits", SECRET) != set()
        take_out(storage, first, stories[1:], tmp_path)
        assert numbers(here, "*") == {"3"}, "the segment's old records answer no more"
        assert here.missing == [first]
        assert forget_segments(storage, [first]) > 0
        assert numbers(here, "*") == set(), "both were in one split"
        index(storage)
        assert numbers(here, "*") == {"2", "3"}
        assert numbers(here, SECRET) == set()
        assert holding(tmp_path, SECRET) == set()
        assert not [path for path in tmp_path.rglob("*") if path.stem in tainted]


def test_a_newer_generation_takes_the_place_of_the_older(tmp_path: Path) -> None:
    storage = archive(tmp_path, [story(1, "Old reading."), story(2, "Old too.")], [story(3, "Old, and stays.")])
    index(storage)
    first = segments(storage)[0]
    with searcher(storage, tmp_path) as found:
        name = SegmentName.parse(first)
        made = completed(
            name, "g0002", tmp_path / "r", tmp_path / "o", [json.dumps(story(1, "New reading.")).encode()], []
        )
        for part, file in ((made.manifest.records, made.records), (made.manifest.outcomes, made.outcomes)):
            storage.put(part.key, file, part.sha256)
        put_manifest(storage, name, name.completion_key("g0002"), made.manifest.to_bytes())
        assert (numbers(found, "old"), numbers(found, "new")) == ({"3"}, set())
        assert [split.articles for split in index(storage)] == [2]
        assert (numbers(found, "old"), numbers(found, "new")) == ({"3"}, {"1"})
        planner = IndexPlanner(storage)
        assert (planner.missing(), len(planner.look()[1].splits)) == ([], 1)


def rule(restriction: Restriction, **given: Any) -> AccessRule:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return AccessRule(id="20260101000000-aa", restriction=restriction, reason="asked for", date=at, **given)


def test_access_rules_are_in_hits_counts_and_facets(tmp_path: Path) -> None:
    storage = archive(tmp_path, [story(number, "One word.") for number in range(6)])
    index(storage)
    clock = SystemClockAndIds()
    with searcher(storage, tmp_path) as here, searcher(storage, tmp_path / "far", is_local=False) as far:
        assert here.count("word") == far.count("word") == 6
        add_rule(storage, rule(Restriction.LOCAL, address="https://www.paper1.com/", match=Match.DOMAIN), clock)
        assert (here.count("word"), far.count("word")) == (6, 4)
        assert numbers(far, "word") == {"0", "2", "3", "5"}
        lift_rule(storage, AccessLift(rule="20260101000000-aa", reason="over", date=clock.now()), clock)
        assert far.count("word") == 6
        exact = rule(Restriction.BLOCKED, address="https://www.paper1.com/1", match=Match.EXACT)
        add_rule(storage, exact.model_copy(update={"id": "20260101000000-bb"}), clock)
        since = rule(Restriction.BLOCKED, captured_since=datetime(2026, 1, 1, 5, tzinfo=UTC))
        add_rule(storage, since.model_copy(update={"id": "20260101000000-cc"}), clock)
        assert numbers(here, "*") == {"0", "2", "3", "4"}


def test_a_segment_in_two_splits_is_told_once(tmp_path: Path) -> None:
    storage = archive(tmp_path, *([story(number, "One word.")] for number in range(4)))
    whole = IndexPlanner(storage).missing()[0]
    parts = (whole.segments[:2], whole.segments[1:], whole.segments[3:])
    for part in parts:
        build_split(storage, SplitPlan(whole.month, part), "test")
    with searcher(storage, tmp_path) as found:
        assert numbers(found, "word") == {"0", "1", "2", "3"}
        assert found.search("word", limit=0).count == 4
        again = build_split(storage, SplitPlan(whole.month, parts[0]), "test")
        assert not again.is_new
        assert numbers(found, "word") == {"0", "1", "2", "3"}
        assert len(IndexPlanner(storage).remove_superseded()) == 1
        assert numbers(found, "word") == {"0", "1", "2", "3"}


def split(name: str, *held: str) -> SplitManifest:
    of = tuple(
        IndexedSegment(segment=text.rstrip("'"), generation="g2" if text.endswith("'") else "g1", articles=1)
        for text in held
    )
    return SplitManifest(
        name=name, analysis=ANALYSIS, format="v7", month="2026/01", segments=of, articles=len(of), text_bytes=0,
        files=(), description="{}", software="test",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("splits", "answering", "superseded", "missing"),
    [
        ([split("x", "a", "b"), split("y", "b", "c", "d")], "x y y y", "", ""),
        ([split("x", "a", "b"), split("y", "a", "b")], "y y - -", "x", "cd"),
        ([split("x", "a", "b'"), split("y", "a")], "y - - -", "x", "bcd"),
        ([split("x", "a'", "b", "c"), split("y", "a", "b", "c")], "y y y -", "x", "d"),
        ([split("x", "a'", "b", "c"), split("y", "a")], "y x x -", "", "d"),
        ([split("x", "gone")], "- - - -", "x", "abcd"),
        ([], "- - - -", "", "abcd"),
    ],
)
def test_who_answers_is_a_matter_of_what_is_listed(
    splits: list[SplitManifest], answering: str, superseded: str, missing: str
) -> None:
    current = dict.fromkeys("abcd", ("g1", 1))
    for order in (splits, splits[::-1]):
        found = coverage(order, current)
        told = [found.answering[name].name if name in found.answering else "-" for name in "abcd"]
        assert " ".join(told) == answering
        assert "".join(one.name for one in found.superseded) == superseded
        assert "".join(found.missing) == missing


def test_a_damaged_index_is_noticed_and_built_again(tmp_path: Path) -> None:
    storage = archive(tmp_path, [story(1, "One word.")], [story(2, "One word.")])
    index_apart(storage)
    files = [item.key for item in storage.list("search/") if item.key.endswith(".term")]
    storage.delete(files[0])
    with searcher(storage, tmp_path) as found:
        assert found.count("word") == 1
        assert len(found.missing) == 1
        index(storage)
        assert found.count("word") == 2
    manifest = next(item.key for item in storage.list("search/") if item.key.endswith(".json"))
    broken = tmp_path / "broken"
    broken.write_text("{")
    storage.put(manifest, broken, file_sha256(broken))
    with searcher(storage, tmp_path) as found:
        assert found.count("word") == 1
        index(storage)
        assert found.count("word") == 2
    loose = f"{manifest.removesuffix('.json')}/left-by-a-build-that-died.term"
    storage.put(loose, broken, file_sha256(broken))
    older = "search/a0/2026/01/older.json"
    storage.put(older, broken, file_sha256(broken))
    assert IndexPlanner(storage).remove_loose() == 2
    assert not {loose, older} & {item.key for item in storage.list("search/")}
    with searcher(storage, tmp_path) as found:
        assert found.count("word") == 2


def test_another_format_of_the_index_is_not_read(tmp_path: Path) -> None:
    storage = archive(tmp_path, [story(1, "One word.")])
    index(storage)
    key = next(item.key for item in storage.list("search/") if item.key.endswith(".json"))
    other = json.loads((tmp_path / "archive" / key).read_text()) | {"format": "v1"}
    path = tmp_path / "other"
    path.write_text(json.dumps(other))
    storage.put(key, path, file_sha256(path))
    with searcher(storage, tmp_path) as found:
        assert len(found.missing) == 1


def test_records_that_no_program_can_read_are_counted(tmp_path: Path) -> None:
    bad = {**story(2, "Without a date."), "headline": None, "articleBody": 7}
    storage = LocalStorage(tmp_path / "archive")
    store(storage, [[story(1, "Sound."), bad]], tmp_path / "scratch")
    assert [(built.articles, built.unreadable) for built in index(storage)] == [(1, 1)]


def test_older_records_files_of_one_gzip_member_are_read(tmp_path: Path) -> None:
    import gzip

    storage = archive(tmp_path, [story(number, f"Text number{number}.") for number in range(300)])
    listed = (item.key for item in storage.list("records/"))
    key = next(key for key in listed if key.endswith(".jsonl.gz") and "outcomes" not in key)
    data = gzip.decompress((tmp_path / "archive" / key).read_bytes())
    whole = tmp_path / "whole"
    whole.write_bytes(gzip.compress(data))
    assert whole.stat().st_size != (tmp_path / "archive" / key).stat().st_size, "it was of several members"
    storage.put(key, whole, file_sha256(whole))
    index(storage)
    with searcher(storage, tmp_path) as found:
        assert numbers(found, "number299") == {"299"}
