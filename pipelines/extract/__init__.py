"""From an HTML page to an article. Pure: no clock, no network, no file but the models that come with it.

document     bytes to one tree: the charset is decided once
structured   what the page declares: JSON-LD, meta elements, microdata
candidates   claims about a field, each with its source
headline, dates, authors (with names)   one field each: candidates, then a resolution
date_texts   what a date's text says
text         the body: which blocks of the page are its text
    blocks         the page cut into blocks
    features       what can be measured of a block (with class_words and phrases)
    judgement      the models' judgement of all blocks, and the choice
    trees          the models' arithmetic
kind         what a page is that is no article
furniture    lines of the page that are no text of the article; what recurs on the site's pages
media        images, links, other editions
rights       paywall, robots, text and data mining, licence
language     language and script of a text
fingerprint  word count, digest and similarity hash of a text
article      all of it put together: `extract`
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.extract.article import Rejected, extract, warm_up
    from pipelines.extract.text import forget
    from pipelines.generation import EXTRACTOR_GENERATION

__all__ = ["EXTRACTOR_GENERATION", "Rejected", "extract", "forget", "warm_up"]

_PLACES = {
    "EXTRACTOR_GENERATION": "pipelines.generation",
    "Rejected": "pipelines.extract.article",
    "extract": "pipelines.extract.article",
    "forget": "pipelines.extract.text",
    "warm_up": "pipelines.extract.article",
}
"""Loaded when they are asked for (PEP 562): a crawl's own process reads dates and trees, workers the texts."""


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
