"""The merged index finds what the segments' indexes hold, whatever their number and order."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.access import AccessGate
from archive.access_rules import AccessRules
from archive.cdxj import IndexEntry, index_text
from archive.errors import BadAddress, DamagedArchive
from archive.lookup import Lookup, Match
from archive.manifests import Manifest, StoredFile
from archive.merged_index import MergedIndex, SortedLines
from archive.period import Period, moment_of
from archive.storage.local import LocalStorage

LINES = st.lists(
    st.binary(min_size=1, max_size=9000).map(lambda line: line.replace(b"\n", b" ") + b"\n"), max_size=40
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(LINES, st.binary(max_size=20), st.integers(0, 39))
def test_lines_are_found_by_halving(tmp_path: Path, lines: list[bytes], start: bytes, pick: int) -> None:
    ordered = sorted(lines)
    file = tmp_path / "run"
    file.write_bytes(b"".join(ordered))
    held = SortedLines(file)
    for wanted in [start, *(ordered[pick % len(ordered) :][:1] if ordered else [])]:
        assert list(held.starting_at(wanted)) == [line for line in ordered if line >= wanted]
    held.close()


def entry(url: str, second: int, segment: str = "s") -> IndexEntry:
    date = f"2026-01-01T00:{second // 60:02d}:{second % 60:02d}Z"
    return IndexEntry(url, date, "text/html", 200, "sha256:00", 10, second, f"warc/2026/01/01/{segment}.warc.gz")


def store(storage: LocalStorage, segment: str, entries: list[IndexEntry], revision: str = "") -> Manifest:
    data = index_text(entries)
    key = f"cdxj/2026/01/01/{segment}{revision}.cdxj"
    path = storage.root / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    file = StoredFile(key=key, size=len(data), sha256=hashlib.sha256(data).hexdigest())
    return Manifest(
        segment=segment, warc=file, cdxj=file, opened="", closed="", exchanges=0, outcomes={}, sites={}, software=""
    )


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "archive")


def test_many_segments_become_few_runs(storage: LocalStorage, tmp_path: Path) -> None:
    manifests, everything = [], []
    index = MergedIndex(tmp_path / "index")
    for number in range(40):
        entries = [entry(f"http://site{number % 7}.example/{page}", number, f"s{number}") for page in range(5)]
        everything += entries
        manifests.append(store(storage, f"s{number:02d}", entries))
        assert index.refresh(storage, manifests) == 1
    assert index.refresh(storage, manifests) == 0
    assert b"".join(index.lines(b"")) == index_text(everything)
    assert len(list((tmp_path / "index").glob("*.cdxj"))) <= 7
    again = MergedIndex(tmp_path / "index")
    assert again.segments == {manifest.segment for manifest in manifests}
    assert b"".join(again.lines(b"")) == index_text(everything)


def test_a_segment_that_changed_or_went_is_taken_out(storage: LocalStorage, tmp_path: Path) -> None:
    one, two = [entry("http://x.example/1", 1, "one")], [entry("http://x.example/2", 2, "two")]
    manifests = [store(storage, "one", one), store(storage, "two", two)]
    index = MergedIndex(tmp_path / "index")
    index.refresh(storage, manifests)
    changed = [entry("http://x.example/3", 3, "one")]
    assert index.refresh(storage, [store(storage, "one", changed, ".r2"), manifests[1]]) == 2
    assert b"".join(index.lines(b"")) == index_text([*changed, *two])
    index.refresh(storage, [manifests[1]])
    assert b"".join(index.lines(b"")) == index_text(two)


def test_damage_to_the_index_is_mended(storage: LocalStorage, tmp_path: Path) -> None:
    manifests = [store(storage, "one", [entry("http://x.example/1", 1)])]
    directory = tmp_path / "index"
    MergedIndex(directory).refresh(storage, manifests)
    next(directory.glob("*.cdxj")).unlink()
    assert MergedIndex(directory).refresh(storage, manifests) == 1
    (directory / "contents.json").write_text("{")
    index = MergedIndex(directory)
    assert index.refresh(storage, manifests) == 1
    assert len(list(index.lines(b""))) == 1
    assert len(list(directory.glob("*.cdxj"))) == 1, "what nothing names is removed"


class _Fixed(Lookup):
    """A look-up over the indexes of a test."""

    def __init__(self, storage: LocalStorage, directory: Path, manifests: list[Manifest]) -> None:
        super().__init__(storage, directory)
        self.index.refresh(storage, manifests)


ADDRESSES = [
    "http://example.com/",
    "http://www.example.com/politics/",
    "http://example.com/politics/a",
    "http://example.com/politics/b?x=1",
    "http://example.com/politics-of-old",
    "http://example.com:8080/politics/a",
    "http://sub.example.com/politics/a",
    "http://example.community/",
    "http://other.example/",
]


@pytest.mark.parametrize(
    ("url", "match", "expected"),
    [
        ("http://example.com/politics/a", Match.EXACT, [2]),
        ("https://www.example.com/politics/a", Match.EXACT, [2]),
        ("example.com/politics/", Match.PREFIX, [2, 3]),
        ("example.com/politics", Match.PREFIX, [1, 2, 3, 4]),
        ("example.com", Match.HOST, [0, 1, 2, 3, 4, 5]),
        ("example.com:8080", Match.HOST, [5]),
        ("example.com", Match.DOMAIN, [0, 1, 2, 3, 4, 5, 6]),
        ("missing.example", Match.DOMAIN, []),
    ],
)
def test_kinds_of_matches(storage: LocalStorage, tmp_path: Path, url: str, match: Match, expected: list[int]) -> None:
    entries = [entry(address, number) for number, address in enumerate(ADDRESSES)]
    lookup = _Fixed(
        storage, tmp_path / "index", [store(storage, "one", entries[::2]), store(storage, "two", entries[1::2])]
    )
    found = list(lookup.find(url, match))
    assert sorted(ADDRESSES.index(one.url) for one in found) == expected


def test_time_is_chosen(storage: LocalStorage, tmp_path: Path) -> None:
    entries = [entry("http://x.example/", second) for second in (10, 70, 130)]
    lookup = _Fixed(storage, tmp_path / "index", [store(storage, "one", entries)])
    within = Period.of("2026-01-01T00:01", "2026-01-01T00:02")
    assert [one.offset for one in lookup.find("x.example", period=within)] == [70]
    assert [one.offset for one in lookup.find("x.example", period=Period.of("2026-01-02", ""))] == []
    assert [one.offset for one in lookup.find("x.example", period=Period.of("2026", "2027"))] == [10, 70, 130]
    newest = lookup.closest("http://x.example/")
    assert newest is not None
    assert newest.offset == 130
    near = lookup.closest("http://x.example/", entries[0].moment)
    assert near is not None
    assert near.offset == 10
    assert lookup.closest("http://y.example/") is None


def test_mistakes_are_told() -> None:
    assert moment_of("2026-11-24T10:30") == datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
    assert moment_of("20261124103001") == datetime(2026, 11, 24, 10, 30, 1, tzinfo=UTC)
    assert moment_of("2026") == datetime(2026, 1, 1, tzinfo=UTC)
    assert [moment_of(text) for text in ("yesterday", "2026-13-01", "2026-1", "")] == [None] * 4
    with pytest.raises(BadAddress, match="not a date"):
        Period.of("yesterday", "")
    with pytest.raises(DamagedArchive):
        IndexEntry.parse(b'com,x)/ 20260101000000 {"url": 1')


def test_lines_of_other_indexers_are_read() -> None:
    line = b'com,x)/ 20260101000000 {"url": "http://x.com/", "status": "-", "offset": "5", "filename": "a.warc.gz"}'
    assert IndexEntry.parse(line) == IndexEntry("http://x.com/", "2026-01-01T00:00:00Z", "", 0, "", 0, 5, "a.warc.gz")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 40_000_000), min_size=1, max_size=12, unique=True),
    st.one_of(st.integers(-50_000_000, 90_000_000), st.sampled_from([-60_000_000_000, 250_000_000_000])),
    st.floats(0, 0.999),
)
def test_the_closest_is_found_however_far_it_is(
    tmp_path_factory: pytest.TempPathFactory, seconds: list[int], wanted: int, fraction: float
) -> None:
    """As if all were compared."""
    place = tmp_path_factory.mktemp("lookup")
    storage, begins = LocalStorage(place / "archive"), datetime(2025, 1, 1, tzinfo=UTC)
    url = "https://news.example/"
    captured = [begins + timedelta(seconds=one) for one in seconds]
    around = ("https://news.example/a", "https://aaa.example/")
    entries = [
        IndexEntry(one, f"{moment:%Y-%m-%dT%H:%M:%SZ}", "text/html", 200, "sha256:00", 10, 1, "warc/x.warc.gz")
        for moment in captured
        for one in (url, *around)
    ]
    lookup = Lookup(storage, place / "index", AccessGate(AccessRules(), lambda: begins))
    lookup.index.refresh(storage, [store(storage, "s", entries)])
    moment = begins + timedelta(seconds=wanted + fraction)
    found = lookup.closest(url, moment)
    newest = lookup.closest(url)
    lookup.close()
    assert found is not None
    assert newest is not None
    assert newest.moment == max(captured)
    assert abs(found.moment - moment) == min(abs(one - moment) for one in captured)
    assert found.url == newest.url == url


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 2000), min_size=1, max_size=30), st.integers(0, 2000), st.integers(0, 2000))
def test_captures_of_a_period_are_those_that_it_holds(
    tmp_path_factory: pytest.TempPathFactory, seconds: list[int], first: int, last: int
) -> None:
    place = tmp_path_factory.mktemp("lookup")
    storage, begins = LocalStorage(place / "archive"), datetime(2026, 1, 1, tzinfo=UTC)
    entries = [entry(url, one) for one in seconds for url in ("https://a.example/", "https://a.example/b")]
    lookup = Lookup(storage, place / "index", AccessGate(AccessRules(), lambda: begins))
    lookup.index.refresh(storage, [store(storage, "s", entries)])
    period = Period(begins + timedelta(seconds=first), begins + timedelta(seconds=last))
    for match in (Match.EXACT, Match.PREFIX):
        found = [one.moment for one in lookup.every("https://a.example/", match, period)]
        held = [one for one in lookup.every("https://a.example/", match) if period.holds(one.moment)]
        assert found == [one.moment for one in held]
    lookup.close()
