"""The body text: blocks of the page that a model judges, with trafilatura and resiliparse asked where it is unsure.

`Quality` says when they are asked: where little is expected of the choice, where it may be bettered, or always.
Nothing else imports the two. Rules of a site come first: what they remove is gone, what they name as the body is it.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from importlib.metadata import version
from operator import attrgetter

import trafilatura
from lxml import etree, html
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree
from trafilatura.meta import reset_caches

from pipelines.extract.blocks import Block, cut
from pipelines.extract.document import Document, select, text_of
from pipelines.extract.features import Declared, squeeze
from pipelines.extract.judgement import VOTERS, Models, shipped_models
from pipelines.extract.structured import Structured, plain, texts
from pipelines.rules import ExtractionRules, Quality

TOOL = f"blocks with trafilatura {trafilatura.__version__} and resiliparse {version('resiliparse')}"
_INNERMOST = ["p", "h2", "h3", "h4", "h5", "h6", "li", "blockquote", "pre", "td"]
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
    """Those of the article; empty where rules name the body."""
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
    blocks, left_out = tuple(page.blocks), sum(len(text_of(element)) for element in page.left_out)
    for selector in rules.body:
        for element in select(document.root, selector)[:1]:
            if found := _innermost_texts(element):
                return BodyText(tuple(found), "rules", 1.0, blocks, left_out, holders=(element,))
    models = models or shipped_models()
    declared = declared_of(document, structured)
    source, judgement = "blocks", models.plain.judge(blocks, declared)
    if judgement.confidence < _SURE.get(rules.quality, 1.0) and document.source.count(b"<") <= _MOST_TAGS:
        alone, source = judgement, "agreement"
        judgement = models.voted.judge(blocks, declared, votes_of(document))
        if rules.quality is Quality.BEST:
            judgement = max(alone, judgement, key=attrgetter("confidence"))
    kept = tuple(block for block, chosen in zip(blocks, judgement.kept, strict=True) if chosen)
    paragraphs, holders = tuple(block.text for block in kept), tuple(block.place.element for block in kept)
    return BodyText(paragraphs, source, judgement.confidence, blocks, left_out, kept, holders)


def declared_of(document: Document, structured: Structured) -> Declared:
    """What the page says of its article, for comparison."""
    title = document.root.find(".//title")
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
    root = deepcopy(document.root)
    for selector in rules.remove:
        for element in select(root, selector):
            element.drop_tree()
    return replace(document, root=root)


def _innermost_texts(element: html.HtmlElement) -> list[str]:
    """The text of an element that the rules name: its innermost blocks, one paragraph each."""
    blocks = [
        block for block in element.iter(*_INNERMOST) if not any(True for _ in block.iterdescendants(*_INNERMOST))
    ]
    found = [text_of(block) for block in blocks] if blocks else [text_of(element)]
    return [text for text in found if text]
