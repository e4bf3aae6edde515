"""With the log, `verify` knows what should be there; each thing that is wrong is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from archive.clock_and_ids import FixedClockAndIds
from archive.custody.audit import Audit, audit
from archive.custody.entries import EntryKind, LogEntry
from archive.custody.notes import Checkpoint, VerifierKey
from archive.custody.sequencer import CHECKPOINT_KEY, Sequencer, signed_key
from archive.custody.signing import FileKey, create_key, verifier_key
from archive.custody.tiles import tile_key
from archive.faults import FaultKind
from archive.holdings import manifest_keys, note_all
from archive.storage.local import LocalStorage
from tests.support.processes import newswarc

EARLY = Path(__file__).parent.parent / "data" / "early-archive"
ORIGIN = "tide-gazette.example/custody"


@pytest.fixture
def key(tmp_path: Path) -> FileKey:
    return create_key(tmp_path / "signing.pem", b"")


@pytest.fixture
def archive(tmp_path: Path, key: FileKey) -> Path:
    root = tmp_path / "archive"
    shutil.copytree(EARLY, root)
    storage = LocalStorage(root)
    note_all(storage)
    work = Sequencer(storage, [key], FixedClockAndIds())
    work.begin(ORIGIN, adopted=len(list(manifest_keys(storage))))
    return root


def audited(archive: Path, key: FileKey, kept: str = "") -> Audit:
    notes = [("kept", kept)] if kept else []
    return audit(LocalStorage(archive), trusted=[verifier_key(ORIGIN, key)], kept=notes, deep=True)


def kinds(found: Audit) -> set[FaultKind]:
    return {fault.kind for fault in found.faults}


def note(archive: Path) -> str:
    return (archive / CHECKPOINT_KEY).read_text()


def test_a_sound_archive_has_no_fault(archive: Path, key: FileKey) -> None:
    found = audited(archive, key, note(archive))
    assert found.faults == []
    assert (found.size, found.adopted, found.kept, found.waiting) == (5, 4, [5], [])
    assert found.signed_by == [str(verifier_key(ORIGIN, key))]


def remove_a_segment(archive: Path) -> None:
    for path in archive.glob("manifests/**/*.json"):
        path.unlink()


def alter_a_manifest(archive: Path) -> None:
    path = next(archive.glob("manifests/**/*.json"))
    path.write_text(path.read_text().replace('"exchanges"', '"exchanges" '))


def slip_in_a_manifest(archive: Path) -> None:
    path = next(archive.glob("manifests/**/*.json"))
    path.with_name(path.name.replace("newswarc-", "herring-", 1)).write_bytes(path.read_bytes())


def alter_an_entry(archive: Path) -> None:
    path = archive / tile_key("entries", 0, 5)
    path.write_bytes(path.read_bytes().replace(b"manifests/", b"manifesto/", 1))


def alter_a_tile(archive: Path) -> None:
    path = archive / tile_key(0, 0, 5)
    path.write_bytes(path.read_bytes()[:-1] + b"!")


def alter_the_inventory(archive: Path) -> None:
    path = next(archive.glob("holdings/*/00000001.json"))
    path.write_text(path.read_text().replace('"sha256": "', '"sha256": "00', 1))


def alter_the_checkpoint(archive: Path) -> None:
    path = archive / CHECKPOINT_KEY
    path.write_text(path.read_text().replace("\n5\n", "\n4\n"))


def remove_the_checkpoint(archive: Path) -> None:
    (archive / CHECKPOINT_KEY).unlink()


def remove_the_log(archive: Path) -> None:
    shutil.rmtree(archive / "custody")


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (remove_a_segment, FaultKind.MISSING_OBJECT),
        (alter_a_manifest, FaultKind.WRONG_DIGEST),
        (slip_in_a_manifest, FaultKind.NOT_LOGGED),
        (alter_an_entry, FaultKind.LOG_DIFFERS),
        (alter_a_tile, FaultKind.LOG_DIFFERS),
        (alter_the_inventory, FaultKind.WRONG_DIGEST),
        (alter_the_checkpoint, FaultKind.BAD_SIGNATURE),
        (remove_the_checkpoint, FaultKind.MISSING_OBJECT),
        (remove_the_log, FaultKind.SET_BACK),
    ],
)
def test_what_is_wrong_is_named(archive: Path, key: FileKey, damage: Callable[[Path], None], kind: FaultKind) -> None:
    kept = note(archive)
    damage(archive)
    assert kind in kinds(audited(archive, key, kept))


def test_a_key_of_somebody_else_is_not_believed(archive: Path, key: FileKey, tmp_path: Path) -> None:
    other = create_key(tmp_path / "other", b"")
    assert kinds(audited(archive, other)) == {FaultKind.BAD_SIGNATURE}
    found = audit(LocalStorage(archive))
    assert (found.faults, found.keys_from_archive) == ([], True)


def test_keys_change_by_what_the_former_key_signs(archive: Path, key: FileKey, tmp_path: Path) -> None:
    storage, new = LocalStorage(archive), create_key(tmp_path / "new", b"")
    names = str(verifier_key(ORIGIN, new)), str(verifier_key(ORIGIN, key))
    both = Sequencer(storage, [key, new], FixedClockAndIds())
    both.add(LogEntry(kind=EntryKind.KEY, at="", keys=names[:1], revoked=names[1:], reason="a yearly change"))
    alone = Sequencer(storage, [new], FixedClockAndIds())
    alone.add(LogEntry(kind=EntryKind.KEY, at="", reason="nothing changes"))
    found = audited(archive, key)
    assert found.faults == []
    assert found.signed_by == [names[0]]
    (archive / signed_key(6)).write_text((archive / signed_key(7)).read_text())
    assert FaultKind.BAD_SIGNATURE in kinds(audited(archive, key)), "a key that nobody trusted has signed for"


def test_a_revoked_key_signs_nothing_more(archive: Path, key: FileKey, tmp_path: Path) -> None:
    storage, new = LocalStorage(archive), create_key(tmp_path / "new", b"")
    names = str(verifier_key(ORIGIN, new)), str(verifier_key(ORIGIN, key))
    both = Sequencer(storage, [key, new], FixedClockAndIds())
    both.add(LogEntry(kind=EntryKind.KEY, at="", keys=names[:1], revoked=names[1:], reason="stolen"))
    thief = Sequencer(storage, [key], FixedClockAndIds())
    thief.add(LogEntry(kind=EntryKind.KEY, at="", reason="by a thief"))
    assert FaultKind.BAD_SIGNATURE in kinds(audited(archive, key))


def test_an_older_checkpoint_that_is_put_back_is_named(archive: Path, key: FileKey) -> None:
    Sequencer(LocalStorage(archive), [key], FixedClockAndIds()).add(LogEntry(kind=EntryKind.KEY, at=""))
    kept = note(archive)
    (archive / CHECKPOINT_KEY).write_text((archive / signed_key(5)).read_text())
    found = audited(archive, key, kept)
    assert [(fault.kind, fault.key) for fault in found.faults] == [
        (FaultKind.SET_BACK, CHECKPOINT_KEY),
        (FaultKind.SET_BACK, "kept"),
    ]


def test_commands(tmp_path: Path) -> None:
    shutil.copytree(EARLY, tmp_path / "newswarc-data")
    (tmp_path / "password").write_text("anchor\n")
    variables = {"NEWSWARC_CUSTODY_KEY": "signing.pem", "NEWSWARC_CUSTODY_PASSWORD_FILE": "password"}

    def custody(*words: object) -> str:
        done = newswarc(*words, cwd=tmp_path, **variables)
        assert done.code == 0, done.err
        return done.out + done.err

    custody("custody", "key", "signing.pem")
    refused = newswarc("custody", "begin", ORIGIN, cwd=tmp_path, **variables)
    assert (refused.code, refused.err.strip()) == (
        2,
        f"newswarc: custody begin: 4 manifests stand here already; run newswarc custody adopt {ORIGIN}",
    )
    assert "it has 5 entries" in custody("custody", "adopt", ORIGIN)
    public = custody("custody", "key").strip()
    custody("custody", "checkpoint", "-o", "kept")
    variables["NEWSWARC_CUSTODY_TRUSTED"] = public
    assert "continues 2 kept checkpoints" in custody("verify", "--deep", "--checkpoint", "kept")
    assert Checkpoint.parse((tmp_path / "kept").read_text()).size == 5
    assert "added to the log: 1; it has 6 entries" in custody("custody", "log"), "the result of verify is logged"
    assert "added to the log: 0; it has 6 entries" in custody("custody", "log")
    slip_in_a_manifest(tmp_path / "newswarc-data")
    done = newswarc("verify", cwd=tmp_path, **variables)
    assert done.code == 1
    assert "not_logged: it is in neither the log nor the inventory" in done.err
    without = newswarc("custody", "log", cwd=tmp_path)
    assert (without.code, without.err.count("\n")) == (1, 1)
    assert "custody_key" in without.err


def test_the_key_is_changed_by_a_command(tmp_path: Path) -> None:
    variables = {"NEWSWARC_CUSTODY_KEY": "one.pem"}
    for name in ("one.pem", "two.pem"):
        assert newswarc("custody", "key", name, "--no-password", cwd=tmp_path).code == 0
    done = newswarc("custody", "begin", ORIGIN, cwd=tmp_path, **variables)
    assert done.code == 0, done.err
    first = newswarc("custody", "key", cwd=tmp_path, **variables).out.strip()
    done = newswarc("custody", "rotate", "two.pem", "--revoke", "--reason", "stolen", cwd=tmp_path, **variables)
    assert done.code == 0, done.err
    after = {"NEWSWARC_CUSTODY_KEY": "two.pem"}
    assert newswarc("custody", "key", cwd=tmp_path, **after).out.strip() in done.err
    storage = LocalStorage(tmp_path / "newswarc-data")
    Sequencer(storage, [FileKey(tmp_path / "two.pem")], FixedClockAndIds()).add(LogEntry(kind=EntryKind.KEY, at=""))
    found = audit(storage, trusted=[VerifierKey.parse(first)], deep=True)
    assert found.faults == [], "whoever trusts the first key trusts the second"
    Sequencer(storage, [FileKey(tmp_path / "one.pem")], FixedClockAndIds()).add(LogEntry(kind=EntryKind.KEY, at=""))
    assert kinds(audit(storage, trusted=[VerifierKey.parse(first)])) == {FaultKind.BAD_SIGNATURE}
