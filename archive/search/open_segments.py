"""The segments that this machine still writes: a temporary index of their records, which is never published.

It is made from the journals of derivations in the spool (`archive.derived.DerivedFiles`) and follows them as they
grow. Journals that are gone, or that a split answers for, are no more in it once it is made anew; that is done when a
third of it is of that kind, and whenever it cannot be trusted: another analysis, another format, a writer that died,
a journal that is shorter than before. A redaction removes it.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel, ValidationError

from archive.article import Article
from archive.derived import JOURNAL_SUFFIX, journal_articles
from archive.durable import write_durably
from archive.search.analysis import ANALYSIS
from archive.search.documents import document_of, record_of, segment_number
from archive.search.engine import engine, index_format, new_index, open_index, schema, writer_of

_TRUSTED_SHARE = 2 / 3


class _Journal(BaseModel):
    file: str
    size: int = 0
    """Bytes that are taken in."""
    articles: int = 0


class _Contents(BaseModel):
    kind: str
    """Analysis and format."""
    number: int = 0
    """Counts up with each that is made anew; the name of its directory."""
    is_whole: bool = True
    """False while something is taken in: whoever finds it so knows that a writer died."""
    journals: dict[str, _Journal] = {}
    """By segment."""


class OpenSegments:
    """The temporary index of one machine."""

    def __init__(self, directory: Path, spool: Path) -> None:
        """`directory` need not exist yet."""
        self._home = directory
        self._spool = spool
        self._contents = self._read()

    @property
    def directory(self) -> Path:
        """Where the index is, as it was last refreshed."""
        return self._home / f"{self._contents.number:06d}"

    @property
    def version(self) -> str:
        """Another one whenever something was taken in."""
        sizes = sorted((name, journal.size) for name, journal in self._contents.journals.items())
        return f"{self._contents.number} {sizes}" if sizes else ""

    def refresh(self, stored: Container[str]) -> list[str]:
        """Take in what was derived since; the segments that it answers for. `stored` are those that it does not.

        Raises OSError.
        """
        journals = {path.name.partition(".")[0]: path for path in sorted(self._spool.glob(f"*{JOURNAL_SUFFIX}"))}
        wanted = {name: path for name, path in journals.items() if name not in stored}
        if not wanted and not self._contents.journals:
            return []
        with self._locked():
            self._contents = self._read()
            if self._is_worn(wanted):
                self._begin_anew()
            self._take_in(wanted)
            return sorted(name for name in wanted if self._contents.journals[name].articles)

    def read(self, segment: str, place: int, record_id: UUID) -> Article | None:
        """The record at a place of a segment's journal; None when the journal is gone."""
        journal = self._contents.journals.get(segment)
        if journal is None:
            return None
        try:
            _, _, line = next(journal_articles(self._spool / journal.file, place))
            article = Article.model_validate_json(line)
        except (OSError, ValueError, StopIteration):
            return None
        return article if article.id == record_id else None

    def _is_worn(self, wanted: dict[str, Path]) -> bool:
        """Whether the index is none, or of too much that is not wanted."""
        known = self._contents.journals
        if self._contents.kind != _kind() or not self._contents.is_whole or not self.directory.is_dir():
            return True
        if any(name in known and path.stat().st_size < known[name].size for name, path in wanted.items()):
            return True
        held = sum(journal.articles for journal in known.values())
        return sum(known[name].articles for name in wanted if name in known) < held * _TRUSTED_SHARE

    def _begin_anew(self) -> None:
        for former in self._home.glob("[0-9]*"):
            shutil.rmtree(former, ignore_errors=True)
        self._contents = _Contents(kind=_kind(), number=self._contents.number + 1)
        self.directory.mkdir(parents=True)
        new_index(self.directory)
        self._write()

    def _take_in(self, wanted: dict[str, Path]) -> None:
        grown = [
            (name, path)
            for name, path in wanted.items()
            if path.stat().st_size > self._contents.journals.get(name, _Journal(file="")).size
        ]
        for name, path in wanted.items():
            self._contents.journals.setdefault(name, _Journal(file=path.name))
        if not grown:
            return
        self._contents.is_whole = False
        self._write()
        writer = writer_of(open_index(self.directory))
        for name, path in grown:
            known = self._contents.journals[name]
            number = segment_number("", name)
            for place, end, line in journal_articles(path, known.size):
                known.size = end
                try:
                    document = document_of(record_of(line), number, place) if line else None
                except (ValueError, KeyError, TypeError, AttributeError):
                    continue
                if document is not None:
                    writer.add_document(engine().Document.from_dict(document, schema()))
                    known.articles += 1
        writer.commit()
        writer.wait_merging_threads()
        self._contents.is_whole = True
        self._write()

    def _read(self) -> _Contents:
        try:
            return _Contents.model_validate_json((self._home / "contents.json").read_bytes())
        except (OSError, ValidationError):
            return _Contents(kind="")

    def _write(self) -> None:
        new = self._home / "contents.json.new"
        write_durably(new, self._contents.model_dump_json().encode())
        new.replace(self._home / "contents.json")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._home.mkdir(parents=True, exist_ok=True)
        with (self._home / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _kind() -> str:
    return f"{ANALYSIS} {index_format()}"
