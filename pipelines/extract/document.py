"""From bytes to one tree. The charset is determined once, here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from charset_normalizer import from_bytes
from lxml import etree, html
from w3lib.encoding import html_body_declared_encoding, html_to_unicode
from w3lib.html import get_base_url

from pipelines.rules import compiled

Headers = Mapping[str, str] | Sequence[tuple[str, str]]

MAX_CHARACTERS = 4_000_000
MAX_TAGS = 60_000
"""Beginnings of tags past which a page is not read. Of 1,265 saved pages the fullest has 9,770."""
MAX_ATTRIBUTES = 5_000
"""Attributes of one tag past which a page is not read: the parser compares each with all before it."""
_LONG_TAG = re.compile(rb"(?<=<)[a-z][^<]{%d,}" % (2 * MAX_ATTRIBUTES), re.I)
_FULL_TAG = re.compile(
    rb"[a-z][^\s<>/]*(?:[\s/]+[^\s\"'<>=/]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))?){%d}" % MAX_ATTRIBUTES, re.I
)
_DETECTION_SAMPLE = 20_000
_MANY_BYTES = 16
"""Continuation bytes that make a valid UTF-8 text one beyond doubt."""
_CONTROLS = bytes([*range(9), 0x0B, *range(0x0E, 0x20)])
_WITHOUT_CONTROLS = bytes.maketrans(_CONTROLS, b" " * len(_CONTROLS))
_STRING = etree.XPath("string()", smart_strings=False)


_INVISIBLE = "\u00ad\u200b\u2060\ufeff"
"""Where a word may be broken, and marks of byte order: part of no word."""
_INVISIBLE_REFERENCE = re.compile("&(?:shy|ZeroWidthSpace|#173|#8203|#8288|#65279|#x0*(?:ad|200b|2060|feff));", re.I)
_TWICE = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u0192\u02c6\u02dc\u2013-\u2122]")
"""What a letter's bytes in UTF-8 look like when they are taken for letters of Windows-1252."""
_FEWEST_TWICE = 3


class UnreadableDocument(ValueError):
    """The bytes can't be parsed as HTML. The message says why."""


class DocumentTooComplex(UnreadableDocument):
    """The page is larger than any article's page and is not read."""


@dataclass(frozen=True, slots=True)
class Document:
    """A page as a tree. Whoever changes the tree works on a copy."""

    root: html.HtmlElement
    url: str
    base_url: str
    headers: tuple[tuple[str, str], ...] = ()
    source: bytes = b""
    """The page's bytes in UTF-8: to see cheaply that something is not in it."""
    relations: tuple[tuple[html.HtmlElement, list[str]], ...] = ()
    """Its ``link`` and ``a`` elements that have a ``rel``, with the words of that in lower case."""

    def absolute(self, link: str | None) -> str | None:
        """An http or https address of a link on the page, without fragment; None when it is no such link."""
        if not link or not link.strip():
            return None
        try:
            address = urljoin(self.base_url, link.strip()).split("#", 1)[0]
        except ValueError:
            return None
        return address if address.startswith(("http://", "https://")) else None

    def related(self, relation: str, *tags: str) -> Iterator[html.HtmlElement]:
        """The elements of these tags with this word in their ``rel``."""
        return (element for element, words in self.relations if relation in words and element.tag in tags)

    def header(self, name: str) -> list[str]:
        """All values of a response header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


_MOST_CONTROLS = 0.05
"""Part of a page's letters that may be control characters; of noise they are a tenth."""
_SAMPLE = 1 << 16


def parse_document(page: bytes | str, url: str, headers: Headers = ()) -> Document:
    """Read a page. Raises UnreadableDocument."""
    pairs = tuple(headers.items() if isinstance(headers, Mapping) else headers)
    content_type = next((value for name, value in pairs if name.lower() == "content-type"), "")
    text = page if isinstance(page, str) else _encoded_once(decode(page, content_type))
    if len(text) > MAX_CHARACTERS:
        raise DocumentTooComplex(f"more than {MAX_CHARACTERS:,} characters")
    text = _visible(text)
    # An encoding declared inside the text would be taken for that of the bytes
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text, count=1)
    if _is_noise(text[:_SAMPLE]):
        raise UnreadableDocument("the page is no text")
    encoded = text.encode("utf-8", "replace").translate(_WITHOUT_CONTROLS)
    if not encoded.strip():
        raise UnreadableDocument("the page is empty")
    if encoded.count(b"<") > MAX_TAGS:
        raise DocumentTooComplex(f"more than {MAX_TAGS:,} tags")
    if any(_FULL_TAG.match(tag[0]) for tag in _LONG_TAG.finditer(encoded)):
        raise DocumentTooComplex(f"more than {MAX_ATTRIBUTES:,} attributes of one element")
    parser = html.HTMLParser(remove_pis=True, encoding="utf-8")
    parser.set_element_class_lookup(_ONE_CLASS)
    try:
        root = html.document_fromstring(encoded, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableDocument(f"no HTML tree: {error}") from error
    if b"<rt" in encoded:
        etree.strip_elements(root, "rt", "rp", with_tail=False)  # readings beside characters say the same twice
    related = ((element, element.get("rel")) for element in root.iter("link", "a"))
    relations = tuple((element, words.lower().split()) for element, words in related if words)
    return Document(root, url, get_base_url(text[:4096], url, "utf-8"), pairs, encoded, relations)


_ONE_CLASS = etree.ElementDefaultClassLookup(
    element=html.HtmlElement, comment=html.HtmlComment, pi=html.HtmlProcessingInstruction, entity=html.HtmlEntity
)
"""lxml.html asks a function of Python for the class of each element it meets, for the sake of forms alone."""


def _visible(text: str) -> str:
    """A text without what is `_INVISIBLE`, whether written itself or by reference."""
    for letter in _INVISIBLE:
        if letter in text:  # one after another: a pattern of all would be tried at each letter of the page
            text = text.replace(letter, "")
    return _INVISIBLE_REFERENCE.sub("", text)


def _is_noise(text: str) -> bool:
    # Zeros apart: they stand in pages of two bytes a letter that do not say so
    sample = text.encode("utf-8", "replace")
    controls = len(sample) - len(sample.translate(None, _CONTROLS)) - sample.count(b"\x00")
    return controls > len(text) * _MOST_CONTROLS


def decode(page: bytes, content_type: str) -> str:
    """Text of a page: byte order mark, HTTP header, meta element, then detection (WHATWG Encoding, section 6).

    A page that declares something else but is UTF-8 throughout, its many letters beyond ASCII included, is
    UTF-8: in no other encoding do so many of them happen to be valid in it.
    """
    if (text := _plainly_utf8(page)) is not None:
        return text
    _, text = html_to_unicode(content_type or None, page, auto_detect_fun=_detect, default_encoding="utf-8")
    if "\ufffd" in text and b"\xef\xbf\xbd" not in page and (meta := html_body_declared_encoding(page)):
        try:
            return page.decode(meta)  # the header is wrong: the bytes are what the page itself says
        except (UnicodeDecodeError, LookupError):
            return text
    return text


def _encoded_once(text: str) -> str:
    """A text that was encoded in UTF-8, taken for Windows-1252 and encoded again, as it was at first."""
    if len(_TWICE.findall(text)) < _FEWEST_TWICE:
        return text
    try:
        return "".join(_byte(letter) for letter in text).encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def _byte(letter: str) -> str:
    try:
        return letter.encode("cp1252").decode("latin-1")
    except UnicodeEncodeError:
        return letter


def _plainly_utf8(page: bytes) -> str | None:
    try:
        text = page.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text.removeprefix("\ufeff") if len(page) - len(text) >= _MANY_BYTES else None


def _detect(page: bytes) -> str | None:
    try:
        page.decode("utf-8")
    except UnicodeDecodeError:
        best = from_bytes(page[:_DETECTION_SAMPLE]).best()
        return best.encoding if best else "cp1252"
    return "utf-8"


def text_of(element: html.HtmlElement) -> str:
    """The words of an element, white space folded."""
    return " ".join(str(_STRING(element)).split())


def select(root: html.HtmlElement, selector: str) -> list[html.HtmlElement]:
    """The elements that a selector of the rules finds."""
    found = compiled(selector)(root)
    return [one for one in found if isinstance(one, html.HtmlElement)] if isinstance(found, list) else []


def select_texts(root: html.HtmlElement, selector: str) -> list[str]:
    """The texts of what a selector of the rules finds: of elements, or values of attributes."""
    found = compiled(selector)(root)
    if not isinstance(found, list):
        return [str(found)] if isinstance(found, str) and found.strip() else []
    texts = (text_of(one) if isinstance(one, html.HtmlElement) else " ".join(str(one).split()) for one in found)
    return [text for text in texts if text]
