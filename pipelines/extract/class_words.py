"""What an element's class and id say about its content."""

from __future__ import annotations

import re
from functools import lru_cache

_KINDS = {
    "article": r"article|story|entry|^post$|artikel|noticia|articolo|blogpost|news",
    "body": r"body|content|text|copy$|paragraph|wysiwyg|prose|inhalt|cuerpo|corps|cms|editor",
    "comments": r"comment|disqus|komment|comentario|commenti|reply|respond|discussion|reacties|forum",
    "related": r"relat|recommend|more$|^more|also|next|teaser|promo|popular|trending|most|latest|similar"
    r"|outbrain|taboola|^card|carousel|slide|swiper|^list|collection|upsell|crosslink|linkbox"
    r"|infobox|suggest|read$|recirc",
    "share": r"shar(?:e|ing)|social|follow|facebook|twitter|whatsapp|telegram|toolbar|print|tools"
    r"|copylink",
    "caption": r"caption|credit|figure|galler|image|photo|picture|media|video|player|legend|^bild"
    r"|copyright|foto|^img",
    "author": r"author|autor|byline|^bio|meta|date|time|publish|profile|kicker|signature|posted"
    r"|contributor",
    "navigation": r"^nav|menu|breadcrumb|masthead|header|footer|pagination|pager|skip|logo|topbar|sitemap"
    r"|^toc$",
    "appeal": r"newsletter|subscri|signup|paywall|cookie|consent|gdpr|modal|popup|overlay|register|login"
    r"|donat|member|banner|^cta$|^abo$|abonn|piano|alert|notice|disclaimer|toast",
    "advertising": r"^ads?$|advert|sponsor|^dfp|werbung|anzeige|publici|partner|promot|^adv|^gpt$",
    "tags": r"^tags?$|topic|keyword|categor|label|schlagwort|themen",
    "aside": r"aside|sidebar|^rail|widget|secondary|complement|^box|factbox",
    "hidden": r"hidden|^sr$|visually|screenreader|^none$|^hide|invisible|collaps",
    "lead": r"summary|^lead|lede|^dek$|standfirst|intro|subtitle|subhead|excerpt|abstract|strapline"
    r"|vorspann|chapo|sommario|entradilla|description",
    "title": r"title|headline|heading|titre|titulo",
    "quote": r"quote|embed|tweet|instagram|zitat",
    "live": r"^live|ticker|timeline|update",
}
KINDS = tuple(_KINDS)
"""Names of the kinds; `class_words` sets a bit for each, the first one lowest."""
UNSEEN = 1 << len(KINDS)
"""The bit of what is for screen readers only."""

_EACH = [(1 << bit, re.compile(pattern)) for bit, pattern in enumerate(_KINDS.values())]
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_UNSEEN = re.compile(r"\bsr-only\b|visually-?hidden|screen-?reader", re.I)
_LONGEST = 200


@lru_cache(maxsize=1 << 15)
def class_words(marks: str) -> int:
    """The kinds that a class and id speak of, as bits in the order of `KINDS`, and `UNSEEN`."""
    if len(marks) > _LONGEST:
        return _said_by(marks)
    kinds = 0
    for name in marks.split():  # single names recur more often than their combinations
        kinds |= _said_by_name(name)
    return kinds


def _said_by(marks: str) -> int:
    kinds = UNSEEN if _UNSEEN.search(marks) else 0
    for word in _WORDS.findall(marks[:_LONGEST]):
        kinds |= _kinds_of(word.lower())
    return kinds


_said_by_name = lru_cache(maxsize=1 << 15)(_said_by)


@lru_cache(maxsize=1 << 15)
def _kinds_of(word: str) -> int:
    return sum(bit for bit, pattern in _EACH if pattern.search(word))
