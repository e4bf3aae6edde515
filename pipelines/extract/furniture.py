"""Lines of a page that are no text of the article: comment counters, file names of images, links to
the other edition, the headline over again, the byline in front.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from lxml import html

from archive.article import Alternate
from pipelines.extract.blocks import Block
from pipelines.extract.document import Document
from pipelines.extract.headline import words
from pipelines.extract.language import script_language, script_of
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


def image_labels(root: html.HtmlElement) -> set[str]:
    """Texts that only name an image file: alternative texts that are its stem, and the stems themselves."""
    labels: set[str] = set()
    for image in root.iter("img"):
        stem = PurePosixPath(unquote(urlsplit(image.get("src") or image.get("data-src") or "").path)).stem
        alternative = " ".join((image.get("alt") or "").split())
        if stem:
            labels.add(stem.casefold())
        if alternative and (" " not in alternative or alternative.casefold() == stem.casefold()):
            labels.add(alternative.casefold())
    return labels


def edition_links(document: Document, blocks: Sequence[Block], main_script: str) -> Iterator[tuple[str, Alternate]]:
    """Lines that are only a link in another script than the text: the text of the line, and where it leads.

    Such a line stands behind the headline, outside of navigation, and leads to a page of this site that is no
    front page.
    """
    host = urlsplit(document.url).hostname or ""
    for block in _behind_headline(blocks):
        text = block.text
        if block.linked < _ALL * len(text) or (main_script == "LATIN" and text.isascii()):
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


def without_furniture(
    paragraphs: list[str],
    headline: str | None,
    labels: set[str],
    editions: set[str],
    patterns: tuple[str, ...],
) -> list[str]:
    """The paragraphs that are text of the article."""
    removed = [re.compile(pattern) for pattern in patterns]
    title = words(headline or "")
    kept: list[str] = []
    for paragraph in paragraphs:
        if kept and len(said := words(paragraph)) >= _WORDS_NOT_SAID_TWICE and said == words(kept[0]):
            continue
        repeated_title = not kept and title and words(paragraph) == title
        signature = not kept and is_byline(paragraph)
        if repeated_title or signature or paragraph.casefold() in labels or paragraph in editions:
            continue
        if _COMMENTS.fullmatch(paragraph) or any(pattern.fullmatch(paragraph) for pattern in removed):
            continue
        kept.append(paragraph)
    return kept


def without_recurring(paragraphs: list[str], recurring: tuple[str, ...]) -> list[str]:
    """The paragraphs but those that recur on the site's pages; all of them when that would take too much."""
    if not recurring:
        return paragraphs
    known = frozenset(recurring)
    left = [paragraph for paragraph in paragraphs if digest_of(paragraph) not in known]
    lost = 1 - sum(map(len, left)) / (sum(map(len, paragraphs)) or 1)
    return left if lost <= _MOST_RECURRING else paragraphs
