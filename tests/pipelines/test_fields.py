"""Single rooms of the extraction: dates, fingerprints, languages, declared data."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extract.date_texts import parse_date
from pipelines.extract.document import parse_document, text_of
from pipelines.extract.fingerprint import content_sha256, simhash64, words_of
from pipelines.extract.headline import without_site
from pipelines.extract.json_reading import read_json
from pipelines.extract.language import normal_tag, script_language, script_of
from pipelines.extract.media import canonical_of
from pipelines.extract.structured import texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-05", "2026-01-05"),
        ("2026-01-05T07:30:00+02:00", "2026-01-05T07:30:00+02:00"),
        ("2026-01-05T07:30:00.123Z", "2026-01-05T07:30:00+00:00"),
        ("2026-01-05 7:30 UTC", "2026-01-05T07:30:00+00:00"),
        ("2026-01-05T07:30:00+0200", "2026-01-05T07:30:00+02:00"),
        ("20260105", "2026-01-05"),
        ("20260105T073000Z", "2026-01-05T07:30:00+00:00"),
        ("Mon, 05 Jan 2026 07:30:00 +0200", "2026-01-05T07:30:00+02:00"),
        ("2026-01-05 07:30:10 PM", "2026-01-05T19:30:10"),
        ("January 5, 2026 at 12:05 a.m.", "2026-01-05T00:05:00"),
        ("Mon Jan 05 2026 07:30:00 GMT-0330 (Newfoundland Standard Time)", "2026-01-05T07:30:00-03:30"),
        ("Mon, 5 Jan 2026 07:30 +5:45", "2026-01-05T07:30:00+05:45"),
        ("2026-01-05T07:30:00-3:00", "2026-01-05T07:30:00-03:00"),
        ("2026-01-05 07:30 UTC+2", "2026-01-05T07:30:00+02:00"),
        ("2026-01-05T07:30:00+02:00[Africa/Cairo]", "2026-01-05T07:30:00+02:00"),
        ("Mon, 05 Jan 2026 07:30:00 CEST", "2026-01-05T07:30:00+02:00"),
        ("Mon, 05 Jan 2026 07:30:00 IST", "2026-01-05T07:30:00"),
        ("Mon Jan  5 07:30:00 EET 2026", "2026-01-05T07:30:00+02:00"),
        ("05 Jan 26 07:30 GMT", "2026-01-05T07:30:00+00:00"),
        ("1767598200", "2026-01-05T07:30:00+00:00"),
        ("1767598200123", "2026-01-05T07:30:00+00:00"),
        ("@1767598200", "2026-01-05T07:30:00+00:00"),
        ("/Date(1767598200123+0100)/", "2026-01-05T07:30:00+00:00"),
        ("1767598200123456", "2026-01-05T07:30:00+00:00"),
        ("2026-01-05T07:30:00 01:00", "2026-01-05T07:30:00+01:00"),
        ("January 13, 2026 7:30 am Eastern Standard Time", "2026-01-13T07:30:00-05:00"),
        ("2026-01-13T07:30:00 Europe/Helsinki", "2026-01-13T07:30:00+02:00"),
        ("2026-1-5 7:30", "2026-01-05T07:30:00"),
        ("2026-01-05T24:00:00+01:00", "2026-01-06T00:00:00+01:00"),
        ("lundi 5 janvier 2026 à 7h30", "2026-01-05T07:30:00"),
        ("Montag, 5. Januar 2026, 07.30 Uhr", "2026-01-05T07:30:00"),
        ("13/01/2026", "2026-01-13"),
        ("2026.1.5. 오후 7:30", "2026-01-05T19:30:00"),
        ("2026年1月5日 上午7:30", "2026-01-05T07:30:00"),
        ("2026年1月5日（月）午後0時30分", "2026-01-05T12:30:00"),
        ("13/01/2026 07:30 μ.μ.", "2026-01-13T19:30:00"),
        ("13/01/2026 07:30 ص", "2026-01-13T07:30:00"),
        ("13/01/2026 07:30 مساءً", "2026-01-13T19:30:00"),
        ("13 stycznia 2026, godz. 7:30", "2026-01-13T07:30:00"),
        ("2026年1月5日 上午19:30", None),
        ("13.01.2026 07:30 МСК", "2026-01-13T07:30:00+03:00"),
        ("dinsdag 13 januari 2026 om 7.30 uur", "2026-01-13T07:30:00"),
        ("13 de jan. de 2026 às 7h30min", "2026-01-13T07:30:00"),
        ("05/01/2026", None),
        ("07:30 05.01.2026", "2026-01-05T07:30:00"),
        ("2026-01-05T07:30:00 or so", None),
        ("2026-01-05 and the day after", None),
        ("the quay of January 5, 2026", None),
        ("2026-01-05T07:30:00+19:00", None),
        ("2026-01-05T07:30:00 QQQ", None),
        ("2026-13-05", None),
        ("2026-02-30T10:00:00", None),
        ("yesterday", None),
        ("", None),
        ("1970-01-01", None),
    ],
)
def test_dates(text: str, expected: str | None) -> None:
    assert parse_date(text) == expected


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_dates(text: str) -> None:
    parse_date(text)


def test_words_of_scripts_with_and_without_spaces() -> None:
    assert words_of("It's a quay-wall, 2 m") == ["It's", "a", "quay", "wall", "2", "m"]
    assert words_of("東京は雨") == ["東", "京", "は", "雨"]
    assert len(words_of("العبّارة الليلية تعود")) >= 3


def test_digests_fold_white_space_and_forms() -> None:
    assert content_sha256("café  au\nlait") == content_sha256("cafe\u0301 au lait")
    assert content_sha256("a") != content_sha256("b")


def test_similar_texts_have_similar_hashes() -> None:
    words = [f"word{number}" for number in range(300)]
    changed = [*words[:150], "other", *words[151:]]
    different = [f"thing{number}" for number in range(300)]

    def distance(one: list[str], other: list[str]) -> int:
        return (int(simhash64(one), 16) ^ int(simhash64(other), 16)).bit_count()

    assert distance(words, words) == 0
    assert distance(words, changed) < 10
    assert distance(words, different) > 15


@pytest.mark.parametrize(
    ("text", "script", "language"),
    [
        ("Night ferry", "LATIN", None),
        ("إقرأ هذا", "ARABIC", "ar"),
        ("читать", "CYRILLIC", None),
        ("ニュース", "KATAKANA", "ja"),
        ("123 !?", "", None),
    ],
)
def test_scripts(text: str, script: str, language: str | None) -> None:
    assert script_of(text) == script
    assert script_language(text) == language


@pytest.mark.parametrize(
    ("tag", "normal"),
    [
        ("en_US", "en-US"),
        ("AR", "ar"),
        ("zh-hans-cn", "zh-Hans-CN"),
        ("x", None),
        ("", None),
        (None, None),
        ("not a tag", None),
    ],
)
def test_language_tags(tag: str | None, normal: str | None) -> None:
    assert normal_tag(tag) == normal


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '<!-- {"a": 1} -->',
        '//<![CDATA[\n{"a": 1}\n//]]>',
        '{"a": 1,}',
        '{"a": 1};',
        "{&quot;a&quot;: 1}",
        '{"a": 1} {"b"',
        '\ufeff{"a": 1}',
        '{"a": 1',
        '{"a": 1,,}',
        "{a: 1}",
        "{'a': 1}",
        '/* of the office */ {"a": 1} // its end',
        'window.page["x"] = {"a": 1};',
        'Warning: nothing at line 7\n{"a": 1}',
        "{“a”: 1}",
        r'"{\"a\": 1}"',
    ],
)
def test_json_is_read_tolerantly(text: str) -> None:
    assert read_json(text) == [{"a": 1}]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (r'{"t": "the board\'s quay"}', [{"t": "the board's quay"}]),
        ('{"t": "a "firm" no", "u": 2}', [{"t": 'a "firm" no', "u": 2}]),
        ('{"t": "one" "u": "two"}', [{"t": "one", "u": "two"}]),
        ('{"t": , "u": [1, 2,]}', [{"t": None, "u": [1, 2]}]),
        ('{"t": "one"}\n{"t": "two"}', [{"t": "one"}, {"t": "two"}]),
        ('{"t": {"u": "whole"}, "v": "cut of', [{"t": {"u": "whole"}}]),
        (r'{"t": "\u20AC\q"', [{"t": "€q"}]),
        ("function() { return 1 }", []),
        ('{"t": what, "u": 2}', [{"t": None, "u": 2}]),
        ('{"t": rain and wind, "u": 2}', [{"t": "rain and wind", "u": 2}]),
        ('{"t": 4,711, "u": 80 miles, "v": +7}', [{"t": "4,711", "u": "80 miles", "v": 7}]),
        ('{"t": {% image %}, "u": <?= $x ?>, "v": {{ name }}}', [{"t": None, "u": None, "v": None}]),
        ('{"t": page.title(), "u": a || b, "v": `one`}', [{"t": None, "u": None, "v": "one"}]),
        ('{{"t": {{"u": 1}}, "v": 2}}', [{"t": {"u": 1}, "v": 2}]),
        ('{"t": 1}} {"u": 2}]', [{"t": 1}, {"u": 2}]),
        ('{"t"{"u" "one"}, "v"=2, "w" => 3}', [{"t": {"u": "one"}, "v": 2, "w": 3}]),
        ('{"t": "Q:\\quay\\", "u": "a \\"b\\""}', [{"t": "Q:quay\\", "u": 'a "b"'}]),
        (r"{\"t\": \"one\", \"u\": [\"two\"]}", [{"t": "one", "u": ["two"]}]),
        ('{"t": {"u": "Ann Quay}, "v": "two,\n"w": 4}', [{"t": {"u": "Ann Quay"}, "v": "two", "w": 4}]),
        ('{@t: "one", # first\n"u": "two"}', [{"@t": "one", "u": "two"}]),
        ("{'t': 'the board\\'s \"quay\"', 'u': 'two'}", [{"t": 'the board\'s "quay"', "u": "two"}]),
        ('{"t": "one", // first\n"u": /* none */ "two"}', [{"t": "one", "u": "two"}]),
        ('{"t": Quay shut", "u": "two"}', [{"t": "Quay shut", "u": "two"}]),
        ('{"t": 2026-01-05T07:30:00Z, "u": "two"}', [{"t": "2026-01-05T07:30:00Z", "u": "two"}]),
        ("{'t': True, 'u': None, 'v': 'one'}", [{"t": True, "u": None, "v": "one"}]),
        ('{"t": "one",, "u": "two"}', [{"t": "one", "u": "two"}]),
        ('{"t": "one", u: "two"}', [{"t": "one", "u": "two"}]),
    ],
)
def test_flawed_json_is_repaired(text: str, values: list[object]) -> None:
    assert read_json(text) == values


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda one: st.lists(one) | st.dictionaries(st.text(), one),
        max_leaves=8,
    )
)
def test_sound_json_is_read_as_the_standard_library_reads_it(value: object) -> None:
    wrapped = {"value": value}
    assert read_json(json.dumps(wrapped)) == [wrapped]


@given(st.dictionaries(st.text("ab c", min_size=1), st.text("ab'c ,"), min_size=1))
def test_the_repair_changes_nothing_that_is_sound(value: dict[str, str]) -> None:
    assert read_json(json.dumps(value)[:-1] + ", }") == [value]


@pytest.mark.parametrize("text", ["[}", '{"a": [1, }', '[{"a": }, }]', '{"a": [[}]]', "[" * 80 + "}"])
def test_a_brace_that_ends_nothing_ends_the_reading(text: str) -> None:
    read_json(text)


@given(st.text('{}[]",:a1\\ \n<!->', max_size=60))
def test_no_json_raises(text: str) -> None:
    read_json(text)


def test_letters_that_no_reader_sees_are_in_no_word() -> None:
    html = "<p>Ha\u00adfen&shy;meister\u200b und \ufeffKai</p>"
    assert text_of(parse_document(html, "https://example.org/").root) == "Hafenmeister und Kai"


def test_a_page_encoded_twice_is_read_as_it_was_meant() -> None:
    once = "<p>Die Kaimauer – größer, höher, über alles</p>"
    twice = once.encode().decode("cp1252").encode()
    assert "größer, höher, über" in text_of(parse_document(twice, "https://example.org/").root)
    assert "größer, höher, über" in text_of(parse_document(once.encode(), "https://example.org/").root)


def test_a_wrong_header_yields_to_what_the_page_declares_and_is() -> None:
    html = '<meta charset="windows-1252"><p>Café – naïve, £5</p>'.encode("cp1252")
    document = parse_document(html, "https://example.org/", {"Content-Type": "text/html; charset=utf-8"})
    assert text_of(document.root) == "Café – naïve, £5"


@pytest.mark.parametrize(
    ("href", "canonical"),
    [
        ("/", None),
        ("/sport", None),
        ("/index.php", None),
        ("/de/", None),
        ("/undefined", None),
        ("/{{slug}}", None),
        ("/error.aspx", None),
        ("/harbour", None),
        ("/news/local-news/", None),
        ("/category/sport/", None),
        ("/page/3", None),
        ("/home?utm_source=feed", None),
        ("/{slug}", None),
        ("/?p=4711", "https://example.org/?p=4711"),
        ("/a/4711", "https://example.org/a/4711"),
        ("/sport/2026/quay-wall-is-raised", "https://example.org/sport/2026/quay-wall-is-raised"),
        ("/quay-wall-is-raised-7", "https://example.org/quay-wall-is-raised-7"),
    ],
)
def test_a_canonical_address_is_no_front_page_and_no_section(href: str, canonical: str | None) -> None:
    html = f'<link rel="canonical" href="{href}"><p>Text</p>'
    assert canonical_of(parse_document(html, "https://example.org/sport/quay-wall-is-raised-7")) == canonical


def test_texts_of_whatever_a_page_declares() -> None:
    assert texts(["a", {"name": "b"}, {"@value": ["c"]}, 4, True, None, ""]) == ["a", "b", "c", "4"]


def test_site_names_are_taken_off_both_ends() -> None:
    names = ("The Mole",)
    assert without_site("A - B | The Mole", names) == "A - B"
    assert without_site("The Mole: A - B", names) == "The Mole: A - B"
    assert without_site("The Mole", names) == "The Mole"
