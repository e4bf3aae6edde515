"""What is done in a quicker way gives what the plain way gives."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from pipelines.extract import document, fingerprint, phrases
from pipelines.extract.class_words import class_words
from pipelines.extract.document import parse_document, text_of
from pipelines.extract.features import squeeze
from pipelines.extract.rights import _paywall_mark
from pipelines.site_memory import digest_of

_TWICE = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u0192\u02c6\u02dc\u2013-\u2122]")
_LETTERS = st.sampled_from("aéüß œ€’ž\u00c3\u00a9\u00c5\u0178\u00e2\u20ac\u2122\u201c\u0081\u008d文Ж")
_SAID = st.sampled_from(
    [
        "Read more",
        "SIGN UP for our newsletter",
        "lees ook:",
        "ad",
        "Advertisement",
        "AYRICA OKUYUN",
        "by Ida",
        "12 comments",
    ]
)


def _letter_by_letter(text: str) -> str:
    if len(_TWICE.findall(text)) < 3:
        return text

    def byte(letter: str) -> str:
        try:
            return letter.encode("cp1252").decode("latin-1")
        except UnicodeEncodeError:
            return letter

    try:
        return "".join(map(byte, text)).encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        within = {match[0] for match in document._TWICE_WITHIN.finditer(text)}
        for twice in sorted(within) if len(within) >= 3 else ():
            try:
                text = text.replace(twice, "".join(map(byte, twice)).encode("latin-1").decode("utf-8"))
            except UnicodeDecodeError:
                continue
        return text


def _once(text: str) -> str:
    text, encoded = document._encoded_once(text, text.encode("utf-8", "replace"))
    assert encoded == text.encode("utf-8", "replace")
    return text


@given(st.text(_LETTERS, max_size=40))
def test_a_text_encoded_twice_is_told_from_others(text: str) -> None:
    assert _once(text) == _letter_by_letter(text)
    misread = "".join(chr(byte) for byte in text.encode()).translate(
        {
            byte: ord(letter)
            for letter, byte in ((chr(key), value) for key, value in document._BYTES_OF_LETTERS.items())
        }
    )
    assert _once(misread) == _letter_by_letter(misread)


@given(st.lists(st.tuples(st.sampled_from([b"<", b"", b"<<", b"p<"]), st.integers(9_990, 10_010)), max_size=5))
def test_long_tags_are_those_between_two_beginnings(parts: list[tuple[bytes, int]]) -> None:
    page = b"".join(mark + b"a" * length for mark, length in parts)
    expected = [tag for tag in page.split(b"<")[1:] if len(tag) > 2 * document.MAX_ATTRIBUTES]
    assert list(document._long_tags(page)) == expected


@given(st.lists(st.one_of(_SAID, st.text(st.characters(max_codepoint=127), max_size=12)), min_size=1, max_size=3))
def test_forms_match_ascii_as_they_match_all_letters(parts: list[str]) -> None:
    text = " ".join(parts)
    for form in (phrases._ANY, phrases._FURNITURE, phrases._NEWSLETTER, phrases._POINTER):
        for case in (text, text.lower(), text.upper(), text.title()):
            assert form.match(case) == (form._any.match(case) is not None)
            assert form.fullmatch(case) == (form._any.fullmatch(case) is not None)


@given(
    st.from_regex(r"(?:https?://|//|/|)[a-z.:@]{0,9}/?[a-zA-Z0-9./;?#%=&+ -]{0,12}", fullmatch=True),
    st.sampled_from(["https://paper.example/news/a.html", "http://paper.example", "https://paper.example/a?b=1"]),
)
def test_an_address_that_is_plain_is_not_joined(link: str, base: str) -> None:
    page = document.Document(html.HtmlElement(), base, base)
    try:
        joined = urljoin(base, link.strip()).split("#", 1)[0]
    except ValueError:
        joined = ""
    expected = joined if link.strip() and joined.startswith(("http://", "https://")) else None
    assert page.absolute(link) == expected


@given(st.text(st.sampled_from("aé9_ '’-.,ドก字\n"), max_size=40))
def test_words_are_the_same_with_the_pattern_for_texts_without_wide_letters(text: str) -> None:
    assert fingerprint.words_of(text) == fingerprint._WORD.findall(text)


@given(st.lists(st.text(st.sampled_from("abc"), max_size=45), max_size=12))
def test_hashes_that_are_known_are_those_of_the_words(words: list[str]) -> None:
    for _ in range(2):
        assert fingerprint._hashes_of(words) == [fingerprint._hash_of(word) for word in words]


def test_a_page_without_what_nobody_sees_is_read_as_before() -> None:
    page = "\ufeff<?xml version='1.0'?><p>vo\u00adted&shy; on&#8203;ce \x07é</p>".encode()
    assert (
        text_of(parse_document(page + b"<i>" + "é".encode() * 20, "https://paper.example/").root)[:11]
        == "voted once "
    )


@pytest.mark.parametrize("attribute", ["itemprop", "itemProp"])
def test_properties_are_listed_by_their_names(attribute: str) -> None:
    page = parse_document(f"<p {attribute}='name author'>Ida</p><b itemprop=name>Ole</b>", "https://paper.example/")
    assert [element.text for element in page.properties["name"]] == ["Ida", "Ole"]
    assert [element.text for element in page.properties["author"]] == ["Ida"]


@pytest.mark.parametrize(
    ("page", "mark"),
    [
        ("<script>var paywall = 'piano-offer'</script><p class='text'>a", None),
        ("<script>paywall()</script><p class='text'>a</p><p id='x-paywall'>b", "x-paywall"),
        ("<div class='piano-offer big'>a</div><p class=paywall>", "piano-offer big"),
        ("<p>They speak of a paywall.</p>", None),
    ],
)
def test_a_paywall_is_found_by_the_name_of_an_element(page: str, mark: str | None) -> None:
    assert _paywall_mark(parse_document(page, "https://paper.example/")) == mark


@given(st.text(max_size=60))
def test_a_squeezed_text_has_no_other_characters(text: str) -> None:
    assert squeeze(text) == re.sub(r"\W+", "", text).lower()


@given(
    st.one_of(st.text(min_size=20, max_size=60), st.text(st.characters(max_codepoint=127), min_size=20, max_size=60))
)
def test_a_paragraph_stands_for_its_letters(paragraph: str) -> None:
    letters = re.sub(r"\W+", "", paragraph.casefold())
    expected = hashlib.sha256(letters.encode("utf-8", "replace")).hexdigest()[:16] if len(letters) >= 25 else ""
    assert digest_of(paragraph) == expected


@pytest.mark.parametrize(
    "marks", ["story-body sr-only", "articleBody NewsTeaser ads", "visually-hidden related_links main"]
)
def test_a_class_says_what_its_names_say(marks: str) -> None:
    each = 0
    for name in marks.split():
        each |= class_words(name)
    assert class_words(marks) == each


def test_elements_of_several_tags_come_in_the_order_of_the_page() -> None:
    page = parse_document(
        b"<html><head><title>One</title></head><body><h2>b</h2><h1>c</h1><h2>d</h2><svg><title>e</title></svg></body>",
        "https://paper.example/",
    )
    assert [element.text for element in page.elements("h1", "h2", "title")] == ["One", "b", "c", "d", "e"]
    assert page.title is not None and page.title.text == "One"
    left = page.without(["//h2"])
    assert [element.text for element in left.elements("h1", "h2")] == ["c"]
    assert len(page.elements("h2")) == 2
