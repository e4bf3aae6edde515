"""Witnesses cosign what continues all that they have seen, and nothing else; what they see is told."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from archive.clock_and_ids import FixedClockAndIds
from archive.custody.audit import audit
from archive.custody.entries import EntryKind, LogEntry
from archive.custody.notes import BadNote, Checkpoint, Note, Signature, VerifierKey
from archive.custody.sequencer import Sequencer, signed_checkpoint
from archive.custody.signing import FileKey, create_key, verifier_key
from archive.custody.standalone import Refused, check_signature, check_times, check_witnesses
from archive.custody.witnesses import Cosigned, Cosigning, Witness, with_cosignatures
from archive.faults import FaultKind
from archive.storage.local import LocalStorage
from tests.archive.custody.witness import WitnessServer
from tests.support.processes import newswarc

ORIGIN = "tide-gazette.example/custody"
START = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
CLOCK = FixedClockAndIds(START)
NOW = int(START.timestamp())


@pytest.fixture
def key(tmp_path: Path) -> FileKey:
    return create_key(tmp_path / "key", b"")


@pytest.fixture
def storage(tmp_path: Path, key: FileKey) -> LocalStorage:
    storage = LocalStorage(tmp_path / "archive")
    Sequencer(storage, [key], CLOCK).begin(ORIGIN)
    return storage


@pytest.fixture(params=[False, True], ids=["ed25519", "ml-dsa-44"])
def witness(key: FileKey, request: pytest.FixtureRequest) -> WitnessServer:
    return WitnessServer("harbour-master.example/w1", [verifier_key(ORIGIN, key)], NOW, ml_dsa=request.param)


def ask(storage: LocalStorage, *witnesses: WitnessServer) -> list[Cosigned]:
    (first, *_) = witnesses
    named = [Witness("http://harbour-master.example", witness.key) for witness in witnesses]
    return Cosigning(storage, named, first.post, CLOCK).run()


def grow(storage: LocalStorage, key: FileKey, count: int = 1) -> None:
    for _ in range(count):
        Sequencer(storage, [key], CLOCK).add(LogEntry(kind=EntryKind.KEY, at=""))


def problem(storage: LocalStorage, witness: WitnessServer) -> str:
    (asked,) = ask(storage, witness)
    assert (asked.witness, asked.at) == (witness.key.name, "")
    return asked.problem


def test_each_new_checkpoint_is_cosigned_with_a_proof_that_the_log_goes_on(
    storage: LocalStorage, key: FileKey, witness: WitnessServer
) -> None:
    for more in (0, 1, 2, 4, 300):
        grow(storage, key, more)
        (asked,) = ask(storage, witness)
        assert (asked.problem, asked.at) == ("", START.isoformat())
        assert ask(storage, witness) == [], "it is cosigned already"
    assert [request.partition("\n")[0] for request in witness.requests] == [
        "old 0",
        "old 1",
        "old 2",
        "old 4",
        "old 8",
    ]
    assert audit(storage, witnesses=[witness.key]).cosigned == ["harbour-master.example/w1: 308 entries"]
    assert audit(storage, witnesses=[witness.key]).faults == []
    note = with_cosignatures(storage, signed_checkpoint(storage))
    assert len(Note.parse(note).signers([witness.key, verifier_key(ORIGIN, key)])) == 2


def test_a_cosignature_is_what_the_specification_says(key: FileKey) -> None:
    """Against bytes put together here (tlog-cosignature, format and Ed25519 signed message)."""
    witness = WitnessServer("harbour-master.example/w1", [], 1_679_315_147)
    note = f"{ORIGIN}\n7\n{base64.b64encode(bytes(range(32))).decode()}\n"
    line = witness.cosignature(Checkpoint.parse_text(note))
    data = base64.b64decode(line.split(" ")[2])
    assert data[4:12] == (1_679_315_147).to_bytes(8, "big")
    message = b"cosignature/v1\ntime 1679315147\n" + note.encode()
    Ed25519PublicKey.from_public_bytes(witness.key.public).verify(data[12:], message)
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(witness.key.public).verify(data[12:], message + b"\n")
    assert witness.key.verifies(note, data[4:])
    assert not witness.key.verifies(note.replace("7", "8"), data[4:])
    assert not witness.key.verifies(note, data[4:9])


def test_a_log_that_was_set_back_or_rewritten_is_told(
    storage: LocalStorage, key: FileKey, witness: WitnessServer, tmp_path: Path
) -> None:
    grow(storage, key, 2)
    shutil.copytree(storage.root, tmp_path / "earlier")
    grow(storage, key, 2)
    ask(storage, witness)
    earlier = LocalStorage(tmp_path / "earlier")
    assert problem(earlier, witness) == "it has seen 5 entries of this log, and here are 3: the log was set back"
    later = FixedClockAndIds(START + timedelta(days=1))
    for entry in range(2):
        Sequencer(earlier, [key], later).add(LogEntry(kind=EntryKind.KEY, at="", reason=f"another past {entry}"))
    assert problem(earlier, witness) == "it has seen another log of 5 entries under this name: two histories"
    Sequencer(earlier, [key], later).add(LogEntry(kind=EntryKind.KEY, at=""))
    assert problem(earlier, witness) == "the log does not continue what it has seen: two histories"
    shutil.copytree(storage.root / "custody/cosignatures", tmp_path / "earlier/custody/cosignatures")
    faults = audit(earlier, witnesses=[witness.key]).faults
    assert [(fault.kind, fault.key) for fault in faults] == [(FaultKind.OTHER_HISTORY, "custody/cosignatures/5")]


def test_what_the_archive_lost_is_asked_for_anew(storage: LocalStorage, key: FileKey, witness: WitnessServer) -> None:
    ask(storage, witness)
    grow(storage, key, 3)
    ask(storage, witness)
    shutil.rmtree(storage.root / "custody/cosignatures")
    (asked,) = ask(storage, witness)
    assert (asked.problem, asked.size) == ("", 4)
    grow(storage, key, 1)
    shutil.rmtree(storage.root / "custody/cosignatures")
    (asked,) = ask(storage, witness)
    assert (asked.problem, asked.size) == ("", 5)


def test_a_witness_that_refuses_or_lies_is_told_and_leaves_nothing(
    storage: LocalStorage, key: FileKey, witness: WitnessServer
) -> None:
    logs, witness.logs = witness.logs, []
    assert problem(storage, witness) == "it does not know this log: ask its operator to add it"
    witness.logs = [VerifierKey(ORIGIN, 1, bytes(32))]
    assert problem(storage, witness) == "it trusts none of the keys that sign this log: send its operator the key"
    witness.logs, witness.moment = logs, NOW + 400
    assert problem(storage, witness).endswith("ahead of this machine's clock")
    stranger = WitnessServer("harbour-master.example/w1", logs, NOW)
    (asked,) = Cosigning(storage, [Witness("http://w", witness.key)], stranger.post, CLOCK).run()
    assert asked.problem == "its answer has no signature by the key that is set for it"
    for answer in ((200, b"thank you"), (200, b""), (409, b"many\n"), (409, b"9" * 40), (500, b"")):
        post = partial(saying, answer)
        (asked,) = Cosigning(storage, [Witness("http://w", witness.key)], post, CLOCK).run()
        assert asked.problem
        assert not asked.at
    (asked,) = Cosigning(storage, [Witness("http://w", witness.key)], away, CLOCK).run()
    assert asked.problem == "it does not answer: no route"
    assert not (storage.root / "custody/cosignatures").exists()


def test_of_an_answer_only_the_signature_is_kept(storage: LocalStorage, key: FileKey, witness: WitnessServer) -> None:
    note = signed_checkpoint(storage)
    line = witness.cosignature(Checkpoint.parse(note))
    # What it signs is another text, of which the checkpoint is but the beginning
    longer = f"{note}\n"
    signed = witness.cosignature_of(longer)
    for answer in (f"\n{signed}", f"\n\n{line}"):
        (asked,) = Cosigning(
            storage, [Witness("http://w", witness.key)], partial(saying, (200, answer.encode())), CLOCK
        ).run()
        assert asked.problem
    assert not (storage.root / "custody/cosignatures").exists()
    chatty = line + Note.parse(note).signatures[0].line() + Signature("else.example", b"abcd", b"x").line()
    (asked,) = Cosigning(
        storage, [Witness("http://w", witness.key)], partial(saying, (200, chatty.encode())), CLOCK
    ).run()
    assert not asked.problem
    assert with_cosignatures(storage, note) == note + line


def saying(answer: tuple[int, bytes], _address: str, _body: bytes) -> tuple[int, bytes]:
    return answer


def away(_address: str, _body: bytes) -> tuple[int, bytes]:
    raise OSError("no route")


def test_an_altered_cosignature_is_a_fault(storage: LocalStorage, witness: WitnessServer) -> None:
    ask(storage, witness)
    (path,) = (storage.root / "custody/cosignatures/1").iterdir()
    other = WitnessServer(witness.key.name, [], NOW).cosignature(Checkpoint.parse(signed_checkpoint(storage)))
    path.write_text(other)
    assert [fault.kind for fault in audit(storage, witnesses=[witness.key]).faults] == [FaultKind.OTHER_HISTORY]
    assert audit(storage, witnesses=[]).faults == [], "nobody's key to check it with"


def test_proofs_hold_with_their_witnesses(storage: LocalStorage, key: FileKey, witness: WitnessServer) -> None:
    plain = signed_checkpoint(storage)
    ask(storage, witness)
    note = with_cosignatures(storage, plain)
    (told,) = check_witnesses(note, [str(witness.key)])
    assert told == f"{START:%Y-%m-%d %H:%M:%S} UTC: cosigned by the witness harbour-master.example/w1"
    assert check_signature(note, [str(verifier_key(ORIGIN, key))])
    with pytest.raises(Refused, match=r"harbour-master\.example/w1 has not cosigned"):
        check_witnesses(plain, [str(witness.key)])
    with pytest.raises(Refused, match="has not cosigned"):
        check_witnesses(note, [str(verifier_key(ORIGIN, key))])
    with pytest.raises(Refused, match="altered after it was signed"):
        check_witnesses(note.replace("\n1\n", "\n2\n", 1), [str(witness.key)])
    assert check_times({}, note, None), "stamps are of the note without cosignatures"


@pytest.mark.parametrize(
    "text", ["", "https://w.example", "ftp://w.example {key}", "https://w.example {log}", "{key}"]
)
def test_what_names_no_witness_is_refused(text: str, key: FileKey) -> None:
    witness = WitnessServer("w.example", [], NOW)
    with pytest.raises(BadNote):
        Witness.parse(text.format(key=witness.key, log=verifier_key("w.example", key)))


def test_the_commands(tmp_path: Path) -> None:
    """Set up, logged, cosigned, shown, checked, and refused with one line."""
    (tmp_path / "newswarc.toml").write_text('archive = "archive"\ncustody_key = "key.pem"\n')
    run = newswarc_in(tmp_path)
    run("custody", "key", "key.pem", "--no-password")
    run("custody", "begin", ORIGIN)
    log = VerifierKey.parse(run("custody", "key"))
    assert "no witness is set" in run("custody", "cosign", code=2)
    witness = WitnessServer("harbour-master.example/w1", [log], NOW)
    with witness.serving() as address:
        settings = (tmp_path / "newswarc.toml").read_text()
        (tmp_path / "newswarc.toml").write_text(f'{settings}custody_witnesses = ["{address}/ {witness.key}"]\n')
        assert "harbour-master.example/w1: cosigned 1 entry" in run("custody", "cosign")
        assert "nothing to cosign" in run("custody", "cosign")
        assert json.loads(run("custody", "cosign", "--json")) == []
        note = Note.parse(run("custody", "checkpoint"))
        assert {signer.name for signer in note.signers([log, witness.key])} == {ORIGIN, witness.key.name}
        assert "cosigned by the witness harbour-master.example/w1: 1 entry" in run("verify")
        witness.logs = []
        run("custody", "rotate", "key.pem")
        assert "it does not know this log" in run("custody", "cosign", code=1)
    assert "it does not answer" in run("custody", "cosign", code=1)
    (tmp_path / "newswarc.toml").write_text(f'{settings}custody_witnesses = ["harbour-master"]\n')
    assert "custody_witnesses" in run("custody", "cosign", code=2)


def newswarc_in(place: Path) -> Callable[..., str]:
    """Run a command there; what it says."""

    def run(*arguments: str, code: int = 0) -> str:
        done = newswarc(*arguments, cwd=place)
        assert done.code == code, done.err
        assert "Traceback" not in done.err
        return done.out if done.out.strip() else done.err

    return run
