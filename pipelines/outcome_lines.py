"""The outcome line for a page."""

from __future__ import annotations

from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from archive.captures import Capture
from archive.outcomes import PageOutcome, PageOutcomeLine


def outcome_line(capture: Capture, outcome: PageOutcome, detail: str = "") -> PageOutcomeLine:
    """The line for a capture."""
    return PageOutcomeLine(
        url=capture.url, record_id=capture.record_id, offset=capture.offset, outcome=outcome, detail=detail
    )


def saved_page_outcome(file: Path, outcome: PageOutcome, detail: str = "") -> PageOutcomeLine:
    """The line for a saved page. Its record id is made of its address, so that it is the same every time."""
    address = file.absolute().as_uri()
    return PageOutcomeLine(
        url=address, record_id=uuid5(NAMESPACE_URL, address), offset=0, outcome=outcome, detail=detail
    )
