"""Lines of a page that are not text of the article: comment counters, file names of images, links to
the other edition, the headline over again, the byline in front.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import unquote, urlsplit

from lxml import html

from archive.article import Alternate
from pipelines.extract.blocks import Block
from pipelines.extract.document import Document
from pipelines.extract.headline import words
from pipelines.extract.language import script_language, script_of
from pipelines.extract.media import stem_of
from pipelines.extract.names import is_byline
from pipelines.site_memory import digest_of

_COMMENTS = re.compile(
    r"(?:\d+\s*)?(?:comments?|commentaires?|kommentare?|comentarios?|coment[aá]rios?|commenti|reacties|تعليقات|التعليقات"
    r"|комментари\w*|コメント|评论)\s*[:(]?\s*\d*\s*\)?",
    re.I,
)
_LANGUAGE_SEGMENT = re.compile(r"/([a-z]{2})(?:[-_][a-z]{2})?/", re.I)
_ALL = 0.8
"""Share of a line's characters that makes it a link; white space is not counted."""
_FEWEST_WORDS = 2
_WORDS_NOT_SAID_TWICE = 20
"""Words from which a paragraph that says what the first did is the standfirst given again; a refrain is shorter."""
_MOST_RECURRING = 1 / 3
"""Part of a text that may be taken out as recurring; one that would lose more tells another's story again."""
_NAVIGATION = frozenset({"nav", "header", "footer", "aside"})


def image_labels(document: Document) -> set[str]:
    """Texts that only name an image file: alternative texts that are its stem, and the stems themselves."""
    labels: set[str] = set()
    for image in document.elements("img"):
        stem = stem_of(unquote(urlsplit(image.get("src") or image.get("data-src") or "").path))
        alternative = " ".join((image.get("alt") or "").split())
        if stem:
            labels.add(stem.casefold())
        if alternative and (" " not in alternative or alternative.casefold() == stem.casefold()):
            labels.add(alternative.casefold())
    return labels


def edition_links(
    document: Document, blocks: Sequence[Block], script: Callable[[], str]
) -> Iterator[tuple[str, Alternate]]:
    """Lines that are only a link in another script than the text, which `script` tells: the line, and where it leads.

    Such a line stands behind the headline, outside of navigation, and leads to a page of this site that is no
    front page.
    """
    host = urlsplit(document.url).hostname or ""
    main_script: str | None = None
    for block in _behind_headline(blocks):
        text = block.text
        if block.linked < _ALL * len(text):
            continue
        main_script = script() if main_script is None else main_script
        if main_script == "LATIN" and text.isascii():
            continue
        if len(words(text)) < _FEWEST_WORDS or script_of(text) in ("", main_script):
            continue
        anchor = _anchor(block.place.element)
        target = document.absolute(anchor.get("href")) if anchor is not None else None
        if anchor is None or target is None:
            continue
        same_site = (urlsplit(target).hostname or "").split(".")[-2:] == host.split(".")[-2:]
        if same_site and not _in_navigation(anchor) and _is_deep(target):
            yield text, Alternate(href=target, hreflang=_language(target, text))


def _behind_headline(blocks: Sequence[Block]) -> Sequence[Block]:
    """The blocks behind the first level-one heading; all of them when there is none."""
    first = next((at for at, block in enumerate(blocks) if block.place.tag == "h1"), -1)
    return blocks[first + 1 :]


def _anchor(element: html.HtmlElement) -> html.HtmlElement | None:
    inside = next(element.iter("a"), None)
    return inside if inside is not None else next(element.iterancestors("a"), None)


def _is_deep(url: str) -> bool:
    return len(urlsplit(url).path.strip("/").split("/")) > 1


def _in_navigation(element: html.HtmlElement) -> bool:
    inside_article = False
    for ancestor in element.iterancestors():
        inside_article = inside_article or ancestor.tag in ("article", "main")
        if ancestor.tag in _NAVIGATION and not inside_article:
            return True
    return False


def _language(target: str, text: str) -> str | None:
    match = _LANGUAGE_SEGMENT.search(urlsplit(target).path)
    return match[1].lower() if match else script_language(text)


def is_furniture(
    paragraphs: Sequence[str],
    headline: str | None,
    labels: set[str],
    editions: set[str],
    patterns: tuple[str, ...],
) -> list[bool]:
    """Of each paragraph, whether it is no text of the article."""
    removed = [re.compile(pattern) for pattern in patterns]
    title = words(headline or "")
    first: list[str] | None = None
    found: list[bool] = []
    for paragraph in paragraphs:
        is_none = (
            (first is not None and len(said := words(paragraph)) >= _WORDS_NOT_SAID_TWICE and said == first)
            or (first is None and ((title and words(paragraph) == title) or is_byline(paragraph)))
            or paragraph.casefold() in labels
            or paragraph in editions
            or _COMMENTS.fullmatch(paragraph) is not None
            or any(pattern.fullmatch(paragraph) for pattern in removed)
        )
        found.append(bool(is_none))
        if first is None and not is_none:
            first = words(paragraph)
    return found


def recurs(paragraphs: Sequence[str], recurring: tuple[str, ...]) -> list[bool]:
    """Of each paragraph, whether it recurs on the site's pages; none does when that would take too much."""
    known = frozenset(recurring)
    found = [bool(known) and digest_of(paragraph) in known for paragraph in paragraphs]
    lost = sum(len(paragraph) for paragraph, is_known in zip(paragraphs, found, strict=True) if is_known)
    return found if lost <= _MOST_RECURRING * sum(map(len, paragraphs)) else [False] * len(paragraphs)
