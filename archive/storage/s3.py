"""A bucket of an S3-compatible service as storage, through boto3.

Uploads carry a SHA-256 that the service verifies. Files past `PART_SIZE` go up in parts; then the
service's composite checksum is compared with the one computed here (Amazon S3 user guide, "Checking
object integrity": SHA-256 over the parts' digests, a hyphen, the number of parts).
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from archive.errors import (
    DamagedArchive,
    ObjectExists,
    ObjectMissing,
    StorageError,
    StorageRefused,
    StorageUnavailable,
)
from archive.storage.protocol import StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_SIZE = 16 << 20
_ATTEMPTS = 5
_MISSING = {"404", "NoSuchKey", "NotFound"}
_TAKEN = {"PreconditionFailed", "412", "ConditionalRequestConflict"}
_REFUSED = {
    "403",
    "AccessDenied",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "NoSuchBucket",
    "InvalidBucketName",
}


class S3Storage:
    """Objects below a prefix of a bucket."""

    def __init__(self, bucket: str, prefix: str = "", *, endpoint: str | None = None) -> None:
        """`endpoint` is the service's address; without it boto3's own settings decide."""
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        config = Config(retries={"mode": "standard", "max_attempts": _ATTEMPTS}, s3={"addressing_style": "auto"})
        self._client: S3Client = boto3.client("s3", endpoint_url=endpoint, config=config)
        self._transfer = TransferConfig(multipart_threshold=PART_SIZE, multipart_chunksize=PART_SIZE)

    @property
    def uri(self) -> str:
        """The address, ``s3://bucket/prefix``."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def put(self, key: str, file: Path, sha256: str) -> None:
        """Upload a file and compare the service's checksum and size with the file's."""
        with self._explained(key):
            self._client.upload_file(
                str(file),
                self._bucket,
                self._prefix + key,
                ExtraArgs={"ChecksumAlgorithm": "SHA256", "Metadata": {"sha256": sha256}},
                Config=self._transfer,
            )
            head = self._client.head_object(Bucket=self._bucket, Key=self._prefix + key, ChecksumMode="ENABLED")
        size = file.stat().st_size
        claimed = head.get("ChecksumSHA256", "")
        if head["ContentLength"] != size or (claimed and claimed.partition("-")[0] != _checksum(file, size)):
            raise DamagedArchive(f"{self.uri}/{key}: the stored copy differs from the file")

    def put_if_absent(self, key: str, data: bytes) -> None:
        """Store bytes under a new key (``If-None-Match: *``)."""
        with self._explained(key):
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._prefix + key,
                Body=data,
                IfNoneMatch="*",
                ChecksumAlgorithm="SHA256",
                Metadata={"sha256": hashlib.sha256(data).hexdigest()},
            )

    def open_range(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        """Read a part of an object by a range request, or stream all of it."""
        with self._explained(key):
            if start == 0 and length is None:
                body = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)["Body"]
                return cast(BinaryIO, body)
            end = "" if length is None else str(start + length - 1)
            part = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key, Range=f"bytes={start}-{end}")
            return io.BytesIO(part["Body"].read())

    def fetch(self, key: str, directory: Path) -> Path:
        """A copy of an object in a directory."""
        path = directory / key.rsplit("/", 1)[-1]
        with self._explained(key):
            self._client.download_file(self._bucket, self._prefix + key, str(path), Config=self._transfer)
        return path

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """All objects below a prefix, in the order of their keys."""
        with self._explained(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            for page in pages:
                for item in page.get("Contents", ()):
                    yield StoredObject(item["Key"].removeprefix(self._prefix), item["Size"])

    def stat(self, key: str) -> StoredObject:
        """Size and digest of an object."""
        with self._explained(key):
            head = self._client.head_object(Bucket=self._bucket, Key=self._prefix + key)
        return StoredObject(key, head["ContentLength"], head["Metadata"].get("sha256", ""))

    def delete(self, key: str) -> None:
        """Remove an object."""
        with self._explained(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    @contextmanager
    def _explained(self, key: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            raise self._translated(error, key) from error
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise StorageRefused(
                f"{self.uri}: no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            ) from error
        except (BotoCoreError, OSError) as error:
            raise StorageUnavailable(f"{self.uri}/{key}: {error}") from error
        except boto3.exceptions.Boto3Error as error:
            cause = error.__cause__ or error.__context__
            if isinstance(cause, ClientError):
                raise self._translated(cause, key) from error
            raise StorageUnavailable(f"{self.uri}/{key}: {error}") from error

    def _translated(self, error: ClientError, key: str) -> StorageError:
        code = error.response.get("Error", {}).get("Code", "")
        message = f"{self.uri}/{key}: {error.response.get('Error', {}).get('Message') or code}"
        if code in _MISSING:
            return ObjectMissing(message)
        if code in _TAKEN:
            return ObjectExists(message)
        if code in _REFUSED:
            return StorageRefused(f"{message} ({code}); check the bucket, its rights and the credentials")
        return StorageUnavailable(message)


def _checksum(file: Path, size: int) -> str:
    """The base64 checksum that S3 computes for an upload by `PART_SIZE`."""
    if size < PART_SIZE:
        return base64.b64encode(hashlib.sha256(file.read_bytes()).digest()).decode("ascii")
    parts = hashlib.sha256()
    with file.open("rb") as stream:
        while part := stream.read(PART_SIZE):
            parts.update(hashlib.sha256(part).digest())
    return base64.b64encode(parts.digest()).decode("ascii")
