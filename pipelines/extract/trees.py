"""Ensembles of oblivious decision trees, evaluated for all rows at once.

In an oblivious tree all nodes of a level ask the same question, so that a tree is a list of questions (column,
border) and a table of values for every combination of answers. Such trees are read from plain JSON::

    {"columns": [names], "bias": b, "trees": [{"columns": [c, …], "borders": [x, …], "leaves": [v, …]}, …]}

The answer to question i is bit i of the place in ``leaves``; it is yes when the row's value is greater than the
border. The sum over the trees and the bias is a logit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.extract.features import Matrix

Probabilities = NDArray[np.float64]

_ROWS_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Trees:
    """A trained ensemble."""

    names: tuple[str, ...]
    """The columns that rows must have, in order."""
    bias: float
    columns: NDArray[np.intp]
    """Columns asked, tree after tree: trees × depth."""
    borders: NDArray[np.float32]
    """Borders of the same questions."""
    leaves: NDArray[np.float64]
    """Values: trees × 2 ** depth."""

    @classmethod
    def read(cls, data: dict[str, Any]) -> Trees:
        """The ensemble that JSON data describe; every tree has the same depth, at most 8."""
        trees = data["trees"]
        return cls(
            names=tuple(data["columns"]),
            bias=float(data["bias"]),
            columns=np.array([column for tree in trees for column in tree["columns"]], dtype=np.intp),
            borders=np.array([border for tree in trees for border in tree["borders"]], dtype=np.float32),
            leaves=np.array([tree["leaves"] for tree in trees], dtype=np.float64),
        )

    def probabilities(self, rows: Matrix) -> Probabilities:
        """What the ensemble says of each row, from 0 to 1."""
        parts = [self._logits(rows[at : at + _ROWS_AT_ONCE]) for at in range(0, len(rows), _ROWS_AT_ONCE)]
        logits = np.concatenate(parts) if parts else np.zeros(0)
        return np.asarray(1 / (1 + np.exp(-logits)))

    def _logits(self, rows: Matrix) -> NDArray[np.float64]:
        # Question by question, each over all rows: the rows' values then lie side by side
        count, width = self.leaves.shape
        answers = np.ascontiguousarray(rows.T)[self.columns] > self.borders[:, np.newaxis]
        bits = answers.view(np.uint8).reshape(count, -1, len(rows))
        places = bits[:, 0].copy()
        for number in range(1, bits.shape[1]):
            places |= bits[:, number] << number
        first = (np.arange(count) * width)[:, np.newaxis]
        return np.asarray(self.leaves.ravel()[first + places].sum(axis=0) + self.bias)
