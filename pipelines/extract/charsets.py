"""The charset of a page: what is declared, as long as the text it makes can be read; else what makes one."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import islice, pairwise

from charset_normalizer import from_bytes
from w3lib.encoding import (
    html_body_declared_encoding,
    http_content_type_encoding,
    read_bom,
    resolve_encoding,
)

_DEFAULT = "cp1252"
_DETECTION_SAMPLE = 20_000
_MANY_BYTES = 16
"""Continuation bytes that make a valid UTF-8 text one beyond doubt."""
_ZEROS_SAMPLE = 4096
_MANY_ZEROS = 0.2
"""Part of a page's first bytes that are zero if it is in UTF-16: every other one, fewer of other scripts."""
_ESCAPED = (b"\x1b$B", b"\x1b$@")
"""Escapes of ISO-2022-JP to the letters of JIS X 0208 (RFC 1468)."""
_FLAW_SAMPLE = 200_000
_MOST_WORDS = 400
_READABLE = 0.03
"""Part of the words with letters beyond ASCII that may look wrong in a text that is read as it was written."""
_MUCH_BETTER = 0.5
"""How few of a declared charset's flaws another one must leave to be preferred."""
_LANGUAGE = re.compile(rb"<html\b[^>]{0,500}?\blang\s*=\s*[\"']?([a-z]{2,3}(?:-[a-z]+)?)", re.I)
_OF_LANGUAGE = {
    language: charset
    for charset, languages in {
        "cp1256": "ar fa",
        "cp1251": "ba be bg ky mk ru sah sr tg tt uk",
        "cp1250": "cs hr sk",
        "iso8859-2": "hu pl sl",
        "iso8859-7": "el",
        "cp1257": "et lt lv",
        "cp1255": "he iw",
        "cp932": "ja",
        "cp949": "ko",
        "cp1254": "ku tr",
        "cp874": "th",
        "cp1258": "vi",
        "gb18030": "zh zh-cn zh-hans",
        "big5hkscs": "zh-tw zh-hk zh-hant",
    }.items()
    for language in languages.split()
}
"""Charsets of old pages in a language that declare none (WHATWG HTML, section 13.2.3.2); of others Windows-1252."""
_WORD = re.compile(r"[^\s<>\"'=/&;]+")
_LOOKS_WRONG = re.compile(
    "[\ufffd\x80-\x9f\ue000-\uf8ff\uff61-\uff9f]"  # no letters; and half-width katakana, of which no text consists
    r"|[À-ÖØ-öø-ɏ]{4}"  # four accented letters in a row
    r"|[¢¤¥¦¨¬¯±²³¹´¸¼½¾](?=[^\W\d_])|(?<=[^\W\d_])[¢¤¥¦¨¬¯±´¸¼½¾]"  # signs within words
    r"|[A-Za-z][\u0370-\u0eff]|[\u0370-\u0eff][A-Za-z]"  # two scripts in a word
    r"|Ã[^\x00-\x7fÀ-ÿ]|Â[\xa0-\xbf]|â€"  # UTF-8 read as Windows-1252
)


def decoded(page: bytes, content_type: str) -> str:
    """The text of a page.

    Byte order mark, HTTP header, meta element (WHATWG Encoding, section 6), then the page's language and its bytes.
    UTF-8 throughout is UTF-8 whatever is declared, and a declaration that makes words which are none, of which
    another charset makes some, is wrong.
    """
    return _read(page, content_type)[0]


def charset_of(page: bytes, content_type: str) -> str:
    """The charset in which `decoded` reads a page: its letters, encoded in it again, are the page's own bytes."""
    return _read(page, content_type)[1]


def _read(page: bytes, content_type: str) -> tuple[str, str]:
    """The text of a page, and its charset."""
    bom, page = _without_bom(page)
    if bom is not None:
        return page.decode(bom, "replace"), bom
    if (of_two_bytes := _utf_16(page)) is not None:
        return page.decode(of_two_bytes, "replace"), of_two_bytes
    if (text := plainly_utf8(page)) is not None:
        return text, "utf-8"
    declared = [http_content_type_encoding(content_type), html_body_declared_encoding(page)]
    best, best_charset, fewest = "", _DEFAULT, 1.0
    for charset in _candidates(page, declared):
        try:
            text = page.decode(charset, _STRAY if charset == "utf-8" else "replace")
        except (LookupError, UnicodeError):  # Python's codecs for something else than text, such as "hex"
            continue
        flaws = _flaws(text)
        if flaws < _MUCH_BETTER * fewest or not best:
            best, best_charset, fewest = text, charset, flaws
        if fewest <= _READABLE:
            break
    return best, best_charset


def plainly_utf8(page: bytes) -> str | None:
    """The text of a page that is UTF-8 throughout, its many letters beyond ASCII included; None for another."""
    try:
        text = page.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text.removeprefix("\ufeff") if len(page) - len(text) >= _MANY_BYTES else None


def _without_bom(page: bytes) -> tuple[str | None, bytes]:
    charset, mark = read_bom(page)
    return (charset, page[len(mark) :]) if charset is not None and mark is not None else (None, page)


def _utf_16(page: bytes) -> str | None:
    """UTF-16 by its zeros: one of the two bytes of letters, digits and marks of ASCII, of which all markup is."""
    sample = page[:_ZEROS_SAMPLE]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) < _MANY_ZEROS * len(sample) or 4 * min(even, odd) > max(even, odd):
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def _candidates(page: bytes, declared: list[str | None]) -> Iterator[str]:
    """Charsets that a page may be in, the likeliest first, each once."""
    known: set[str] = set()
    for charset in _all_candidates(page, declared):
        if charset and charset not in known:
            known.add(charset)
            yield charset


def _all_candidates(page: bytes, declared: list[str | None]) -> Iterator[str | None]:
    if any(escape in page for escape in _ESCAPED):
        yield "iso2022_jp"
    is_utf8 = _is_mostly_utf8(page)
    stated = [charset for charset in declared if charset and (charset != "utf-8" or is_utf8)]
    of_language = _of_language(page)
    if stated == [_DEFAULT] and of_language is not None and not is_utf8:
        yield of_language
    # Servers say Windows-1252 of all their pages, whatever those say
    yield from sorted(stated, key=lambda charset: charset == _DEFAULT)
    if is_utf8:
        yield "utf-8"
    yield of_language
    found = from_bytes(page[:_DETECTION_SAMPLE]).best()
    yield resolve_encoding(found.encoding) if found else None
    yield _DEFAULT


def _of_language(page: bytes) -> str | None:
    """The charset that pages in the language of this one used to have; None where it declares no language."""
    match = _LANGUAGE.search(page[:_ZEROS_SAMPLE])
    if match is None:
        return None
    language = match[1].decode("ascii").lower()
    return _OF_LANGUAGE.get(language) or _OF_LANGUAGE.get(language.split("-")[0], _DEFAULT)


def _is_mostly_utf8(page: bytes) -> bool:
    """Whether most of what is beyond ASCII is valid UTF-8; other charsets' letters hardly ever are."""
    text = page.decode("utf-8", "replace")
    wrong = text.count("\ufffd") - page.count(b"\xef\xbf\xbd")
    return not wrong or 2 * wrong < len(text) - len(text.encode("ascii", "ignore"))


_STRAY = "pipelines.extract.charsets.stray"


def _stray(error: UnicodeError) -> tuple[str, int]:
    """Bytes between UTF-8 that are none, such as quotation marks pasted from elsewhere: Windows-1252."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.start + 1].decode("cp1252", "replace"), error.start + 1


codecs.register_error(_STRAY, _stray)


def _flaws(text: str) -> float:
    """Part of the words beyond ASCII that no language writes: signs within, case that changes, two scripts."""
    if text.isascii():
        return 0.0
    found = (match[0] for match in _WORD.finditer(text[:_FLAW_SAMPLE]))
    words = list(islice((word for word in found if not word.isascii()), _MOST_WORDS))
    return sum(map(_is_flawed, words)) / len(words) if words else 0.0


def _is_flawed(word: str) -> bool:
    if _LOOKS_WRONG.search(word):
        return True
    return any(one.islower() and other.isupper() and not other.isascii() for one, other in pairwise(word))
