"""What a browser made of a page: evidence of one rendering, kept beside the response that it came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

RENDERED_URI = "urn:newswarc:rendered:"
"""Address of the conversion record with a page's rendered document, followed by the page's URL.

A name rather than the page's own address: readers of WARC files would show the conversion in the response's place.
"""

SCREENSHOT_URI = "urn:view:"
"""Address of the resource record with a page's screenshot, followed by the page's URL, as Browsertrix has it."""

TEXT_URI = "urn:text:"
"""Address of the resource record with the text that a reader of the page sees, followed by the page's URL, as
Browsertrix has it."""

DOCUMENT_TYPE = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Rendering:
    """One rendering of a page."""

    document: bytes
    """The document as it stood at the end (HTML, UTF-8)."""
    text: bytes
    """What a reader sees (UTF-8)."""
    screenshot: bytes
    """The part in view at the top (JPEG)."""
    browser: str
    """Name and version, such as ``Chromium/156.0.8078.108``."""
    viewport: str
    """Width and height in CSS pixels, such as ``1280x720``."""
    finished: datetime
    steps: tuple[str, ...] = ()
    """What was done on the page, with how often."""
    asked: tuple[str, ...] = ()
    """The steps that were to be done (`spiders.page_steps`), with which the page can be shown again."""
    location: str = ""
    """What the address bar said at the end, where that is not the page's URL."""
    refused: tuple[str, ...] = ()
    """Ways out that no proxy carries, such as WebRTC, with how often the page tried them."""
