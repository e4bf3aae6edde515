"""The analysis of text, script by script: what finds a text and what does not, by terms alone."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archive.search.analysis import LONGEST, analysed, terms
from archive.search.query import Words, words


def finds(asked: str, text: str) -> bool:
    """Whether a word or phrase is in a text, as an index would tell: its terms stand there in their order."""
    wanted = words(asked)
    assert isinstance(wanted, Words)
    there = [term.text for term in terms(text)]
    length = len(wanted.terms)
    for start in range(len(there) - length + 1):
        found = there[start : start + length]
        exact = [term for _, term in wanted.terms]
        if found == exact or (wanted.is_prefix and found[:-1] == exact[:-1] and found[-1].startswith(exact[-1])):
            return True
    return False


NFD = unicodedata.normalize("NFD", "Ñandú 각본 ガス")
CASES: list[tuple[str, str, list[str], list[str]]] = [
    ("ar-vowel-signs", "قَرَأَ الطَّالِبُ دَرْسًا", ["قرا", "طالب", "درسا", "قرأ الطالب"], ["طلاب"]),
    ("ar-article-and-prepositions", "بالمدرسة وللجامعة والوزارة كالبحر", ["المدرسة", "جامعة", "وزارة", "البحر"], ["درس"]),
    ("ar-letters-in-one-form", "إسلام آسيا مؤتمر شؤون مستشفى قضية", ["اسلام", "اسيا", "مستشفي", "قضيه", "آسيا"], ["سلام"]),
    ("ar-tatweel", "ســـوق", ["سوق"], []),
    ("ar-short-words-keep-their-letters", "الله الي", ["الله", "إلى"], ["له"]),
    ("ar-digits", "عام ٢٠٢٦", ["2026", "عام 2026", "٢٠٢٦"], ["20"]),
    ("fa-joiner-left-out", "کتاب‌خانه می‌شود", ["کتابخانه", "كتابخانه", "می‌شود"], ["خانه"]),
    ("fa-digits", "۱۴۰۵", ["1405"], []),
    ("ur-letters", "پاکستان کی حکومت", ["پاكستان", "حکومت"], []),
    ("he-points", "מִלְחָמָה וְשָׁלוֹם", ["מלחמה", "ושלום"], ["שלם"]),
    ("he-gershayim", 'דובר צה"ל אמר', ['צה"ל', "צה״ל"], ["צהל"]),
    ("zh-words-of-any-length", "市政府决定扩建图书馆", ["政府", "图书馆", "决定扩建", "馆", "市"], ["建馆", "府定"]),
    ("zh-one-character", "雨停了。", ["雨", "停", "了"], ["雪"]),
    ("zh-last-character-of-a-run", "明天有雪", ["雪", "有雪"], ["雪天"]),
    ("zh-with-digits", "2026年3月1日开幕", ["2026年", "3月1日", "日开幕"], ["2026月"]),
    ("zh-full-width", "ＣＰＩ上涨３％", ["cpi", "CPI上涨", "3"], []),
    ("zh-rare-characters", "𠮷野家開店", ["𠮷野", "野家"], ["吉野"]),
    ("ja-mixed-scripts", "東京タワーへ行った", ["東京タワー", "タワー", "京タ", "行った"], ["東タ"]),
    ("ja-half-width", "ﾊﾟｿｺﾝ ｶﾞｽ", ["パソコン", "ガス"], ["ハソコン"]),
    ("ja-iteration-mark", "佐々木さん", ["佐々木"], ["佐木"]),
    ("ko-particles", "시장은 회의에서 말했다", ["시장", "회의", "회의에서"], ["장회"]),
    ("ko-decomposed", NFD, ["각본"], ["본각"]),
    ("ja-decomposed", NFD, ["ガス"], ["カス"]),
    ("th-no-spaces", "นักเรียนไปโรงเรียน", ["นักเรียน", "โรงเรียน", "เรียน"], ["รถไฟ"]),
    ("th-digits", "ปี ๒๕๖๙", ["2569"], []),
    ("lo-no-spaces", "ສະບາຍດີປະເທດ", ["ປະເທດ"], ["ເມືອງ"]),
    ("km-no-spaces", "សារព័ត៌មានថ្មី", ["ព័ត៌មាន"], []),
    ("my-no-spaces", "မြန်မာနိုင်ငံ", ["နိုင်ငံ"], []),
    ("hi-nasal", "हिन्दी संगीत अङ्क", ["हिंदी", "सङ्गीत", "अंक"], ["हिद"]),
    ("hi-dot-below", "ज़मीन और क़लम", ["जमीन", "कलम"], []),
    ("hi-words-are-whole", "समाचार पत्र", ["समाचार", "समाचार पत्र"], ["समा", "चार"]),
    ("bn-marks", "বাংলাদেশের সংবাদ", ["বাংলাদেশের", "সংবাদ"], ["দেশ"]),
    ("ta-marks", "தமிழ் செய்தி", ["தமிழ்", "செய்தி"], ["தமி"]),
    ("de-sharp-s-and-umlauts", "Die Größe der Straße", ["groesse".replace("oe", "ö"), "STRASSE", "Grosse", "straße"], ["gros"]),
    ("de-compounds-are-whole", "Hafenbehörde", ["hafenbehörde"], ["behörde"]),
    ("tr-both-letters-i", "IŞIK İZMİR ısı", ["ışık", "izmir", "ISI", "İzmir'in".split("'")[0]], []),
    ("tr-apostrophe", "Ankara'ya İzmir’den", ["ankara", "izmir", "İzmir’den"], ["ankaraya"]),
    ("fr-elision", "L’économie d'aujourd'hui, cœur", ["économie", "economie", "aujourd'hui", "coeur"], ["leconomie"]),
    ("es-accents-decomposed", NFD, ["ñandú", "NANDU"], []),
    ("pl-stroke", "Łódź, żółw", ["lodz", "ŁÓDŹ", "zolw"], []),
    ("vi-tones", "Đà Nẵng đón khách", ["da nang", "Đà Nẵng", "đón"], []),
    ("da-ae-and-o", "Ærø køber", ["aeroe".replace("oe", "o"), "ærø", "kober"], []),
    ("el-tonos-and-final-sigma", "Ο ΔΉΜΟΣ της πόλης", ["δημος", "Δήμος", "πολησ"], []),
    ("ru-yo-and-short-i", "Зелёный трамвай", ["зеленый", "ЗЕЛЁНЫЙ", "трамвай"], ["трамваи"]),
    ("uk-apostrophes", "п'ять обʼєкт", ["пʼять", "п’ять", "об'єкт"], []),
    ("en-possessive", "the mayor's office", ["mayor", "mayor’s", "mayor's office"], ["mayors"]),
    ("en-hyphens", "a part-time COVID-19 nurse", ["part-time", "part time", "covid", "covid-19"], ["covid19"]),
    ("zh-characters-parted-by-points-are-no-abbreviation", "第3中.美", ["中", "美", "中.美"], []),
    ("ja-thousands-before-a-character", "値段は1,234円", ["1234", "1,234円", "円"], ["234"]),
    ("en-abbreviations", "The U.S. and U.K. agree", ["us", "U.S.", "uk"], []),
    ("en-thousands", "1,234,567 or 1.234.567 or 1\u00a0234\u202f567", ["1234567", "1,234,567"], ["1234", "567"]),
    ("en-decimals", "3.5 per cent", ["3.5", "3,5"], ["35"]),
    ("en-soft-hyphen", "govern\u00adment", ["government"], ["govern"]),
    ("en-ligature", "the ﬁnal oﬃce", ["final", "office"], []),
]  # fmt: skip


def test_the_table_is_large_enough() -> None:
    assert len(CASES) >= 40
    assert len({name.split("-")[0] for name, *_ in CASES}) >= 14


@pytest.mark.parametrize(("name", "text", "found", "missed"), CASES, ids=[case[0] for case in CASES])
def test_a_script(name: str, text: str, found: list[str], missed: list[str]) -> None:
    assert [asked for asked in found if not finds(asked, text)] == []
    assert [asked for asked in missed if finds(asked, text)] == []


ALPHABET = "aIıİßéŁ1٣ ,.'-\u00ad\u0301\u200cأكالوंन्ｶﾞ水曜日한국어ไทย각\n_ʼ́"
TEXTS = st.one_of(st.text(max_size=60), st.text(st.sampled_from(ALPHABET), max_size=40))


@given(TEXTS)
@example("\u0301")
@example("ﷺ﷽")
@example("a.b.c 1,234.5 1.2345")
def test_what_an_index_gets_are_the_terms(text: str) -> None:
    found = list(terms(text))
    assert analysed(text) == " ".join(term.text for term in found)
    for term in found:
        assert term.text.split() == [term.text]
        assert 1 <= len(term.text) <= LONGEST
        assert 0 <= term.start < term.end <= len(text)
    assert [term.start for term in found] == sorted(term.start for term in found)


@given(TEXTS, st.data())
def test_every_part_of_a_text_finds_it(text: str, data: st.DataObject) -> None:
    """Cut where terms begin and end, a part of a text is a phrase in it."""
    found = list(terms(text))
    if not found:
        return
    first = data.draw(st.integers(0, len(found) - 1))
    last = data.draw(st.integers(first, min(first + 5, len(found) - 1)))
    part = text[found[first].start : found[last].end]
    assert finds(part, text), [term.text for term in terms(part)]


@given(st.text(st.sampled_from("abcéÉßŁıŞçñøÅ αΆςЁй "), max_size=30))
def test_case_and_accents_do_not_matter(text: str) -> None:
    assert analysed(text.upper()) == analysed(text) == analysed(text.lower())
    assert analysed(unicodedata.normalize("NFD", text)) == analysed(text)
