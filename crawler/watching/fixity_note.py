"""When this archive was last verified, as this machine knows it.

`newswarc verify` writes each result to the archive (`archive.fixity`) and notes it in the state, where it is found
without asking the storage. Of an archive in a directory, results of other machines are found too.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import AwareDatetime, BaseModel, ValidationError

from archive.durable import write_durably
from archive.errors import DamagedArchive, StorageError
from archive.fixity import FixityResult, fixity_history
from archive.storage.local import LocalStorage
from crawler.config import Configuration

_FILE = "fixity.json"


class NotedFixity(BaseModel):
    """The newest verifications."""

    verified: AwareDatetime | None = None
    """The newest, whether it read every byte or not."""
    read: AwareDatetime | None = None
    """The newest that read every byte."""
    faults: int = 0
    """What the newest found."""

    def with_result(self, result: FixityResult) -> NotedFixity:
        """The note, when a verification is newer than those it knows."""
        newest = self.verified is None or result.date >= self.verified
        reads = result.deep and (self.read is None or result.date >= self.read)
        return NotedFixity(
            verified=result.date if newest else self.verified,
            read=result.date if reads else self.read,
            faults=sum(result.counts.values()) if newest else self.faults,
        )


@dataclass(frozen=True, slots=True)
class FixityStatus:
    """The same as moments: seconds since 1970; 0 is never."""

    verified: float = 0.0
    """When the archive was last verified."""
    read: float = 0.0
    """When every byte was last read."""
    faults: int = 0
    """What the last verification found."""


def note_fixity(configuration: Configuration, result: FixityResult) -> None:
    """Note the result of a verification of a whole archive, where there is a state directory that can be written."""
    path = configuration.state_directory / _FILE
    if not path.parent.is_dir():
        return
    new = path.with_suffix(".new")
    try:
        write_durably(new, _noted(configuration).with_result(result).model_dump_json().encode())
        new.replace(path)
    except OSError:
        return  # a state that cannot be written, as on a read-only disk: the archive has the result


def fixity_status(configuration: Configuration) -> FixityStatus:
    """What is known on this machine."""
    noted = _noted(configuration)
    directory = configuration.archive_address.directory
    if directory is not None:
        try:
            for result in fixity_history(LocalStorage(directory)):
                if result.shard == "1/1":
                    noted = noted.with_result(result)
        except (StorageError, DamagedArchive):
            pass  # the note has to do; verify names what is damaged
    return FixityStatus(
        noted.verified.timestamp() if noted.verified else 0.0,
        noted.read.timestamp() if noted.read else 0.0,
        noted.faults,
    )


def _noted(configuration: Configuration) -> NotedFixity:
    try:
        return NotedFixity.model_validate_json((configuration.state_directory / _FILE).read_bytes())
    except (OSError, ValidationError):
        return NotedFixity()
