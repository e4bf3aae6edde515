"""Names in bylines: people, organisations that sign like a person, and what only looks like a name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import Enum

from pipelines.extract.agencies import agencies_in
from pipelines.extract.headline import words

_LEAD = re.compile(
    r"^(?:"
    r"(?:view|show|see|read|all|alle|zeige|ver|voir|mostra|bekijk)\b.{0,25}\b(?:by|of|von|de|del|di|van)\s*"
    r"|von unsere[rm] \w{4,20}\s|(?:by|von|par|por|da|di|av|af|door|de|written by|words by|reported by|story by"
    r"|posted by|published by|submitted by|texte? von|text|texto|testo|autor(?:in|es|a)?|auteure?s?|authors?|reporter"
    r"|bearbeitet von|about|über|e-?mail|contact|oleh|kirjoittanut|oprac\.|testo di|a cura di|opini[oó]n de"
    r"|propos recueillis par|(?:ein (?:\w{4,14}) |aufgezeichnet |protokolliert |interview |kommentar |analyse )von)"
    r"\s*[:\s]\s*"
    r"|(?:από τ(?:η|ην|ον?)|γράφ(?:ει|ουν)(?: (?:ο|η|οι))?)\s"
    r"|(?:מאת|โดย|της|του|των|बाय|بقلم|كتبت?|автор|текст|հեղինակ|責編|责编|责任编辑|编辑|記者|기자|作者|文|取材|執筆|撰文)"
    r"\s*[:：=＝／/・՝\s]\s*"
    r")",
    re.I,
)
_BYLINE = re.compile(
    r"[（(]?(?:(?:by|von|par|por|di|av|af|door|written by|text:|texto:|testo:|autor:|reporter:|بقلم|автор)[:\s]\s*"
    r"|(?:責編|责编|责任编辑|编辑|記者|作者)\s*[:：]\s*)\S",
    re.I,
)
_SPLIT = re.compile(
    r"\s*(?:;|\||、|،|,(?!\s*(?:jr|sr|md|phd|dr|esq)\b)(?:\s*(?:and|und|et|y|e|og|och|en|&)(?=\s))?"
    r"|\s(?=(?:fot[oó]s?|kuvat?|kép|zdjęcia|φωτ\w{0,8}|фото|світлини|photos?|bild(?:er)?|fot|zdj|编辑|編輯|摄影|攝影|撮影"
    r"|写真|사진)\s?[:：=＝.])"
    r"|\s(?=(?-i:编辑|編輯) )|\s(?=(?:fotos?|pictures|photos?|twitter|editor|words)\s?:)"
    r"|\s/\s|\s&\s|\s[•·–—+-]\s|\s(?:and|und|et|y|e|og|och|en|with|mit|avec|con)\s"
    r"|\s(?-i:i|a)\s(?=(?-i:[^\W\d_a-z])[^\s,]+ [^\W\d_])"
    r"|\s(?-i:sowie|u\.|oraz|és|ve|dan|și|şi|un|ir|ja|và|và|и|та|й|και|և|და|और|एवं|এবং|ও|اور)\s)\s*",
    re.I,
)
_PICTURES = re.compile(
    r"^(?:kuvat?|képe?k?|zdjęcia|φωτ\w{0,8}|фото|світлини|ภาพ|ảnh|صور|תצלום|写真|撮影|摄影|攝影|사진|编辑|編輯|fot\.|zdj\."
    r"|edit(?:or|ed|ing)|redaktur|translat(?:ed|ion)|twitter|tel|pictures|photographs|photos?|fotos?|fotografías?|bild(?:er)?|images?|illustrations?"
    r"|graphics?|video)"
    r"(?:\s*[:：=＝／/]\s*|\s(?:by|von|de|par|di)\s|(?<=\.)\s|(?<=[\u3400-\u9fff])\s).",
    re.I,
)
"""Who made the pictures beside a text, edited or translated it."""
_LABEL = re.compile(
    r"^(?:[^\W\d_][^:：]{1,24}[:：]\s*(?=[^\s/])"
    r"|(?:an? )?(?:exclusive|guest (?:post|column|essay)|opinion|analysis|comment(?:ary)?|column|review|interview"
    r"|essay|special report|report(?:ing)?|contributed) by\s)",
    re.I,
)
"""What a text is called before the name of who wrote it."""
_GLUED_BY = re.compile(r"^(?:(?:[Ww]ritten|[Ww]ords|[Ss]tory|[Rr]eported|[Pp]osted) ?)?B[Yy](?=[^\W\d_a-z])")
"""A label whose space was lost between two elements: ``Written ByMara``."""
_MORE_BY = re.compile(r"^(?:more|view|all)(?: \w+){0,2} (?:by|from|von) ", re.I)
_BRACKETS = re.compile(r"(?<=[^\s(（\[])\s*[(（\[［【][^()（）\[\]［］【】]{0,60}(?:[)）\]］】]|$)")
_ADDRESSES = re.compile(r"\s*[|,(]?\s*(?:\bat )?\S{0,60}@\S{1,60}")
_TIMES = re.compile(
    r"\s*[|,·•–—-]?\s*(?:\b(?:last |first )?(?:published|updated|posted|modified|reviewed)\b(?!\s+by\b).*"
    r"|\d{1,3} ?min(?:ute)?s? read.*)$",
    re.I,
)
_CALLS = re.compile(
    r"\s*[|,•·–—-]?\s+(?:follow(?:ing)?\b.*|subscribe\b.*|share\b.*|more (?:by|from) this author|email the author|"
    r"bio|\d+ comments?|on (?:x|twitter|facebook|instagram|bluesky|linkedin|mastodon)|twitter:?|special to .*"
    r"|(?:on )?(?-i:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d{1,2},? \d{4}.*)\s*$",
    re.I,
)
"""What is offered behind a name, and the day."""
_OTHER_HANDS = re.compile(
    r"\s*[.,;]?\s+(?:with )?(?:illustrations?|photos|photographs|pictures|graphics) by .*$", re.I
)
_WEB = re.compile(r"\s*[|,(]?\s*(?:https?://|www\.)\S+", re.I)
_AT = re.compile(r"\s?[\[(](?:at|ät|arroba)[\])]\s?", re.I)
_MAIL_BEFORE = re.compile(r"^\S{1,60}@\S{1,60}\s+[(]([^()]{3,60})[)]$")
_BEHIND_NAME = re.compile(
    r"(?<=[^\W\d_A-Z])\s(?:(?!I{2,3}\b|IV\b|VI{0,3}\b|J[Rr]\b|MD\b)[A-Z]{2,5}(?: (?:News|Sport|Radio))?"
    r"|at [A-Z].{2,40})$"
    r"|(?<=[^\W\d_])\s(?:(?:The )?Associated Press|Agence France-Presse|Bloomberg News|Reuters)$"
)
"""An outlet that stands behind a name without a mark."""
_SURNAMES_FIRST = re.compile(
    r"[^\W\d_][\w'’-]+, [^\W\d_][\w'’.-]*(?: [^\W\d_]\.?)*"
    r"(?:\s?(?:;|&)\s?[^\W\d_][\w'’-]+, [^\W\d_][\w'’.-]*(?: [^\W\d_]\.?)*)+"
)
_PLACE = re.compile(
    r"(?<=[^\W\d_]) (?:in|à|aus) [A-ZÀ-ÖØ-Þ][\w.'’-]*(?: [A-ZÀ-ÖØ-Þ][\w.'’-]*){0,2}"
    r"(?=$|,| (?:and|und|et|y|e|og|och|en|&) )"
)
_OUTLET = re.compile(r"(?<=[^\W\d_]) [Ff]or (?:the )?[A-ZÀ-ÖØ-Þ].{0,40}$")
_SURNAME_FIRST = re.compile(
    r"([A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ][\w'’-]*), ((?:[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ][\w'’-]*|[A-Z]\.)(?: [A-Z]\.?)*)"
)
_WIDE_ROLES = (
    r"(?:本报|本刊|本社|[\u3400-\u9fff]{1,4}社)?"
    r"(?:记者|記者|通讯员|通訊員|実習生|特派員|論説委員|編集委員|解説委員|편집위원|논설위원|선임기자|기자|특파원|에디터)"
)
_WIDE_LEAD = re.compile(rf"^(?:{_WIDE_ROLES}[\s:：]+|(?:记者|記者)(?=[\u3400-\u9fff]{{2,4}}(?:$|[／/])))")
_WIDE_TAIL = re.compile(rf"\s?{_WIDE_ROLES}$")
_WIDE_PLACE = re.compile(r"[／/][\u3400-\u9fff]{1,6}(?:報導|报道|報道)$")
_HANGUL_PAPER = re.compile(r"^(?:\([^()]{1,30}\)\s?)?(?:[\w]+ )?(?=[\uac00-\ud7af]{2,4}$)")
_WIDE_DOT = re.compile(
    r"(?:[\u3400-\u9fff]{2,5}|[\uac00-\ud7af]{2,4})(?:[·・](?:[\u3400-\u9fff]{2,5}|[\uac00-\ud7af]{2,4}))+"
)
_KATAKANA = re.compile(r"[\u30a0-\u30ff]{2,10}(?:[・＝][\u30a0-\u30ff]{2,10}){1,2}")
_HAN_NAMES = re.compile(r"[\u3400-\u9fff]{2,4}(?: [\u3400-\u9fff]{2,4})+")
_ARABIC_AND = re.compile(
    r"(?<=[\u0600-\u06ff]{2}) و ?(?!(?:ليد|ائل|سام|سيم|فاء|جدي|هيب|حيد|داد|ديع|صفي)(?:\s|$))"
    r"(?=[\u0600-\u06ff]{2,20} [\u0600-\u06ff])"
)
"""An "and" written onto the name behind it, where that has two words; names that begin with its letter apart."""
_HEBREW_AND = re.compile(
    r"(?<=[\u05d0-\u05ea]) ו-?(?!(?:רד|רדה|יקטור|יקטוריה|ולף|לדימיר|רוניקה)(?:\s|$))"
    r"(?=[\u05d0-\u05ea]{2,12} [\u05d0-\u05ea])"
)
_SLASH = re.compile(r"(?<=[^\W\d_])/(?=[^\W\d_])")
_ROLES = frozenset(
    "writer reporter editor correspondent journalist columnist contributor photographer producer staff expert author "
    "ldr columnista colunista journalista redactrice envoyé envoyée gazetteer anchor presenter intern redaktor "
    "redaktorka "
    "корреспондент журналист журналистка журналістка кореспондент редактор редакторка обозреватель "
    "redakteur redakteurin reporterin korrespondent korrespondentin journaliste redactor redactora periodista "
    "giornalista redacteur toimittaja journalistin autorin gardener".split()
)
_BEFORE_ROLE = frozenset(
    "staff senior junior chief deputy managing associate assistant contributing executive business political sports "
    "sport science health news national local city special guest features digital lead freelance environment "
    "education "
    "crime courts court transport technology tech arts culture religion social affairs home world foreign media "
    "money "
    "finance economics energy climate community communities investigations investigative data legal royal travel "
    "food "
    "music film theatre football rugby cricket europe africa asia china us uk scotland wales ireland "
    "democracy".split()
)
_TITLES = frozenset(
    "ceo cto cfo chair chairman chairwoman director president founder professor lecturer university college "
    "institute "
    "school department manager head secretary minister wire services agencies agencias agences agenturen "
    "redakteur redakteurin".split()
)
"""What people who are no journalists are, and where."""
_LEADING_ROLES = frozenset(
    "expert reporter correspondent editor columnist journalist writer redakteur redakteurin reporterin korrespondent "
    "korrespondentin journaliste redactor periodista giornalista redacteur redactrice verslaggever verslaggeefster "
    "correspondant correspondante correspondente corresponsal inviato inviata repórter reporterka dziennikarz "
    "dziennikarka korrespondent kirjeenvaihtaja".split()
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
    r"|none|^publisher$|^owner$|^moderator$|^writer$|^content$|^blog$|^news$|reporters?|correspondents?"
    r"|contributors?|letters to the editor|mitarbeiter\w*|no author|red"
    r"|wellness|show all|shares?|comments?|follow|updated|published|edited by|revised|twitter|facebook|instagram"
    r"|linkedin|whatsapp)\b"
    r"|^(?:bild|foto|photo|image|credit)|^(?:view|learn|read|see|show)\b.*\b(?:more|posts|profile)\b",
    re.I,
)
_NO_NAME = re.compile(r"https?:|www\.|@|#|\d{3,}|(?<!\S)\d{1,2}(?!\S)|[<>{}=?!]|\d{1,2}[:.]\d{2}|^\W*$")
_HANDLE = re.compile(
    r"^[a-z]+[a-z0-9_]*\d[a-z0-9]*$|^(?:[a-z]{2,4}[/-])+[A-Za-z]{2,4}$|^(?:[A-Za-z]{2,6}/)+[A-Za-z]{2,6}$|^test$|^[a-z]+-[a-z]+\d*$|^\w*(?:admin|user)$"
)
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_DOMAIN = re.compile(r"^[\w.-]+\.[a-z]{2,4}$", re.I)
_PARTICLES = frozenset("de da di do dos del della la le van von der den al el bin ter zu af".split())
_ELIDED = re.compile(r"[dl]['’][^\W\d_a-z]")
_MARK = re.compile(r"[\u0300-\u036f\u0900-\u0dff\u0e00-\u0eff\u064b-\u065f\u0591-\u05c7\u200c\u200d]")
"""Marks that belong to letters: accents, and vowels of the scripts that write them so."""
_SIGNS = ("So", "Sk", "Cf", "Mn")
_FULL_NAME = 2
_LONGEST = 60
_MOST_WORDS = 6


class Signer(Enum):
    """Who a name stands for."""

    PERSON = "person"
    ORGANISATION = "organisation"
    NOBODY = "nobody"


def split_names(claim: str) -> list[str]:
    """The names in a byline, without what may stand around them.

    Before a name a label or a role, behind it brackets, an address, a time, a place, an outlet, a role, a title.
    """
    claim = "".join(letter for letter in claim if _MARK.match(letter) or unicodedata.category(letter) not in _SIGNS)
    claim = _AT.sub("@", claim)
    if mail := _MAIL_BEFORE.match(claim.strip()):
        claim = mail[1]
    if _SURNAMES_FIRST.fullmatch(claim.strip()):
        return [name for one in re.split(r"\s?[;&]\s?", claim) for name in split_names(one)]
    claim = _MORE_BY.sub("", _GLUED_BY.sub("", _BRACKETS.sub("", " ".join(claim.split())).strip(_EDGES + "&")))
    for around in (_TIMES, _ADDRESSES, _WEB, _CALLS, _OTHER_HANDS, _ACADEMIC, _PLACE, _OUTLET):
        claim = around.sub("", claim)
    claim = _LEAD.sub("", claim.strip(_EDGES))
    if surname_first := _SURNAME_FIRST.fullmatch(claim):
        given = surname_first[2] + ("." if re.search(r"(?:^|\s)[A-Z]$", surname_first[2]) else "")
        return [f"{given} {surname_first[1]}"]
    whole = _SPLIT.split(claim)
    written = [part for part in whole if not _PICTURES.match(part.strip(_EDGES))] or whole
    parts = [name for part in written for name in _split_closer(part)]
    bare = (_without_outlet(_LABEL.sub("", _LEAD.sub("", part.strip(_EDGES))).strip(_EDGES)) for part in parts)
    return [name for part in bare if (name := _without_role(part))]


def _without_outlet(name: str) -> str:
    """A name without the outlet behind it, as long as two words are left."""
    without = _BEHIND_NAME.sub("", name)
    return without if " " in without else name


def _split_closer(part: str) -> list[str]:
    """Names between which no space stands: slashes between full names, an Arabic "and", Chinese names in a row."""
    slashed = _SLASH.split(part)
    if len(slashed) > 1 and all(" " in one.strip() for one in slashed):
        return slashed
    if len(slashed) > 1 and " " in slashed[0].strip() and not any(" " in one.strip() for one in slashed[1:]):
        return slashed[:1]  # behind a name stands an agency or an outlet
    for conjunction in (_ARABIC_AND, _HEBREW_AND):
        if " " in part and len(joined := conjunction.split(part)) > 1 and all(" " in one.strip() for one in joined):
            return joined
    wide = _WIDE_PLACE.sub("", part.strip())
    if (signed := _WIDE_TAIL.sub("", wide)) != wide:
        signed = _HANGUL_PAPER.sub("", signed)
        return re.split("[·・]", signed) if _WIDE_DOT.fullmatch(signed) else [signed]
    wide = _WIDE_LEAD.sub("", wide)
    if _WIDE_DOT.fullmatch(wide):
        return re.split("[·・]", wide)
    if wide != part.strip() and _HAN_NAMES.fullmatch(wide):
        return [name for name in wide.split() if not re.fullmatch(_WIDE_ROLES, name)]
    return [_WIDE_TAIL.sub("", wide)]


def _without_role(name: str) -> str:
    """A name without the role in front of it or behind it, as long as two words are left."""
    name = name.removesuffix(" द्वारा")
    parts = name.split()
    folded_parts = [part.casefold() for part in parts]
    leading = next((at for at, part in enumerate(parts[:-2]) if part in _LEADING_ROLES), None)
    if leading is not None:
        following = parts[leading + 1]
        is_name = not following[0].islower() or following.casefold() in _PARTICLES
        return " ".join(parts[leading + 1 :]) if is_name or leading else ""
    if len(parts) > 1 and folded_parts[-1] in _ROLES and _BEFORE_ROLE.issuperset(folded_parts[:-1]):
        return name if "staff" in folded_parts else ""  # a role of several words, and nobody's name
    if len(parts) > 1 and folded_parts[0] in _ROLES and not parts[1][0].islower() and len(parts) == _FULL_NAME:
        return ""  # a role and what it is for
    if len(parts) <= _FULL_NAME or folded_parts[-1] not in _ROLES:
        return name
    end = len(parts) - 1
    while end > _FULL_NAME and (folded_parts[end - 1] in _BEFORE_ROLE or _is_outlet(parts[end - 1])):
        end -= 1
    if folded_parts[-1] == "staff" and end == len(parts) - 1:
        return name  # an outlet's, not a person's
    shorter = " ".join(parts[:end])
    return shorter if looks_like_a_person(shorter) else name


def _is_outlet(word: str) -> bool:
    """Whether a word has a capital within it, as ``NewsWire`` has and few surnames: ``McCarthy``, ``O'Neill``."""
    return re.search(r"[a-z]{3}[A-Z]", word) is not None


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
        or len(name.split()) > _MOST_WORDS
    ):
        return Signer.NOBODY
    return Signer.PERSON


def looks_like_a_person(name: str) -> bool:
    """Whether a name that nothing declares as one is a person's.

    Two to four words, each with a capital where the script has them; two to five signs of Han, Kana or Hangul.
    """
    parts = name.split()
    if _KATAKANA.fullmatch(name):
        return True
    if _WIDE.search(name):
        return len(parts) <= 2 and 2 <= len(name.replace(" ", "")) <= 5
    if not 2 <= len(parts) <= 4:
        return False
    return all(
        part[0].isupper() or part.casefold() in _PARTICLES or not _is_lower(part[0]) or _ELIDED.match(part)
        for part in parts
    ) and (not any(character.isdigit() for character in name))


def _is_lower(letter: str) -> bool:
    """Whether a letter is small, in a script that begins names with capitals; Georgian does not."""
    return letter.islower() and not "\u10d0" <= letter <= "\u10ff"


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
        if number and whole and kind is Signer.PERSON and (" " not in name or _is_trade(name)):
            continue
        if kind is Signer.PERSON or (bodies and kind is Signer.ORGANISATION and folded(name) not in site):
            yield name


def _is_trade(name: str) -> bool:
    """Whether what stands behind a person's name says what that person does, or for whom."""
    parts = name.split()
    small = [part for part in parts if _is_lower(part[0]) and part.casefold() not in _PARTICLES]
    said = {part.casefold() for part in parts}
    return (
        bool(small)
        or bool(said & (_ROLES | _TITLES))
        or any(True for _ in agencies_in(name))
        or _BEFORE_ROLE.issuperset(said)
    )


def is_byline(line: str) -> bool:
    """Whether a line of a page begins as a byline does."""
    return len(line) <= _LONGEST and _BYLINE.match(line) is not None
