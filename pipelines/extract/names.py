"""Names under an article: people, bodies that sign as one, and what only looks like a name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from pipelines.extract.headline import words

_LEAD = re.compile(
    r"^(?:"
    r"(?:view|show|see|read|all|alle|zeige|ver|voir|mostra|bekijk)\b.{0,25}\b(?:by|of|von|de|del|di|van)\s*"
    r"|(?:by|von|par|por|da|di|av|af|door|de|written by|words by|reported by|story by|posted by"
    r"|published by|texte? von|text|texto|testo|autor(?:in|es|a)?|auteure?s?|authors?|reporter|bearbeitet von"
    r"|about|über)\s*[:\s]\s*"
    r"|(?:بقلم|كتبت?|автор|текст|責編|责编|责任编辑|编辑|記者|作者|文|取材)\s*[:：\s]\s*"
    r")",
    re.I,
)
_BYLINE = re.compile(
    r"[（(]?(?:(?:by|von|par|por|di|av|af|door|written by|text:|texto:|testo:|autor:|reporter:|بقلم|автор)[:\s]\s*"
    r"|(?:責編|责编|责任编辑|编辑|記者|作者)\s*[:：]\s*)\S",
    re.I,
)
_SPLIT = re.compile(
    r"\s*(?:;|\||、|،|,(?!\s*(?:jr|sr|md|phd|dr|esq)\b)|\s/\s|\s&\s|\s[•·–—]\s"
    r"|\s(?:and|und|et|y|e|og|och|en|with|mit|avec)\s)\s*",
    re.I,
)
_ACADEMIC = re.compile(r",\s*(?:ph\.?d|m\.?d|jr|sr|esq)\.?(?=,|$)", re.I)
_EDGES = " .,-–|:/()[]（）→»›\u200b\u00a0"
_COMPANY = re.compile(r"\b(?:gmbh|inc|ltd|llc|plc|corp|limited|s\.?a\.?|s\.?r\.?l|ag|e\.\s?v|kg|co\. kg)\b\.?", re.I)
_DESK = re.compile(
    r"\b(?:redaktion|redakcj\w*|redacci[oó]n|r[eé]daction|redazione|redaç[aã]o|staff(?: reporters?| writers?)?|team"
    r"|newsroom|desk|news service|agenc(?:y|ies)|agenturen|online)\b",
    re.I,
)
_ROLE = re.compile(
    r"\b(?:editorial|editors?|admin\w*|super ?user|webmaster|root|guest|user|unknown|anonymous|undefined|author|null"
    r"|none|reporters?|correspondents?|contributors?|letters to the editor|mitarbeiter\w*|no author|red"
    r"|wellness|show all|shares?|comments?|follow|updated|published|edited by|revised|twitter|facebook|instagram"
    r"|linkedin|whatsapp)\b"
    r"|^(?:bild|foto|photo|image|credit)",
    re.I,
)
_NO_NAME = re.compile(r"https?:|www\.|@|#|\d{3,}|[<>{}=?!]|\d{1,2}[:.]\d{2}|^\W*$")
_HANDLE = re.compile(r"^[a-z]+[a-z0-9]*\d[a-z0-9]*$|^[a-z]+-[a-z]+\d*$|^\w*(?:admin|user)$")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_DOMAIN = re.compile(r"^[\w.-]+\.[a-z]{2,4}$", re.I)
_PARTICLES = frozenset("de da di do dos del della la le van von der den al el bin ter zu af".split())
_LONGEST = 60
_MOST_WORDS = 6


class Signer(Enum):
    """Who a name stands for."""

    PERSON = "person"
    ORGANISATION = "organisation"
    NOBODY = "nobody"


def split_names(claim: str) -> list[str]:
    """The names in a byline, without "By", roles between brackets and academic titles behind."""
    claim = _ACADEMIC.sub("", " ".join(claim.split()).strip(_EDGES))
    parts = _SPLIT.split(_LEAD.sub("", claim))
    return [name for part in parts if (name := _LEAD.sub("", part.strip(_EDGES)).strip(_EDGES))]


def signer_of(name: str, site: set[str]) -> Signer:
    """Who a name stands for; `site` holds the site's own names as `folded` has them."""
    as_words = folded(name)
    if not as_words or len(name) > _LONGEST or _NO_NAME.search(name):
        return Signer.NOBODY
    if as_words in site or _DOMAIN.match(name) or _COMPANY.search(name):
        return Signer.ORGANISATION
    if _DESK.search(name) and len(as_words.split()) > 1:
        return Signer.ORGANISATION
    shortest = 2 if _WIDE.search(name) else 3
    if (
        len(name) < shortest
        or _DESK.search(name)
        or _ROLE.search(name)
        or _HANDLE.match(name)
        or len(as_words.split()) > _MOST_WORDS
    ):
        return Signer.NOBODY
    return Signer.PERSON


def looks_like_a_person(name: str) -> bool:
    """Whether a name that nothing declares as one is a person's.

    Two to four words, each with a capital where the script has them; two to five signs of Han, Kana or Hangul.
    """
    parts = name.split()
    if _WIDE.search(name):
        return len(parts) <= 2 and 2 <= len(name.replace(" ", "")) <= 5
    if not 2 <= len(parts) <= 4:
        return False
    return all(part[0].isupper() or part.casefold() in _PARTICLES or not part[0].islower() for part in parts) and (
        not any(character.isdigit() for character in name)
    )


def folded(name: str) -> str:
    """A name for comparison."""
    return " ".join(words(name))


def people_in(claim: str, site: set[str], *, bodies: bool = False) -> Iterator[str]:
    """The people in a byline, and with `bodies` the organisations other than the site.

    One that begins with an organisation names its seat, not more people. A single word behind a person's full name
    is a place, a degree or a trade.
    """
    names = split_names(claim)
    kinds = [signer_of(name, site) for name in names]
    if kinds and kinds[0] is Signer.ORGANISATION and len(names) > 1 and "," in claim:
        return
    whole = kinds[:1] == [Signer.PERSON] and " " in names[0] and not _WIDE.search(claim)
    for number, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        if number and whole and kind is Signer.PERSON and " " not in name:
            continue
        if kind is Signer.PERSON or (bodies and kind is Signer.ORGANISATION and folded(name) not in site):
            yield name


def is_byline(line: str) -> bool:
    """Whether a line of a page begins as a byline does."""
    return len(line) <= _LONGEST and _BYLINE.match(line) is not None
