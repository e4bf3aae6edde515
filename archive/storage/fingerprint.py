"""Size and digests of a file, whole and by parts, as S3 computes them.

Amazon S3 user guide, "Checking object integrity": the checksum of an object that came in parts is the SHA-256 over
the parts' digests, a hyphen and the number of parts; its entity tag is made in the same way of MD5 digests.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_READ_SIZE = 1 << 20


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Size and digests of a file."""

    file: Path
    size: int
    sha256: str
    """Of the whole (hexadecimal)."""
    part_size: int
    """Bytes of a part; 0: the file is not parted."""
    parts: tuple[bytes, ...]
    """SHA-256 of each part."""

    @classmethod
    def of(cls, file: Path, part_size: int = 0) -> Fingerprint:
        """Read a file once. `part_size` is 0 when it goes up whole. Raises OSError."""
        whole = hashlib.sha256()
        digests = []
        size = file.stat().st_size
        for start in range(0, size, part_size or max(size, 1)):
            part = hashlib.sha256()
            for data in _read(file, start, part_size or size):
                whole.update(data)
                part.update(data)
            digests.append(part.digest())
        return cls(file, size, whole.hexdigest(), part_size, tuple(digests))

    @property
    def checksum(self) -> str:
        """``ChecksumSHA256`` of the stored object."""
        if not self.part_size:
            return encoded(bytes.fromhex(self.sha256))
        return f"{encoded(hashlib.sha256(b''.join(self.parts)).digest())}-{len(self.parts)}"

    def entity_tag(self) -> str:
        """``ETag`` of the stored object, where no encryption makes it another (read again). Raises OSError."""
        if not self.part_size:
            return self.part_entity_tag(1)
        digests = b"".join(bytes.fromhex(self.part_entity_tag(number)) for number, _ in enumerate(self.parts, 1))
        return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(self.parts)}"

    def part_entity_tag(self, number: int) -> str:
        """``ETag`` of a stored part, counted from 1. Raises OSError."""
        digest = hashlib.md5(usedforsecurity=False)
        for data in _read(self.file, (number - 1) * self.part_size, self.part_size or self.size):
            digest.update(data)
        return digest.hexdigest()

    def part(self, number: int) -> bytes:
        """The bytes of a part, counted from 1. Raises OSError."""
        return b"".join(_read(self.file, (number - 1) * self.part_size, self.part_size or self.size))


def encoded(digest: bytes) -> str:
    """A digest as S3 writes it."""
    return base64.b64encode(digest).decode("ascii")


def _read(file: Path, start: int, length: int) -> Iterator[bytes]:
    with file.open("rb") as stream:
        stream.seek(start)
        while length > 0 and (data := stream.read(min(_READ_SIZE, length))):
            length -= len(data)
            yield data
