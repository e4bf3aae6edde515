"""XML as papers write it, made so that a parser reads it to its end. Pure; a stream in, a stream out.

A parser has to stop at the first fault (XML 1.0, section 1.2, "fatal error"); what stands behind would be lost.
Mended are: ``&`` that begins no reference, references to entities of HTML or to none, ``<`` that begins no tag,
characters that XML does not allow, bytes that the encoding does not have, a declaration that is not at the beginning.
Comments, processing instructions and document types are left out, CDATA sections become text. No entity is ever
declared to the parser, so that none can grow.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from html.entities import html5
from itertools import chain
from xml.sax.saxutils import escape

_LONGEST_SECTION = 1 << 20
"""Characters of a comment or CDATA section past which its end is not waited for: its beginning is left out."""
_LONGEST_REFERENCE = 40
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_OPENING = re.compile(r"<!\[CDATA\[|<!--|<\?|<!DOCTYPE\b", re.I)
_ENDS = {"<![CDATA[": re.compile(r"\]\]>"), "<!--": re.compile(r"-->"), "<?": re.compile(r"\?>|>")}
_END_OF_TYPE = re.compile(r"[^\[>]*(?:\[[^\]]*\]\s*)?>")
_FLAW = re.compile(
    r"&(?:(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{0,31});)?"
    r"|<(?![A-Za-z_/])"
    r"|[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
_MARKUP = (ord("&"), ord("<"))
_PREDEFINED = frozenset({"amp", "lt", "gt", "quot", "apos"})


def decoded(pieces: Iterable[bytes]) -> Iterator[str]:
    """The text of a document: by byte order mark, XML declaration, else UTF-8. What is no text becomes U+FFFD."""
    iterator = iter(pieces)
    first = b""
    for piece in iterator:
        first += piece
        if len(first) >= 4:
            break
    encoding = next((name for mark, name in _MARKS if first.startswith(mark)), "") or _declared(first)
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    text = "".join(decoder.decode(piece) for piece in (first,)).removeprefix("\ufeff")
    yield text
    yield from (decoder.decode(piece) for piece in iterator)
    yield decoder.decode(b"", final=True)


def _declared(beginning: bytes) -> str:
    found = _DECLARED.search(beginning[:1000])
    name = found[1].decode("ascii") if found is not None else "utf-8"
    try:
        info = codecs.lookup(name)
    except LookupError:
        return "utf-8"
    # A text in one of two bytes a letter could not be read up to its declaration; nor is base64 an encoding of text
    is_text = getattr(info, "_is_text_encoding", True) and info.incrementaldecoder is not None
    return "utf-8" if not is_text or info.name.startswith(("utf-16", "utf-32")) else info.name


def mended(pieces: Iterable[str]) -> Iterator[str]:
    """The same document without what ends a parser's reading."""
    held = ""
    for piece, is_last in chain(((piece, False) for piece in pieces), (("", True),)):
        text, held = _mended(held + piece, is_last=is_last)
        if text:
            yield text


def _mended(text: str, *, is_last: bool) -> tuple[str, str]:
    """What can be told of a text, and its end, which depends on what follows."""
    done: list[str] = []
    at = 0
    endless: set[str] = set()
    while True:
        opening = _OPENING.search(text, at)
        if opening is None:
            break
        done.append(_without_flaws(text[at : opening.start()]))
        kind = opening[0].upper()
        end = None if kind in endless else _end_of(kind, text, opening.end())
        if end is None:
            if not is_last and len(text) - opening.start() <= _LONGEST_SECTION:
                return "".join(done), text[opening.start() :]
            endless.add(kind)
            at = opening.end()
            continue
        if kind == "<![CDATA[":
            done.append(_without_flaws(escape(text[opening.end() : end.start()])))
        at = end.end()
    border = len(text) if is_last else _border(text, at)
    done.append(_without_flaws(text[at:border]))
    return "".join(done), text[border:]


def _end_of(kind: str, text: str, at: int) -> re.Match[str] | None:
    known = _ENDS.get(kind)
    return known.search(text, at) if known is not None else _END_OF_TYPE.match(text, at)


def _border(text: str, at: int) -> int:
    """Where a reference or a tag may begin that is cut by the end of the text."""
    start = max(at, len(text) - _LONGEST_REFERENCE)
    places = [place for mark in "&<" if (place := text.find(mark, start)) >= 0]
    return min(places, default=len(text))


def _without_flaws(text: str) -> str:
    return _FLAW.sub(_replacement, text)


def _replacement(flaw: re.Match[str]) -> str:
    if flaw[0] == "<":
        return "&lt;"
    if flaw[0][0] != "&":
        return ""
    name = flaw[1]
    if not name:
        return "&amp;"
    if name in _PREDEFINED:
        return flaw[0]
    if name[0] == "#":
        number = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
        is_allowed = number < 0x110000 and (number in _MARKUP or not _FLAW.fullmatch(chr(number)))
        return flaw[0] if is_allowed else ""
    letters = html5.get(f"{name};")
    return "".join(f"&#{ord(letter)};" for letter in letters) if letters else f"&amp;{name};"
