"""Phrases that accompany articles: bylines, dates, calls to subscribe, picture rights, headings of lists.

In the languages of most news sites; a text in another one is judged without them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_PHRASES = {
    "comments": r"\W*(?:\d+\s*)?(?:comments?|kommentare?|comentarios?|coment[aá]rios?|commentaires?"
    r"|reacties|komentarz\w*|commenti|yorum|комментари\w*|تعليق\w*|コメント|评论)\W*\d*\W*$",
    "more": r"\W*(?:read (?:more|also|next|full)|see also|also read|related|more (?:on|from|stories)"
    r"|recommended|lire aussi|[aà] lire|lesen sie|mehr zum|weiterlesen|lea (?:tambi[eé]n"
    r"|m[aá]s)|leia (?:tamb[eé]m|mais)|leggi anche|lees (?:ook|meer)|czytaj|zobacz|przeczytaj"
    r"|l[aä]s (?:mer|ocks[aå])|les ogs[aå]|další|související|devam|watch|listen|photos?:"
    r"|video:|اقرأ|читайте|関連|相关|बढ़|यह भी)",
    "advertisement": r"\W*(?:advertisement|advert|werbung|anzeige|publicit|publicidad|pubblicit|reklam|reclame"
    r"|sponsored|إعلان|реклама|広告|广告)",
    "date": r"\W*(?:(?:mon|tue|wed|thu|fri|sat|sun)\w*,?\s+)?(?:\d{1,2}[./ -](?:\d{1,2}"
    r"|\w+)[./ -]\d{2,4}|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov"
    r"|dec)\w*\.? \d{1,2},? \d{4}|\d{4}-\d\d-\d\d|\d{1,2}:\d{2}|updated|published|posted"
    r"|ver[oö]ffentlicht|publi[eé]|publicado|aktualisiert|\d{4}年)",
    "byline": r"\W*(?:by|von|par|por|di|av|door|autor|author|from our|text:|written by|بقلم"
    r"|автор)\b.{0,60}$",
    "note": r"\W*(?:correction|clarification|editor.s note|this (?:article|story) (?:was|has been"
    r"|originally)|contact|write to|e-?mail|reporting by|written by|editing by"
    r"|additional reporting)",
}
"""What a whole block begins with, or is."""

_WORDINGS = {
    "rights": (
        "©", "(c) ", "copyright", "all rights reserved", "alle rechte", "tous droits", "derechos reservados",
        "getty images", "shutterstock", "reuters", "picture alliance", "/afp", "/dpa", "ap photo", "foto:",
        "photo:", "photo by", "credit:", "quelle:", "source:", "fuente:", "imago",
    ),
    "appeal": (
        "newsletter", "subscri", "sign up", "abonn", "suscr", "cookie", "privacy policy", "terms of use",
        "terms of service", "datenschutz", "log in", "login", "follow us", "our app", "click here",
        "iscriviti", "zapisz si", "whatsapp", "telegram", "facebook",
    ),
}  # fmt: skip
"""What is found anywhere in a block; lower case."""

_ASCII_OF = str.maketrans({"ı": "i", "İ": "i", "ſ": "s", "\u212a": "k"})
"""The letters beyond ASCII that are the same as one of ASCII's where case does not count."""


class _Form:
    """A pattern in lower case, for texts of any case.

    In ASCII, as most lines are, what is lowered beforehand is matched in a third of the time.
    """

    def __init__(self, pattern: str) -> None:
        self._any = re.compile(pattern, re.I)
        self._ascii = re.compile(pattern.translate(_ASCII_OF))

    def match(self, text: str) -> bool:
        """Whether a text begins so."""
        return (self._ascii.match(text.lower()) if text.isascii() else self._any.match(text)) is not None

    def fullmatch(self, text: str) -> bool:
        """Whether a text says this and nothing else."""
        return (self._ascii.fullmatch(text.lower()) if text.isascii() else self._any.fullmatch(text)) is not None


_ANY = _Form("|".join(f"(?:{pattern})" for pattern in _PHRASES.values()))
_PATTERNS = [re.compile(pattern, re.I) for pattern in _PHRASES.values()]

_NO_PHRASE = [False] * len(_PATTERNS)

PHRASES = (*_PHRASES, *_WORDINGS)
"""Names of what `phrases_of` looks for, in its order."""


def phrases_of(texts: Sequence[str]) -> list[list[bool]]:
    """Which of `PHRASES` each of some short texts says."""
    whole = "\n".join(texts).lower()
    # Most wordings are nowhere on a page, and need not be looked for in each of its texts
    wordings = [tuple(word for word in words if word in whole) for words in _WORDINGS.values()]
    return [_phrases_in(text, wordings) for text in texts]


def _phrases_in(text: str, wordings: Sequence[tuple[str, ...]]) -> list[bool]:
    found = [pattern.match(text) is not None for pattern in _PATTERNS] if _ANY.match(text) else _NO_PHRASE
    lower = text.lower()
    return found + [any(map(lower.__contains__, words)) if words else False for words in wordings]


_ADVERTISEMENT = (
    r"advertisements?|advert|ad|sponsored(?: content)?|werbung|anzeige|publicit[eé]|publicidade?"
    r"|pubblicità|reklam[ea]?"
    r"|reclame|mainos|annons|annonse|annonce|iklan|reklama|реклама|إعلان|اعلان|広告|广告|廣告|광고|διαφήμιση"
    r"|quảng cáo"
)
_READ_ALSO = (
    r"(?:also read|read (?:also|more|next)|see also|more on this(?: story)?|related(?: (?:stories"
    r"|articles?|content|topics))?"
    r"|recommended(?: (?:stories|articles|reading))?|don.t miss|you (?:may|might) also like"
    r"|lesen sie (?:auch|mehr)|lies auch|mehr zum thema|lire aussi|[aà] lire(?: aussi| [eé]galement)?|lisez aussi"
    r"|lea (?:tambi[eé]n|adem[aá]s)|lee tambi[eé]n|le puede interesar|te puede interesar"
    r"|leia (?:tamb[eé]m|mais)|veja tamb[eé]m"
    r"|leggi anche|lees (?:ook|meer)|czytaj (?:też|także|również)|zobacz (?:też|także|również)"
    r"|przeczytaj (?:też|także)"
    r"|l[aä]s (?:mer|ocks[aå])|les (?:ogs[aå]|også)|læs også|lue myös|čtěte také|čítajte aj"
    r"|mohlo by vás zajímat|olvasta már"
    r"|citește și|pročitajte (?:i|još)|прочетете още|читайте (?:также|також|ещё|еще)|ще за темою"
    r"|ayrıca okuyun|bunu da okuyun"
    r"|baca juga|διαβάστε (?:επίσης|ακόμα)|اقرأ أيض[اً]*|إقرأ أيض[اً]*|بیشتر بخوانید|یہ بھی پڑھیں"
    r"|यह भी पढ़ें|ये भी पढ़ें"
    r"|関連記事|相关阅读|相關新聞|관련기사|xem thêm)"
)
_FURNITURE = _Form(
    rf"\W*(?:{_ADVERTISEMENT})\W*"
    rf"|\W*(?:(?:the |this )?(?:story|article|post) continues (?:below|after)(?: (?:this |the )?advert\w*)?"
    r"|article continues|continue reading(?: below)?|scroll (?:down )?to continue(?: reading)?"
    r"|skip (?:advert\w*|past newsletter.*)"
    r"|der artikel wird (?:unter|nach).{0,30} fortgesetzt|weiter nach der (?:werbung|anzeige)"
    r"|la suite après cette publicité"
    r"|continua después de la publicidad|el artículo continúa.*|continua após a publicidade)\W*"
    rf"|\W*{_READ_ALSO}\W*"
)
_NEWSLETTER = _Form(
    r"\W*(?:please )?(?:sign ?up|subscribe|register|join|get|abonnieren|jetzt|melden sie sich"
    r"|inscri\w+|abonnez|recevez"
    r"|suscr[ií]\w+|reg[ií]strate|recibe|assine|inscreva\w*|receba|iscriviti|ricevi|schrijf|abonneer"
    r"|ontvang|zapisz|prenumerera"
    r"|tilmeld|abonner\w*|подпи\w+|підпи\w+|اشترك\w*|abone|berlangganan|订阅|訂閱|購読|登録)\b[^.!?]{0,70}"
    r"(?:newsletters?|boletín|boletim|infolettre|e-?mail alerts?|nieuwsbrief|nyhetsbrev\w*|рассылк\w+|розсилк\w+"
    r"|النشرة|bülten\w*|通讯|ニュースレター)\b[^.!?]{0,70}\W*"
)
_POINTER = _Form(rf"\W*{_READ_ALSO}\s*(?:[:：|>»›•→-]|–|—)")
_LONGEST_LINE = 60
_LONGEST_CALL = 140


def is_furniture(text: str) -> bool:
    """Whether a line only announces an advertisement, another article or more text, or offers a newsletter."""
    if len(text) <= _LONGEST_LINE and _FURNITURE.fullmatch(text):
        return True
    return len(text) <= _LONGEST_CALL and _NEWSLETTER.fullmatch(text)


def is_pointer(text: str) -> bool:
    """Whether a line that holds a link begins as those do that lead to another article."""
    return len(text) <= _LONGEST_PHRASE and _POINTER.match(text)


_LONGEST_PHRASE = 250
