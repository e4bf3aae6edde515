"""One article under many addresses; many articles under like ones."""

from __future__ import annotations

from urllib.parse import urlunsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiders.left_out import LeftOut
from spiders.links import LONGEST_ADDRESS, address_flaw, clean_address, joined, looks_like_article
from spiders.url_identity import identity

BASE = "https://www.example.org/world/the-quay-wall-is-raised"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (BASE, "http://example.org/world/the-quay-wall-is-raised/"),
        (BASE, "https://m.example.org/world/the-quay-wall-is-raised"),
        (BASE, "https://amp.example.org/world/the-quay-wall-is-raised"),
        (BASE, "https://www.example.org/world/the-quay-wall-is-raised/amp/"),
        (BASE, "https://www.example.org/world/the-quay-wall-is-raised?outputType=amp"),
        (BASE, "https://www.example.org/world/the-quay-wall-is-raised?PHPSESSID=0a1b2c"),
        (BASE, "https://www.example.org:443/world/the-quay-wall-is-raised;jsessionid=AB12"),
        (BASE, "https://www.example.org/world/%74he-quay-wall-is-raised"),
        (BASE + ".html", BASE + ".amp.html"),
        ("https://example.org/a?id=5&page=2", "https://example.org/a?page=2&id=5"),
        ("https://example.org/%D9%85%D8%B1", "https://example.org/%d9%85%d8%b1"),
        ("https://bücher.example/a-b", "https://xn--bcher-kva.example/a-b"),
        ("https://example.org/read?id=%D9%85&x=a+b", "https://www.example.org/read?x=a%20b&id=%d9%85"),
    ],
)
def test_one_article(one: str, other: str) -> None:
    assert identity(one) == identity(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (BASE, BASE + "-again"),
        (BASE, BASE.replace("world", "sport")),
        ("https://example.org/a?id=5", "https://example.org/a?id=6"),
        ("https://example.org/20260105-wall-is-raised", "https://example.org/20260105-wall-falls-down"),
        ("https://example.org/2000000-people-march", "https://example.org/2000000-people-flee"),
        ("https://example.org/12345-wall-is-raised", "https://example.org/12345-wall-falls-down"),
        ("https://example.org/7654321", "https://example.org/7654322"),
        ("https://example.org/quay-wall-falls-8412097", "https://example.org/gallery-of-the-quay-8412097"),
        ("https://example.org/item?n=4&view=text", "https://example.org/item?n=4&view=pictures"),
        ("https://example.org/item?n=4&source=county", "https://example.org/item?n=4&source=court"),
        ("https://example.org/trains?from=arden&to=holme", "https://example.org/trains?from=irby&to=holme"),
        ("https://example.org/item?t=%C4%E5%ED%FC", "https://example.org/item?t=%CD%EE%F7%FC"),
        ("https://news.example.org/a-b", "https://blog.example.org/a-b"),
        ("https://example.org/story?sid=512", "https://example.org/story?sid=513"),
        ("https://example.org/view?print=512", "https://example.org/view?print=513"),
        ("https://example.org/read?q=1&q=2", "https://example.org/read?q=2&q=1"),
        ("https://example.org/a%2Fb", "https://example.org/a/b"),
        ("https://example.org/a%3Fb=1", "https://example.org/a?b=1"),
        ("https://example.org/100%25-of-it", "https://example.org/100%-of-it"),
        ("https://example.org/7654321-wall-raised/2", "https://example.org/7654321-wall-raised/3"),
    ],
)
def test_two_articles(one: str, other: str) -> None:
    assert identity(one) != identity(other)


def test_the_address_that_is_asked_for_has_no_session_and_no_default_port() -> None:
    token = "0f9a8b7c6d5e4f3a2b1c"
    assert clean_address(f"http://Example.org:80/a?sid={token}&x=1#top") == "http://example.org/a?x=1"
    assert clean_address("http://example.org/story?sid=512") == "http://example.org/story?sid=512"
    assert clean_address("https://example.org:443/") == "https://example.org/"
    assert clean_address("https://example.org:8443/") == "https://example.org:8443/"


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("t=%C4%E5%ED%FC&utm_source=mail", "t=%C4%E5%ED%FC"),
        ("48213&utm_medium=x", "48213"),
        ("utm_campaign=a;b&q=one;two", "q=one;two"),
        ("a=&b&&c=+%20&fbclid=9", "a=&b&&c=+%20"),
        ("%75tm_source=x&z=1&a=2", "z=1&a=2"),
        ("q=Q%26A&gclid=1", "q=Q%26A"),
        ("utm_source=only", ""),
    ],
)
def test_tracking_is_cut_out_and_the_rest_stays(query: str, kept: str) -> None:
    assert clean_address(f"https://example.org/read?{query}") == urlunsplit(
        ("https", "example.org", "/read", kept, "")
    )


_PARAMETER = st.from_regex(r"[a-z0-9]{1,3}(=([a-z0-9;+/!]|%[0-9A-F]{2}){0,6})?", fullmatch=True)


@given(st.lists(_PARAMETER, max_size=5), st.integers(0, 5), st.sampled_from(["utm_term=x", "yclid", "PHPSESSID=8"]))
def test_a_query_is_what_it_was_without_its_tracking(parameters: list[str], place: int, tracking: str) -> None:
    kept = [parameter for parameter in parameters if parameter.partition("=")[0] not in ("cmp", "spm", "sid", "_ga")]
    with_tracking = [*kept[:place], tracking, *kept[place:]]
    expected = f"https://example.org/a?{'&'.join(kept)}" if kept else "https://example.org/a"
    assert clean_address(f"https://example.org/a?{'&'.join(with_tracking)}") == expected


@pytest.mark.parametrize(
    ("letters", "charset", "sent"),
    [
        ("Mêlée", "iso-8859-15", "M%EAl%E9e"),
        ("Мост", "windows-1251", "%CC%EE%F1%F2"),
        ("oМ", "iso-8859-1", "o%26%231052%3B"),
        ("é~М&n=М", "windows-1252", "%E9~%26%231052%3B&n=%26%231052%3B"),
        ("Мост", "no-such-charset", "%D0%9C%D0%BE%D1%81%D1%82"),
    ],
)
def test_letters_of_a_query_are_sent_in_the_charset_of_the_page(letters: str, charset: str, sent: str) -> None:
    assert clean_address(f"https://example.org/?w={letters}", charset) == f"https://example.org/?w={sent}"


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("\\a\\b", "https://example.org/a/b"),
        ("\\\\paper.example\\a?b\\c#d\\e", "https://paper.example/a?b\\c#d\\e"),
        ("https:\\\\paper.example\\a", "https://paper.example/a"),
        ("mailto:a\\b@paper.example", "mailto:a\\b@paper.example"),
    ],
)
def test_backslashes_are_slashes_before_the_query(written: str, address: str) -> None:
    assert joined("https://example.org/x/y", written) == address


@pytest.mark.parametrize(
    ("address", "flaw"),
    [
        ("  ", LeftOut.NO_ADDRESS),
        ("https://example.org/" + "a" * LONGEST_ADDRESS, LeftOut.TOO_LONG),
        ("https://example.org/?q=" + "ж" * 700, LeftOut.TOO_LONG),
        ("https://example.org:70000/a", LeftOut.UNFIT),
        ("mailto:desk@example.org", LeftOut.UNFIT),
        ("https://[2001:db8::1/a", LeftOut.UNFIT),
        (f"https://{'ж' * 70}.example.org/a", LeftOut.UNFIT),
        (f"https://{'a' * 64}.example.org/a", LeftOut.UNFIT),
        ("https://example.org/caf\ufffd", LeftOut.UNFIT),
        ("https://example.org/#!/ferry/5", LeftOut.IN_FRAGMENT),
        ("https://example.org/index.html#/ferry/5", LeftOut.IN_FRAGMENT),
        ("https://example.org/ferry/5#!comments", None),
        ("https://example.org/#top", None),
        ("https://example.org/a?utm_content=" + "a" * LONGEST_ADDRESS, None),
        ("https://example.org/a", None),
    ],
)
def test_why_an_address_is_unfit(address: str, flaw: LeftOut | None) -> None:
    assert address_flaw(address) is flaw


@pytest.mark.parametrize(
    "address",
    [
        "/?p=417",
        "/index.php?p=9",
        "/newsView.html?idxno=80341",
        "/read.asp?ArticleID=12",
        "/show?id=4f-09",
        "/v.jsp?no=7",
        "/?q=node/2207",
        "/news.php?readmore=311",
        "/modules.php?name=News&file=article&sid=644",
        "/tale?title=four-words-make-it",
    ],
)
def test_an_article_may_be_named_by_its_query(address: str) -> None:
    assert looks_like_article(f"https://example.org{address}")


@pytest.mark.parametrize(
    "address",
    [
        "/news?p=4",
        "/list?page_id=3",
        "/i.php?option=x&view=category&id=8",
        "/i.php?Itemid=3",
        "/?lang=12",
        "/a.jpg?id=4",
        "/modules.php?name=Topics&sid=644",
        "/i.php?view=article&page=644",
        "/i.php?tag=four-words-make-it",
        "/go.php?to=/2026/03/04/ferry",
    ],
)
def test_a_query_may_name_what_is_no_article(address: str) -> None:
    assert not looks_like_article(f"https://example.org{address}")


@given(st.text() | st.binary().map(lambda data: data.decode("utf-8", "surrogateescape")))
def test_no_text_raises(text: str) -> None:
    for address in (text, f"http://{text}", f"http://example.org/{text}", f"http://example.org/?{text}"):
        assert identity(address) == identity(address)
        identity(address).encode()
        cleaned = clean_address(address)
        assert (address_flaw(address) is None) == (cleaned is not None)
        if cleaned is not None:
            assert clean_address(cleaned) == cleaned
            assert identity(cleaned) == identity(cleaned + "#")


_RESERVED = st.sampled_from(["%2F", "%3F", "%23", "%25", "%3B"])


@given(st.from_regex(r"[a-z]{1,6}", fullmatch=True), _RESERVED, st.from_regex(r"[a-z]{1,6}", fullmatch=True))
def test_a_letter_that_would_part_an_address_is_another_one_when_it_is_encoded(
    one: str, letter: str, other: str
) -> None:
    encoded = identity(f"https://example.org/{one}{letter}{other}")
    assert encoded != identity(f"https://example.org/{one}{chr(int(letter[1:], 16))}{other}")
    assert encoded == identity(f"https://example.org/{one}{letter.lower()}{other}")


@given(st.text())
def test_an_address_has_a_form_or_a_flaw(text: str) -> None:
    assert (clean_address(text) is None) is (address_flaw(text) is not None)
