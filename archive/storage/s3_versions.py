"""Earlier versions of an object in a versioned bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from archive.storage.s3_errors import is_unsupported

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


def former_versions_removed(client: S3Client, bucket: str, key: str) -> int:
    """Remove all versions of a key but the newest, and all markers of deletion; how many.

    A service without versions has none. Raises ClientError.
    """
    removed = 0
    try:
        pages = list(client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key))
    except ClientError as error:
        if is_unsupported(error):
            return 0
        raise
    for page in pages:
        known = page.get("Versions", ())
        former = [(version["Key"], version["VersionId"]) for version in known if not version["IsLatest"]]
        markers = [(marker["Key"], marker["VersionId"]) for marker in page.get("DeleteMarkers", ())]
        for name, version in [*former, *markers]:
            if name == key and version != "null":
                client.delete_object(Bucket=bucket, Key=key, VersionId=version)
                removed += 1
    return removed
