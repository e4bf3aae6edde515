"""The body text, by trafilatura. Nothing else in the project imports it."""

from __future__ import annotations

from copy import deepcopy

import trafilatura
from lxml import html

from pipelines.extract.document import Document, text_of
from pipelines.rules import ExtractionRules

TOOL = f"trafilatura {trafilatura.__version__}"
_BLOCK_TAGS = ["p", "h2", "h3", "h4", "h5", "h6", "li", "blockquote", "pre", "td"]


def paragraphs_of(document: Document, rules: ExtractionRules) -> list[str]:
    """The paragraphs of the article's body, in order; empty when none is found."""
    root = deepcopy(document.root)
    for selector in rules.remove:
        for element in root.cssselect(selector):
            element.drop_tree()
    for selector in rules.body:
        for element in root.cssselect(selector)[:1]:
            chosen = _plain_paragraphs(element)
            if chosen:
                return chosen
    return _extracted(root, document.url)


def _extracted(root: html.HtmlElement, url: str) -> list[str]:
    found = trafilatura.bare_extraction(
        root, url=url, include_comments=False, include_tables=True, include_images=False, deduplicate=False
    )
    text = getattr(found, "text", None) or ""
    return [line for raw in text.split("\n") if (line := " ".join(raw.split()))]


def _plain_paragraphs(element: html.HtmlElement) -> list[str]:
    """The text of an element that the rules name: its innermost blocks, one paragraph each."""
    blocks = [
        block for block in element.iter(*_BLOCK_TAGS) if not any(True for _ in block.iterdescendants(*_BLOCK_TAGS))
    ]
    texts = [text_of(block) for block in blocks] if blocks else [text_of(element)]
    return [text for text in texts if text]
