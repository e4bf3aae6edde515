"""Which blocks of a page are text of the article, and how certain that is.

A first ensemble of trees judges each block by its own row; a second one judges it again knowing what the first
thought of the blocks around it. The blocks kept are those of the best expected F1: with p the probability and n
the length of a block, of all sets {p ≥ t} the one of the largest 2·Σ(kept) p·n / (Σ(kept) n + Σ(all) p·n).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import numpy as np
from numpy.typing import NDArray

from pipelines.extract import features
from pipelines.extract.blocks import Block
from pipelines.extract.features import Matrix, Rows
from pipelines.extract.trees import Probabilities, Trees

VOTERS = ("trafilatura", "resiliparse")
"""The extractors whose texts are votes, in the order of the columns."""

_NEIGHBOURS = (-2, -1, 1, 2)
_FARTHEST = 20
_LIKELY = 0.5
CONTEXT = (
    "first",
    *(f"first{offset:+d}" for offset in _NEIGHBOURS),
    "first_like",
    "first_parent",
    "first_grandparent",
    "first_total",
    "first_through",
    "first_before",
    "first_away",
)
"""Columns that the second ensemble has beside those of the first."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The judgement of the blocks of a page."""

    probabilities: Probabilities
    """Probability that a block is text of the article, from 0 to 1."""
    kept: NDArray[np.bool_]
    """The selected blocks."""
    confidence: float
    """The expected F1 of the selection, by characters; 0 for a page without blocks."""


@dataclass(frozen=True, slots=True)
class BlockModel:
    """Two ensembles, one behind the other."""

    first: Trees
    second: Trees

    def judge(self, page: Rows, votes: Mapping[str, str] | None = None) -> Judgement:
        """Judge the blocks of a page. `votes` are texts that other extractors found, as the model was trained."""
        blocks, rows = page.blocks, page.with_votes(votes or {})
        first = self.first.probabilities(rows)
        layout = layout_of(blocks)
        around = context(layout, first)
        return chosen(layout.lengths, self.second.probabilities(np.concatenate([rows, around], axis=1)))


@dataclass(frozen=True, slots=True)
class Models:
    """The models of both kinds."""

    plain: BlockModel
    """Judges by the page alone."""
    voted: BlockModel
    """Wants the votes of the extractors that `VOTERS` names."""

    @classmethod
    def read(cls, directory: Traversable) -> Models:
        """The models kept in a directory."""
        return cls(*(_read_model(directory.joinpath(f"blocks-{kind}.json")) for kind in ("plain", "voted")))


@lru_cache(maxsize=1)
def shipped_models() -> Models:
    """The models that come with the program."""
    return Models.read(files("pipelines.extract").joinpath("models"))


def _read_model(file: Traversable) -> BlockModel:
    data = json.loads(file.read_text(encoding="utf-8"))
    return BlockModel(Trees.read(data["first"]), Trees.read(data["second"]))


@dataclass(frozen=True, slots=True)
class Layout:
    """How the blocks of a page stand to each other."""

    lengths: NDArray[np.float64]
    """Characters of each block."""
    groups: tuple[NDArray[np.intp], ...]
    """The number of each block's group: of its form in its parent, of its parent, of its grandparent."""


def layout_of(blocks: Sequence[Block]) -> Layout:
    """The layout of a page's blocks."""
    parents = [block.place.parent for block in blocks]
    over = [parent.parent if parent else None for parent in parents]
    numbers = [parent.number if parent else -1 for parent in parents]
    forms = [(block.place.tag, block.place.css_class, number) for block, number in zip(blocks, numbers, strict=True)]
    groups = (forms, numbers, [place.number if place else -1 for place in over])
    lengths = np.array([len(block.text) for block in blocks], dtype=np.float64)
    return Layout(lengths, tuple(_numbered(group) for group in groups))


def chosen(lengths: NDArray[np.float64], probabilities: Probabilities) -> Judgement:
    """The choice of the best expected F1."""
    if not len(lengths):
        return Judgement(probabilities, np.zeros(0, dtype=np.bool_), 0.0)
    order = np.argsort(-probabilities, kind="stable")
    expected = np.cumsum((probabilities * lengths)[order])
    taken = np.cumsum(lengths[order])
    scores = 2 * expected / (taken + expected[-1])
    best = int(scores.argmax())
    return Judgement(probabilities, probabilities >= probabilities[order][best], float(scores[best]))


def context(layout: Layout, first: Probabilities) -> Matrix:
    """What was thought of the blocks around each: a row of `CONTEXT` columns a block."""
    if not len(first):
        return np.zeros((0, len(CONTEXT)), dtype=np.float32)
    weighted = first * layout.lengths
    total = weighted.sum()
    through = np.cumsum(weighted)
    columns = [
        first,
        *(features.shifted(first, offset, 0) for offset in _NEIGHBOURS),
        *(_mean_of_others(group, weighted, layout.lengths) for group in layout.groups),
        np.full(len(first), np.log1p(total)),
        through / (total + 1),
        (through - weighted) / (total + 1),
        _away(first > _LIKELY),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _numbered(values: Sequence[object]) -> NDArray[np.intp]:
    known: dict[object, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], dtype=np.intp)


def _mean_of_others(
    group: NDArray[np.intp], weighted: NDArray[np.float64], lengths: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The mean thought of the other blocks of a group, by length."""
    sums = np.bincount(group, weights=weighted)
    weights = np.bincount(group, weights=lengths)
    return np.asarray((sums[group] - weighted) / (weights[group] - lengths + 1))


def _away(likely: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Blocks to the nearest likely one."""
    places = np.flatnonzero(likely)
    index = np.arange(len(likely))
    if not len(places):
        return np.full(len(likely), float(_FARTHEST))
    after = np.searchsorted(places, index)
    behind = places[np.minimum(after, len(places) - 1)] - index
    before = index - places[np.maximum(after - 1, 0)]
    nearest = np.minimum(np.abs(behind), np.abs(before))
    return np.asarray(np.minimum(_FARTHEST, nearest), dtype=np.float64)
