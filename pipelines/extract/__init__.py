"""From an HTML page to an article. Pure: no clock, no network, and no file except the bundled models.

Modules:

    agencies       news agencies that an article comes from, and where it was written
    article        the complete extraction: `extract`
    authors        authors: candidates, then a choice
    blocks         the page cut into blocks
    boxes          boxes beside the text: dialogs, placeholders, cards, further articles
    calendars      converting dates of other calendars
    candidates     claims about a field, each with its source
    charsets       the charset of a page
    choice         what is changed in the models' choice: captions, calls, headings
    class_words    what an element's class and id say about its content
    date_texts     parsing the text of a date
    dates          publication and modification: candidates, then a choice
    document       bytes to one tree: the charset is determined once
    exclusions     what is never text of the article, whatever it looks like
    features       measurements of a block (with class_words and phrases)
    fingerprint    word count, digest and similarity hash of a text
    furniture      lines that are not text of the article; paragraphs that recur on the site's pages
    headline       the headline: candidates, then a choice
    interstitials  pages shown instead of an article: consent, checks, logins, missing pages
    json_reading   JSON in pages, even if it is broken
    judgement      the models' judgement of all blocks, and the selection
    kind           what kind of page it is, if not an article
    language       language and script of a text
    media          images, links, other editions
    names          recognising names
    payloads       article text that is only in the page's scripts
    phrases        phrases that accompany articles
    rights         paywall, robots, text and data mining, licence
    structure      headings, lists, tables, quotes, code, figures: the blocks of the record
    structured     what the page declares: JSON-LD, meta elements, microdata
    tables         tables of data, kept whole or not at all
    text           the body: which blocks of the page are its text
    trees          evaluating the models
    visible_dates  the date shown beside the heading, for pages that declare none
    written_days   days as people write them: figures, names of months, other calendars
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
"""Loaded when they are requested (PEP 562): a crawl's own process reads dates and trees, workers the texts."""


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
