"""Parsing an archive's location: ``DIRECTORY``, ``file:///DIRECTORY`` or ``s3://bucket/prefix``. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from archive.errors import BadAddress

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(/{0,2})(.*)", re.S)
_SCHEMES = frozenset({"s3", "file", "http", "https", "ftp", "gs", "az"})
"""What stands before a colon and is never meant as the beginning of a directory's name."""
_BUCKET = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,253}[A-Za-z0-9])?")
_RESOURCE_NAME = re.compile(r"arn:[A-Za-z0-9:._-]+")
_FOUR_NUMBERS = re.compile(r"\d+\.\d+\.\d+\.\d+")


@dataclass(frozen=True, slots=True)
class ArchiveAddress:
    """Where an archive is: in a directory, or below a prefix of a bucket."""

    directory: Path | None
    bucket: str = ""
    prefix: str = ""
    """Without slashes at its ends."""

    def __str__(self) -> str:
        """The canonical form of the location."""
        if self.directory is not None:
            return str(self.directory)
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


def parse_address(text: str) -> ArchiveAddress:
    """Parse a location. A path after ``file://`` is taken literally. Raises BadAddress."""
    if not text or "\0" in text:
        raise BadAddress("the archive's location is empty; give a directory or s3://bucket/prefix")
    match = _SCHEME.match(text)
    if match is None or not (match[2] or match[1].lower() in _SCHEMES):
        try:
            # Only what is written so: ./~ada is a directory of that name
            return ArchiveAddress(Path(text).expanduser() if text.startswith("~") else Path(text))
        except RuntimeError as error:
            raise BadAddress(f"{text}: no such user; write the full path") from error
    scheme, slashes, rest = match[1], match[2], match[3]
    if scheme.lower() not in ("s3", "file"):
        raise BadAddress(f"{text}: unknown kind of storage {scheme!r}; give a directory or s3://bucket/prefix")
    if scheme != scheme.lower() or slashes != "//":
        right = f"{scheme.lower()}://{'/' if scheme.lower() == 'file' else ''}{rest.lstrip('/')}"
        raise BadAddress(f"{text}: not a valid location; write {right}, or ./{text} for a directory of that name")
    if scheme == "file":
        path = rest.removeprefix("localhost")
        if not path.startswith("/"):
            raise BadAddress(f"{text}: not an absolute path; write file:///{rest}, or the directory without file:")
        return ArchiveAddress(Path(path))
    bucket, _, prefix = rest.partition("/")
    if not bucket:
        raise BadAddress(f"{text}: no bucket; write s3://bucket/prefix")
    _require_bucket(text, bucket)
    return ArchiveAddress(None, bucket, prefix.strip("/"))


def _require_bucket(text: str, bucket: str) -> None:
    """Raises BadAddress for a name that no service gives a bucket.

    Amazon's own rules are stricter ("General purpose bucket naming rules"); other services, and Amazon's oldest
    buckets, have capitals, underscores and other lengths.
    """
    if _RESOURCE_NAME.fullmatch(bucket):
        return  # an access point, as boto3 takes it
    if not _BUCKET.fullmatch(bucket) or ".." in bucket or _FOUR_NUMBERS.fullmatch(bucket):
        raise BadAddress(
            f"{text}: {bucket!r} is not a valid bucket name; use letters, digits, dots and hyphens, not an IP "
            "address; write s3://bucket/prefix"
        )
