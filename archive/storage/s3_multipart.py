"""Multipart uploads to S3 that can be resumed.

Amazon S3 user guide, "Uploading and copying objects using multipart upload". A part that is there already is kept
when its entity tag is the MD5 of ours; under encryption that makes tags otherwise, it is sent again.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from archive.storage.fingerprint import Fingerprint, encoded
from archive.storage.s3_errors import code_of, is_unsupported

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_AT_ONCE = 4
_BROKEN = {"InvalidPart", "InvalidPartOrder"}
_NOT_FOR_US = {"AccessDenied", "403", "NotImplemented", "501"}


@dataclass(frozen=True, slots=True)
class MultipartUpload:
    """The upload of one object. Raises what boto3 raises."""

    client: S3Client
    bucket: str
    key: str
    arguments: dict[str, Any]
    """Settings of the object."""
    checksums: bool
    """Whether the service is given the parts' SHA-256 to check."""

    def run(self, fingerprint: Fingerprint) -> None:
        """Send the missing parts and complete the object. The next attempt resumes a failed one."""
        upload_id, present = self._taken_up() or (self._begun(), {})
        kept = {
            number: tag
            for number, tag in present.items()
            if number <= len(fingerprint.parts) and tag == fingerprint.part_entity_tag(number)
        }
        try:
            self._complete(upload_id, fingerprint, kept | self._sent(upload_id, fingerprint, kept))
        except ClientError as error:
            if code_of(error) in _BROKEN or is_unsupported(error):
                self._abort(upload_id)  # it cannot become our object: the next try starts over
            raise

    def _sent(self, upload_id: str, fingerprint: Fingerprint, kept: dict[int, str]) -> dict[int, str]:
        """Send the parts that are not kept; their tags."""
        missing = [number for number, _ in enumerate(fingerprint.parts, 1) if number not in kept]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            sending = {number: pool.submit(self._send, upload_id, fingerprint, number) for number in missing}
            try:
                return {number: sent.result() for number, sent in sending.items()}
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _taken_up(self) -> tuple[str, dict[int, str]] | None:
        """The newest upload of this key that was begun, with its parts' tags; older ones are ended."""
        begun = sorted(unfinished(self.client, self.bucket, self.key), key=lambda item: item[2])
        mine = [upload_id for key, upload_id, _ in begun if key == self.key]
        for upload_id in mine[:-1]:
            self._abort(upload_id)
        if not mine:
            return None
        pages = self.client.get_paginator("list_parts").paginate(Bucket=self.bucket, Key=self.key, UploadId=mine[-1])
        return mine[-1], {
            part["PartNumber"]: part["ETag"].strip('"') for page in pages for part in page.get("Parts", ())
        }

    def _begun(self) -> str:
        checksum: dict[str, Any] = {"ChecksumAlgorithm": "SHA256"} if self.checksums else {}
        made = self.client.create_multipart_upload(Bucket=self.bucket, Key=self.key, **self.arguments, **checksum)
        return made["UploadId"]

    def _send(self, upload_id: str, fingerprint: Fingerprint, number: int) -> str:
        checksum: dict[str, Any] = (
            {"ChecksumSHA256": encoded(fingerprint.parts[number - 1])} if self.checksums else {}
        )
        sent = self.client.upload_part(
            Bucket=self.bucket,
            Key=self.key,
            UploadId=upload_id,
            PartNumber=number,
            Body=fingerprint.part(number),
            **checksum,
        )
        return sent["ETag"].strip('"')

    def _complete(self, upload_id: str, fingerprint: Fingerprint, tags: dict[int, str]) -> None:
        parts: list[CompletedPartTypeDef] = []
        for number, digest in enumerate(fingerprint.parts, 1):
            part: CompletedPartTypeDef = {"PartNumber": number, "ETag": tags[number]}
            if self.checksums:
                part["ChecksumSHA256"] = encoded(digest)
            parts.append(part)
        self.client.complete_multipart_upload(
            Bucket=self.bucket, Key=self.key, UploadId=upload_id, MultipartUpload={"Parts": parts}
        )

    def _abort(self, upload_id: str) -> None:
        self.client.abort_multipart_upload(Bucket=self.bucket, Key=self.key, UploadId=upload_id)


def unfinished(client: S3Client, bucket: str, prefix: str) -> Iterator[tuple[str, str, float]]:
    """Key, id and beginning (seconds since 1970) of uploads not put together; none where asking is refused."""
    try:
        pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for upload in page.get("Uploads", ()):
                yield upload["Key"], upload["UploadId"], upload["Initiated"].timestamp()
    except ClientError as error:
        if code_of(error) not in _NOT_FOR_US:
            raise
