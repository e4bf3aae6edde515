"""The catalogues: complete, with the same placeholders, and plural forms as the languages have them."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import crawler.web
from crawler.web.translations import SOURCE, languages, preferred, translations
from tests.web.asking import Server
from tests.web.elements import Elements

WEB = Path(crawler.web.__file__).parent
LOCALE = WEB / "locale"
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
TRANSLATED = [language for language in languages() if language != SOURCE]


@pytest.fixture(scope="module")
def texts() -> set[str]:
    options = {"templates/**.html": {"trimmed": "true"}}
    found = extract_from_dir(WEB, method_map=METHODS, options_map=options)
    return {message[0] if isinstance(message, tuple) else message for _, _, message, _, _ in found}


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s", text))


def forms(text: Any) -> tuple[str, ...]:
    return text if isinstance(text, tuple) else (str(text or ""),)


def test_there_are_translations() -> None:
    assert languages() == ("en", "ar", "de", "fr")


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_every_text_and_no_other(texts: set[str], language: str) -> None:
    catalogue = read_po(BytesIO((LOCALE / f"{language}.po").read_bytes()), locale=language)
    known = {message.id[0] if isinstance(message.id, tuple) else message.id for message in catalogue if message.id}
    assert known == texts, "`make translations` brings a catalogue up to date"
    for message in catalogue:
        if not message.id:
            continue
        given, written = forms(message.id), forms(message.string)
        assert all(written), message.id
        for text in written:
            # A form for one thing may do without its number
            assert set(placeholders(text)) <= set(placeholders(given[-1])), text
            assert len(given) > 1 or placeholders(text) == placeholders(given[0]), text


def test_numbers_take_the_forms_of_the_language() -> None:
    arabic = translations("ar")
    told = [
        arabic.ngettext("%(number)s article", "%(number)s articles", n) for n in (0, 1, 2, 3, 10, 11, 99, 100, 103)
    ]
    assert told[2] == "مقالان"
    assert told[3] == told[4] == told[8] == "%(number)s مقالات"
    assert told[5] == told[6] == "%(number)s مقالًا"
    assert told[7] == "%(number)s مقال"
    french = translations("fr")
    assert french.ngettext("%(number)s article", "%(number)s articles", 0) == "%(number)s article"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "en"), ("ar", "ar"), ("de-AT, en;q=0.5", "de"), ("tlh, fr;q=0.3", "fr"), ("en;q=0.1, AR;q=0.9", "ar"),
     ("ar;q=0, fr;q=0", "en"), ("*", "en"), ("fr;q=x", "en")],
)  # fmt: skip
def test_the_language_follows_the_browser(accepted: str, language: str) -> None:
    assert preferred(accepted, languages()) == language


def test_a_page_in_arabic_reads_from_right_to_left(server: Server) -> None:
    page = server.ask("/?q=quay", Accept_Language="ar").text
    tag, attributes = Elements(page).found[0]
    assert (tag, attributes) == ("html", {"lang": "ar", "dir": "rtl"})
    assert "البحث" in page
    assert re.search('<article lang="(en|fr)[^"]*" dir="ltr">', page), "an article keeps its own direction"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_page_is_there_in_each_language(server: Server, language: str) -> None:
    for path in ("/", "/?q=(", "/sites", "/captures", "/collections", "/access", "/redactions", "/fixity", "/missing",
                 "/crawls", "/failures", "/explain", "/sign-in", "/nowhere"):  # fmt: skip
        page = server.ask(path, Accept_Language=language)
        assert page.status in (200, 400, 404), path
        assert f'<html lang="{language}"' in page.text
        assert "Access rules" not in page.text, path
        assert page.headers["content-language"] == language


def test_a_chosen_language_stays(server: Server) -> None:
    chosen = server.ask("/language?to=fr&back=/sites")
    cookie = chosen.headers["set-cookie"].partition(";")[0]
    assert '<html lang="fr"' in server.ask("/", Cookie=cookie, Accept_Language="de").text
