"""Kinds of damage that an archive may suffer, each at a place drawn by chance, and what `verify` has to call it.

Those of `OBJECTS` befall an object behind its manifest's back. Those of `CONTENTS` leave no trace in lengths and digests:
the manifest is made to fit, as if whoever did it knew how, so that the contents alone give them away.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archive.faults import FaultKind
from archive.manifests import file_sha256
from archive.recovery import whole_members

Damage = Callable[["Victim"], None]
OBJECTS: dict[Damage, FaultKind] = {}
CONTENTS: dict[Damage, FaultKind] = {}
_MANIFEST = "manifests/**/*.json"
_COMPLETION = "records/**/*[0-9a-f].json"
_ARTICLES = "records/**/*[0-9a-f].jsonl.gz"
_OUTCOMES = "records/**/*.outcomes.jsonl.gz"
_INDEX = "cdxj/**/*.cdxj"
_WARC = "warc/**/*.warc.gz"
_HOLDING = "holdings/*/*.json"
_SHARD = "datasets/**/*.parquet"
_DATASET = "datasets/*/*/manifest.json"


@dataclass
class Victim:
    """An archive to do damage to."""

    root: Path
    chance: random.Random

    def one(self, pattern: str) -> Path:
        """An object drawn by chance."""
        path = self.chance.choice(sorted(self.root.glob(pattern)))
        path.chmod(0o644)
        return path

    def members(self, path: Path) -> list[bytes]:
        return [member for _, member in whole_members(path)]

    def records(self, path: Path) -> list[bytes]:
        return [gzip.decompress(member) for member in self.members(path)]

    def write(self, path: Path, records: list[bytes]) -> None:
        """A WARC of these records. A member whose record stayed is made anew, too."""
        path.write_bytes(b"".join(gzip.compress(record, 1, mtime=0) for record in records))

    def drawn(self, records: list[bytes], kind: str) -> int:
        """Number of a record of a kind."""
        return self.chance.choice([n for n, r in enumerate(records) if f"WARC-Type: {kind}\r".encode() in r[:400]])

    def sign(self) -> None:
        """Make manifests fit what is there, and take away what is known of the former ones."""
        shutil.rmtree(self.root / "holdings", ignore_errors=True)
        for path in [*self.root.glob(_MANIFEST), *self.root.glob(_COMPLETION)]:
            facts = json.loads(path.read_text())
            for part in (facts.get(name) for name in ("warc", "cdxj", "records", "outcomes")):
                file = self.root / part["key"] if isinstance(part, dict) and "key" in part else None
                if file is not None and file.is_file():
                    part["size"], part["sha256"] = file.stat().st_size, file_sha256(file)
            path.chmod(0o644)
            path.write_text(json.dumps(facts))


def named(kind: FaultKind, among: dict[Damage, FaultKind]) -> Callable[[Damage], Damage]:
    def note(damage: Damage) -> Damage:
        among[damage] = kind
        return damage

    return note


def _removed(_: Victim, path: Path) -> None:
    path.unlink()


def _a_directory(_: Victim, path: Path) -> None:
    path.unlink()
    path.mkdir()


def _a_link_to_nothing(_: Victim, path: Path) -> None:
    path.unlink()
    path.symlink_to("nothing")


def _emptied(_: Victim, path: Path) -> None:
    path.write_bytes(b"")


def _noise(victim: Victim, path: Path) -> None:
    path.write_bytes(victim.chance.randbytes(path.stat().st_size))


def _flipped(victim: Victim, path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[victim.chance.randrange(len(data))] ^= 1 << victim.chance.randrange(7)
    path.write_bytes(data)


_PLACES = {
    "a manifest": _MANIFEST, "a completion manifest": _COMPLETION, "the manifest of a data set": _DATASET,
    "a WARC": _WARC, "an index": _INDEX, "a records file": _ARTICLES, "an outcomes file": _OUTCOMES,
    "a shard of a data set": _SHARD,
}  # fmt: skip


def _in_place(pattern: str, change: Callable[[Victim, Path], None], name: str) -> Damage:
    def damage(victim: Victim) -> None:
        change(victim, victim.one(pattern))

    damage.__name__ = name
    return damage


for _name, _pattern in _PLACES.items():
    _is_manifest = "manifest" in _name
    for _what, _change, _kind in (
        ("is removed", _removed, FaultKind.MISSING_OBJECT),
        ("became a directory", _a_directory, FaultKind.MISSING_OBJECT),
        ("became a link to nothing", _a_link_to_nothing, FaultKind.MISSING_OBJECT),
        ("is empty", _emptied, FaultKind.BAD_MANIFEST if _is_manifest else FaultKind.WRONG_SIZE),
        ("is noise", _noise, FaultKind.BAD_MANIFEST if _is_manifest else FaultKind.WRONG_DIGEST),
        ("has a flipped bit", _flipped, FaultKind.WRONG_DIGEST),
    ):
        if not (_is_manifest and _change is _flipped):  # it may be one that leaves JSON, or breaks it
            OBJECTS[_in_place(_pattern, _change, f"{_name} {_what}")] = _kind


@named(FaultKind.WRONG_DIGEST, OBJECTS)
def a_manifest_counts_otherwise(victim: Victim) -> None:
    path = victim.one(_MANIFEST)
    facts = json.loads(path.read_text())
    facts["exchanges"] += 1
    path.write_text(json.dumps(facts))


@named(FaultKind.WRONG_DIGEST, OBJECTS)
def two_manifests_changed_places(victim: Victim) -> None:
    one, two = sorted(victim.root.glob(_MANIFEST))[-2:]
    texts = one.read_bytes(), two.read_bytes()
    for path, text in ((one, texts[1]), (two, texts[0])):
        path.chmod(0o644)
        path.write_bytes(text)


@named(FaultKind.WRONG_DIGEST, OBJECTS)
def a_warc_became_a_link_to_another(victim: Victim) -> None:
    one, two = sorted(victim.root.glob(_WARC))
    one.unlink()
    one.symlink_to(two)


@named(FaultKind.WRONG_SIZE, OBJECTS)
def a_warc_is_cut_short(victim: Victim) -> None:
    path = victim.one(_WARC)
    with path.open("r+b") as file:
        file.truncate(victim.chance.randrange(1, path.stat().st_size))


@named(FaultKind.WRONG_SIZE, OBJECTS)
def a_warc_goes_on_behind_its_end(victim: Victim) -> None:
    with victim.one(_WARC).open("ab") as file:
        file.write(b"\0" * victim.chance.randrange(1, 5000))


@named(FaultKind.MISSING_OBJECT, OBJECTS)
def a_whole_segment_is_gone(victim: Victim) -> None:
    segment = victim.one(_MANIFEST).stem
    for path in victim.root.glob(f"*/**/{segment}*"):
        path.unlink()


@named(FaultKind.MISSING_OBJECT, OBJECTS)
def a_whole_data_set_is_gone(victim: Victim) -> None:
    shutil.rmtree(victim.root / "datasets")


@named(FaultKind.MISSING_OBJECT, OBJECTS)
def an_entry_of_the_holdings_is_gone(victim: Victim) -> None:
    path = victim.chance.choice(sorted(victim.root.glob(_HOLDING))[:-2])
    assert path.parent.name != "datasets", "a writer's only entry is not missed"
    path.unlink()


@named(FaultKind.WRONG_DIGEST, OBJECTS)
def an_entry_of_the_holdings_names_another_digest(victim: Victim) -> None:
    path = sorted(path for path in victim.root.glob(_HOLDING) if "datasets" not in path.parts)[0]
    path.chmod(0o644)
    facts = json.loads(path.read_text())
    path.write_text(json.dumps({**facts, "sha256": "0" * 64}))


@named(FaultKind.BAD_MANIFEST, OBJECTS)
def an_entry_of_the_holdings_cannot_be_read(victim: Victim) -> None:
    victim.one(_HOLDING).write_text("{")


@named(FaultKind.BROKEN_MEMBER, CONTENTS)
def a_bit_of_a_member_is_flipped(victim: Victim) -> None:
    path = victim.one(_WARC)
    offset, member = victim.chance.choice(list(whole_members(path)))
    data = bytearray(path.read_bytes())
    data[offset + victim.chance.randrange(10, len(member) - 9)] ^= 1 << victim.chance.randrange(8)
    path.write_bytes(data)


@named(FaultKind.BROKEN_MEMBER, CONTENTS)
def there_is_a_hole_in_the_warc(victim: Victim) -> None:
    path = victim.one(_WARC)
    data = bytearray(path.read_bytes())
    at = victim.chance.randrange(len(data) - 600)
    data[at : at + 600] = bytes(600)
    path.write_bytes(data)


@named(FaultKind.BROKEN_MEMBER, CONTENTS)
def the_last_member_is_torn(victim: Victim) -> None:
    path = victim.one(_WARC)
    last = len(victim.members(path)[-1])
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - victim.chance.randrange(1, last))


@named(FaultKind.BROKEN_RECORD, CONTENTS)
def all_records_are_one_member(victim: Victim) -> None:
    path = victim.one(_WARC)
    path.write_bytes(gzip.compress(b"".join(victim.records(path))))


@named(FaultKind.BROKEN_RECORD, CONTENTS)
def two_records_are_one_member(victim: Victim) -> None:
    path = victim.one(_WARC)
    records = victim.records(path)
    at = victim.chance.randrange(len(records) - 1)
    victim.write(path, [*records[:at], records[at] + records[at + 1], *records[at + 2 :]])


def _altered(change: Callable[[Victim, bytes], bytes], kind: str = "response") -> Damage:
    def damage(victim: Victim) -> None:
        path = victim.one(_WARC)
        records = victim.records(path)
        at = victim.drawn(records, kind)
        changed = change(victim, records[at])
        assert changed != records[at]
        victim.write(path, [*records[:at], changed, *records[at + 1 :]])

    damage.__name__ = change.__name__
    return damage


def altered(fault: FaultKind, kind: str = "response") -> Callable[[Callable[[Victim, bytes], bytes]], Damage]:
    return lambda change: named(fault, CONTENTS)(_altered(change, kind))


def _field(record: bytes, name: str, value: str) -> bytes:
    return re.sub(rb"(?m)^%s: .*?\r$" % name.encode(), f"{name}: {value}\r".encode(), record, count=1)


@altered(FaultKind.BLOCK_DIGEST)
def a_body_is_another(victim: Victim, record: bytes) -> bytes:
    at = victim.chance.randrange(len(record) - 60, len(record) - 5)
    return record[:at] + bytes([record[at] ^ 1]) + record[at + 1 :]


@altered(FaultKind.BLOCK_DIGEST)
def a_status_is_another(_: Victim, record: bytes) -> bytes:
    return re.sub(rb"HTTP/1.1 \d{3}", b"HTTP/1.1 299", record, count=1)


@altered(FaultKind.BLOCK_DIGEST)
def a_block_digest_is_another(_: Victim, record: bytes) -> bytes:
    return _field(record, "WARC-Block-Digest", f"sha256:{'0' * 64}")


@altered(FaultKind.PAYLOAD_DIGEST)
def a_payload_digest_is_another(_: Victim, record: bytes) -> bytes:
    return _field(record, "WARC-Payload-Digest", f"sha256:{'0' * 64}")


@altered(FaultKind.UNKNOWN_DIGEST)
def a_block_digest_is_of_an_unknown_algorithm(_: Victim, record: bytes) -> bytes:
    return _field(record, "WARC-Block-Digest", "tiger:ABCDEF")


@altered(FaultKind.UNKNOWN_DIGEST)
def a_payload_digest_is_of_an_unknown_algorithm(_: Victim, record: bytes) -> bytes:
    return _field(record, "WARC-Payload-Digest", "whirl pool:1")


@altered(FaultKind.BLOCK_DIGEST, "request")
def a_request_is_another(_: Victim, record: bytes) -> bytes:
    return record.replace(b"User-Agent: ", b"User-agent: ")


@altered(FaultKind.RECORDS_ROOT)
def an_address_of_a_server_is_another(_: Victim, record: bytes) -> bytes:
    return _field(record, "WARC-IP-Address", "192.0.2.77")


@altered(FaultKind.INDEX_DIFFERS)
def the_date_of_a_capture_is_another(_: Victim, record: bytes) -> bytes:
    return _field(record, "WARC-Date", "2001-01-01T00:00:00.000Z")


@altered(FaultKind.BROKEN_RECORD)
def a_date_cannot_be_read(_: Victim, record: bytes) -> bytes:
    return _field(record, "WARC-Date", "yesterday")


@altered(FaultKind.BROKEN_RECORD)
def a_length_is_too_large(_: Victim, record: bytes) -> bytes:
    return _field(record, "Content-Length", "99999999")


@altered(FaultKind.BROKEN_RECORD)
def a_length_is_no_number(_: Victim, record: bytes) -> bytes:
    return _field(record, "Content-Length", "many")


@altered(FaultKind.BROKEN_RECORD)
def a_record_has_no_type(_: Victim, record: bytes) -> bytes:
    return record.replace(b"WARC-Type: response\r\n", b"")


@altered(FaultKind.BROKEN_RECORD)
def a_record_is_none(_: Victim, record: bytes) -> bytes:
    return b"\x00" * len(record)


@altered(FaultKind.DANGLING_REFERENCE, "metadata")
def a_metadata_record_refers_to_none(_: Victim, record: bytes) -> bytes:
    return _field(record, "WARC-Refers-To", "<urn:uuid:00000000-0000-4000-8000-000000000000>")


@altered(FaultKind.DANGLING_REVISIT, "revisit")
def a_revisit_refers_to_none(_: Victim, record: bytes) -> bytes:
    return _field(record, "WARC-Refers-To", "<urn:uuid:00000000-0000-4000-8000-000000000000>")


def _rearranged(change: Callable[[Victim, list[bytes]], list[bytes]]) -> Damage:
    def damage(victim: Victim) -> None:
        path = victim.one(_WARC)
        victim.write(path, change(victim, victim.records(path)))

    damage.__name__ = change.__name__
    return damage


def rearranged(fault: FaultKind) -> Callable[[Callable[[Victim, list[bytes]], list[bytes]]], Damage]:
    return lambda change: named(fault, CONTENTS)(_rearranged(change))


@rearranged(FaultKind.DANGLING_REFERENCE)
def a_response_is_left_out(victim: Victim, records: list[bytes]) -> list[bytes]:
    at = victim.drawn(records, "response")
    return records[:at] + records[at + 1 :]


@rearranged(FaultKind.RECORDS_ROOT)
def the_last_records_are_left_out(victim: Victim, records: list[bytes]) -> list[bytes]:
    return records[: -victim.chance.randrange(1, 4)]


@rearranged(FaultKind.RECORDS_ROOT)
def records_are_in_another_order(_: Victim, records: list[bytes]) -> list[bytes]:
    return [records[0], *reversed(records[1:])]


@rearranged(FaultKind.DUPLICATE_ID)
def a_record_is_there_twice(victim: Victim, records: list[bytes]) -> list[bytes]:
    at = victim.drawn(records, "response")
    return [*records, records[at]]


@rearranged(FaultKind.DUPLICATE_ID)
def two_records_have_one_id(victim: Victim, records: list[bytes]) -> list[bytes]:
    one, other = victim.drawn(records, "response"), victim.drawn(records, "request")
    found = re.search(rb"WARC-Record-ID: <urn:uuid:(.*?)>", records[one])
    assert found is not None
    records[other] = _field(records[other], "WARC-Record-ID", f"<urn:uuid:{found[1].decode()}>")
    return records


def _lines(fault: FaultKind, pattern: str) -> Callable[[Callable[[Victim, list[bytes]], list[bytes]]], Damage]:
    def register(change: Callable[[Victim, list[bytes]], list[bytes]]) -> Damage:
        def damage(victim: Victim) -> None:
            candidates = [path for path in sorted(victim.root.glob(pattern)) if len(_read(path).splitlines()) > 1]
            path = victim.chance.choice(candidates)
            path.chmod(0o644)
            data = b"".join(change(victim, _read(path).splitlines(keepends=True)))
            path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)

        damage.__name__ = change.__name__
        return named(fault, CONTENTS)(damage)

    return register


def _read(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


@_lines(FaultKind.INDEX_DIFFERS, _INDEX)
def a_line_of_an_index_is_lost(victim: Victim, lines: list[bytes]) -> list[bytes]:
    del lines[victim.chance.randrange(len(lines))]
    return lines


@_lines(FaultKind.INDEX_DIFFERS, _INDEX)
def a_line_of_an_index_is_there_twice(victim: Victim, lines: list[bytes]) -> list[bytes]:
    return sorted([*lines, victim.chance.choice(lines)])


@_lines(FaultKind.INDEX_DIFFERS, _INDEX)
def an_index_is_not_sorted(_: Victim, lines: list[bytes]) -> list[bytes]:
    return lines[::-1]


@_lines(FaultKind.INDEX_DIFFERS, _INDEX)
def a_line_of_an_index_leads_elsewhere(victim: Victim, lines: list[bytes]) -> list[bytes]:
    at = victim.chance.randrange(len(lines))
    lines[at] = re.sub(rb'"offset": "\d+"', b'"offset": "7"', lines[at])
    return lines


@_lines(FaultKind.INDEX_DIFFERS, _INDEX)
def an_index_is_not_text(_: Victim, lines: list[bytes]) -> list[bytes]:
    return [b"\xff\xfe" + line for line in lines]


def _record_line(lines: list[bytes], at: int, change: Callable[[dict[str, object]], object]) -> list[bytes]:
    record = json.loads(lines[at])
    change(record)
    lines[at] = json.dumps(record).encode() + b"\n"
    return lines


@_lines(FaultKind.WRONG_ADDRESS, _ARTICLES)
def a_record_points_elsewhere(victim: Victim, lines: list[bytes]) -> list[bytes]:
    at = victim.chance.randrange(len(lines))
    return _record_line(lines, at, lambda record: record["warc"].update(offset=record["warc"]["offset"] + 1))  # type: ignore[attr-defined, index]


@_lines(FaultKind.OUTCOMES_DIFFER, _ARTICLES)
def a_record_is_lost(victim: Victim, lines: list[bytes]) -> list[bytes]:
    del lines[victim.chance.randrange(len(lines))]
    return lines


@_lines(FaultKind.BROKEN_RECORD, _ARTICLES)
def a_record_is_no_json(victim: Victim, lines: list[bytes]) -> list[bytes]:
    lines[victim.chance.randrange(len(lines))] = b"{'headline':\n"
    return lines


@_lines(FaultKind.OUTCOMES_DIFFER, _OUTCOMES)
def an_outcome_is_lost(victim: Victim, lines: list[bytes]) -> list[bytes]:
    del lines[victim.chance.randrange(len(lines))]
    return lines


@_lines(FaultKind.OUTCOMES_DIFFER, _OUTCOMES)
def a_page_has_two_outcomes(victim: Victim, lines: list[bytes]) -> list[bytes]:
    return [*lines, victim.chance.choice(lines)]


@named(FaultKind.BROKEN_RECORD, CONTENTS)
def a_records_file_is_cut_short(victim: Victim) -> None:
    path = victim.one(_ARTICLES)
    path.write_bytes(path.read_bytes()[:-9])
