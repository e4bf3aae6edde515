"""An archive with every kind of damage, at places drawn by chance: `verify` names each, and nothing in a sound one.

The damaged object's manifest is made to fit, so that it is the contents that give the damage away.
"""

from __future__ import annotations

import gzip
import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from archive.captures import iterate_records
from archive.faults import FaultKind
from archive.library import completions, segments
from archive.manifests import Manifest, file_sha256
from archive.recovery import whole_members
from archive.storage.local import LocalStorage
from archive.verifying import Verification, check_revisits, verify_segment
from crawler.demo.server import DemoServer
from tests.archive.test_segment import exchange, writer
from tests.support import validators
from tests.support.processes import Finished, newswarc


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An archive of two crawls; the second one has revisits of the first."""
    directory = tmp_path_factory.mktemp("sound")
    with DemoServer() as server:
        for _ in range(2):
            host = server.base.removeprefix("http://")
            done = newswarc(
                "crawl", f"{server.base}/", "-q", cwd=directory, NEWSWARC_ALLOW_HOSTS=host, NEWSWARC_DELAY="0"
            )
            assert done.code == 0, done.err
    yield directory / "newswarc-data"


@dataclass
class Damaged:
    """A copy of the archive to do damage to."""

    root: Path
    chance: random.Random

    @property
    def storage(self) -> LocalStorage:
        return LocalStorage(self.root)

    @property
    def manifests(self) -> list[Manifest]:
        return list(segments(self.storage))

    @property
    def first(self) -> Manifest:
        """The segment with articles."""
        return next(manifest for manifest in self.manifests if completions(self.storage)[manifest.segment].articles)

    @property
    def warc(self) -> Path:
        return self.root / self.first.warc.key

    def sign(self) -> None:
        """Make all manifests fit the bytes that are there, and take away what is known of the former ones."""
        shutil.rmtree(self.root / "holdings", ignore_errors=True)
        for manifest in [*self.root.glob("manifests/**/*.json"), *self.root.glob("records/**/*.json")]:
            facts = json.loads(manifest.read_text())
            for part in (facts.get(name) for name in ("warc", "cdxj", "records", "outcomes")):
                path = self.root / part["key"] if isinstance(part, dict) and "key" in part else None
                if path is not None and path.exists():
                    part["size"], part["sha256"] = path.stat().st_size, file_sha256(path)
            manifest.write_text(json.dumps(facts))

    def verify(self) -> set[FaultKind]:
        newest = completions(self.storage)
        checked: list[Verification] = []
        for manifest in self.manifests:
            scratch = self.root / "state"
            checked.append(verify_segment(self.storage, manifest, newest.get(manifest.segment), scratch, deep=True))
        across = check_revisits(checked, {manifest.segment: manifest.warc.key for manifest in self.manifests})
        return {fault.kind for verification in checked for fault in verification.faults} | {f.kind for f in across}


@pytest.fixture
def damaged(sound: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Damaged:
    shutil.copytree(sound, tmp_path / "archive")
    return Damaged(tmp_path / "archive", random.Random(request.node.name))


_GZIP_HEADER, _GZIP_TRAILER = 10, 8


def flip_a_byte(archive: Damaged) -> None:
    """One of what a member holds: of its header some bytes mean nothing (RFC 1952, section 2.3.1)."""
    data = bytearray(archive.warc.read_bytes())
    offset, member = archive.chance.choice(list(whole_members(archive.warc)))
    at = offset + archive.chance.randrange(_GZIP_HEADER, len(member) - _GZIP_TRAILER - 1)
    data[at] ^= 1 << archive.chance.randrange(8)
    archive.warc.write_bytes(data)


def alter_a_body(archive: Damaged) -> None:
    """The member is whole, its record is not what was captured."""
    members = [member for _, member in whole_members(archive.warc)]
    pages = [n for n, member in enumerate(members) if b"WARC-Type: response" in gzip.decompress(member)[:300]]
    number = archive.chance.choice(pages)
    record = bytearray(gzip.decompress(members[number]))
    record[-10] ^= 1
    members[number] = gzip.compress(bytes(record))
    archive.warc.write_bytes(b"".join(members))


def truncate(archive: Damaged) -> None:
    size = archive.warc.stat().st_size
    with archive.warc.open("r+b") as file:
        file.truncate(archive.chance.randrange(size // 2, size - 1))


def make_a_hole(archive: Damaged) -> None:
    data = bytearray(archive.warc.read_bytes())
    at = archive.chance.randrange(len(data) - 4096)
    data[at : at + 4096] = b"\0" * 4096
    archive.warc.write_bytes(data)


def pack_all_into_one_member(archive: Damaged) -> None:
    archive.warc.write_bytes(gzip.compress(gzip.decompress(archive.warc.read_bytes())))


def lose_an_index_line(archive: Damaged) -> None:
    path = archive.root / archive.first.cdxj.key
    lines = path.read_bytes().splitlines(keepends=True)
    del lines[archive.chance.randrange(len(lines))]
    path.write_bytes(b"".join(lines))


def shift_an_address(archive: Damaged) -> None:
    path = archive.root / completions(archive.storage)[archive.first.segment].records.key
    lines = gzip.decompress(path.read_bytes()).splitlines()
    number = archive.chance.randrange(len(lines))
    record = json.loads(lines[number])
    record["warc"]["offset"] += 1
    lines[number] = json.dumps(record).encode()
    path.write_bytes(gzip.compress(b"\n".join(lines) + b"\n"))


def lose_an_outcome(archive: Damaged) -> None:
    path = archive.root / completions(archive.storage)[archive.first.segment].outcomes.key
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    del lines[archive.chance.randrange(len(lines))]
    path.write_bytes(gzip.compress(b"".join(lines)))


def lose_a_record(archive: Damaged) -> None:
    """The response of an exchange goes, its request and metadata stay."""
    members = [member for _, member in whole_members(archive.warc)]
    pages = [n for n, member in enumerate(members) if b"WARC-Type: response" in gzip.decompress(member)[:300]]
    del members[archive.chance.choice(pages)]
    archive.warc.write_bytes(b"".join(members))


CONTENT: dict[Callable[[Damaged], None], FaultKind] = {
    flip_a_byte: FaultKind.BROKEN_MEMBER,
    alter_a_body: FaultKind.BLOCK_DIGEST,
    truncate: FaultKind.BROKEN_MEMBER,
    make_a_hole: FaultKind.BROKEN_MEMBER,
    pack_all_into_one_member: FaultKind.BROKEN_RECORD,
    lose_an_index_line: FaultKind.INDEX_DIFFERS,
    shift_an_address: FaultKind.WRONG_ADDRESS,
    lose_an_outcome: FaultKind.OUTCOMES_DIFFER,
    lose_a_record: FaultKind.DANGLING_REFERENCE,
}


def test_a_sound_archive_has_no_fault(damaged: Damaged) -> None:
    assert damaged.verify() == set()
    damaged.sign()
    assert damaged.verify() == set()


@pytest.mark.parametrize("turn", range(3))
@pytest.mark.parametrize("damage", CONTENT, ids=lambda damage: damage.__name__)
def test_damaged_contents_are_named(damaged: Damaged, damage: Callable[[Damaged], None], turn: int) -> None:
    damage(damaged)
    damaged.sign()
    assert CONTENT[damage] in damaged.verify()


def test_a_changed_object_is_named_by_its_digest(damaged: Damaged) -> None:
    flip_a_byte(damaged)
    assert FaultKind.WRONG_DIGEST in damaged.verify()


def test_a_wrong_length_in_a_manifest(damaged: Damaged) -> None:
    path = damaged.root / "manifests"
    manifest = damaged.chance.choice(sorted(path.rglob("*.json")))
    facts = json.loads(manifest.read_text())
    facts[damaged.chance.choice(("warc", "cdxj"))]["size"] += 1
    manifest.write_text(json.dumps(facts))
    assert FaultKind.WRONG_SIZE in damaged.verify()


def test_a_missing_object(damaged: Damaged) -> None:
    damaged.chance.choice([damaged.warc, damaged.root / damaged.first.cdxj.key]).unlink()
    assert FaultKind.MISSING_OBJECT in damaged.verify()


def test_a_revisit_without_its_original(damaged: Damaged) -> None:
    """The first segment goes, whole and with its manifest; what the second one refers to is gone with it."""
    segment = damaged.first.segment
    kinds = [record.kind for warc in damaged.root.rglob("*.warc.gz") for record in iterate_records(warc.open("rb"))]
    assert "revisit" in kinds
    for path in [path for path in damaged.root.rglob(f"{segment}*") if path.is_file()]:
        path.unlink()
    assert damaged.verify() == {FaultKind.DANGLING_REVISIT}


def command(archive: Path, *options: str) -> Finished:
    return newswarc("verify", archive, *options, cwd=archive.parent)


def test_the_command_says_what_it_found(sound: Path, damaged: Damaged) -> None:
    done = command(sound, "--deep", "--json")
    report = done.json()
    assert (done.code, report["faults"], report["segments"], report["unclaimed"]) == (0, [], 2, [])
    assert report["records"] > 50
    lose_an_index_line(damaged)
    damaged.sign()
    assert command(damaged.root).code == 0, "names and lengths are right"
    done = command(damaged.root, "--deep")
    assert done.code == 1
    assert "index_differs: missing: " in done.err
    assert "Traceback" not in done.err


def test_a_manifest_that_cannot_be_read_is_a_fault(damaged: Damaged) -> None:
    next((damaged.root / "manifests").rglob("*.json")).write_text("{")
    done = command(damaged.root, "--json")
    assert done.code == 1
    assert [fault["kind"] for fault in done.json()["faults"]] == ["bad_manifest"]
    assert done.json()["unclaimed"], "its objects are nobody's now"


@dataclass
class LoneWarc:
    """A WARC without chunked responses, of which every validator thinks well."""

    warc: Path
    chance: random.Random


WARC_DAMAGES = (flip_a_byte, alter_a_body, truncate, make_a_hole, pack_all_into_one_member)
NOT_SEEN = {
    "warcio": {"truncate"},
    "fastwarc": {"pack_all_into_one_member"},
    "warcvalid": {"alter_a_body", "pack_all_into_one_member"},
    "gzip": {"alter_a_body", "pack_all_into_one_member"},
}


def test_no_single_other_validator_finds_them_all(tmp_path: Path) -> None:
    segment = writer(tmp_path)
    source = random.Random(3)
    for _ in range(12):
        segment.append(exchange(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + source.randbytes(4000)))
    warc = segment.close().warc
    sound = warc.read_bytes()
    assert set(validators.exit_codes(warc).values()) == {0}
    missed: dict[str, set[str]] = {name: set() for name in NOT_SEEN}
    for damage in WARC_DAMAGES:
        warc.write_bytes(sound)
        damage(LoneWarc(warc, random.Random(1)))  # type: ignore[arg-type]
        for name, code in validators.exit_codes(warc).items():
            if code == 0:
                missed[name].add(damage.__name__)
    # Whether fastwarc sees a cut depends on where it falls
    missed["fastwarc"].discard("truncate")
    assert missed == NOT_SEEN
