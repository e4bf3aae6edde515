"""Where bulk work reads and writes, in a form that can be sent to any process."""

from __future__ import annotations

from dataclasses import dataclass

from archive.storage.opening import open_storage
from archive.storage.protocol import Storage
from archive.storage.s3_options import S3Options


@dataclass(frozen=True, slots=True)
class BulkStorages:
    """Where segments are read, and where goes what comes of them."""

    source: str
    target: str
    """Addresses, as the command line has them."""
    s3: S3Options

    def storages(self) -> tuple[Storage, Storage]:
        """The two."""
        source = open_storage(self.source, self.s3)
        return source, source if self.target == self.source else open_storage(self.target, self.s3)
