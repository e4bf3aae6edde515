"""News agencies that an article names as its source, and its dateline: where it was written.

A wire's copy says so at a few places: in its byline, between place and text, behind its last sentence, in JSON-LD.
Only agencies of the list are recognised, there alone: a text that speaks of an agency is not the agency's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipelines.extract.structured import Structured, plain, texts

_NAMES = {
    "AAP": "aap|australian associated press",
    "ADN": "adnkronos",
    "AFP": "afp|agence france[- ]presse|فرانس برس|أ\\.?ف\\.?ب|法新社",
    "Agerpres": "agerpres",
    "AGI": "agi|agenzia italia",
    "Anadolu": "aa|anadolu(?: ajansı| agency)?|الأناضول",
    "ANI": "ani|asian news international",
    "ANP": "anp",
    "ANSA": "ansa",
    "Antara": "antara(?: news)?",
    "AP": "ap|(?:the )?associated press|أ\\.?ب|美联社",
    "APA": "apa",
    "Belga": "belga",
    "Bernama": "bernama",
    "Bloomberg": "bloomberg(?: news)?",
    "BTA": "bta|бта",
    "Canadian Press": "cp|(?:the )?canadian press|la presse canadienne",
    "ČTK": "čtk|ctk",
    "dpa": "dpa(?:[-/]\\w+)?|deutsche presse-?agentur",
    "EFE": "efe|agencia efe",
    "epd": "epd",
    "Europa Press": "europa press|ep",
    "Hina": "hina",
    "IANS": "ians",
    "Interfax": "interfax(?:-\\w+)?|интерфакс(?:-\\w+)?|інтерфакс(?:-\\w+)?",
    "IRNA": "irna|ایرنا",
    "Jiji": "jiji(?: press)?|時事(?:通信)?",
    "Keystone-SDA": "keystone-?(?:sda|ats)|sda|ats",
    "KNA": "kna",
    "Kyodo": "kyodo(?: news)?|共同(?:通信)?",
    "Lusa": "lusa",
    "MTI": "mti",
    "NTB": "ntb",
    "PA": "pa(?: media)?|press association",
    "PAP": "pap",
    "PTI": "pti|press trust of india|पीटीआई|भाषा",
    "Reuters": "reuters|thomson reuters|رويترز|路透社|ロイター",
    "RIA Novosti": "ria novosti|риа новости",
    "Ritzau": "ritzau",
    "SID": "sid",
    "SITA": "sita",
    "SPA": "spa|واس",
    "STT": "stt",
    "Tanjug": "tanjug|танјуг",
    "TASR": "tasr",
    "TASS": "tass|тасс",
    "TT": "tt",
    "Ukrinform": "ukrinform|укрінформ|укринформ",
    "UPI": "upi|united press international",
    "Xinhua": "xinhua|新华社|新華社|شينخوا",
    "Yonhap": "yonhap|연합뉴스|聯合ニュース|韩联社",
}
"""Usual names, each with a pattern of what it is called."""
_EACH = [(name, re.compile(pattern, re.I)) for name, pattern in _NAMES.items()]
_BETWEEN = re.compile(r"\s*(?:[/,;+&|·、]|\band\b|\bund\b|\bet\b|\by\b|\be\b|\band\s)\s*", re.I)
_PLACE = r"[^\W\d_][^–—()\[\]\n:!?\"“„»«]{1,60}?"
_DATELINES = (
    re.compile(rf"({_PLACE})\s*[(\[]\s*([^()\[\]]{{2,40}})\s*[)\]]\s*[.:–—-]*\s"),
    re.compile(rf"[(（\[【]\s*({_PLACE})\s*[=＝]\s*([^()（）\[\]]{{2,20}})[)）\]】]"),
    re.compile(r"[【\[]([\u3040-\u9fff\uac00-\ud7a3]{1,10}?)((?:時事|共同|ロイター|AFP)\w{0,3})[】\]]"),
    re.compile(r"(新华社|新華社)([\u4e00-\u9fff]{2,8}?)\d{1,2}月\d{1,2}日[电電]"),
)
_BARE = re.compile(r"[(\[]\s*([^()\[\]]{2,40})\s*[)\]]\s*(?:[–—-]{1,2}|:)\s")
"""An agency before the text, without a place."""
_CAPITALS = re.compile(
    r"([^\W\d_a-zß-öø-ÿ][^\W\d_a-zß-öø-ÿ .'’/-]{2,40}(?:,\s+[^\W\d_]+\.?(?: [^\W\d_]+)?)?)\s+(?:[–—-]{1,2}|\|)\s"
)
"""A place in capitals, with its state or country, before the text."""
_DAY = re.compile(r",\s+(?:\w+\.?\s+\d{1,2}|\d{1,2}\.?\s+\w+\.?)$")
_AT_END = re.compile(
    r"(?:[(\[]([^()\[\]]{2,40})[)\]]|[–—-]\s?([^–—()\s]{2,12})|(?:©|source ?:|quelle ?:|fuente ?:)\s*(.{2,40}?))\W*$",
    re.I,
)
_LONGEST_START = 140
_MOST_LAST = 2


def agencies_in(text: str) -> Iterator[str]:
    """The agencies that a list of names consists of; none when it has anything else of more than a few letters."""
    for part in _BETWEEN.split(plain(text).strip(" .()[]")):
        for name, form in _EACH:
            if form.fullmatch(part.strip()):
                yield name


def agencies_of(structured: Structured, signatures: Sequence[str], paragraphs: Sequence[str]) -> tuple[str, ...]:
    """The agencies that an article comes from, each once; `signatures` are its authors and bylines."""
    found: list[str] = []
    for node in structured.articles:
        for key in ("author", "creator", "sourceOrganization", "copyrightHolder", "provider"):
            found += [name for text in texts(structured.resolve(node.get(key))) for name in agencies_in(text)]
    for signature in signatures:
        found += agencies_in(signature)
    if paragraphs:
        found += _before_text(paragraphs[0])
    for paragraph in paragraphs[-_MOST_LAST:]:
        if (match := _AT_END.search(paragraph[-60:])) is not None:
            found += [name for group in match.groups() if group for name in agencies_in(group)]
        elif len(paragraph) < _LONGEST_START // 2:
            found += agencies_in(paragraph)
    return tuple(dict.fromkeys(found))


def _before_text(paragraph: str) -> Iterator[str]:
    start = paragraph[:_LONGEST_START]
    for form in (*_DATELINES, _BARE):
        if (match := form.match(start)) is not None:
            for group in match.groups():
                yield from agencies_in(group)


def dateline_of(structured: Structured, paragraphs: Sequence[str]) -> str | None:
    """Where an article was written: as JSON-LD says (schema.org ``dateline``), or the text's beginning."""
    for text in texts(structured.article_value("dateline"))[:1]:
        if place := plain(text):
            return place
    start = paragraphs[0][:_LONGEST_START] if paragraphs else ""
    for form in _DATELINES:
        if (match := form.match(start)) is not None:
            agencies = [any(True for _ in agencies_in(group)) for group in match.groups()]
            if any(agencies):
                place = match.groups()[agencies.index(False)] if False in agencies else ""
                return _DAY.sub("", place.strip(" ,-–—")) or None
    match = _CAPITALS.match(start)
    return match[1].strip(" ,") if match is not None else None
