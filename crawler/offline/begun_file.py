"""The result of extracting from one file while it is being made, so that it can be resumed after a kill."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from pydantic import ValidationError

from archive.outcomes import PageOutcome, PageOutcomeLine


@dataclass(slots=True)
class BegunFile:
    """Records and outcomes under the names that they have until they are complete."""

    target: Path
    """What the records are called when they are complete."""
    done: list[str] = field(default_factory=list)
    """Outcomes of the pages that are done."""
    last: tuple[int, UUID] | None = None
    """Place and record id of the last page that is done."""

    @property
    def records(self) -> Path:
        """The records."""
        return self.target.with_name(f"{self.target.name}.part")

    @property
    def outcomes(self) -> Path:
        """The outcomes."""
        return self._last_outcomes.with_name(f"{self._last_outcomes.name}.part")

    @property
    def _last_outcomes(self) -> Path:
        return self.target.with_name(f"{self.target.name.removesuffix('.jsonl')}.outcomes.jsonl")

    @property
    def _of(self) -> Path:
        return self.target.with_name(f"{self.target.name}.part-of")

    @classmethod
    def of(cls, target: Path, fingerprint: str) -> BegunFile:
        """What an earlier run left of the same work, cut to whole pages; else nothing. Raises OSError."""
        begun = cls(target)
        if begun._of.exists() and begun._of.read_text(encoding="ascii") == fingerprint:
            begun._take_up()
        else:
            for path in (begun.records, begun.outcomes):
                path.unlink(missing_ok=True)
            begun._of.write_text(fingerprint, encoding="ascii")
        return begun

    def complete(self) -> None:
        """Give both their last names. Raises OSError."""
        self.outcomes.replace(self._last_outcomes)
        self.records.replace(self.target)  # last: it says that both are there
        self._of.unlink(missing_ok=True)

    def _take_up(self) -> None:
        size = 0
        articles = 0
        for raw in _whole_lines(self.outcomes):
            try:
                line = PageOutcomeLine.model_validate_json(raw)
            except ValidationError:
                break
            size += len(raw)
            self.done.append(line.outcome.value)
            articles += line.outcome is PageOutcome.RECORD
            self.last = (line.offset, line.record_id)
        # A record is written before its outcome: one more than there are outcomes is of a page that is done again
        records = _whole_lines(self.records)[:articles]
        if len(records) < articles:
            self.done, self.last, size, records = [], None, 0, []
        _cut(self.outcomes, size)
        _cut(self.records, sum(map(len, records)))


def _whole_lines(path: Path) -> list[bytes]:
    if not path.exists():
        return []
    return [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def _cut(path: Path, size: int) -> None:
    if path.exists():
        with path.open("r+b") as file:
            file.truncate(size)
