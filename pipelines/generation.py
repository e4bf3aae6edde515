"""The extractor's generation, and what a record says; without the extractor, which is slow to import."""

from __future__ import annotations

import hashlib

from archive.article import Article
from archive.derived import ArticleFacts

EXTRACTOR_GENERATION = "g0008"
"""Increases with every change that can alter a record. Records are stored by generation."""


def text_mark(article: Article | ArticleFacts) -> str:
    """What a record says, for the captures that follow (`archive.exchange.Discovery.previous_text`).

    Texts of two extractor generations are not compared: their difference may be the extractor's.
    """
    text = f"{article.headline}\n{article.content_sha256}".encode()
    return f"{EXTRACTOR_GENERATION} {hashlib.sha256(text).hexdigest()} {article.id}"
