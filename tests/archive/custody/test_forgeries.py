"""A forger who can write anywhere in the archive, and makes everything fit. Each forgery is named, with its meaning.

The forger has no key, unless a forgery says so; what a reader has beside the archive is one checkpoint that was kept.
`unseen` marks what a look at manifests, digests, index and inventory alone calls sound.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.access import add_rule
from archive.access_rules import AccessRule, Restriction
from archive.cdxj import index_text
from archive.clock_and_ids import FixedClockAndIds
from archive.custody.audit import Audit, audit
from archive.custody.claims import claim_key
from archive.custody.entries import EntryKind, LogEntry
from archive.custody.notes import Checkpoint
from archive.custody.sequencer import CHECKPOINT_KEY, Sequencer, signed_key
from archive.custody.signing import FileKey, create_key, signed, verifier_key
from archive.custody.tiles import Tiles, split_entries, tile_key
from archive.datasets.manifest import DatasetFile, DatasetManifest, DatasetStatistics
from archive.datasets.options import DatasetOptions
from archive.datasets.reading import verify_dataset
from archive.derived import completed
from archive.exchange import Discovery, Role
from archive.faults import Fault, FaultKind
from archive.holdings import DATASETS, REDACTIONS, Holdings, note_all, note_manifest
from archive.http1 import entity_body
from archive.layout import SegmentName
from archive.library import completions, newest_manifest, segments
from archive.lookup import Lookup
from archive.manifests import file_sha256, parse_completion
from archive.members import labelled_digest
from archive.merkle_tree import leaf_hash
from archive.publishing import publish_records, publish_segment
from archive.recovery import read_contents
from archive.redaction import Redaction, find_targets, log_entry
from archive.segment import SegmentWriter
from archive.storage.local import LocalStorage
from archive.tombstone import tombstone
from archive.verifying import check_revisits, verify_segment
from tests.archive.test_segment import exchange

ORIGIN = "tide-gazette.example/custody"
REDACTED = "http://harbour.example/2/3"


def a_segment(place: Path, storage: LocalStorage, day: int, *, sites: str = "harbour", exchanges: int = 6) -> str:
    clock = FixedClockAndIds(datetime(2026, 3, day, tzinfo=UTC), seed=f"{place}{day}")
    name = SegmentName.new(sites, day, clock)
    writing = SegmentWriter(place / "spool", name, clock_and_ids=clock, software="newswarc/test")
    for number in range(exchanges):
        body = b"<p>On day %d ferry %d was late. %b</p>" % (day, number, b"salt " * 40)
        response = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        moment = datetime(2026, 3, day, 8, number, tzinfo=UTC)
        writing.append(
            exchange(
                response,
                url=f"http://{sites}.example/{day}/{number}",
                started=moment,
                finished=moment + timedelta(seconds=1),
                discovery=Discovery(role=Role.OTHER),
            )
        )
    publish_segment(storage, writing.close())
    made = completed(name, "g0007", place / "records", place / "outcomes", [], [])
    publish_records(storage, name, made)
    return name.text


def a_data_set(storage: LocalStorage) -> None:
    prefix, table = "datasets/ferries/1/", b'{"url": "http://harbour.example/1/1"}\n'
    storage.put_if_absent(f"{prefix}jsonl/train.jsonl", table)
    numbers = DatasetStatistics(
        text_bytes=0, arrow_bytes=0, words=0, languages={}, sites={}, published={}, null={}, duplicates=0,
        near_duplicates=0, first_capture="", last_capture="",
    )  # fmt: skip
    digest = file_sha256(storage.root / f"{prefix}jsonl/train.jsonl")
    manifest = DatasetManifest(
        name="ferries", version="1", rows=1, options=DatasetOptions(), dropped={}, statistics=numbers, sources=(),
        software="newswarc/test", files=(DatasetFile(path="jsonl/train.jsonl", size=len(table), sha256=digest, rows=1),),
    ).to_bytes()  # fmt: skip
    storage.put_if_absent(f"{prefix}manifest.json", manifest)
    note_manifest(storage, DATASETS, f"{prefix}manifest.json", manifest)


def redact(place: Path, storage: LocalStorage, url: str) -> None:
    lookup = Lookup(storage, place / "index")
    lookup.refresh()
    targets, clock = find_targets(lookup, url), FixedClockAndIds(datetime(2026, 3, 9, tzinfo=UTC))
    lookup.close()
    key, facts = log_entry(targets, url, "asked by its author", "archivist", clock)
    account = json.dumps(facts).encode()
    storage.put_if_absent(key, account)
    note_manifest(storage, REDACTIONS.rstrip("/"), key, account)
    list(Redaction(storage, targets, "asked by its author", clock).run())


def logging(root: Path, key: FileKey) -> Sequencer:
    return Sequencer(LocalStorage(root), [key], FixedClockAndIds(datetime(2026, 3, 5, 12, tzinfo=UTC)))


@dataclass
class Sound:
    """An archive with its log, and what a reader has kept."""

    root: Path
    key: FileKey
    kept: str
    earlier: Path
    """The archive as it was one day before."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Sound:
    place = tmp_path_factory.mktemp("forgeries")
    root, key = place / "archive", create_key(place / "key", b"")
    storage = LocalStorage(root)
    logging(root, key).begin(ORIGIN)
    for day in (1, 2, 3):
        a_segment(place, storage, day)
    a_data_set(storage)
    rule = AccessRule(
        id="20260305-1", restriction=list(Restriction)[-1], address="http://harbour.example/3/", reason="a quarrel",
        date=datetime(2026, 3, 5, tzinfo=UTC), until=datetime(2027, 3, 5, tzinfo=UTC),
    )  # fmt: skip
    add_rule(storage, rule, FixedClockAndIds())
    logging(root, key).run()
    redact(place, storage, REDACTED)
    logging(root, key).run()
    shutil.copytree(root, place / "earlier")
    a_segment(place, storage, 4)
    logging(root, key).run()
    return Sound(root, key, (root / CHECKPOINT_KEY).read_text(), place / "earlier")


class Forger:
    """Does what it likes with a copy of the archive."""

    def __init__(self, sound: Sound, place: Path) -> None:
        self.root = place / "archive"
        shutil.copytree(sound.root, self.root)
        self.storage = LocalStorage(self.root)
        self.stolen = sound.key
        """The archive's key, for the thief."""
        self.own = create_key(place / "own", b"")
        self.earlier = sound.earlier
        self.place = place
        self.names = [manifest.segment for manifest in segments(self.storage)]

    @property
    def last(self) -> Checkpoint:
        return Checkpoint.parse((self.root / CHECKPOINT_KEY).read_text())

    def refit_inventory(self) -> None:
        """Make the holdings anew, as if what is there had always been so."""
        shutil.rmtree(self.root / "holdings")
        note_all(self.storage)

    def rewrite(self, change: Callable[[list[bytes]], list[bytes]], segment: int = 0, revision: int = 1) -> None:
        """Change the records of a segment, and make digests, index, manifest and inventory fit."""
        name = SegmentName.parse(self.names[segment])
        found = newest_manifest(self.storage, name)
        assert found is not None
        path = self.root / name.warc_key
        records = [fitting(record) for record in change(plain_records(path.read_bytes()))]
        path.write_bytes(b"".join(gzip.compress(record, mtime=0) for record in records))
        contents = read_contents(path, name)
        index = self.place / "index.cdxj"
        index.write_bytes(index_text(contents.entries))
        manifest = contents.manifest(name, path, index, found[0].closed)
        key = name.revised(name.cdxj_key, revision)
        manifest = manifest.model_copy(update={"cdxj": manifest.cdxj.model_copy(update={"key": key})})
        shutil.copy(index, self.root / key)
        (self.root / name.revised(name.manifest_key, revision)).write_bytes(manifest.to_bytes())
        self.refit_inventory()

    def drop(self, segment: int) -> None:
        for path in self.root.glob(f"*/**/{self.names[segment]}*"):
            if "custody" not in path.parts:
                path.unlink()
        self.refit_inventory()

    def bundle(self) -> list[bytes]:
        key = tile_key("entries", 0, self.last.size)
        return list(split_entries((self.root / key).read_bytes(), key))

    def put_entries(self, entries: list[bytes], *, tiles: bool) -> None:
        for level in ("entries", 0) if tiles else ("entries",):
            for path in self.root.glob(f"custody/tile/{level}/000.p/*"):
                path.unlink()
        if tiles:
            Tiles(self.storage).append(0, entries)
        else:
            data = b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)
            (self.root / tile_key("entries", 0, self.last.size)).write_bytes(data)

    def sign(self, key: FileKey, size: int, root: bytes, name: str = CHECKPOINT_KEY) -> None:
        note = str(signed(Checkpoint(ORIGIN, size, root), [key], 0))
        for target in {name, CHECKPOINT_KEY} if name == CHECKPOINT_KEY else {name}:
            (self.root / target).write_text(note)

    def new_log(self, key: FileKey) -> None:
        """A log of what there is now, as if it had been so from the first day."""
        shutil.rmtree(self.root / "custody")
        logging(self.root, key).begin(ORIGIN)


def plain_records(warc: bytes) -> list[bytes]:
    records = []
    while warc:
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        records.append(inflater.decompress(warc) + inflater.flush())
        warc = inflater.unused_data
    return records


def fitting(record: bytes) -> bytes:
    """A record with the digests and the length of what it holds now."""
    head, _, rest = record.partition(b"\r\n\r\n")
    block = rest.removesuffix(b"\r\n\r\n")
    head = re.sub(rb"(?<=WARC-Block-Digest: )\S+", labelled_digest(block).encode(), head)
    head = re.sub(rb"(?<=Content-Length: )\d+", b"%d" % len(block), head)
    if b"WARC-Type: response" in head:
        head = re.sub(rb"(?<=WARC-Payload-Digest: )\S+", labelled_digest(entity_body(block)).encode(), head)
    return head + b"\r\n\r\n" + block + b"\r\n\r\n"


def replaced(old: bytes, new: bytes) -> Callable[[list[bytes]], list[bytes]]:
    def change(records: list[bytes]) -> list[bytes]:
        assert any(old in record for record in records)
        return [record.replace(old, new) for record in records]

    return change


Forgery = Callable[[Forger], None]
FORGERIES: list[tuple[Forgery, FaultKind | str, str, bool]] = []


def forgery(found: FaultKind | str, told: str, *, unseen: bool = False) -> Callable[[Forgery], Forgery]:
    """`found` is the fault that names it, or ``waiting`` and ``late`` for the lists; `told` stands in its words."""

    def register(forge: Forgery) -> Forgery:
        FORGERIES.append((forge, found, told, unseen))
        return forge

    return register


@forgery(FaultKind.WRONG_DIGEST, "altered afterwards", unseen=True)
def alter_a_word_and_rebuild_everything(f: Forger) -> None:
    f.rewrite(replaced(b"was late", b"was calm"))


@forgery(FaultKind.WRONG_DIGEST, "altered afterwards", unseen=True)
def date_it_back(f: Forger) -> None:
    f.rewrite(replaced(b"WARC-Date: 2026-03-01T08", b"WARC-Date: 2024-03-01T08"))


@forgery(FaultKind.WRONG_DIGEST, "altered afterwards", unseen=True)
def move_it_to_another_address(f: Forger) -> None:
    f.rewrite(replaced(b"http://harbour.example/1/2", b"http://fortune.example/1/2"))


@forgery(FaultKind.WRONG_DIGEST, "altered afterwards", unseen=True)
def let_another_machine_have_sent_it(f: Forger) -> None:
    f.rewrite(replaced(b"WARC-IP-Address: 192.0.2.1", b"WARC-IP-Address: 198.51.1.9"))


@forgery(FaultKind.WRONG_DIGEST, "altered afterwards", unseen=True)
def alter_a_request(f: Forger) -> None:
    f.rewrite(replaced(b"Host: example.org", b"Host: example.net"))


def exchange_of(records: list[bytes], number: int) -> list[int]:
    """Where the records of an exchange are: all that name its response, and the response itself."""
    at = [position for position, record in enumerate(records) if b"WARC-Type: response" in record][number]
    name = re.findall(rb"WARC-Record-ID: (\S+)", records[at])[0]
    return [position for position, record in enumerate(records) if name in record.partition(b"\r\n\r\n")[0]]


@forgery(FaultKind.WRONG_DIGEST, "altered afterwards", unseen=True)
def drop_an_exchange(f: Forger) -> None:
    def change(records: list[bytes]) -> list[bytes]:
        gone = exchange_of(records, 3)
        return [record for position, record in enumerate(records) if position not in gone]

    f.rewrite(change)


@forgery(FaultKind.WRONG_DIGEST, "altered afterwards", unseen=True)
def drop_a_request(f: Forger) -> None:
    def change(records: list[bytes]) -> list[bytes]:
        gone = [position for position in exchange_of(records, 2) if b"WARC-Type: request" in records[position]]
        return [record for position, record in enumerate(records) if position not in gone]

    f.rewrite(change)


@forgery(FaultKind.WRONG_DIGEST, "altered afterwards", unseen=True)
def add_an_exchange(f: Forger) -> None:
    def change(records: list[bytes]) -> list[bytes]:
        more = [records[position] for position in exchange_of(records, 2)]
        for name in re.findall(rb"WARC-Record-ID: <urn:uuid:(\S+)>", b"".join(more)):
            more = [record.replace(name, name[::-1][:8] + name[8:]) for record in more]
        return [*records, *(record.replace(b"/1/2", b"/1/9") for record in more)]

    f.rewrite(change)


@forgery(FaultKind.WRONG_DIGEST, "altered afterwards", unseen=True)
def change_the_order(f: Forger) -> None:
    def change(records: list[bytes]) -> list[bytes]:
        one, other = exchange_of(records, 1), exchange_of(records, 4)
        for here, there in zip(one, other, strict=True):
            records[here], records[there] = records[there], records[here]
        return records

    f.rewrite(change)


@forgery(FaultKind.UNEXPLAINED_CHANGE, "the capture was rewritten", unseen=True)
def rewrite_by_a_later_manifest(f: Forger) -> None:
    f.rewrite(replaced(b"was late", b"was calm"), revision=2)


@forgery(FaultKind.UNEXPLAINED_CHANGE, "no redaction tells why")
def redact_without_an_account(f: Forger) -> None:
    name = SegmentName.parse(f.names[0])
    found = newest_manifest(f.storage, name)
    assert found is not None
    path = f.root / name.warc_key
    path.write_bytes(
        path.read_bytes() + tombstone(400, FixedClockAndIds().record_id(), datetime(2026, 3, 5, tzinfo=UTC), "?")
    )
    made = found[0].model_copy(
        update={"warc": found[0].warc.model_copy(update={"sha256": file_sha256(path), "size": path.stat().st_size})}
    )
    (f.root / name.revised(name.manifest_key, 2)).write_bytes(made.to_bytes())
    f.refit_inventory()


@forgery(FaultKind.MISSING_OBJECT, "it was removed", unseen=True)
def drop_a_segment(f: Forger) -> None:
    f.drop(2)


@forgery(FaultKind.MISSING_OBJECT, "it was removed", unseen=True)
def drop_the_newest_day(f: Forger) -> None:
    f.drop(3)


@forgery("waiting", "manifests/2026/03/02/", unseen=True)
def add_a_segment_of_a_day_long_past(f: Forger) -> None:
    a_segment(f.place, f.storage, 2, sites="herring")


@forgery(FaultKind.NOT_LOGGED, "behind their back", unseen=True)
def slip_in_a_segment(f: Forger) -> None:
    held = {path: path.read_bytes() for path in f.root.glob("holdings/**/*.json")}
    a_segment(f.place, f.storage, 2, sites="herring")
    shutil.rmtree(f.root / "holdings")
    for path, data in held.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@forgery("late", "closed 2026-02-", unseen=True)
def have_a_segment_logged_that_is_dated_back(f: Forger) -> None:
    shutil.rmtree(f.place / "spool", ignore_errors=True)
    clock = FixedClockAndIds(datetime(2026, 2, 1, tzinfo=UTC))
    writing = SegmentWriter(
        f.place / "spool", SegmentName.new("herring", 1, clock), clock_and_ids=clock, software="x"
    )
    writing.append(exchange(discovery=Discovery(role=Role.OTHER)))
    publish_segment(f.storage, writing.close())
    logging(f.root, f.stolen).run()


@forgery(FaultKind.MISSING_OBJECT, "it was removed", unseen=True)
def rename_a_segment(f: Forger) -> None:
    old = f.names[0]
    for path in [*f.root.glob(f"*/**/{old}*")]:
        target = path.with_name(path.name.replace("harbour-", "herring-"))
        data = path.read_bytes()
        path.unlink()
        target.write_bytes(
            data.replace(old.encode(), old.replace("harbour-", "herring-").encode())
            if path.suffix in (".json", ".cdxj")
            else data
        )
    for path in f.root.glob("manifests/**/herring*.json"):
        facts = json.loads(path.read_text())
        facts["cdxj"]["sha256"] = file_sha256(f.root / facts["cdxj"]["key"])
        facts["cdxj"]["size"] = (f.root / facts["cdxj"]["key"]).stat().st_size
        path.write_text(json.dumps(facts))
    f.refit_inventory()


@forgery(FaultKind.WRONG_DIGEST, "altered afterwards", unseen=True)
def alter_when_a_segment_was_closed(f: Forger) -> None:
    path = next(f.root.glob(f"manifests/**/{f.names[0]}.json"))
    path.write_text(re.sub(r'"closed": "2026', '"closed": "2025', path.read_text()))
    f.refit_inventory()


@forgery(FaultKind.WRONG_DIGEST, "altered afterwards", unseen=True)
def edit_the_records(f: Forger) -> None:
    manifest = next(f.root.glob(f"records/**/{f.names[0]}.json"))
    completion = parse_completion(manifest.read_bytes(), "x")
    table = f.root / completion.records.key
    table.write_bytes(gzip.compress(b"", 1, mtime=7))
    part = completion.records.model_copy(update={"sha256": file_sha256(table), "size": table.stat().st_size})
    manifest.write_bytes(completion.model_copy(update={"records": part}).to_bytes())
    f.refit_inventory()


@forgery(FaultKind.MISSING_OBJECT, "it was removed", unseen=True)
def drop_the_records_of_a_segment(f: Forger) -> None:
    for path in f.root.glob(f"records/**/{f.names[1]}*"):
        path.unlink()
    f.refit_inventory()


def _edit_the_data_set(f: Forger, change: Callable[[dict[str, object]], object]) -> None:
    table, path = f.root / "datasets/ferries/1/jsonl/train.jsonl", f.root / "datasets/ferries/1/manifest.json"
    table.write_bytes(table.read_bytes().replace(b"/1/1", b"/9/9"))
    facts = json.loads(path.read_text())
    facts["files"][0]["sha256"] = file_sha256(table)
    change(facts)
    path.write_text(json.dumps(facts))


@forgery(FaultKind.WRONG_DIGEST, "altered afterwards", unseen=True)
def edit_a_data_set(f: Forger) -> None:
    _edit_the_data_set(f, lambda facts: facts)
    f.refit_inventory()


@forgery(FaultKind.UNEXPLAINED_CHANGE, "name different ones under this key", unseen=True)
def edit_a_data_set_and_have_it_logged(f: Forger) -> None:
    _edit_the_data_set(f, lambda facts: facts.update(rows=2))
    data = (f.root / "datasets/ferries/1/manifest.json").read_bytes()
    note_manifest(f.storage, DATASETS, "datasets/ferries/1/manifest.json", data)
    logging(f.root, f.stolen).run()


@forgery(FaultKind.MISSING_OBJECT, "it was removed", unseen=True)
def drop_a_data_set(f: Forger) -> None:
    shutil.rmtree(f.root / "datasets")
    f.refit_inventory()


@forgery(FaultKind.WRONG_DIGEST, "altered afterwards", unseen=True)
def give_another_reason_for_a_redaction(f: Forger) -> None:
    path = next(f.root.glob("redactions/2026/**/*.json"))
    path.write_text(path.read_text().replace("asked by its author", "a court's order"))
    f.refit_inventory()


@forgery(FaultKind.MISSING_OBJECT, "it was removed", unseen=True)
def hide_a_redaction(f: Forger) -> None:
    next(f.root.glob("redactions/2026/**/*.json")).unlink()
    f.refit_inventory()


@forgery(FaultKind.MISSING_OBJECT, "it was removed", unseen=True)
def remove_an_access_rule(f: Forger) -> None:
    shutil.rmtree(f.root / "access")
    f.refit_inventory()


@forgery(FaultKind.NOT_LOGGED, "behind their back", unseen=True)
def slip_in_the_end_of_an_access_rule(f: Forger) -> None:
    path = f.root / "access/lifts/20260305-1.json"
    path.parent.mkdir()
    path.write_text('{"rule": "20260305-1"}')


@forgery(FaultKind.WRONG_DIGEST, "the inventory was altered", unseen=True)
def forge_the_inventory(f: Forger) -> None:
    shutil.rmtree(f.root / "holdings/redactions")
    paths = sorted(f.root.glob("holdings/datasets/*.json"))
    facts = json.loads(paths[0].read_text())
    facts["key"], facts["sha256"] = "redactions/none.json", "00" * 32
    (f.root / "redactions/none.json").write_text("{}")
    facts["sha256"] = file_sha256(f.root / "redactions/none.json")
    paths[0].write_text(json.dumps(facts))


@forgery(FaultKind.LOG_DIFFERS, "was altered")
def alter_an_entry(f: Forger) -> None:
    f.put_entries([entry.replace(b'"kind":"segment"', b'"kind":"records"') for entry in f.bundle()], tiles=False)


@forgery(FaultKind.LOG_DIFFERS, "lead to the root")
def alter_an_entry_and_its_tile(f: Forger) -> None:
    f.put_entries([entry.replace(b"2026-03-01", b"2025-03-01") for entry in f.bundle()], tiles=True)


@forgery(FaultKind.LOG_DIFFERS, "lead to the root")
def change_the_order_of_entries(f: Forger) -> None:
    first, *others = f.bundle()
    f.put_entries([first, *others[::-1]], tiles=True)


@forgery(FaultKind.BAD_SIGNATURE, "was altered")
def put_another_root_into_the_checkpoint(f: Forger) -> None:
    f.put_entries([entry.replace(b"2026-03-01", b"2025-03-01") for entry in f.bundle()], tiles=True)
    size, note = f.last.size, (f.root / CHECKPOINT_KEY).read_text()
    forged = Checkpoint(ORIGIN, size, Tiles(f.storage).root(size))
    (f.root / CHECKPOINT_KEY).write_text(note.replace(f.last.text, forged.text))


@forgery(FaultKind.BAD_SIGNATURE, "no known key has signed it")
def sign_a_new_log_with_a_key_of_ones_own(f: Forger) -> None:
    f.rewrite(replaced(b"was late", b"was calm"))
    f.new_log(f.own)


@forgery(FaultKind.OTHER_HISTORY, "two histories")
def sign_a_new_log_with_the_stolen_key(f: Forger) -> None:
    size = f.last.size
    f.rewrite(replaced(b"was late", b"was calm"))
    f.new_log(f.stolen)
    for _ in range(size - f.last.size):
        logging(f.root, f.stolen).add(LogEntry(kind=EntryKind.KEY, at="", reason="to be as long"))
    logging(f.root, f.stolen).run()
    assert f.last.size >= size


@forgery(FaultKind.OTHER_HISTORY, "two histories")
def sign_two_histories(f: Forger) -> None:
    size = f.last.size
    f.sign(f.stolen, size, leaf_hash(b"another history"), signed_key(size))


@forgery(FaultKind.SET_BACK, "an older one was put back")
def replay_an_old_checkpoint(f: Forger) -> None:
    sizes = sorted(int(path.name) for path in (f.root / "custody/checkpoints").iterdir())
    (f.root / CHECKPOINT_KEY).write_text((f.root / signed_key(sizes[-2])).read_text())


@forgery(FaultKind.SET_BACK, "its end was cut off", unseen=True)
def set_everything_back_by_a_day(f: Forger) -> None:
    shutil.rmtree(f.root)
    shutil.copytree(f.earlier, f.root)


@forgery(FaultKind.SET_BACK, "here is none", unseen=True)
def remove_the_log(f: Forger) -> None:
    shutil.rmtree(f.root / "custody")


@forgery(FaultKind.MISSING_OBJECT, "it has no checkpoint", unseen=True)
def remove_the_checkpoint(f: Forger) -> None:
    (f.root / CHECKPOINT_KEY).unlink()


@forgery(FaultKind.OTHER_HISTORY, "another archive", unseen=True)
def swap_two_archives(f: Forger) -> None:
    shutil.rmtree(f.root)
    other = Sequencer(f.storage, [f.own], FixedClockAndIds())
    other.begin("fortune.example/custody")
    a_segment(f.place, f.storage, 5, sites="fortune")
    other.run()


@forgery(FaultKind.BAD_SIGNATURE, "no key before it has signed")
def bring_in_a_key_of_ones_own(f: Forger) -> None:
    name = str(verifier_key(ORIGIN, f.own))
    logging(f.root, f.own).add(LogEntry(kind=EntryKind.KEY, at="", keys=(name,), reason="a yearly change"))


@forgery(FaultKind.BAD_SIGNATURE, "no known key has signed it")
def sign_with_a_key_that_was_revoked(f: Forger) -> None:
    name = str(verifier_key(ORIGIN, f.stolen))
    logging(f.root, f.stolen).add(LogEntry(kind=EntryKind.KEY, at="", revoked=(name,), reason="stolen"))


@forgery(FaultKind.LOG_DIFFERS, "this part of the log is missing")
def claim_more_than_there_is(f: Forger) -> None:
    f.sign(f.stolen, f.last.size + 1, leaf_hash(b"nothing"))


@forgery(FaultKind.LOG_DIFFERS, "missing")
def remove_a_tile(f: Forger) -> None:
    (f.root / tile_key(0, 0, f.last.size)).unlink()


def without_custody(root: Path, place: Path) -> list[Fault]:
    """What a look at everything but the log finds."""
    storage = LocalStorage(root)
    newest, checked, faults = completions(storage), [], []
    for manifest in segments(storage):
        checked.append(verify_segment(storage, manifest, newest.get(manifest.segment), place, deep=True))
        faults += checked[-1].faults
    faults += check_revisits(checked, {manifest.segment: manifest.warc.key for manifest in segments(storage)})
    faults += Holdings.of(storage).check(storage)
    for path in root.glob("datasets/*/*/manifest.json"):
        faults += verify_dataset(storage, DatasetManifest.model_validate_json(path.read_bytes()), lambda _: None)
    return faults


def judged(root: Path, sound: Sound) -> Audit:
    return audit(
        LocalStorage(root), trusted=[verifier_key(ORIGIN, sound.key)], kept=[("kept", sound.kept)], deep=True
    )


def test_the_archive_is_sound(sound: Sound, tmp_path: Path) -> None:
    assert without_custody(sound.root, tmp_path) == []
    found = judged(sound.root, sound)
    assert (found.faults, found.waiting, found.late) == ([], [], [])
    assert len(found.kept) == 1
    assert read_claim_keys(sound.root)


def read_claim_keys(root: Path) -> bool:
    return (root / claim_key(0)).exists()


@pytest.mark.parametrize(("forge", "kind", "told", "unseen"), FORGERIES, ids=[row[0].__name__ for row in FORGERIES])
def test_a_forgery_is_found_and_named(
    sound: Sound, tmp_path: Path, forge: Forgery, kind: FaultKind | str, told: str, unseen: bool
) -> None:
    forger = Forger(sound, tmp_path)
    forge(forger)
    if unseen:
        assert without_custody(forger.root, tmp_path) == [], "a look without the log finds it too"
    found = judged(forger.root, sound)
    if isinstance(kind, FaultKind):
        assert any(fault.kind is kind and told in fault.detail for fault in found.faults), found.faults
    else:
        assert any(told in line for line in getattr(found, kind)), found


def test_there_are_enough() -> None:
    assert len(FORGERIES) >= 30
    assert sum(unseen for *_, unseen in FORGERIES) >= 10
