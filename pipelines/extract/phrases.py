"""Phrases that accompany articles: bylines, dates, calls to subscribe, picture rights, headings of lists.

In the languages of most news sites; a text in another one is judged without them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

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


_CONSENT = {
    "cookies": r"cookie|çerez|kakor|evästee|sütik|kolačić|traceur|tracker|クッキー|쿠키|ملفات (?:تعريف|الارتباط)"
    r"|עוגיות"
    r"|คุกกี้|informasjonskaps",
    "device": r"\bdevice|gerät|appareil|terminal|dispositiv|apparaat|urządzeni|\benhet|zařízen|zariaden|laittee"
    r"|eszköz|cihaz|устройств|пристр|συσκευ|端末|设备|기기|جهاز|thiết bị|perangkat|uređaj",
    "partners": r"partner|\bsocios\b|partenaire|parceir|fornitor|\bvendors?\b|third[- ]part|drittanbiet|партн"
    r"|\bortak"
    r"|kumppan|συνεργάτ|\bderden\b|terze parti|terceros|パートナー|合作伙伴|파트너|شركا",
    "advertisements": r"advert|\bads\b|anzeige|werbung|annonce|publicit|publicidad|anunci|reklam|reclame|реклам"
    r"|mainok"
    r"|mainont|hirdet|διαφημ|広告|广告|광고|إعلان|iklan|quảng cáo",
    "personal data": r"personal data|personenbezogen|données personnelles|datos personales|dati personali"
    r"|dados pessoais"
    r"|persoonsgegevens|dan(?:e|ych) osobow|osobn\w+ údaj|personuppgift|personopplysning|персональн|kişisel veri"
    r"|henkilötieto|személyes adat|个人信息|個人情報|개인정보|البيانات الشخصية",
    "choice": r"consent|\baccept|zustimm|einwillig|akzept|\baccord\b|acept|aceit|accett|toestemming|akkoord"
    r"|zgod[aęyz]"
    r"|samtyck|samtykke|godkän|souhlas|súhlas|соглаш|согласи|згод[аиу]|onay|kabul|suostum|hozzájárul|privacy"
    r"|vie privée"
    r"|privacidad|datenschutz|prywatno|integritet|soukrom|súkrom|gizlili|конфиденц|konfidenc|同意|隐私|동의|موافق"
    r"|συγκατάθεσ|συναίνεσ|persetujuan",
}
_EACH_OF_CONSENT = [re.compile(pattern, re.I) for pattern in _CONSENT.values()]
_PLACEHOLDER = (
    r"content|inhalt|contenu|contenido|contenuto|conteúdo|inhoud|innehåll|indhold|innhold|treści?|obsah|sisäl"
    r"|tartal|\bpost\b|tweet|video|\bmaps?\b|karte|контент|содержим|вміст|コンテンツ|内容|içeri|محتو|περιεχόμεν|konten"
    r"|콘텐츠|nội dung|beitrag|publication",
    r"cookie|consent|zustimm|einwillig|\baccept|akzept|acept|accett|aceit|toestemming|zgod|samtyck|samtykke|godkän"
    r"|traceur|third[- ]part|\bextern|drittanbiet|terze parti|terceros|terceiros|derden|javascript|block|bloqu"
    r"|blokk"
    r"|settings|einstellung|çerez|соглас|сторонн|同意|クッキー|쿠키|동의|ملفات"
    r"|evästee|sütik|súhlas|souhlas|sociale? media"
    r"|red social|réseau social|datenschutz|privacy",
    r"\b(?:see|view|show|watch|load|display)\w*\b|anzeigen|ansehen|einblenden|angezeigt|\bladen\b|\bgeladen"
    r"|\bvoir\b"
    r"|affich|consulter|\bver\b|verlo|mostrar|vedere|visualizz|\btonen\b|bekijk|zobacz|wyświetl|\bvisas?\b"
    r"|\bvise[rs]?\b"
    r"|\bse\b|zobraz|показ|посмотр|переглян|görmek|görüntüle|click|klick|\bclic|表示|查看|보려|لعرض|näyt|megtekint|δείτε",
)
_EACH_OF_PLACEHOLDER = [re.compile(pattern, re.I) for pattern in _PLACEHOLDER]
_PLACEHOLDER_LINE = _Form(
    r"\W*(?:(?:empfohlener|externer|eingebundener) (?:(?:redaktioneller|externer) )?inhalt"
    r"|(?:recommended|external|embedded) (?:editorial )?content|contenu (?:externe|intégré)|contenido externo"
    r"|contenuto esterno|externe inhoud|listen to (?:this|the) (?:article|story)|artikel anhören|écouter (?:cet"
    r"|l.)\s?article"
    r"|escucha(?:r)? (?:este|el) artículo|ascolta (?:questo |l.)articolo|luister naar dit artikel"
    r"|ouvir (?:este )?artigo"
    r"|(?:your|this) browser (?:does not|doesn.t|cannot|can.t|is unable to) (?:support|play|show|display)[^.]{0,60}"
    r"|(?:ihr|dein) browser (?:unterstützt|kann)[^.]{0,60}|votre navigateur ne [^.]{0,60}"
    r"|su navegador no [^.]{0,60}"
    r"|to view this video please enable javascript.{0,120})\W*"
)
_OFFERS = re.compile(
    r"subscri|sign up|sign in|log ?in|\baccount|regist|abonn|\babo\b|digitalabo|suscr|assin|prenumer|anmeld"
    r"|konto|cuenta"
    r"|\bconta\b|compte|подпис|підпис|購読|订阅|구독|اشترا"
    r"|abone|předplat|predplat|előfizet|tilaa|tilau|continue reading"
    r"|weiterlesen|sigue leyendo|poursuiv|lees verder|läs vidare|les videre|czytaj dalej",
    re.I,
)
_SHORTEST_CONSENT, _LONGEST_CONSENT, _LONGEST_PLACEHOLDER = 40, 1500, 420
_SAYS_CONSENT = 3
_ARROW = re.compile(r"\s*[►▶▸▹→➔➜➤➡»›>•●◆◾■□▪☞👉⇒]+\s*\S")
_HEADS_COMMENTS = _Form(
    r"\W*(?:\d+\s*)?(?:readers?.? |user |your |leave a |join the )?(?:comments?|discussions?|conversation"
    r"|opinions)\W*\d*\W*"
    r"|\W*(?:what (?:our )?readers (?:say|think))\W*"
    r"|\W*(?:\d+\s*)?(?:leser|nutzer|user)?(?:kommentare?|meinungen|diskussion|zuschriften)\W*\d*\W*"
    r"|\W*(?:\d+\s*)?(?:les )?(?:commentaires?|réactions?|avis)(?: des lecteurs)?\W*\d*\W*"
    r"|\W*(?:\d+\s*)?(?:los )?(?:comentarios?|opiniones)(?: de (?:los )?lectores)?\W*\d*\W*"
    r"|\W*(?:\d+\s*)?(?:comentários?|commenti|reacties|kommentarer|komentarze|komentáře|diskuse|diskuze|diskusia"
    r"|kommentit|hozzászólások|yorumlar|комментарии|коментарі|коментари|komentari|σχόλια|التعليقات|تعليقات|コメント|评论"
    r"|評論|댓글|bình luận|komentar|تبصرے|نظرات|ความคิดเห็น|comentarii)\W*\d*\W*"
)


@lru_cache(maxsize=256)
def is_consent(text: str) -> bool:
    """Whether a paragraph asks for consent to cookies: it speaks of three of the things that such dialogs name."""
    if not _SHORTEST_CONSENT <= len(text) <= _LONGEST_CONSENT:
        return False
    return sum(form.search(text) is not None for form in _EACH_OF_CONSENT) >= _SAYS_CONSENT


def speaks_of_consent(titles: str) -> bool:
    """Whether a page's titles, squeezed, are about cookies."""
    return _EACH_OF_CONSENT[0].search(titles) is not None


@lru_cache(maxsize=256)
def is_placeholder(text: str) -> bool:
    """Whether a line stands where content of others would be shown, had the reader consented."""
    if len(text) > _LONGEST_PLACEHOLDER:
        return False
    return all(form.search(text) for form in _EACH_OF_PLACEHOLDER)


def is_placeholder_line(text: str) -> bool:
    """Whether a line is one that stands before or instead of such content by its wording alone."""
    return len(text) <= _LONGEST_PHRASE and _PLACEHOLDER_LINE.fullmatch(text)


def offers_subscription(text: str) -> bool:
    """Whether a line speaks of subscriptions, accounts and logins."""
    return _OFFERS.search(text) is not None


def heads_comments(text: str) -> bool:
    """Whether a heading says that comments of readers follow."""
    return len(text) <= _LONGEST_LINE and _HEADS_COMMENTS.fullmatch(text)


def is_arrow(text: str) -> bool:
    """Whether a line begins with an arrow or a bullet."""
    return _ARROW.match(text) is not None
