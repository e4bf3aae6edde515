"""Records and outcomes of a segment: collected, ordered, complete, and published once."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from archive.article import Article, Author
from archive.clock_and_ids import FixedClockAndIds
from archive.derived import Derivation, DerivedFiles, read_articles, read_outcomes
from archive.errors import DamagedArchive
from archive.layout import SegmentName
from archive.library import RecordFilter, articles, completions, matches
from archive.outcomes import PageOutcome, PageOutcomeLine
from archive.period import Period
from archive.publishing import publish_records
from archive.storage.local import LocalStorage

NAME = SegmentName.new("test", 1, FixedClockAndIds())


def derivation(number: int, *, record: bool = True) -> Derivation:
    line = PageOutcomeLine(
        url=f"https://example.org/{number}",
        record_id=UUID(int=number),
        offset=number * 100,
        outcome=PageOutcome.RECORD if record else PageOutcome.NO_TEXT,
    )
    article = Article(
        id=UUID(int=number),
        url=line.url,
        headline=f"عنوان {number}",
        article_body="text",
        authors=(Author(name="N"),),
    )
    return Derivation.of(line, article) if record else Derivation(line)


def test_they_are_ordered_by_their_captures(tmp_path: Path) -> None:
    files = DerivedFiles(tmp_path, NAME, "g0001")
    for number in (3, 1, 2):
        files.add(derivation(number, record=number != 2))
    files.add(derivation(3))
    completed = files.complete()
    with completed.records.open("rb") as stream:
        assert [article.headline for article in read_articles(stream)] == ["عنوان 1", "عنوان 3"]
    with completed.outcomes.open("rb") as stream:
        assert [line.offset for line in read_outcomes(stream)] == [100, 200, 300]
    assert completed.manifest.page_outcomes == {"no_text": 1, "record": 2}
    files.remove()
    assert not list(tmp_path.iterdir())


def test_the_order_of_arrival_does_not_show(tmp_path: Path) -> None:
    digests = set()
    for order in ((1, 2, 3), (3, 2, 1)):
        files = DerivedFiles(tmp_path / str(order[0]), NAME, "g0001")
        for number in order:
            files.add(derivation(number))
        digests.add(files.complete().manifest.records.sha256)
    assert len(digests) == 1


def test_a_journal_cut_short_goes_on(tmp_path: Path) -> None:
    files = DerivedFiles(tmp_path, NAME, "g0001")
    files.add(derivation(1))
    files.add(derivation(2))
    (journal,) = tmp_path.iterdir()
    journal.write_bytes(journal.read_bytes()[:-10])
    again = DerivedFiles(tmp_path, NAME, "g0001")
    assert UUID(int=1) in again
    assert UUID(int=2) not in again
    again.add(derivation(2))
    assert again.complete().manifest.pages == 2


def test_publishing_twice_is_once_and_other_records_are_refused(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "archive")
    files = DerivedFiles(tmp_path / "spool", NAME, "g0001")
    files.add(derivation(1))
    completed = files.complete()
    publish_records(storage, NAME, completed)
    publish_records(storage, NAME, completed)
    other = DerivedFiles(tmp_path / "other", NAME, "g0001")
    with pytest.raises(DamagedArchive):
        publish_records(storage, NAME, other.complete())


def test_readers_take_the_newest_generation(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "archive")
    for generation, number in (("g0002", 2), ("g0001", 1)):
        files = DerivedFiles(tmp_path / generation, NAME, generation)
        files.add(derivation(number))
        publish_records(storage, NAME, files.complete())
    assert [completion.generation for completion in completions(storage).values()] == ["g0002"]
    assert [article.headline for article in articles(storage)] == ["عنوان 2"]


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        (RecordFilter(), True),
        (RecordFilter(site="example.org"), True),
        (RecordFilter(site="ample.org"), False),
        (RecordFilter(site="news.example.org:8080"), True),
        (RecordFilter(language="ar"), True),
        (RecordFilter(language="en"), False),
        (RecordFilter(published=Period.of("2026-01-05", "")), True),
        (RecordFilter(published=Period.of("2026-01-06", "")), False),
        (RecordFilter(published=Period.of("", "2026-01-06")), True),
        (RecordFilter(published=Period.of("", "2026-01-05")), False),
    ],
)
def test_filters(wanted: RecordFilter, kept: bool) -> None:
    article = Article(
        url="https://news.example.org:8080/1",
        headline="h",
        article_body="b",
        in_language="ar-LB",
        date_published="2026-01-05T10:00:00+02:00",
    )
    assert matches(article, wanted) is kept
