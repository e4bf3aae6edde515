"""What is missing altogether is noticed, whatever stands in its place; and a writer that dies leaves nothing wrong."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import ObjectExists
from archive.faults import FaultKind
from archive.holdings import Holdings, entry_key, note_all, note_manifest
from archive.library import require_archive, segment_name, segments
from archive.publishing import put_manifest
from archive.storage.local import LocalStorage
from archive.storage.s3_options import S3Options
from crawler.offline.verification import VerifiedArchive, verify_archive

EARLY = Path(__file__).parent / "data" / "early-archive"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    shutil.copytree(EARLY, tmp_path / "a")
    assert note_all(LocalStorage(tmp_path / "a")) == 4
    return tmp_path / "a"


def verified(archive: Path) -> VerifiedArchive:
    return verify_archive(str(archive), S3Options(), deep=True, workers=1, progress=lambda _: None)


def files(archive: Path, pattern: str) -> list[Path]:
    return sorted(archive.glob(pattern))


def remove(path: Path) -> None:
    path.unlink()


def a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "inside").write_bytes(b"x")


def a_dangling_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def a_link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def other_bytes(path: Path) -> None:
    path.write_bytes(random.Random(path.name).randbytes(400))


@pytest.mark.parametrize(
    "pattern",
    ["manifests/**/*.json", "records/**/*[0-9a-f].json", "records/**/*.outcomes.jsonl.gz", "records/**/*[0-9a-f].jsonl.gz", "cdxj/**/*.cdxj", "warc/**/*.warc.gz", "holdings/**/00000002.json"],
)  # fmt: skip
@pytest.mark.parametrize("damage", [remove, a_directory, a_dangling_link, a_link_to_itself, empty, other_bytes])
def test_whatever_stands_in_place_of_an_object_is_named(
    archive: Path, pattern: str, damage: Callable[[Path], None]
) -> None:
    victim = files(archive, pattern)[0]
    damage(victim)
    faults = verified(archive).faults
    assert [fault for fault in faults if fault.key == victim.relative_to(archive).as_posix()], faults


def test_a_sound_archive_has_no_fault_with_entries_or_without(archive: Path) -> None:
    assert verified(archive).faults == []
    shutil.rmtree(archive / "holdings")
    assert verified(archive).faults == []


def test_a_whole_segment_is_missed(archive: Path) -> None:
    gone = next(segments(LocalStorage(archive))).segment
    for path in files(archive, f"*/**/{gone}*"):
        path.unlink()
    faults = verified(archive).faults
    assert {fault.kind for fault in faults} == {FaultKind.MISSING_OBJECT, FaultKind.DANGLING_REVISIT}
    assert any(gone in fault.key for fault in faults)


def test_an_archive_whose_segments_were_all_removed_is_not_called_none(archive: Path) -> None:
    for name in ("manifests", "records", "warc", "cdxj"):
        shutil.rmtree(archive / name)
    require_archive(LocalStorage(archive))
    assert FaultKind.MISSING_OBJECT in {fault.kind for fault in verified(archive).faults}


def test_a_writer_that_died_behind_a_manifest_does_the_step_again(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "a")
    shutil.copytree(EARLY, tmp_path / "a")
    (manifest, _) = segments(storage)
    name = segment_name(manifest)
    key = name.manifest_key
    with storage.open_range(key) as stream:
        data = stream.read()
    put_manifest(storage, name, key, data)
    put_manifest(storage, name, key, data)
    assert [path.name for path in files(tmp_path / "a", "holdings/**/*.json")] == ["00000001.json"]
    assert Holdings.of(storage).digests.keys() == {key}
    assert note_all(storage) == 3
    assert note_all(storage) == 0
    assert verified(tmp_path / "a").faults == []


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.data())
def test_a_chain_has_no_gap_and_every_change_of_it_is_seen(keys: list[int], data: st.DataObject) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        storage = LocalStorage(Path(place))
        for number, key in enumerate(keys):
            note_manifest(storage, "quay", f"manifests/{key}.json", f"{key} {number}".encode())
        names = [path.name for path in files(Path(place), "holdings/quay/*.json")]
        assert names == [f"{number:08d}.json" for number in range(1, len(keys) + 1)]
        assert Holdings.of(storage).faults == []
        if len(keys) > 1:
            victim = data.draw(st.integers(1, len(keys) - 1))
            path = Path(place) / entry_key("quay", victim)
            how = data.draw(st.sampled_from(["gone", "altered"]))
            text = path.read_text()
            path.unlink()
            if how == "altered":
                path.write_text(text.replace('"key": "manifests/', '"key": "manifests/9'))
            assert Holdings.of(storage).faults


def test_many_at_once_take_each_number_once(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: note_manifest(storage, "pier", f"manifests/{n}.json", str(n).encode()), range(60)))
    holdings = Holdings.of(storage)
    assert holdings.faults == []
    assert len(holdings.digests) == 60
    assert len(files(tmp_path, "holdings/pier/*.json")) == 60
    with pytest.raises(ObjectExists):
        storage.put_if_absent(entry_key("pier", 60), b"x")
