"""Updating the frontier from extracted pages: what an article says now, which URLs are articles, what recurs."""

from __future__ import annotations

from collections.abc import Callable

from archive.derived import ArticleFacts, Derivation
from crawler.frontier.frontier import Frontier
from crawler.frontier.site_memories import SiteMemories
from pipelines.generation import text_mark
from spiders.shapes import shape_of


class PageFeedback:
    """Passes on to the frontier what each page turned out to be."""

    def __init__(self, frontier: Frontier, on_article: Callable[[str, ArticleFacts], None]) -> None:
        """`on_article` is called with each article and its site, for what the article leads to."""
        self._frontier = frontier
        self._on_article = on_article
        self.memories = SiteMemories(frontier.database)
        """What recurs on sites' pages. Keep it when a run ends."""

    def page_derived(self, site: str, derivation: Derivation) -> None:
        """A page of a site was derived from. Raises FrontierUnavailable."""
        line, article = derivation.line, derivation.facts
        if article is not None:
            self._frontier.keep_text(article.url, text_mark(article))
            self._on_article(site, article)
            if site:
                self.memories.learn(site, article.url, article.paragraphs)
        is_article = line.outcome.traits.is_article
        if site and is_article is not None:
            self._frontier.learn(site, shape_of(line.url), is_article=is_article)
