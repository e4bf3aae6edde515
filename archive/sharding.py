"""A part of an archive's segments, for batch systems that run many instances of one program."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Self

from archive.errors import BadAddress


@dataclass(frozen=True, slots=True)
class Shard:
    """One part of several, by a checksum of the segment's name: the same however many segments there are."""

    number: int = 1
    """From 1."""
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``2/8``. Raises BadAddress."""
        number, _, of = text.partition("/")
        if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
            raise BadAddress(f"--shard {text}: write NUMBER/OF, such as 2/8 for the second of eight")
        return cls(int(number), int(of))

    @property
    def is_whole(self) -> bool:
        """Whether everything is selected."""
        return self.of == 1

    def holds(self, segment: str) -> bool:
        """Whether a segment, by its name, belongs to it."""
        return zlib.crc32(segment.encode()) % self.of == self.number - 1


WHOLE = Shard()
"""All segments."""
