"""What can be wrong with a stored archive: one kind for each thing that is checked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What is not as it should be."""

    MISSING_OBJECT = "missing_object"
    """A manifest names an object that is not there."""
    WRONG_SIZE = "wrong_size"
    """An object has another length than its manifest says."""
    WRONG_DIGEST = "wrong_digest"
    """An object's bytes are not those that its manifest was made of."""
    BAD_MANIFEST = "bad_manifest"
    """A manifest cannot be read."""
    BROKEN_MEMBER = "broken_member"
    """Bytes of a WARC that are no whole gzip member."""
    BROKEN_RECORD = "broken_record"
    """A gzip member that does not hold exactly one well-formed record."""
    RECORDS_ROOT = "records_root"
    """The records are not those, or not in the order, that the manifest's root stands for."""
    BLOCK_DIGEST = "block_digest"
    """A block is not what its record's digest says."""
    PAYLOAD_DIGEST = "payload_digest"
    """A payload is not what its record's digest says."""
    UNKNOWN_DIGEST = "unknown_digest"
    """A digest of an algorithm that is not known here: what it is of could not be checked."""
    DANGLING_REFERENCE = "dangling_reference"
    """A record refers to another one of its segment that is not there."""
    DANGLING_REVISIT = "dangling_revisit"
    """A revisit whose original is not in the archive, or is cut short."""
    INDEX_DIFFERS = "index_differs"
    """The index is not the one that the WARC gives."""
    WRONG_ADDRESS = "wrong_address"
    """A record or page outcome that does not point at the capture it names."""
    OUTCOMES_DIFFER = "outcomes_differ"
    """A page without outcome, with two, or an article that no outcome mentions."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong."""

    kind: FaultKind
    key: str
    """Key of the object."""
    detail: str
    """Where and what, in one line."""
