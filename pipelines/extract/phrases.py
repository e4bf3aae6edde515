"""Words that stand beside articles: bylines, dates, calls to subscribe, rights in pictures, headings of lists.

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

_ANY = re.compile("|".join(f"(?:{pattern})" for pattern in _PHRASES.values()), re.I)
_PATTERNS = [re.compile(pattern, re.I) for pattern in _PHRASES.values()]

PHRASES = (*_PHRASES, *_WORDINGS)
"""Names of what `phrases_of` looks for, in its order."""


def phrases_of(texts: Sequence[str]) -> list[list[bool]]:
    """Which of `PHRASES` each of some short texts says."""
    whole = "\n".join(texts).lower()
    # Most wordings are nowhere on a page, and need not be looked for in each of its texts
    wordings = [tuple(word for word in words if word in whole) for words in _WORDINGS.values()]
    return [_phrases_in(text, wordings) for text in texts]


def _phrases_in(text: str, wordings: Sequence[tuple[str, ...]]) -> list[bool]:
    lower = text.lower()
    any_phrase = _ANY.match(text) is not None
    found = [any_phrase and pattern.match(text) is not None for pattern in _PATTERNS]
    return found + [any(map(lower.__contains__, words)) for words in wordings]
