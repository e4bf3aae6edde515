"""Authorities stamp checkpoints; one that is away, expired, wrong or lying is told, delays nothing and leaves nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.clock_and_ids import ClockAndIds, FixedClockAndIds
from archive.custody.audit import audit
from archive.custody.entries import EntryKind, LogEntry
from archive.custody.proofs import stamped_sizes
from archive.custody.sequencer import Sequencer
from archive.custody.signing import FileKey, create_key, open_signer
from archive.custody.standalone import Refused, check, check_times
from archive.custody.timestamps import NoStamps, Stamper
from archive.errors import ArchiveError, DamagedArchive
from archive.storage.local import LocalStorage
from tests.archive.custody.authority import Authority
from tests.support.processes import newswarc

ORIGIN = "tide-gazette.example/custody"
ADDRESS = "https://clock.example/tsa"


@pytest.fixture
def key(tmp_path: Path) -> FileKey:
    return create_key(tmp_path / "key", b"")


@pytest.fixture
def storage(tmp_path: Path, key: FileKey) -> LocalStorage:
    storage = LocalStorage(tmp_path / "archive")
    Sequencer(storage, [key], FixedClockAndIds()).begin(ORIGIN)
    return storage


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "tsa")


def clock(ahead: timedelta = timedelta()) -> ClockAndIds:
    return FixedClockAndIds(datetime.now(UTC) + ahead)


def stamper(storage: LocalStorage, authority: Authority, ahead: timedelta = timedelta(), **other: object) -> Stamper:
    ask = other.get("ask", authority.answer)
    roots = other.get("roots", authority.root.read_bytes())
    return Stamper(storage, [ADDRESS], roots, ask, clock(ahead))  # type: ignore[arg-type]


def grow(storage: LocalStorage, key: FileKey) -> int:
    return Sequencer(storage, [key], FixedClockAndIds()).add(LogEntry(kind=EntryKind.KEY, at="")).size


def test_a_checkpoint_is_stamped_once_and_the_stamp_is_logged(
    storage: LocalStorage, authority: Authority, key: FileKey
) -> None:
    (stamped,) = stamper(storage, authority).run()
    assert (stamped.problem, stamped.size) == ("", 1)
    assert abs(datetime.fromisoformat(stamped.at) - datetime.now(UTC)) < timedelta(minutes=1)
    grow(storage, key)
    assert stamper(storage, authority).run() == [], "less than an hour ago"
    (again,) = stamper(storage, authority, timedelta(hours=1, minutes=3), ask=late(authority)).run()
    assert "one of both is wrong" in again.problem
    assert Sequencer(storage, [key], FixedClockAndIds()).run().added == 1
    assert audit(storage).faults == []
    (storage.root / "custody/timestamps/1").rename(storage.root / "elsewhere")
    assert any("timestamps/1/clock.example_tsa-" in fault.key for fault in audit(storage).faults)


def late(authority: Authority) -> Callable[[str, bytes], bytes]:
    """The authority's clock is what it was: to a machine an hour ahead it is one that lies."""
    return authority.answer


def test_stamps_of_stamps_alone_are_not_asked_for(storage: LocalStorage, authority: Authority, key: FileKey) -> None:
    stamper(storage, authority).run()
    Sequencer(storage, [key], FixedClockAndIds()).run()
    assert stamper(storage, authority, timedelta(hours=2)).run() == []
    grow(storage, key)
    assert len(stamper(storage, authority, timedelta(hours=2)).run()) == 1


def test_a_stamp_is_renewed_before_its_certificate_ends(storage: LocalStorage, tmp_path: Path) -> None:
    ending = Authority(tmp_path / "ending", timedelta(days=20))
    assert stamper(storage, ending).run()[0].problem == ""
    assert stamper(storage, ending).run() == []
    assert len(stamper(storage, ending, timedelta(hours=2)).run()) == 1, "the same checkpoint, once more"


def away(_: str, __: bytes) -> bytes:
    raise ConnectionRefusedError("Connection refused")


def test_an_authority_that_is_away_is_told(storage: LocalStorage, authority: Authority) -> None:
    (stamped,) = stamper(storage, authority, ask=away).run()
    assert stamped.problem == "it does not answer: Connection refused"
    assert stamped_sizes(storage) == []


def test_one_whose_certificate_has_ended_is_told(storage: LocalStorage, tmp_path: Path) -> None:
    ended = Authority(tmp_path / "ended", -timedelta(days=1))
    (stamped,) = stamper(storage, ended).run()
    assert stamped.problem.startswith("its answer does not hold")
    assert stamped_sizes(storage) == []


@pytest.mark.parametrize("ahead", [timedelta(minutes=7), -timedelta(days=3)])
def test_one_that_lies_about_the_time_is_told(storage: LocalStorage, authority: Authority, ahead: timedelta) -> None:
    (stamped,) = stamper(storage, authority, ahead).run()
    assert "from this machine's clock; one of both is wrong" in stamped.problem
    assert stamped_sizes(storage) == []


def test_one_that_stamps_something_else_is_told(storage: LocalStorage, authority: Authority) -> None:
    import rfc3161_client

    def of_something_else(address: str, query: bytes) -> bytes:
        other = (
            rfc3161_client.TimestampRequestBuilder()
            .data(b"another note")
            .nonce(nonce=False)
            .cert_request(cert_request=True)
        )
        return authority.answer(address, other.build().as_bytes())

    (stamped,) = stamper(storage, authority, ask=of_something_else).run()
    assert stamped.problem.startswith("its answer does not hold")
    first: list[bytes] = []

    def replayed(address: str, query: bytes) -> bytes:
        first.append(authority.answer(address, query))
        return first[0]

    replayed(ADDRESS, first_query(storage))
    (stamped,) = stamper(storage, authority, ask=replayed).run()
    assert stamped.problem.startswith("its answer does not hold"), "an answer to an earlier query"
    assert stamped_sizes(storage) == []


def first_query(storage: LocalStorage) -> bytes:
    import rfc3161_client

    note = (storage.root / "custody/checkpoint").read_bytes()
    request = rfc3161_client.TimestampRequestBuilder().data(note).nonce(nonce=True).cert_request(cert_request=True)
    return bytes(request.build().as_bytes())


@pytest.mark.parametrize("answer", [b"", b"\x30\x03\x02\x01\x00", b"<html>busy</html>"])
def test_one_that_answers_nonsense_is_told(storage: LocalStorage, authority: Authority, answer: bytes) -> None:
    (stamped,) = stamper(storage, authority, ask=lambda *_: answer).run()
    assert stamped.problem


def test_one_that_nobody_trusts_is_told(storage: LocalStorage, authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other")
    (stamped,) = stamper(storage, authority, roots=other.root.read_bytes()).run()
    assert stamped.problem.startswith("its answer does not hold")
    with pytest.raises(NoStamps, match="custody_certificates"):
        stamper(storage, authority, roots=b"nothing")


def test_without_the_extra_one_line_says_what_to_install(
    storage: LocalStorage, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("rfc3161_client", "pkcs11"):
        monkeypatch.setitem(sys.modules, name, None)
    for needs in (
        lambda: stamper(storage, authority),
        lambda: open_signer("pkcs11:object=a?module-path=b"),
    ):
        with pytest.raises(ArchiveError, match=r"pip install 'newswarc\[custody\]'"):
            needs()


def test_openssl_agrees_about_stamps(storage: LocalStorage, authority: Authority, tmp_path: Path) -> None:
    import base64

    stamper(storage, authority).run()
    (path,) = storage.root.glob("custody/timestamps/1/*.tsr")
    note = (storage.root / "custody/checkpoint").read_text()
    stamp = {"authority": "the harbour clock", "response": base64.b64encode(path.read_bytes()).decode()}
    (told,) = check_times({"timestamps": [stamp]}, note, authority.root)
    assert told.endswith("says the harbour clock")
    assert "not checked" in check_times({"timestamps": [stamp]}, note, None)[0]
    with pytest.raises(Refused, match="of something else"):
        check_times({"timestamps": [stamp]}, note.replace("\n1\n", "\n2\n", 1), authority.root)
    with pytest.raises(Refused, match="not of a trusted authority"):
        check_times({"timestamps": [stamp]}, note, Authority(tmp_path / "stranger").root)
    with pytest.raises(Refused):
        check({"timestamps": []}, [])


def test_the_command(storage: LocalStorage, authority: Authority, tmp_path: Path) -> None:
    with authority.serving() as address:
        settings = {
            "NEWSWARC_ARCHIVE": str(storage.root),
            "NEWSWARC_CUSTODY_AUTHORITIES": f"{address},http://127.0.0.1:9/",
            "NEWSWARC_CUSTODY_CERTIFICATES": str(authority.root),
        }
        done = newswarc("custody", "stamp", "--json", cwd=tmp_path, **settings)
        good, bad = json.loads(done.out)
        assert done.code == 1, "one authority does not answer"
        assert (good["problem"], good["size"]) == ("", 1)
        assert "does not answer" in bad["problem"]
    refused = newswarc("custody", "stamp", cwd=tmp_path, NEWSWARC_ARCHIVE=str(storage.root))
    assert (refused.code, refused.err.count("\n")) == (2, 1)


def test_a_log_that_is_none_cannot_be_stamped(authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="does not exist") as found:
        stamper(LocalStorage(tmp_path / "nothing"), authority).run()
    assert not isinstance(found.value, DamagedArchive)
