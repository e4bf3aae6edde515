"""Errors of the archive. Each says what the caller should do.

::

    ArchiveError
    ├── StorageError            the place where objects are kept did not do what was asked
    │   ├── StorageUnavailable  it can't be reached, or refuses for now: try again later
    │   ├── StorageRefused      it refuses (permissions, bucket, path): somebody has to change something
    │   ├── ObjectMissing       there is no object with that key
    │   └── ObjectExists        an object with that key already exists, and is never overwritten
    ├── DamagedArchive          stored bytes can't be read as what they should be
    ├── SegmentClosed           the segment takes no more records: open the next one
    ├── AccessRefused           an access rule keeps a capture from this reader
    └── BadAddress              an archive's location (directory or s3://…) makes no sense
"""

from __future__ import annotations


class ArchiveError(Exception):
    """Anything the archive reports. The message is one line fit for a person."""


class StorageError(ArchiveError):
    """The storage did not do what was asked."""


class StorageUnavailable(StorageError):
    """The storage can't be reached or is overloaded. Keep the local copy and try again later."""


class StorageRefused(StorageError):
    """The storage refuses for a reason that waiting doesn't fix, such as missing permissions."""


class ObjectMissing(StorageError):
    """There is no object with this key."""


class ObjectExists(StorageError):
    """An object with this key exists; nothing was written."""


class DamagedArchive(ArchiveError):
    """Stored bytes are not what they should be. Restore them from another copy."""


class SegmentClosed(ArchiveError):
    """The segment is closed. Open another one."""


class AccessRefused(ArchiveError):
    """An access rule keeps a capture from this reader. The message names the rule."""


class BadAddress(ArchiveError):
    """The address of an archive is not a directory or an ``s3://bucket/prefix``."""
