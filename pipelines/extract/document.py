"""From bytes to one tree. The charset is determined once, here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import islice
from operator import itemgetter
from typing import cast
from urllib.parse import urljoin

from lxml import etree, html
from w3lib.html import get_base_url

from pipelines.extract.charsets import decoded, plainly_utf8
from pipelines.rules import compiled

Headers = Mapping[str, str] | Sequence[tuple[str, str]]

MAX_CHARACTERS = 4_000_000
MAX_TAGS = 60_000
"""Beginnings of tags past which a page is not read. Of 1,265 saved pages the fullest has 9,770."""
MAX_ATTRIBUTES = 5_000
"""Attributes of one tag past which a page is not read: the parser compares each with all before it."""
_FULL_TAG = re.compile(
    rb"[a-z][^\s<>/]*(?:[\s/]+[^\s\"'<>=/]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))?){%d}" % MAX_ATTRIBUTES, re.I
)
_CONTROLS = bytes([*range(9), 0x0B, *range(0x0E, 0x20)])
_WITHOUT_CONTROLS = bytes.maketrans(_CONTROLS, b" " * len(_CONTROLS))
_STRING = etree.XPath("string()", smart_strings=False)
_LISTED = (
    "a", "abbr", "article", "button", "figure", "h1", "h2", "h3", "img", "input", "link", "local-time", "main",
    "meta", "relative-time", "script", "time", "time-ago", "title",
)  # fmt: skip
"""Elements that are asked for again and again: they are looked for once."""
_WITH_PROPERTY = etree.XPath("//*[@itemprop]")
_PLAIN_ADDRESS = re.compile(
    r"https?://[a-z0-9.-]+/(?:[A-Za-z0-9._~/%@!$&'()*+,=-]*)(?:\?[A-Za-z0-9._~/%@!$&'()*+,=-]+)?"
)
"""Addresses that are the same when they are joined to another, as most are."""
Listed = Mapping[str, Sequence[tuple[int, html.HtmlElement]]]
Properties = Mapping[str, Sequence[html.HtmlElement]]


_BYTE_ORDER_MARK = "\ufeff".encode()
_INVISIBLE = "\u00ad\u200b\u2060\ufeff"
"""Where a word may be broken, and marks of byte order: part of no word."""
_INVISIBLE_REFERENCE = re.compile(
    rb"&(?:shy|ZeroWidthSpace|#173|#8203|#8288|#65279|#x0*(?:ad|200b|2060|feff));", re.I
)
_TWICE = re.compile(
    rb"\xc3[\x82-\xb4](?:\xc2[\x80-\xbf]|\xc5[\x92-\xbf]|\xc6[\x80-\x92]|\xcb[\x86\x9c]"
    rb"|\xe2(?:\x80[\x93-\xbf]|[\x81-\x83][\x80-\xbf]|\x84[\x80-\xa2]))"
)
"""What a letter's bytes in UTF-8 look like when they are taken for letters of Windows-1252 and encoded again:
U+00C2 to U+00F4, then U+0080 to U+00BF or one of U+0152 to U+0192, U+02C6, U+02DC and U+2013 to U+2122."""
_TWICE_WITHIN = re.compile("(?:[ÂÃÄÅÎÏÐÑ×ØÙ]|â€)[\x80-\xbfŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]")
"""The same of the letters and marks of European and Arabic scripts, where the rest of the page is encoded once."""
_FEWEST_TWICE = 3
_BYTES_OF_LETTERS = {
    ord(letter): byte
    for byte in range(0x80, 0xA0)
    if (letter := bytes([byte]).decode("cp1252", "replace")) != "\ufffd"
}
_NO_BYTES = re.compile(f"[^\\x00-\xff{''.join(map(chr, _BYTES_OF_LETTERS))}]")
"""Letters that are none of Windows-1252's, the control characters of Latin-1 apart."""


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
    listed: Listed = field(default_factory=dict)
    """The elements of each tag of `_LISTED` that it has, each with its place among all of them."""
    properties: Properties = field(default_factory=dict)
    """Its elements by each name in their ``itemprop`` (WHATWG HTML, section 5.2.3)."""

    @property
    def title(self) -> html.HtmlElement | None:
        """Its first ``title`` element."""
        return next(iter(self.elements("title")), None)

    def elements(self, *tags: str) -> list[html.HtmlElement]:
        """The elements of these tags, all of which are in `_LISTED`, in the page's order."""
        places = [place for tag in tags for place in self.listed.get(tag, ())]
        if len(tags) > 1:
            places.sort(key=itemgetter(0))
        return [element for _, element in places]

    def without(self, selectors: Sequence[str]) -> Document:
        """A copy without what these selectors of the rules find."""
        root = deepcopy(self.root)
        for selector in selectors:
            for element in select(root, selector):
                element.drop_tree()
        return replace(self, root=root, listed=_listed_in(root), properties=_properties_in(root, self.source))

    def absolute(self, link: str | None) -> str | None:
        """An http or https address of a link on the page, without fragment; None when it is no such link."""
        if not link or not (link := link.strip()):
            return None
        if _PLAIN_ADDRESS.fullmatch(link) is not None:
            return link
        try:
            address = urljoin(self.base_url, link).split("#", 1)[0]
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
_HEAD = 1 << 12
"""Characters in which a ``base`` element is looked for."""
_XML_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\?>")


def parse_document(page: bytes | str, url: str, headers: Headers = ()) -> Document:
    """Read a page. Raises UnreadableDocument."""
    pairs = tuple(headers.items() if isinstance(headers, Mapping) else headers)
    content_type = next((value for name, value in pairs if name.lower() == "content-type"), "")
    encoded = _in_utf8(page, content_type)
    # An encoding declared inside the text would be taken for that of the bytes
    encoded = _XML_DECLARATION.sub(b"", encoded, count=1)
    clean = encoded.translate(_WITHOUT_CONTROLS)
    if clean is not encoded and _is_noise(_beginning(encoded, _SAMPLE)):  # nothing is copied where nothing is changed
        raise UnreadableDocument("the page is no text")
    encoded = clean
    if not encoded.strip():
        raise UnreadableDocument("the page is empty")
    if encoded.count(b"<") > MAX_TAGS:
        raise DocumentTooComplex(f"more than {MAX_TAGS:,} tags")
    if any(_FULL_TAG.match(tag) for tag in _long_tags(encoded)):
        raise DocumentTooComplex(f"more than {MAX_ATTRIBUTES:,} attributes of one element")
    parser = html.HTMLParser(remove_pis=True, encoding="utf-8")
    parser.set_element_class_lookup(_ONE_CLASS)
    try:
        root = html.document_fromstring(encoded, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableDocument(f"no HTML tree: {error}") from error
    if b"<rt" in encoded:
        etree.strip_elements(root, "rt", "rp", with_tail=False)  # readings beside characters say the same twice
    base_url = get_base_url(_beginning(encoded, _HEAD), url, "utf-8")
    listed, properties = _listed_in(root), _properties_in(root, encoded)
    document = Document(root, url, base_url, pairs, encoded, listed=listed, properties=properties)
    related = ((element, element.get("rel")) for element in document.elements("link", "a"))
    relations = tuple((element, words.lower().split()) for element, words in related if words)
    return replace(document, relations=relations)


def _listed_in(root: html.HtmlElement) -> Listed:
    found: dict[str, list[tuple[int, html.HtmlElement]]] = {}
    for number, element in enumerate(root.iter(*_LISTED)):
        found.setdefault(element.tag, []).append((number, element))
    return found


def _properties_in(root: html.HtmlElement, source: bytes) -> Properties:
    found: dict[str, list[html.HtmlElement]] = {}
    if b"itemprop" in source or b"itemProp" in source:
        for element in cast("list[html.HtmlElement]", _WITH_PROPERTY(root)):
            for name in dict.fromkeys((element.get("itemprop") or "").split()):
                found.setdefault(name, []).append(element)
    return found


def _long_tags(page: bytes) -> Iterator[bytes]:
    """The tags, each up to the next one, that may have more than `MAX_ATTRIBUTES` by their length."""
    longest = 2 * MAX_ATTRIBUTES
    start = page.find(b"<")
    while start >= 0 and len(page) - start > longest + 1:
        following = page.rfind(b"<", start + 1, start + longest + 2)  # those between are shorter still
        if following < 0:
            following = page.find(b"<", start + 1)
            yield page[start + 1 : following] if following >= 0 else page[start + 1 :]
        start = following


_ONE_CLASS = etree.ElementDefaultClassLookup(
    element=html.HtmlElement, comment=html.HtmlComment, pi=html.HtmlProcessingInstruction, entity=html.HtmlEntity
)
"""lxml.html asks a function of Python for the class of each element it meets, for the sake of forms alone."""


def _in_utf8(page: bytes | str, content_type: str) -> bytes:
    """A page in UTF-8, without what nobody sees. Raises DocumentTooComplex."""
    if isinstance(page, str):
        text, encoded = page, page.encode("utf-8", "replace")
    elif (plain := plainly_utf8(page)) is not None:
        text, encoded = _encoded_once(plain, page.removeprefix(_BYTE_ORDER_MARK))
    else:
        text = decoded(page, content_type)
        text, encoded = _encoded_once(text, text.encode("utf-8", "replace"))
    if len(text) > MAX_CHARACTERS:
        raise DocumentTooComplex(f"more than {MAX_CHARACTERS:,} characters")
    return _visible(text, encoded)


def _beginning(encoded: bytes, length: int) -> str:
    """The first characters of a text in UTF-8, of which each has at most four bytes."""
    return encoded[: 4 * length].decode("utf-8", "ignore")[:length]


def _visible(text: str, encoded: bytes) -> bytes:
    """A text in UTF-8 without what is `_INVISIBLE`, whether written itself or by reference."""
    for letter in _INVISIBLE:
        if letter in text:  # one after another: a pattern of all would be tried at each letter of the page
            encoded = encoded.replace(letter.encode(), b"")
    return _INVISIBLE_REFERENCE.sub(b"", encoded)


def _is_noise(text: str) -> bool:
    # Zeros apart: they stand in pages of two bytes a letter that do not say so
    sample = text.encode("utf-8", "replace")
    controls = len(sample) - len(sample.translate(None, _CONTROLS)) - sample.count(b"\x00")
    return controls > len(text) * _MOST_CONTROLS


def page_text(page: bytes, content_type: str) -> str:
    """All that a page says, markup and code included; without what is part of no word, such as soft hyphens."""
    text = decoded(page, content_type)
    return _visible(*_encoded_once(text, text.encode("utf-8", "replace"))).decode("utf-8")


def _encoded_once(text: str, encoded: bytes) -> tuple[str, bytes]:
    """A text that was encoded in UTF-8, taken for Windows-1252 and encoded again, as it was at first; both ways."""
    if len(text) == len(encoded):
        return text, encoded
    twice = islice(_TWICE.finditer(encoded), _FEWEST_TWICE)
    if len(list(twice)) < _FEWEST_TWICE:
        return text, encoded
    if _NO_BYTES.search(text) is None:
        try:
            once = text.translate(_BYTES_OF_LETTERS).encode("latin-1")
            return once.decode("utf-8"), once
        except UnicodeDecodeError:
            pass
    if len({match[0] for match in _TWICE_WITHIN.finditer(text)}) >= _FEWEST_TWICE:
        text = _TWICE_WITHIN.sub(_once, text)
    return text, text.encode("utf-8", "replace")


def _once(letter: re.Match[str]) -> str:
    try:
        return letter[0].translate(_BYTES_OF_LETTERS).encode("latin-1").decode("utf-8")
    except UnicodeError:
        return letter[0]


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
