"""Opening the storage at a location."""

from __future__ import annotations

from archive.storage.addresses import parse_address
from archive.storage.local import LocalStorage
from archive.storage.protocol import Storage
from archive.storage.s3_options import S3Options


def open_storage(address: str, s3: S3Options | None = None) -> Storage:
    """The storage at a location: a directory's path, ``file://…`` or ``s3://bucket/prefix``.

    `s3` has the settings for S3. Raises BadAddress, or StorageRefused if boto3 can't be set up. Nothing is
    contacted or created yet.
    """
    place = parse_address(address)
    if place.directory is not None:
        return LocalStorage(place.directory)
    # boto3 takes 80 ms to import, which only S3's users should pay
    from archive.storage.s3 import S3Storage

    return S3Storage(place.bucket, place.prefix, s3)
