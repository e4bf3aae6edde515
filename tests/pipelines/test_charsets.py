"""Charsets: what is declared, what is written, and pages that contradict themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extract.charsets import decoded
from pipelines.extract.document import parse_document, text_of

_TEXTS = {
    "ru": ("windows-1251", "Капитан порта обещал, что причал откроют до первого льда, а катера пойдут по средам."),
    "el": ("windows-1253", "Ο λιμενάρχης υποσχέθηκε ότι η αποβάθρα θα ανοίξει πριν από τον πρώτο πάγο."),
    "cs": (
        "windows-1250",
        "Přístavní správa slíbila, že nábřeží otevře ještě před prvním ledem, řekl kapitán Šťastný.",
    ),
    "ja": ("shift_jis", "港長は、最初の氷が張る前に岸壁を開けると約束した。連絡船は水曜日に運航される。"),
    "ko": ("euc-kr", "항만장은 첫 얼음이 얼기 전에 부두를 열겠다고 약속했다. 연락선은 수요일에 다닌다."),
    "de": (
        "windows-1252",
        "Der Hafenmeister versprach, die Kaimauer vor dem ersten Eis zu öffnen; „früher geht es nicht“.",
    ),
    "tr": (
        "windows-1254",
        "Liman başkanı rıhtımı ilk buzdan önce açacağına söz verdi; gemiler çarşamba günü işleyecek.",
    ),
}


def page(language: str, text: str, declared: str = "") -> str:
    """A small page."""
    meta = f'<meta charset="{declared}">' if declared else ""
    return f'<html lang="{language}"><head>{meta}<title>x</title></head><body><p>{text}</p></body></html>'


@pytest.mark.parametrize("language", _TEXTS)
@pytest.mark.parametrize("header", ["", "utf-8", "iso-8859-1"])
@pytest.mark.parametrize("declared", ["", "utf-8", "own"])
def test_a_page_is_read_whatever_it_declares(language: str, header: str, declared: str) -> None:
    charset, text = _TEXTS[language]
    written = page(language, text, charset if declared == "own" else declared)
    assert text in decoded(written.encode(charset), f"text/html; charset={header}" if header else "text/html")


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be"])
def test_two_bytes_a_letter_are_seen_without_a_mark(charset: str) -> None:
    written = page("en", "The quay opens on Monday.", "utf-16")
    assert decoded(written.encode(charset), "text/html") == written


def test_escapes_tell_japanese_mail() -> None:
    text = _TEXTS["ja"][1]
    assert text in decoded(page("ja", text).encode("iso-2022-jp"), "text/html")


def test_a_stray_byte_in_utf8_is_read_by_itself() -> None:
    written = page("de", "Größer, höher, schöner: @ja@, sagte er", "utf-8").encode()
    assert "schöner: „ja“, sagte" in decoded(written.replace(b"@ja@", b"\x84ja\x93"), "text/html")


def test_a_part_that_was_encoded_twice_is_read_as_it_was_meant() -> None:
    twice = "Größe, Höhe, Länge".encode().decode("latin-1")
    document = parse_document(f"<p>Übersicht – {twice}, est-il là\xa0».</p>".encode(), "https://example.org/")
    assert text_of(document.root) == "Übersicht – Größe, Höhe, Länge, est-il là ».", "the French mark stays"


def test_a_codec_that_is_no_charset_is_not_heard() -> None:
    assert "Kai" in decoded(page("de", "Der Kai", "hex").encode("cp1252"), "text/html; charset=rot13")


@given(st.binary(max_size=300), st.sampled_from(["", "utf-8", "gb18030", "utf-16", "unicode_escape", "idna"]))
def test_no_bytes_raise(page: bytes, charset: str) -> None:
    decoded(page, f"text/html; charset={charset}")
