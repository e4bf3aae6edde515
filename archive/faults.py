"""What can be wrong with a stored archive: one kind for each check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What is wrong."""

    MISSING_OBJECT = "missing_object"
    """A manifest names an object that does not exist."""
    WRONG_SIZE = "wrong_size"
    """An object's size differs from its manifest."""
    WRONG_DIGEST = "wrong_digest"
    """An object's bytes differ from the digest in its manifest."""
    BAD_MANIFEST = "bad_manifest"
    """A manifest can't be read."""
    BROKEN_MEMBER = "broken_member"
    """A WARC contains bytes that are not a complete gzip member."""
    BROKEN_RECORD = "broken_record"
    """A gzip member does not contain exactly one well-formed record."""
    DUPLICATE_ID = "duplicate_id"
    """Two records of a segment with the same id (an imported file may hold such)."""
    RECORDS_ROOT = "records_root"
    """The records, or their order, differ from the Merkle root in the manifest."""
    BLOCK_DIGEST = "block_digest"
    """A block does not match its record's digest."""
    PAYLOAD_DIGEST = "payload_digest"
    """A payload does not match its record's digest."""
    UNKNOWN_DIGEST = "unknown_digest"
    """A digest uses an unknown algorithm, so nothing could be checked against it."""
    DANGLING_REFERENCE = "dangling_reference"
    """A record refers to another record of its segment that does not exist."""
    DANGLING_REVISIT = "dangling_revisit"
    """The original of a revisit is not in the archive, or is truncated."""
    INDEX_DIFFERS = "index_differs"
    """The index does not match the WARC."""
    WRONG_ADDRESS = "wrong_address"
    """An article record or page outcome does not point to the capture it names."""
    OUTCOMES_DIFFER = "outcomes_differ"
    """A page has no outcome, or two, or an article record has no matching outcome."""
    BAD_SIGNATURE = "bad_signature"
    """A checkpoint of the log of custody is not signed by a trusted key, or was altered."""
    LOG_DIFFERS = "log_differs"
    """Entries or tiles of the log do not match its signed checkpoint."""
    OTHER_HISTORY = "other_history"
    """The log does not continue a checkpoint that was kept: the past was rewritten."""
    SET_BACK = "set_back"
    """The log, or its checkpoint, is older than a known one: its end was cut off."""
    NOT_LOGGED = "not_logged"
    """A manifest is neither in the log nor waiting to be logged."""
    UNEXPLAINED_CHANGE = "unexplained_change"
    """A segment's later manifest contradicts an earlier one, and no redaction explains it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong."""

    kind: FaultKind
    key: str
    """Key of the object."""
    detail: str
    """Where and what, in one line."""
