"""In which charset letters of a page's links are sent. Pure."""

from __future__ import annotations

from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding

from pipelines.extract.charsets import charset_of

_LONGEST_LETTER = 4


def query_charset(body: bytes, content_type: str) -> str:
    """The charset in which a browser sends letters of queries (WHATWG HTML, "encoding-parse a URL").

    It is the one that the page was read in, so that the bytes are those of the page. A page in UTF-16 sends UTF-8.
    """
    if _is_utf8(body):
        charset = "utf-8"
    elif body.isascii():
        charset = http_content_type_encoding(content_type or None) or html_body_declared_encoding(body) or "utf-8"
    else:
        charset = charset_of(body, content_type)
    return "utf-8" if charset.startswith("utf-") else charset


def _is_utf8(body: bytes) -> bool:
    """Whether bytes are UTF-8 beyond ASCII, but perhaps for a last letter that is cut."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(body) - _LONGEST_LETTER and not body[: error.start].isascii()
    return not body.isascii()
