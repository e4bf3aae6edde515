"""What is captured and not listed yet is said by the commands that list."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archive.clock_and_ids import SystemClockAndIds
from archive.layout import MANIFEST_SUFFIX, SegmentName
from crawler.keeping.unpublished import unpublished
from tests.support.processes import ROOT, newswarc

NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)
HOUR = 3600.0


def opened(spool: Path, minutes: int, pages: int) -> None:
    """A segment that was opened so many minutes before, with so many pages."""
    spool.mkdir(parents=True, exist_ok=True)
    moment = NOW - timedelta(minutes=minutes)
    name = SegmentName(f"news-{moment:%Y%m%d%H%M%S}000-00001-host-{minutes:08x}", moment)
    (spool / f"{name.text}.warc.gz.open").write_bytes(b"")
    (spool / f"{name.text}.g0007.derived.jsonl").write_text("{}\n" * pages)


def test_an_open_segment_says_when_it_closes(tmp_path: Path) -> None:
    opened(tmp_path, 20, pages=12)
    assert unpublished(tmp_path, HOUR, NOW).parts == ["1 open segment, 12 pages, closes in 40 min"]
    opened(tmp_path, 70, pages=1)
    assert unpublished(tmp_path, HOUR, NOW).parts == ["2 open segments, 13 pages, the next run closes it"]


def test_closed_segments_wait(tmp_path: Path) -> None:
    assert unpublished(tmp_path, HOUR, NOW).parts == []
    (tmp_path / f"news-1{MANIFEST_SUFFIX}").write_text("{}")
    assert unpublished(tmp_path, HOUR, NOW).parts == ["1 segment waiting to be stored"]


def test_records_tells_of_them_on_standard_error(tmp_path: Path) -> None:
    name = SegmentName.new("news", 1, SystemClockAndIds())
    (tmp_path / "a" / "state" / "spool").mkdir(parents=True)
    (tmp_path / "a" / "state" / "spool" / f"{name.text}.warc.gz.open").write_bytes(b"")
    said = newswarc("records", "a", cwd=tmp_path)
    assert said.code == 2
    assert "a: nothing is listed yet: 1 open segment, 0 pages, closes in " in said.err
    shutil.copytree(ROOT / "tests" / "archive" / "data" / "early-archive", tmp_path / "a", dirs_exist_ok=True)
    said = newswarc("records", "a", cwd=tmp_path)
    assert said.code == 0
    assert said.out
    assert "included from this machine: 1 open segment, 0 pages, closes in " in said.err
    assert newswarc("records", "a", "-q", cwd=tmp_path).err == ""
