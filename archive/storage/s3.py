"""A bucket of an S3-compatible service as storage, through boto3.

Uploads carry a SHA-256 that the service verifies, and what it then says of the object is compared with the file. What
a service lacks (checksums, conditional writes) is found out once, said once, and done without: then entity tags are
compared, or at the least sizes; names that never collide stand in for conditions.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from archive.errors import DamagedArchive, ObjectExists, ObjectMissing
from archive.storage.fingerprint import Fingerprint, encoded
from archive.storage.protocol import StoredObject
from archive.storage.s3_errors import explained, is_missing, is_unsupported
from archive.storage.s3_multipart import MultipartUpload, unfinished
from archive.storage.s3_options import S3Options
from archive.storage.s3_reading import ResumedObject
from archive.storage.s3_versions import former_versions_removed

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

_READ_SIZE = 1 << 20


class _Feature(StrEnum):
    """What some services do not support."""

    CHECKSUMS = "SHA-256 checksums; comparing entity tags or sizes instead"
    CONDITIONS = "conditional writes (If-None-Match); checking beforehand instead"


class S3Storage:
    """Objects below a prefix of a bucket."""

    def __init__(self, bucket: str, prefix: str = "", options: S3Options | None = None) -> None:
        """Raises StorageRefused when boto3 cannot be set up."""
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._options = options or S3Options()
        self._lacking: set[_Feature] = set()
        self._client = self._new_client()

    @property
    def uri(self) -> str:
        """The address, ``s3://bucket/prefix``."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def put(self, key: str, file: Path, sha256: str) -> None:
        """Upload a file, in parts when it is large, and compare what the service says of it with the file.

        An object that is there already with the same bytes is left as it is.
        """
        fingerprint = self._fingerprint(file)
        if fingerprint.sha256 != sha256:
            raise DamagedArchive(f"{file}: its SHA-256 is not {sha256}; nothing was stored")
        with self._explained(key):
            if self._holds(key, fingerprint):
                return
            self._degrading(_Feature.CHECKSUMS, lambda: self._upload(key, fingerprint))
            if not self._holds(key, fingerprint):
                raise DamagedArchive(f"{self.uri}/{key}: the stored copy differs from the file")

    def put_if_absent(self, key: str, data: bytes) -> None:
        """Store bytes under a new key (``If-None-Match: *``).

        It is asked first too, since some services skip the condition without a word.
        """
        with self._explained(key):
            if self._head(key) is not None:
                raise ObjectExists(f"{self.uri}/{key} already exists")
            self._degrading(
                _Feature.CONDITIONS,
                lambda: self._degrading(_Feature.CHECKSUMS, lambda: self._put_bytes(key, data)),
            )

    def open_range(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        """Read a part of an object by a range request, or stream all of it."""
        with self._explained(key):
            if length is not None:
                end = start + length
                body = ResumedObject(lambda at: self._get(key, f"bytes={at}-{end - 1}"), f"{self.uri}/{key}", start)
                return io.BytesIO(body.readall() or b"")
            stream = ResumedObject(
                lambda at: self._get(key, f"bytes={at}-" if at else ""), f"{self.uri}/{key}", start
            )
            return cast(BinaryIO, io.BufferedReader(stream, buffer_size=1 << 16))

    def links(self, keys: Sequence[str], seconds: int) -> Iterator[str]:
        """Addresses that give objects to whoever has them, for so long; nothing is asked of the service.

        At most seven days (AWS Signature Version 4, query parameters: ``X-Amz-Expires``), and no longer than the
        credentials hold.
        """
        with self._explained(""):
            # Without being told, boto3 signs addresses as services of today refuse them (Signature Version 2)
            config = self._client.meta.config.merge(Config(signature_version="s3v4"))
            client = boto3.client("s3", endpoint_url=self._options.endpoint or None, config=config)
            for key in keys:
                place = {"Bucket": self._bucket, "Key": self._prefix + key}
                yield client.generate_presigned_url("get_object", Params=place, ExpiresIn=seconds)

    def fetch(self, key: str, directory: Path) -> Path:
        """A copy of an object in a directory."""
        path = directory / key.rsplit("/", 1)[-1]
        transfer = TransferConfig(multipart_chunksize=self._options.part_size)
        with self._explained(key):
            self._client.download_file(self._bucket, self._prefix + key, str(path), Config=transfer)
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
            head = self._head(key)
        if head is None:
            raise ObjectMissing(f"{self.uri}/{key} does not exist")
        return StoredObject(key, head["ContentLength"], head["Metadata"].get("sha256", ""))

    def delete(self, key: str) -> None:
        """Remove an object."""
        with self._explained(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    def forget(self, key: str) -> int:
        """Remove former versions and delete markers, where the bucket keeps them."""
        with self._explained(key):
            return former_versions_removed(self._client, self._bucket, self._prefix + key)

    def tidy(self, before: datetime) -> int:
        """End uploads in parts that were begun and never ended."""
        ended = 0
        with self._explained(""):
            for key, upload_id, begun in list(unfinished(self._client, self._bucket, self._prefix)):
                if begun < before.timestamp():
                    self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload_id)
                    ended += 1
        return ended

    def _new_client(self) -> S3Client:
        config = self._options.client_config(checksums=_Feature.CHECKSUMS not in self._lacking)
        with self._explained(""):
            return boto3.client("s3", endpoint_url=self._options.endpoint or None, config=config)

    def _fingerprint(self, file: Path) -> Fingerprint:
        size = file.stat().st_size
        part_size = self._options.part_size_for(size)
        return Fingerprint.of(file, part_size if size > part_size else 0)

    def _upload(self, key: str, fingerprint: Fingerprint) -> None:
        settings = self._settings(fingerprint.sha256)
        if fingerprint.part_size:
            checksums = _Feature.CHECKSUMS not in self._lacking
            upload = MultipartUpload(self._client, self._bucket, self._prefix + key, settings, checksums)
            upload.run(fingerprint)
            return
        settings |= self._checksum(fingerprint.parts[0] if fingerprint.parts else hashlib.sha256().digest())
        self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=fingerprint.part(1), **settings)

    def _put_bytes(self, key: str, data: bytes) -> None:
        digest = hashlib.sha256(data)
        settings = self._settings(digest.hexdigest()) | self._checksum(digest.digest())
        if _Feature.CONDITIONS not in self._lacking:
            settings["IfNoneMatch"] = "*"
        self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=data, **settings)

    def _settings(self, sha256: str) -> dict[str, Any]:
        return {"Metadata": {"sha256": sha256}, **self._options.object_settings(datetime.now(UTC))}

    def _checksum(self, digest: bytes) -> dict[str, Any]:
        return {} if _Feature.CHECKSUMS in self._lacking else {"ChecksumSHA256": encoded(digest)}

    def _degrading(self, feature: _Feature, request: Callable[[], Result]) -> Result:
        """Do a request; where the service does not know a feature, do it without, now and ever after."""
        try:
            return request()
        except ClientError as error:
            if feature in self._lacking or not is_unsupported(error):
                raise
            self._lacking.add(feature)
            self._client = self._new_client()
            try:
                result = request()
            except ClientError:
                self._lacking.discard(feature)  # it was something else
                self._client = self._new_client()
                raise
            logger.warning("%s: the service does not support %s", self.uri, feature.value)
            return result

    def _holds(self, key: str, fingerprint: Fingerprint) -> bool:
        """Whether the object is there with the file's bytes, as far as the service says."""
        head = self._head(key)
        if head is None or head["ContentLength"] != fingerprint.size:
            return False
        if claimed := head.get("ChecksumSHA256", ""):
            return bool(claimed == fingerprint.checksum)
        same_tag: bool = head["ETag"].strip('"') == fingerprint.entity_tag()
        return same_tag or self._read_back(key) == fingerprint.sha256  # encryption makes tags that are no digests

    def _read_back(self, key: str) -> str:
        digest = hashlib.sha256()
        with self.open_range(key) as stored:
            while data := stored.read(_READ_SIZE):
                digest.update(data)
        return digest.hexdigest()

    def _head(self, key: str) -> Any:
        mode: dict[str, Any] = {} if _Feature.CHECKSUMS in self._lacking else {"ChecksumMode": "ENABLED"}
        try:
            return self._client.head_object(Bucket=self._bucket, Key=self._prefix + key, **mode)
        except ClientError as error:
            if is_missing(error):
                return None
            raise

    def _get(self, key: str, span: str) -> StreamingBody:
        with self._explained(key):
            arguments: dict[str, Any] = {"Range": span} if span else {}
            return self._client.get_object(Bucket=self._bucket, Key=self._prefix + key, **arguments)["Body"]

    def _explained(self, key: str) -> AbstractContextManager[None]:
        return explained(self.uri, key)
