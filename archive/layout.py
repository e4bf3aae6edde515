"""Names of segments and keys of objects. The whole layout is drawn in `archive`'s docstring."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from archive.clock_and_ids import ClockAndIds
from archive.errors import DamagedArchive

OPEN_SUFFIX = ".open"
WARC_SUFFIX = ".warc.gz"
MANIFEST_SUFFIX = ".manifest.json"
"""Ending of a segment's manifest as long as it is only on this machine."""
IMPORTED = "imported"
"""Stands for the host in names of segments that were made from other programs' WARC files."""
_NAME = re.compile(
    r"(?P<prefix>[A-Za-z0-9_-]+?)-(?P<time>\d{17})-(?P<serial>\d{5})-(?P<host>[a-z0-9-]+)-(?P<id>[0-9a-z]+)"
)
_TIME_FORMAT = "%Y%m%d%H%M%S"


def is_imported(segment: str) -> bool:
    """Whether a segment was made from another program's WARC."""
    return f"-{IMPORTED}-" in segment


def revision_of(key: str) -> tuple[str, int]:
    """Segment and revision of a manifest's key, ``…/SEGMENT.json`` or ``…/SEGMENT.r2.json``."""
    name = key.rpartition("/")[2].removesuffix(".json")
    segment, mark, number = name.rpartition(".r")
    return (segment, int(number)) if mark and number.isdigit() else (name, 1)


@dataclass(frozen=True, slots=True)
class SegmentName:
    """The name of a segment, ``PREFIX-YYYYMMDDhhmmssmmm-SERIAL-HOST-ID``, unique anywhere."""

    text: str
    opened: datetime
    """When the segment was opened (UTC, to the millisecond); its date is its directory."""

    @classmethod
    def new(cls, prefix: str, serial: int, clock_and_ids: ClockAndIds) -> SegmentName:
        """A name that no other segment has."""
        now = clock_and_ids.now().astimezone(UTC)
        opened = now.replace(microsecond=now.microsecond // 1000 * 1000)
        stamp = f"{opened:{_TIME_FORMAT}}{opened.microsecond // 1000:03d}"
        return cls(f"{prefix}-{stamp}-{serial:05d}-{clock_and_ids.host()}-{clock_and_ids.token()}", opened)

    @classmethod
    def parse(cls, text: str) -> SegmentName:
        """Read a name. Raises DamagedArchive when it is not a segment's."""
        match = _NAME.fullmatch(text)
        if match is None:
            raise DamagedArchive(f"{text!r} is not the name of a segment")
        stamp = match["time"]
        opened = datetime.strptime(stamp[:14], _TIME_FORMAT).replace(tzinfo=UTC, microsecond=int(stamp[14:]) * 1000)
        return cls(text, opened)

    @property
    def host(self) -> str:
        """The machine that wrote it, or `IMPORTED`."""
        match = _NAME.fullmatch(self.text)
        return match["host"] if match else ""

    @property
    def _day(self) -> str:
        return f"{self.opened:%Y/%m/%d}"

    @property
    def warc_key(self) -> str:
        """Key of the WARC."""
        return f"warc/{self._day}/{self.text}{WARC_SUFFIX}"

    @property
    def cdxj_key(self) -> str:
        """Key of the index."""
        return f"cdxj/{self._day}/{self.text}.cdxj"

    @property
    def manifest_key(self) -> str:
        """Key of the manifest of WARC and index."""
        return f"manifests/{self._day}/{self.text}.json"

    def revised(self, key: str, revision: int) -> str:
        """The key of one of its objects in a later revision: ``SEGMENT.r2.json``."""
        return key if revision == 1 else key.replace(f"{self.text}.", f"{self.text}.r{revision}.", 1)

    def records_key(self, generation: str) -> str:
        """Key of the articles."""
        return f"records/{generation}/{self._day}/{self.text}.jsonl.gz"

    def outcomes_key(self, generation: str) -> str:
        """Key of the page outcomes."""
        return f"records/{generation}/{self._day}/{self.text}.outcomes.jsonl.gz"

    def completion_key(self, generation: str) -> str:
        """Key of the manifest of articles and outcomes."""
        return f"records/{generation}/{self._day}/{self.text}.json"
