"""Bytes to one tree. The charset is decided once, here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from charset_normalizer import from_bytes
from lxml import etree, html
from w3lib.encoding import html_to_unicode
from w3lib.html import get_base_url

Headers = Mapping[str, str] | Sequence[tuple[str, str]]

MAX_CHARACTERS = 8_000_000
_DETECTION_SAMPLE = 20_000
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f]")
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "td",
        "th",
        "tr",
        "ul",
    ]
)


class UnreadableDocument(ValueError):
    """The bytes do not make an HTML tree. The message says why."""


@dataclass(frozen=True, slots=True)
class Document:
    """A page as a tree. Whoever changes the tree works on a copy."""

    root: html.HtmlElement
    url: str
    base_url: str
    headers: tuple[tuple[str, str], ...] = ()

    def absolute(self, link: str | None) -> str | None:
        """An http or https address of a link on the page, without fragment; None when it is no such link."""
        if not link or not link.strip():
            return None
        try:
            address = urljoin(self.base_url, link.strip()).split("#", 1)[0]
        except ValueError:
            return None
        return address if address.startswith(("http://", "https://")) else None

    def header(self, name: str) -> list[str]:
        """All values of a response header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


def parse_document(page: bytes | str, url: str, headers: Headers = ()) -> Document:
    """Read a page. Raises UnreadableDocument."""
    pairs = tuple(headers.items() if isinstance(headers, Mapping) else headers)
    content_type = next((value for name, value in pairs if name.lower() == "content-type"), "")
    text = page if isinstance(page, str) else decode(page, content_type)
    text = _CONTROL.sub(" ", text)
    if not text.strip():
        raise UnreadableDocument("the page is empty")
    if len(text) > MAX_CHARACTERS:
        raise UnreadableDocument(f"the page has more than {MAX_CHARACTERS} characters")
    # An encoding declared inside a string would be taken for that of the string
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text, count=1)
    parser = html.HTMLParser(remove_pis=True, encoding="utf-8")
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableDocument(f"no HTML tree: {error}") from error
    return Document(root, url, get_base_url(text[:4096], url, "utf-8"), pairs)


def decode(page: bytes, content_type: str) -> str:
    """Text of a page: byte order mark, HTTP header, meta element, then detection (WHATWG Encoding, section 6)."""
    _, text = html_to_unicode(content_type or None, page, auto_detect_fun=_detect, default_encoding="utf-8")
    return text


def _detect(page: bytes) -> str | None:
    try:
        page.decode("utf-8")
    except UnicodeDecodeError:
        best = from_bytes(page[:_DETECTION_SAMPLE]).best()
        return best.encoding if best else "cp1252"
    return "utf-8"


def text_of(element: html.HtmlElement) -> str:
    """The words of an element, white space folded."""
    parts = [part for part in element.itertext() if isinstance(part, str)]
    return " ".join("".join(parts).split())


def block_of(element: html.HtmlElement) -> html.HtmlElement:
    """The nearest block-level element around an element, or the element itself."""
    current = element
    while current.tag not in _BLOCKS and current.getparent() is not None:
        current = current.getparent()
    return current
