"""Settings for S3, without credentials: boto3 finds these (environment, profile, role)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.config import Config

LEAST_PART = 5 << 20
"""Bytes that every part of an upload but the last has to have (Amazon S3 user guide, "Multipart upload limits")."""

_MOST_PARTS = 10_000


@dataclass(frozen=True, slots=True)
class S3Options:
    """Settings of an S3 storage."""

    endpoint: str = ""
    """URL of the service; empty: as boto3 finds it (``AWS_ENDPOINT_URL``, profile, Amazon)."""
    encryption: str = ""
    """Encryption at rest: ``AES256``, ``aws:kms`` or ``aws:kms:dsse``; empty: as the bucket says."""
    encryption_key: str = ""
    """Key of ``aws:kms`` encryption; empty: the account's own."""
    storage_class: str = ""
    """Storage class of WARC files and their records; empty: the service's standard."""
    lock_mode: str = ""
    """Object Lock: ``GOVERNANCE`` or ``COMPLIANCE``; empty: as the bucket says."""
    lock_days: int = 0
    """Days from its upload for which an object is locked."""
    part_size: int = 8 << 20
    """Bytes of a part; a file of up to that goes up whole."""
    connect_timeout: float = 10.0
    """Seconds for a connection."""
    read_timeout: float = 60.0
    """Seconds without a response after which a request is given up."""
    attempts: int = 5
    """How often a request that failed for a passing reason is sent in all."""

    def client_config(self, *, checksums: bool) -> Config:
        """Settings of boto3's client.

        With an `endpoint`, the bucket is part of the path; with Amazon, of the host name (botocore's ``auto``).
        """
        from botocore.config import Config

        calculation: dict[str, Any] = {} if checksums else {"request_checksum_calculation": "when_required"}
        return Config(
            connect_timeout=self.connect_timeout,
            read_timeout=self.read_timeout,
            retries={"mode": "standard", "total_max_attempts": self.attempts},
            s3={"addressing_style": "auto"},
            tcp_keepalive=True,
            max_pool_connections=16,
            **calculation,
        )

    def object_settings(self, now: datetime) -> dict[str, Any]:
        """Arguments for every request that creates an object."""
        settings: dict[str, Any] = {}
        if self.encryption:
            settings["ServerSideEncryption"] = self.encryption
        if self.encryption_key:
            settings["SSEKMSKeyId"] = self.encryption_key
        if self.storage_class:
            settings["StorageClass"] = self.storage_class
        if self.lock_mode:
            settings["ObjectLockMode"] = self.lock_mode
            settings["ObjectLockRetainUntilDate"] = now + timedelta(days=self.lock_days)
        return settings

    def part_size_for(self, size: int) -> int:
        """Size of the parts in which a file of this size is uploaded: always the same, so that uploads can be
        resumed.
        """
        part_size = self.part_size
        while size > part_size * _MOST_PARTS:
            part_size *= 2
        return part_size
