"""Each verification leaves what it found, so that a look tells how long ago it was; a history that lost an entry shows."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.clock_and_ids import FixedClockAndIds
from archive.fixity import fixity_history, fixity_result, store_fixity
from archive.holdings import Holdings, note_all
from archive.storage.local import LocalStorage
from crawler.config import Configuration
from crawler.watching.fixity_note import fixity_status
from tests.support.processes import newswarc_process as newswarc

EARLY = Path(__file__).parent.parent / "archive" / "data" / "early-archive"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    shutil.copytree(EARLY, tmp_path / "news")
    note_all(LocalStorage(tmp_path / "news"))
    return tmp_path


def test_results_are_kept_and_told(place: Path) -> None:
    began = datetime.now(UTC)
    configuration = Configuration(archive=str(place / "news"), state=str(place / "state"))
    storage = LocalStorage(place / "news")
    assert fixity_status(configuration).verified == 0.0
    done = newswarc("verify", "news", "--json", cwd=place)
    assert done.code == 0, done.err
    quick = fixity_status(configuration)
    assert (quick.verified >= began.timestamp() - 1, quick.read, quick.faults) == (True, 0.0, 0)
    warc = next((place / "news" / "warc").rglob("*.warc.gz"))
    warc.write_bytes(warc.read_bytes()[:-1])
    assert newswarc("verify", "news", "--deep", cwd=place).code == 1
    first, second = fixity_history(storage)
    assert first.id == done.json()["fixity"]
    assert (first.deep, first.is_sound, second.deep, second.is_sound) == (False, True, True, False)
    assert second.counts["wrong_size"] == 1
    assert any(fault.key.startswith("warc/") for fault in second.faults)
    deep = fixity_status(configuration)
    assert (deep.read, deep.faults) == (second.date.timestamp(), sum(second.counts.values()))


def test_results_of_one_second_are_in_their_order(tmp_path: Path) -> None:
    storage, moments = LocalStorage(tmp_path), FixedClockAndIds(datetime(2031, 5, 1, 23, 59, 59, 995000, tzinfo=UTC))
    stored = []
    for number in range(9):  # some before midnight, some after it
        began = moments.now()
        facts = {"software": "x", "by": "x", "deep": False, "shard": "1/1", "segments": number, "records": 0}
        result = fixity_result(moments, began, (), **facts)  # type: ignore[arg-type]
        stored.append(result.model_copy(update={"id": f"{result.date:%Y%m%d%H%M%S}-{9 - number}"}))
        store_fixity(storage, stored[-1])
    assert list(fixity_history(storage)) == stored
    assert sorted(one.id for one in stored) != [one.id for one in stored], "the names alone do not tell"


def test_a_part_says_nothing_of_the_whole(place: Path) -> None:
    assert newswarc("verify", "news", "--deep", "--shard", "1/2", cwd=place).code == 0
    (result,) = fixity_history(LocalStorage(place / "news"))
    assert result.shard == "1/2"
    assert fixity_status(Configuration(archive=str(place / "news"), state=str(place / "s"))).read == 0.0


def test_a_result_that_vanishes_is_a_fault(place: Path) -> None:
    assert newswarc("verify", "news", cwd=place).code == 0
    storage = LocalStorage(place / "news")
    (item,) = storage.list("fixity/")
    storage.delete(item.key)
    assert [fault.key for fault in Holdings.of(storage).check(storage)] == [item.key]
