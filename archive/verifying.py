"""Checking a stored segment against its manifest, its records and its digests: nothing is taken on trust.

Each gzip member is unpacked on its own and its record read to the byte; digests are recomputed; the index is made
again from the WARC and compared; every article and page outcome has to point at the capture it names.
"""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from archive.article import WarcAddress
from archive.captures import WarcRecord, iterate_records, record_uuid
from archive.cdxj import sorted_index
from archive.derived import read_articles, read_outcomes
from archive.errors import DamagedArchive, ObjectMissing
from archive.exchange import Role
from archive.faults import Fault, FaultKind
from archive.http1 import BadMessage, entity_body, parse_head
from archive.indexing import WarcIndexing
from archive.layout import is_imported
from archive.manifests import CompletionManifest, Manifest, StoredFile, file_sha256
from archive.members import DIGEST_ALGORITHMS, DigestCheck, check_digest, labelled_digest, parse_warc_fields
from archive.outcomes import PageOutcome
from archive.records_tree import RecordsTree, is_tombstone
from archive.recovery import members_with_leaves
from archive.storage.protocol import Storage


@dataclass(slots=True)
class Verification:
    """The faults of a segment, and what has to be looked up in other segments."""

    segment: str
    faults: list[Fault] = field(default_factory=list)
    records: int = 0
    originals: set[UUID] = field(default_factory=set)
    """Captures that a revisit may stand for."""
    revisits: list[tuple[int, UUID]] = field(default_factory=list)
    """Offset of each revisit, and the record it refers to."""


def verify_segment(
    storage: Storage, manifest: Manifest, completion: CompletionManifest | None, scratch: Path, *, deep: bool
) -> Verification:
    """Check a segment; not `deep`, only that its objects are there in their lengths.

    `scratch` is a directory for copies. Raises StorageUnavailable or StorageRefused.
    """
    found = Verification(manifest.segment)
    parts = [manifest.warc, manifest.cdxj]
    parts += [completion.records, completion.outcomes] if completion else []
    sound = {part.key for part in parts if _is_there(storage, part, found)}
    if not deep:
        return found
    files = {part.key: storage.fetch(part.key, scratch) for part in parts if part.key in sound}
    for part in parts:
        if part.key in files and file_sha256(files[part.key]) != part.sha256:
            found.faults.append(Fault(FaultKind.WRONG_DIGEST, part.key, f"SHA-256 is not {part.sha256}"))
    if manifest.warc.key in files:
        contents = _SegmentCheck(manifest, found).run(files[manifest.warc.key])
        if manifest.cdxj.key in files:
            _check_index(contents, files[manifest.cdxj.key], manifest.cdxj.key, found)
        if completion and {completion.records.key, completion.outcomes.key} <= files.keys():
            check = _RecordsCheck(contents.pages, manifest, completion)
            found.faults += check.run(files[completion.records.key], files[completion.outcomes.key])
    return found


def check_revisits(verifications: list[Verification], key_of: dict[str, str]) -> list[Fault]:
    """Revisits whose original is in none of the segments; `key_of` gives a segment's WARC."""
    originals = {record_id for verification in verifications for record_id in verification.originals}
    return [
        Fault(FaultKind.DANGLING_REVISIT, key_of[verification.segment], f"at {offset}: no capture {target}")
        for verification in verifications
        for offset, target in verification.revisits
        if target not in originals
    ]


def _is_there(storage: Storage, part: StoredFile, found: Verification) -> bool:
    try:
        size = storage.stat(part.key).size
    except ObjectMissing:
        found.faults.append(Fault(FaultKind.MISSING_OBJECT, part.key, "the manifest names it"))
        return False
    if size != part.size:
        found.faults.append(Fault(FaultKind.WRONG_SIZE, part.key, f"{size} bytes, not {part.size}"))
    return True


@dataclass(frozen=True, slots=True)
class _Page:
    """A capture of a page, as its segment has it."""

    record_id: UUID
    length: int


class _SegmentCheck:
    """Goes over a WARC once."""

    def __init__(self, manifest: Manifest, found: Verification) -> None:
        self.pages: dict[int, _Page] = {}
        self._index = WarcIndexing(manifest.warc.key)
        self._key = manifest.warc.key
        self._found = found
        self._ids: set[UUID] = set()
        self._references: list[tuple[int, UUID]] = []
        self._main: tuple[WarcRecord, int, int] | None = None
        self._is_imported = is_imported(manifest.segment)
        self._manifest = manifest
        self._tree = RecordsTree(manifest.removed_records)

    def run(self, warc: Path) -> _SegmentCheck:
        end = 0
        for offset, member, leaf in members_with_leaves(warc):
            end = offset + len(member)
            record = self._record(offset, member)
            self._tree.add(offset, leaf, tombstone=record is not None and is_tombstone(record))
            if record is not None:
                self._found.records += 1
                self._check(record, offset, len(member))
        if end != warc.stat().st_size:
            self._fault(FaultKind.BROKEN_MEMBER, end, "no whole gzip member begins here")
        else:
            self._check_tree()
        for offset, reference in self._references:
            if reference not in self._ids:
                self._fault(FaultKind.DANGLING_REFERENCE, offset, f"no record {reference}")
        return self

    @property
    def index_lines(self) -> list[bytes]:
        """The lines that an index of it should have."""
        return [f"{entry.line()}\n".encode() for entry in self._index.entries(sys.maxsize)]

    @property
    def former_index_lines(self) -> list[bytes]:
        """The lines that an index of it had that was made before 2026-12."""
        return [f"{entry.line()}\n".encode() for entry in self._index.former_entries()]

    def _fault(self, kind: FaultKind, offset: int, detail: str) -> None:
        self._found.faults.append(Fault(kind, self._key, f"at {offset}: {detail}"))

    def _check_tree(self) -> None:
        claimed, tree = self._manifest.records_root, self._tree
        if claimed and (tree.root, tree.records) != (claimed, self._manifest.records):
            detail = (
                f"the root over {tree.records} records is {tree.root}, not {claimed} over {self._manifest.records}"
            )
            self._found.faults.append(Fault(FaultKind.RECORDS_ROOT, self._key, detail))

    def _record(self, offset: int, member: bytes) -> WarcRecord | None:
        try:
            records = list(iterate_records(io.BytesIO(member)))
        except (DamagedArchive, ValueError) as error:
            self._fault(FaultKind.BROKEN_RECORD, offset, str(error))
            return None
        if len(records) != 1:
            self._fault(FaultKind.BROKEN_RECORD, offset, f"{len(records)} records in one gzip member")
            return None
        (record,) = records
        if len(record.block) != int(record.headers.get("Content-Length", "-1")):
            self._fault(FaultKind.BROKEN_RECORD, offset, "its block has another length than it says")
        return record

    def _check(self, record: WarcRecord, offset: int, length: int) -> None:
        if record.record_id in self._ids and not self._is_imported:
            self._fault(FaultKind.DUPLICATE_ID, offset, f"another record before it is {record.record_id} too")
        self._ids.add(record.record_id)
        self._check_digests(record, offset)
        self._index.add(record, offset, length)
        concurrent = record.headers.get("WARC-Concurrent-To")
        if concurrent and not self._is_imported:  # other programs' files may be parts of a whole
            self._references.append((offset, _referred(concurrent)))
        if record.kind in ("response", "revisit"):
            self._main = (record, offset, length)
            self._note_revisit(record, offset)
        elif record.kind == "metadata" and b"outcome: " in record.block:
            self._note_page(record, offset, length)

    def _note_revisit(self, record: WarcRecord, offset: int) -> None:
        if record.kind == "revisit":
            if "WARC-Refers-To" in record.headers or not self._is_imported:
                self._found.revisits.append((offset, _referred(record.headers.get("WARC-Refers-To", ""))))
        elif "WARC-Truncated" not in record.headers:
            self._found.originals.add(record.record_id)

    def _note_page(self, record: WarcRecord, offset: int, length: int) -> None:
        main, self._main = self._main, None
        if "WARC-Refers-To" in record.headers and (main is not None or not self._is_imported):
            self._references.append((offset, _referred(record.headers["WARC-Refers-To"])))
        if parse_warc_fields(record.block).get("role") == [Role.ARTICLE.value]:
            about, at, size = main or (record, offset, length)
            self.pages[at] = _Page(about.record_id, size)

    def _check_digests(self, record: WarcRecord, offset: int) -> None:
        claimed = record.headers.get("WARC-Block-Digest", "")
        if claimed or not self._is_imported:  # other programs leave it out
            check = check_digest(claimed, (record.block,))
            if check is DigestCheck.UNKNOWN and claimed:
                self._fault(FaultKind.UNKNOWN_DIGEST, offset, f"the block's digest cannot be checked: {claimed[:80]}")
            elif check is not DigestCheck.RIGHT:
                self._fault(FaultKind.BLOCK_DIGEST, offset, f"the block's digest is not {claimed or 'given'}")
        payload = record.headers.get("WARC-Payload-Digest", "")
        if record.kind == "response" and payload:
            self._check_payload(record, offset, payload)

    def _check_payload(self, record: WarcRecord, offset: int, claimed: str) -> None:
        try:
            payloads = [entity_body(record.block)]
            if self._is_imported:  # other programs take the digest with the chunks, see archive.foreign_warcs
                payloads.append(record.block[parse_head(record.block).length :])
        except BadMessage as error:
            if not self._is_imported:
                self._fault(FaultKind.PAYLOAD_DIGEST, offset, f"the payload's digest is {error}")
                return
            payloads = [record.block]  # other programs keep answers of other protocols too
        checks = [check_digest(claimed, (payload,)) for payload in payloads]
        if DigestCheck.UNKNOWN in checks:
            self._fault(FaultKind.UNKNOWN_DIGEST, offset, f"the payload's digest cannot be checked: {claimed[:80]}")
        elif DigestCheck.RIGHT not in checks:
            label = claimed.partition(":")[0].lower()
            actual = labelled_digest(payloads[0], label if label in DIGEST_ALGORITHMS else DIGEST_ALGORITHMS[0])
            self._fault(FaultKind.PAYLOAD_DIGEST, offset, f"the payload's digest is {actual}")


def _check_index(contents: _SegmentCheck, cdxj: Path, key: str, found: Verification) -> None:
    expected = sorted_index(contents.index_lines).splitlines()
    actual = cdxj.read_bytes().splitlines()
    if actual in (expected, sorted_index(contents.former_index_lines).splitlines()):
        return
    missing = sorted(set(expected) - set(actual))
    extra = sorted(set(actual) - set(expected))
    what = "missing" if missing else "not from the WARC" if extra else "in another order"
    line = (missing or extra or actual)[0].decode("utf-8", "replace")
    found.faults.append(Fault(FaultKind.INDEX_DIFFERS, key, f"{what}: {line[:200]}"))


class _RecordsCheck:
    """Holds articles and outcomes against the captures of their segment."""

    def __init__(self, pages: dict[int, _Page], manifest: Manifest, completion: CompletionManifest) -> None:
        self.faults: list[Fault] = []
        self._pages = pages
        self._warc_key = manifest.warc.key
        self._records_key = completion.records.key
        self._outcomes_key = completion.outcomes.key

    def run(self, records: Path, outcomes: Path) -> list[Fault]:
        try:
            outcome_of_record = self._outcomes(outcomes)
            articles = self._articles(records)
        except (OSError, DamagedArchive, ValueError) as error:
            self._fault(FaultKind.BROKEN_RECORD, self._records_key, f"can't be read: {error}")
            return self.faults
        for record_id in sorted(
            {page.record_id for page in self._pages.values()} - outcome_of_record.keys(), key=str
        ):
            self._fault(FaultKind.OUTCOMES_DIFFER, self._outcomes_key, f"{record_id}: no outcome")
        wanted = {record_id for record_id, outcome in outcome_of_record.items() if outcome is PageOutcome.RECORD}
        for record_id in sorted(wanted ^ articles, key=str):
            self._fault(FaultKind.OUTCOMES_DIFFER, self._records_key, f"{record_id}: an article or an outcome alone")
        return self.faults

    def _fault(self, kind: FaultKind, key: str, detail: str) -> None:
        self.faults.append(Fault(kind, key, detail))

    def _outcomes(self, path: Path) -> dict[UUID, PageOutcome]:
        outcome_of_record: dict[UUID, PageOutcome] = {}
        with path.open("rb") as stream:
            for line in read_outcomes(stream):
                page = self._pages.get(line.offset)
                if page is None or page.record_id != line.record_id:
                    self._fault(
                        FaultKind.WRONG_ADDRESS, self._outcomes_key, f"{line.record_id}: not at {line.offset}"
                    )
                if line.record_id in outcome_of_record:
                    self._fault(FaultKind.OUTCOMES_DIFFER, self._outcomes_key, f"{line.record_id}: two outcomes")
                outcome_of_record[line.record_id] = line.outcome
        return outcome_of_record

    def _articles(self, path: Path) -> set[UUID]:
        found: set[UUID] = set()
        with path.open("rb") as stream:
            for article in read_articles(stream):
                if article.id is None or article.warc is None or not self._points_home(article.id, article.warc):
                    self._fault(FaultKind.WRONG_ADDRESS, self._records_key, f"{article.id}: {article.warc}")
                if article.id is not None:
                    found.add(article.id)
        return found

    def _points_home(self, record_id: UUID, address: WarcAddress) -> bool:
        page = self._pages.get(address.offset)
        return (
            page == _Page(record_id, address.length)
            and address.record_id == record_id
            and address.file == self._warc_key
        )


def _referred(urn: str) -> UUID:
    """The record that a header names; none has the id of one that is no id."""
    try:
        return record_uuid(urn)
    except ValueError:
        return UUID(int=0)
