"""Whether a page has certain words, before anything is extracted from it.

The words are looked for in all that the page's HTML says, its menus and its code too, and also within longer words:
in languages that write without spaces or join words, nothing else would find them all. Letter case, the way in which
accented letters are composed, character references, soft hyphens and the kind of white space make no difference.
What the markup divides (``<b>K</b>lima``) is not found.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence

from archive.captures import Capture
from archive.content_coding import BodyTooLarge
from archive.http1 import BadMessage
from archive.rendering import DOCUMENT_TYPE
from pipelines.extract.document import page_text


def folded(text: str) -> str:
    """A text as it is compared."""
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).split())


def has_any(page: bytes, content_type: str, words: Sequence[str]) -> bool:
    """Whether a page has one of the words or phrases; `content_type` is what its header says."""
    text = folded(html.unescape(page_text(page, content_type)))
    return any(folded(word) in text for word in words)


def may_have_any(capture: Capture, words: Sequence[str], limit: int) -> bool:
    """The same of a captured page, if it can be decoded into at most `limit` bytes; True otherwise."""
    if capture.rendered is not None:
        return has_any(capture.rendered.document, DOCUMENT_TYPE, words)
    try:
        return has_any(capture.body(limit).body, capture.head().first("content-type"), words)
    except (BadMessage, BodyTooLarge, ValueError, LookupError):
        return True  # whoever extracts it says what is wrong with it
