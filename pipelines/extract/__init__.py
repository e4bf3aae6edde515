"""From an HTML page to an article. Pure: no clock, no network, no file but the models that come with it.

Modules:

    article        all of it put together: `extract`
    authors        who signed: candidates, then a choice
    blocks         the page cut into blocks
    calendars      days of other calendars as days of the common one
    candidates     claims about a field, each with its source
    class_words    what the class and id of an element say about what it holds
    date_texts     what a date's text says
    dates          publication and modification: candidates, then a choice
    document       bytes to one tree: the charset is decided once
    exclusions     what is no text of the article, whatever it looks like
    features       what can be measured of a block (with class_words and phrases)
    fingerprint    word count, digest and similarity hash of a text
    furniture      lines of the page that are no text of the article; what recurs on the site's pages
    headline       the headline: candidates, then a choice
    interstitials  pages that stand in an article's place: consent, checks, logins, what is gone
    json_reading   JSON as pages have it, flawed or not
    judgement      the models' judgement of all blocks, and the choice
    kind           what a page is that is no article
    language       language and script of a text
    media          images, links, other editions
    names          what is a name, and what only looks like one
    payloads       the text that stands in the page's scripts alone
    phrases        words that stand beside articles
    rights         paywall, robots, text and data mining, licence
    structure      headings, lists, tables, quotes, code, figures: the blocks of the record
    structured     what the page declares: JSON-LD, meta elements, microdata
    tables         tables of data, kept whole or not at all
    text           the body: which blocks of the page are its text
    trees          the models' arithmetic
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
"""Loaded when they are asked for (PEP 562): a crawl's own process reads dates and trees, workers the texts."""


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
