"""What each step of finding the text brings and costs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from benchmarks.extraction.data import NEWS, OTHER, SNIPPETS, Page
from pipelines.extract import features
from pipelines.extract.blocks import Block, blocks_of
from pipelines.extract.document import parse_document
from pipelines.extract.exclusions import excluded
from pipelines.extract.judgement import Models, chosen, context, layout_of
from pipelines.extract.structured import read_structured
from pipelines.extract.text import declared_of, votes_of

BORDERS = (0.7, 0.8, 0.85, 0.9, 0.95)


@dataclass
class Step:
    """The texts that a step gives, one a page, and what it has cost up to there (seconds)."""

    texts: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def steps(pages: Sequence[Page], models: Sequence[Models]) -> tuple[list[Page], dict[str, Step]]:
    """Go over the pages whose texts are known, step by step."""
    known = [page for page in pages if page.set in (*NEWS, *OTHER, SNIPPETS)]
    found: dict[str, Step] = {}
    for page in known:
        for name, text, seconds in _page(page, models[page.fold]):
            step = found.setdefault(name, Step())
            step.texts.append(text)
            step.seconds.append(seconds)
    return known, found


def _page(page: Page, models: Models) -> Iterator[tuple[str, str, float]]:
    started = time.process_time()
    document = parse_document(page.html, page.url)
    declared = declared_of(document, read_structured(document))
    cut = blocks_of(document.root)
    blocks = [block for block, is_out in zip(cut, excluded(cut), strict=True) if not is_out]
    layout = layout_of(blocks)
    plain_rows = features.rows(blocks, declared)
    first = models.plain.first.probabilities(plain_rows)
    half = first >= np.float64(0.5)
    yield "first pass, blocks of p ≥ .5", _text(blocks, half), time.process_time() - started
    once = chosen(layout.lengths, first)
    yield "first pass, best expected F1", _text(blocks, once.kept), time.process_time() - started
    second = models.plain.second.probabilities(np.concatenate([plain_rows, context(layout, first)], axis=1))
    plain = chosen(layout.lengths, second)
    alone = time.process_time() - started
    yield "second pass", _text(blocks, plain.kept), alone
    voted = models.voted.judge(features.Rows(blocks, declared), votes_of(document))
    everything = time.process_time() - started
    for border in BORDERS:
        unsure = plain.confidence < border
        judgement, cost = (voted, everything) if unsure else (plain, alone)
        yield f"votes asked for below {border:g}", _text(blocks, judgement.kept), cost
    yield "votes always", _text(blocks, voted.kept), everything
    surer = max(plain, voted, key=attrgetter("confidence"))
    yield "votes always, the surer judgement", _text(blocks, surer.kept), everything


def _text(blocks: Sequence[Block], kept: NDArray[np.bool_]) -> str:
    return "\n".join(block.text for block, is_kept in zip(blocks, kept, strict=True) if is_kept)
