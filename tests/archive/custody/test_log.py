"""The log is the tree of RFC 6962 over what the archive took in, and there is one history, whoever writes it."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
import signal
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.clock_and_ids import FixedClockAndIds, SystemClockAndIds
from archive.custody.claims import claim_key, read_claim
from archive.custody.entries import EntryKind, LogEntry, parse_entry
from archive.custody.notes import ED25519, ML_DSA_44, BadNote, Checkpoint, Note, VerifierKey
from archive.custody.sequencer import CHECKPOINT_KEY, OtherHistory, Sequencer, parsed_note, signed_key
from archive.custody.signing import FileKey, KeyRefused, create_key, signed, verifier_key
from archive.custody.tiles import Tiles, tile_key
from archive.errors import DamagedArchive
from archive.holdings import note_manifest
from archive.merkle_tree import is_consistent, is_included
from archive.storage.local import LocalStorage

ORIGIN = "tide-gazette.example/custody"


def naive_root(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, as it is written there."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\0" + entries[0]).digest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return hashlib.sha256(b"\1" + naive_root(entries[:split]) + naive_root(entries[split:])).digest()


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> FileKey:
    return create_key(tmp_path_factory.mktemp("keys") / "signing.pem", b"")


@settings(max_examples=30)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=8), st.data())
def test_tiles_hold_the_tree_of_rfc_6962(steps: list[int], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as directory:
        storage = LocalStorage(Path(directory))
        tiles, entries = Tiles(storage), list[bytes]()
        for step in steps:
            more = [b"%d of %d" % (len(entries) + number, step) for number in range(step)]
            tiles.append(len(entries), more)
            entries += more
        size, fresh = len(entries), Tiles(storage)
        root = naive_root(entries)
        assert fresh.root(size) == fresh.growing(size).root() == root
        index = data.draw(st.integers(0, size - 1))
        assert fresh.entry(index, size) == entries[index]
        assert is_included(fresh.leaf(index, size), index, size, fresh.inclusion_path(index, size), root)
        earlier = data.draw(st.integers(1, size))
        path = fresh.consistency_path(earlier, size)
        assert is_consistent(earlier, size, naive_root(entries[:earlier]), root, path)
        partial = [p.relative_to(directory).as_posix() for p in Path(directory).rglob("*.p/*")]
        assert not [name for name in partial if (Path(directory) / name.partition(".p/")[0]).exists()]


def test_names_of_tiles() -> None:
    assert tile_key(0, 1234067) == "custody/tile/0/x001/x234/067"
    assert tile_key(2, 0, 1) == "custody/tile/2/000.p/1"
    assert tile_key("entries", 5, 256) == "custody/tile/entries/005"


def test_a_tile_is_never_replaced_by_another(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    Tiles(storage).append(0, [b"one", b"two"])
    Tiles(storage).append(0, [b"one", b"two"])
    with pytest.raises(DamagedArchive, match=r"entries/000\.p/2: it holds something else"):
        Tiles(storage).append(0, [b"one", b"other"])


@pytest.mark.parametrize("algorithm", [ED25519, ML_DSA_44])
def test_a_note_is_what_its_keys_signed(tmp_path: Path, algorithm: int) -> None:
    signer = create_key(tmp_path / "key", b"anchor", algorithm=algorithm)
    other = verifier_key(ORIGIN, create_key(tmp_path / "other", b"", algorithm=algorithm))
    known = verifier_key(ORIGIN, FileKey(tmp_path / "key", lambda: b"anchor"))
    assert VerifierKey.parse(str(known)) == known
    checkpoint = Checkpoint(ORIGIN, 7, bytes(range(32)))
    note = signed(checkpoint, [signer], 1_790_000_000)
    assert parsed_note(str(note), [other, known]) == checkpoint
    with pytest.raises(BadNote, match="no known key"):
        Note.parse(str(note)).signers([other])
    with pytest.raises(BadNote, match="was altered"):
        Note.parse(str(note).replace("\n7\n", "\n8\n")).signers([known])


def test_keys_are_for_their_owner(tmp_path: Path) -> None:
    create_key(tmp_path / "key", b"anchor")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(KeyRefused, match="password"):
        FileKey(tmp_path / "key", lambda: b"wrong")
    with pytest.raises(KeyRefused, match="exists already"):
        create_key(tmp_path / "key", b"")
    (tmp_path / "key").chmod(0o640)
    with pytest.raises(KeyRefused, match="chmod 600"):
        FileKey(tmp_path / "key", lambda: b"anchor")


@given(st.text(max_size=200))
def test_what_is_no_note_or_key_is_refused(text: str) -> None:
    for parse in (Note.parse, VerifierKey.parse, Checkpoint.parse_text, Checkpoint.parse):
        try:
            parse(text)
        except BadNote:
            continue


def hold(storage: LocalStorage, writer: str, number: int) -> None:
    """Put a manifest of no segment into the archive's holdings."""
    data = b"%s %d" % (writer.encode(), number)
    key = f"datasets/{writer}/{number}/manifest.json"
    storage.put_if_absent(key, data)
    note_manifest(storage, writer, key, data)


def sequencer(root: Path, key: FileKey, seen: Path | None = None) -> Sequencer:
    return Sequencer(LocalStorage(root), [key], FixedClockAndIds(), seen=seen)


def entries_of(root: Path) -> list[LogEntry]:
    storage = LocalStorage(root)
    size = Checkpoint.parse((root / CHECKPOINT_KEY).read_text()).size
    tiles = Tiles(storage)
    return [parse_entry(tiles.entry(index, size)) for index in range(size)]


def require_one_history(root: Path, key: FileKey, expected: set[str]) -> None:
    """Claims follow each other, every checkpoint is signed for what they lead to, and nothing is there twice."""
    storage, size, entries = LocalStorage(root), 0, list[bytes]()
    signed_sizes = set()
    while (claim := read_claim(storage, size)) is not None:
        entries += [text.encode() for text in claim.entries]
        size = claim.end
        note = (root / signed_key(size)).read_text()
        assert parsed_note(note, [verifier_key(ORIGIN, key)]) == Checkpoint(ORIGIN, size, naive_root(entries))
        signed_sizes.add(size)
    names = [path.name for path in (root / "custody/checkpoints").iterdir()]
    assert {int(name) for name in names if name.isdecimal()} == signed_sizes  # a kill leaves temporary files
    newest = parsed_note((root / CHECKPOINT_KEY).read_text(), [verifier_key(ORIGIN, key)])
    assert newest == Checkpoint(ORIGIN, size, naive_root(entries))
    assert Tiles(storage).root(size) == newest.root
    holdings = [entry.holding for entry in entries_of(root) if entry.holding]
    assert len(holdings) == len(set(holdings))
    assert set(holdings) == expected


def test_what_is_held_is_logged_once(tmp_path: Path, key: FileKey) -> None:
    storage = LocalStorage(tmp_path)
    done = sequencer(tmp_path, key).begin(ORIGIN)
    assert (done.size, done.added) == (1, 0)
    for number in range(1, 6):
        hold(storage, "quay", number)
    assert sequencer(tmp_path, key).run().added == 5
    running = sequencer(tmp_path, key)
    assert running.run().added == 0
    hold(storage, "pier", 1)
    assert running.run(["quay"]).added == 0
    assert running.run(["pier"]).added == 1
    require_one_history(tmp_path, key, {*(f"quay/{n}" for n in range(1, 6)), "pier/1"})
    first, *_, last = entries_of(tmp_path)
    assert (first.kind, first.origin, first.keys) == (EntryKind.LOG, ORIGIN, (str(verifier_key(ORIGIN, key)),))
    assert (last.kind, last.key) == (EntryKind.DATASET, "datasets/pier/1/manifest.json")
    with pytest.raises(DamagedArchive, match="has a log already"):
        sequencer(tmp_path, key).begin(ORIGIN)


def test_no_log_is_said_in_one_line(tmp_path: Path, key: FileKey) -> None:
    with pytest.raises(DamagedArchive, match="newswarc custody begin"):
        sequencer(tmp_path, key).run()


def _log_persistently(root: Path, key: Path, seed: int, writer: str) -> None:
    """Put things into the archive and log them, until the process is killed."""
    storage, chance = LocalStorage(root), random.Random(seed)
    number = len(list((root / "holdings" / writer).glob("*.json")))
    work = Sequencer(storage, [FileKey(key)], SystemClockAndIds())
    while True:
        for _ in range(chance.randrange(3)):
            number += 1
            try:
                hold(storage, writer, number)
            except Exception:  # noqa: BLE001 - a former process died between the object and its holding
                data = (root / f"datasets/{writer}/{number}/manifest.json").read_bytes()
                note_manifest(storage, writer, f"datasets/{writer}/{number}/manifest.json", data)
        work.run(["quay", "pier"])


def killed_runs(root: Path, keys: Path, kills: int) -> None:
    context, chance = multiprocessing.get_context("fork"), random.Random(11)
    for number in range(kills):
        pair = [
            context.Process(target=_log_persistently, args=(root, keys, number * 2 + turn, writer))
            for turn, writer in enumerate(("quay", "pier"))
        ]
        for process in pair:
            process.start()
        for process in pair:
            time.sleep(chance.uniform(0.005, 0.05))
            assert process.pid is not None
            assert process.is_alive(), "a sequencer ended by itself"
            os.kill(process.pid, signal.SIGKILL)
            process.join()


@pytest.mark.parametrize("kills", [12, pytest.param(100, marks=pytest.mark.long)])
def test_two_sequencers_race_and_are_killed_and_one_history_comes_of_it(tmp_path: Path, kills: int) -> None:
    key = create_key(tmp_path / "key", b"")
    root = tmp_path / "archive"
    sequencer(root, key).begin(ORIGIN)
    killed_runs(root, tmp_path / "key", kills)
    sequencer(root, key).run()
    held = {f"{path.parent.name}/{int(path.stem)}" for path in root.glob("holdings/*/*.json")}
    assert len(held) > kills // 2
    require_one_history(root, key, held)


def test_a_claim_is_finished_by_whoever_comes_next(tmp_path: Path, key: FileKey) -> None:
    """As a kill leaves it: claimed, and nothing written or signed of it."""
    storage = LocalStorage(tmp_path)
    sequencer(tmp_path, key).begin(ORIGIN)
    hold(storage, "quay", 1)
    sequencer(tmp_path, key).run()
    whole = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for lost in (
        [signed_key(2)],
        [signed_key(2), tile_key(0, 0, 2)],
        [signed_key(2), tile_key(0, 0, 2), tile_key("entries", 0, 2)],
    ):
        for name in lost:
            (tmp_path / name).unlink()
        (tmp_path / CHECKPOINT_KEY).write_bytes((tmp_path / signed_key(1)).read_bytes())
        assert sequencer(tmp_path, key).run().size == 2
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == whole


def test_a_claim_that_the_holdings_do_not_bear_out_is_not_signed(tmp_path: Path, key: FileKey) -> None:
    storage = LocalStorage(tmp_path)
    sequencer(tmp_path, key).begin(ORIGIN)
    hold(storage, "quay", 1)
    sequencer(tmp_path, key).run()
    claim = read_claim(storage, 1)
    assert claim is not None
    forged = claim.model_copy(update={"start": 2, "entries": (claim.entries[0].replace("quay/1/", "quay/9/"),)})
    tree = Tiles(storage).growing(2)
    tree.add(hashlib.sha256(b"\0" + forged.entries[0].encode()).digest())
    storage.put_if_absent(claim_key(2), forged.model_copy(update={"root": tree.root().hex()}).to_bytes())
    with pytest.raises(OtherHistory, match="holdings do not"):
        sequencer(tmp_path, key).run()
    assert not (tmp_path / signed_key(3)).exists()


def test_a_log_that_was_set_back_is_not_continued(tmp_path: Path, key: FileKey) -> None:
    root, seen = tmp_path / "archive", tmp_path / "seen"
    storage = LocalStorage(root)
    sequencer(root, key, seen).begin(ORIGIN)
    hold(storage, "quay", 1)
    sequencer(root, key, seen).run()
    for name in (claim_key(1), signed_key(2), tile_key(0, 0, 2), tile_key("entries", 0, 2)):
        (root / name).unlink()
    (root / CHECKPOINT_KEY).write_bytes((root / signed_key(1)).read_bytes())
    (root / "datasets/quay/1/manifest.json").write_bytes(b"another text")
    for path in root.glob("holdings/quay/*"):
        path.unlink()
    with pytest.raises(OtherHistory, match="this machine has seen 2 entries"):
        sequencer(root, key, seen).run()
    note_manifest(storage, "quay", "datasets/quay/1/manifest.json", b"another text")
    sequencer(root, key).run()  # a machine that has seen nothing is deceived; whoever has is not
    with pytest.raises(OtherHistory, match="others than this machine has seen"):
        sequencer(root, key, seen).run()
