"""The body text: a model judges the blocks of the page; where it is unsure, trafilatura and resiliparse are asked.

`Quality` says when they are asked: where little is expected of the choice, where it may be bettered, or always.
Nothing else imports the two. Rules of a site come first: what they remove is gone, what they name as the body is it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from operator import attrgetter

import numpy as np
import trafilatura
from lxml import etree, html
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree
from trafilatura.meta import reset_caches

from pipelines.extract.blocks import Block, PlacedElement, cut, opens_part
from pipelines.extract.boxes import without_cards, without_copies
from pipelines.extract.choice import bettered
from pipelines.extract.document import Document, select, text_of
from pipelines.extract.exclusions import excluded
from pipelines.extract.features import Declared, Rows, squeeze
from pipelines.extract.judgement import VOTERS, Models, shipped_models
from pipelines.extract.structured import Structured, plain, texts
from pipelines.extract.tables import settled
from pipelines.rules import ExtractionRules, Quality

TOOL = f"blocks with trafilatura {trafilatura.__version__} and resiliparse {version('resiliparse')}"
_TEXT_TAGS = frozenset("p h2 h3 h4 h5 h6 li blockquote pre td th dt dd".split())
"""What holds the text of an element that the rules name, if it has some; a heading, a byline may stand beside it."""
_SURE = {Quality.FAST: 0.8, Quality.DEFAULT: 0.9}
"""Expected F1 from which the cheap judgement stands; `docs/measurements/extraction.md` has the cost of others."""
_MOST_TAGS = 20_000
"""Beginnings of tags past which nobody else is asked: on a page twice as large as any saved one it takes too long."""


@dataclass(frozen=True, slots=True)
class BodyText:
    """The text of an article."""

    paragraphs: tuple[str, ...]
    source: str
    """``rules``, ``blocks``, ``agreement`` (of the blocks with other extractors), ``json-ld`` or ``script``."""
    confidence: float
    """The F1 expected, from 0 to 1."""
    blocks: tuple[Block, ...] = ()
    """All blocks of the page outside of its navigation, whether of the article or not."""
    left_out: int = 0
    """Characters of its navigation."""
    kept: tuple[Block, ...] = ()
    """Those of the article; empty where its text is from elsewhere."""
    media: tuple[tuple[html.HtmlElement, int], ...] = ()
    """Images, films and frames in order, each with the number of blocks before it."""
    holders: tuple[html.HtmlElement, ...] = ()
    """The elements that hold the paragraphs."""


def body_of(
    document: Document,
    structured: Structured,
    rules: ExtractionRules,
    models: Models | None = None,
) -> BodyText:
    """The text of a page's article; without paragraphs when none is found."""
    document = _without_removed(document, rules)
    page = cut(document.root)
    found = BodyText((), "blocks", 0.0, tuple(page.blocks), sum(len(text_of(one)) for one in page.left_out))
    for selector in rules.body:
        for element in select(document.root, selector)[:1]:
            if (named := _named(element, found)) is not None:
                return named
    return _judged(document, structured, replace(found, media=page.media), rules, models or shipped_models())


def _judged(
    document: Document, structured: Structured, page: BodyText, rules: ExtractionRules, models: Models
) -> BodyText:
    """The text by the models' judgement of what is not excluded beforehand, with whole tables."""
    declared = declared_of(document, structured)
    barred = excluded(page.blocks, declared.titles)
    blocks = [block for block, is_out in zip(page.blocks, barred, strict=True) if not is_out]
    rows = Rows(blocks, declared)
    source, judgement = "blocks", models.plain.judge(rows)
    if judgement.confidence < _SURE.get(rules.quality, 1.0) and document.source.count(b"<") <= _MOST_TAGS:
        alone, source = judgement, "agreement"
        judgement = models.voted.judge(rows, votes_of(document))
        if rules.quality is Quality.BEST:
            judgement = max(alone, judgement, key=attrgetter("confidence"))
    chosen = chosen_blocks(page.blocks, barred, judgement.kept)
    kept = tuple(block for block, is_kept in zip(page.blocks, chosen, strict=True) if is_kept)
    holders = tuple(block.place.element for block in kept)
    paragraphs = tuple(block.text for block in kept)
    return replace(
        page, paragraphs=paragraphs, source=source, confidence=judgement.confidence, kept=kept, holders=holders
    )


def chosen_blocks(blocks: Sequence[Block], barred: Sequence[bool], kept: Iterable[np.bool_]) -> list[bool]:
    """The choice among all blocks, given that among those which are not `barred`: tables whole, captions left out."""
    choices = iter(kept)
    choice = [not is_out and bool(next(choices)) for is_out in barred]
    better = bettered(blocks, headed(blocks, settled(blocks, choice, barred), barred), barred)
    return without_copies(blocks, without_cards(blocks, better))


def headed(blocks: Sequence[Block], kept: Sequence[bool], barred: Sequence[bool]) -> list[bool]:
    """The choice with the headings of those parts that the reader opens, as far as their text is chosen.

    And with the terms of which the explanation is chosen.
    """
    result = list(kept)
    for number in range(len(blocks) - 1):
        if not kept[number] and kept[number + 1] and not barred[number]:
            result[number] = opens_part(blocks[number].place) or _is_term(
                blocks[number].place, blocks[number + 1].place
            )
    return result


def _is_term(place: PlacedElement, explanation: PlacedElement) -> bool:
    return place.tag == "dt" and explanation.tag == "dd" and place.parent is explanation.parent


def _named(element: html.HtmlElement, page: BodyText) -> BodyText | None:
    """The text of an element that the rules name; None when it has none."""
    inside = cut(element)
    if inside.blocks:
        kept = tuple(block for block in inside.blocks if block.place.tag in _TEXT_TAGS) or tuple(inside.blocks)
        paragraphs = tuple(block.text for block in kept)
        return replace(
            page,
            paragraphs=paragraphs, source="rules", confidence=1.0, kept=kept, holders=(element,), media=inside.media
        )  # fmt: skip
    text = text_of(element)
    return replace(page, paragraphs=(text,), source="rules", confidence=1.0, holders=(element,)) if text else None


def declared_of(document: Document, structured: Structured) -> Declared:
    """What the page says of its article, for comparison."""
    title = document.title
    titles = [
        *texts(structured.article_value("headline")),
        *structured.meta.get("og:title", ()),
        text_of(title) if title is not None else "",
    ]
    description = structured.meta_first("og:description", "description") or ""
    body = " ".join(texts(structured.article_value("articleBody")))
    return Declared(
        "|".join(squeeze(plain(text)) for text in titles), squeeze(plain(description)), squeeze(plain(body))
    )


def votes_of(document: Document) -> dict[str, str]:
    """The texts that other extractors find."""
    return dict(zip(VOTERS, (_by_trafilatura(document), _by_resiliparse(document)), strict=True))


def forget() -> None:
    """Empty the caches of the extractors asked, which grow with every page."""
    reset_caches()


def _by_trafilatura(document: Document) -> str:
    found = trafilatura.bare_extraction(
        document.root, url=document.url, include_comments=False, include_tables=True, include_images=False
    )
    return getattr(found, "text", None) or ""


def _by_resiliparse(document: Document) -> str:
    # The tree as it was read, not the source: on a page nested 100,000 deep its own reader takes minutes
    page = etree.tostring(document.root, encoding="unicode", method="html")
    return str(extract_plain_text(HTMLTree.parse(page), main_content=True, alt_texts=False, comments=False))


def _without_removed(document: Document, rules: ExtractionRules) -> Document:
    if not rules.remove:
        return document
    return document.without(rules.remove)
