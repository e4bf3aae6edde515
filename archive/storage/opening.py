"""From an archive's address to its storage."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from archive.errors import BadAddress
from archive.storage.local import LocalStorage
from archive.storage.protocol import Storage
from archive.storage.s3_options import S3Options


def open_storage(address: str, s3: S3Options | None = None) -> Storage:
    """The storage at an address: a directory's path, ``file://…`` or ``s3://bucket/prefix``.

    `s3` says how a bucket is used. Raises BadAddress, or StorageRefused when boto3 cannot be set up. Nothing is
    contacted or created yet.
    """
    scheme, separator, rest = address.partition("://")
    if not separator:
        if not address:
            raise BadAddress("an archive's address is empty; give a directory or s3://bucket/prefix")
        return LocalStorage(Path(address).expanduser())
    if scheme == "file":
        return LocalStorage(Path(urlsplit(address).path))
    if scheme == "s3":
        bucket, _, prefix = rest.partition("/")
        if not bucket:
            raise BadAddress(f"{address}: no bucket; write s3://bucket/prefix")
        # boto3 takes 80 ms to import, which only S3's users should pay
        from archive.storage.s3 import S3Storage

        return S3Storage(bucket, prefix, s3)
    raise BadAddress(f"{address}: unknown kind of storage {scheme!r}; give a directory or s3://bucket/prefix")
