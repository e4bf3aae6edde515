"""Deriving from captures that were read already, several at a time.

A page's way to another process and back, and reading it there once more, would cost a fair part of its extraction: so
whoever has read captures hands them over in batches, and gets back the text that is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Self

from archive.captures import Capture
from archive.derived import Derivation
from archive.languages import matches
from archive.outcomes import PageOutcome
from pipelines.outcome_lines import outcome_line

MOST_OF_PAGE = 16 << 20
"""Bytes of a response past which it is not read as a page: more than its text may have letters."""


class NotDerived(Enum):
    """Why there is nothing of a page."""

    NOT_SELECTED = auto()
    UNFINISHED = auto()
    """It hangs, or its process died: it has to be tried once more, with nothing else."""


@dataclass(frozen=True, slots=True)
class TextSelection:
    """Which pages are meant, by what they say; empty fields select all."""

    language: str = ""
    """A language range (RFC 4647, section 2.1). Pages that become no record are meant in any language."""
    words: tuple[str, ...] = ()
    """Words or phrases; a page with any of them is meant (see `pipelines.raw_words`)."""

    def takes(self, derivation: Derivation) -> bool:
        """Whether what was derived is meant: a record's language is known by then."""
        facts = derivation.facts
        return not self.language or facts is None or matches(self.language, facts.in_language)


@dataclass(frozen=True, slots=True)
class DerivedPage:
    """What is stored of a page."""

    outcome: PageOutcome
    line: str
    """Its outcome as a line of JSON."""
    record: str | None = None
    """The article as a line of JSON; None: there is none."""

    @classmethod
    def of(cls, derivation: Derivation) -> Self:
        """What is stored of a derivation."""
        line = derivation.line
        return cls(line.outcome, line.model_dump_json(by_alias=True), derivation.record)


@dataclass(frozen=True, slots=True)
class CaptureBatch:
    """Captures of one file that are derived from in the same way."""

    captures: tuple[Capture, ...]
    """Of each at most `MOST_OF_PAGE` bytes were read."""
    warc_key: str
    configuration: bytes
    """Canonical JSON of the extraction rules in force."""
    selection: TextSelection = field(default_factory=TextSelection)

    @property
    def size(self) -> int:
        """Bytes of their responses."""
        return sum(len(capture.response) for capture in self.captures)

    def each(self) -> list[CaptureBatch]:
        """Batches of one capture."""
        return [replace(self, captures=(capture,)) for capture in self.captures]

    def without(self, outcome: PageOutcome, detail: str) -> DerivedPage:
        """What there is of its only capture when its extraction came to no end."""
        (capture,) = self.captures
        return DerivedPage.of(Derivation(outcome_line(capture, outcome, detail)))
