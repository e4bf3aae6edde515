"""What a choice promises, and what of it is kept: choices made on some domains, measured on others.

Trying several ways on the same pages and reporting the best one overstates it: luck helped to make it the best.
Therefore the way for each fold is chosen on the other folds; its gain there is promised, that on the fold is kept.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.extraction.data import FOLDS, Page


@dataclass(frozen=True)
class Nested:
    """The gains of choices over a base, as mean F1 a page."""

    promised: float
    kept: float
    error: float
    """Standard error of what is kept."""
    chosen: Counter[str]
    """How often each way was chosen."""

    def __str__(self) -> str:
        chosen = ", ".join(f"{name} ({count})" for name, count in self.chosen.most_common())
        return f"promised {self.promised:+.4f}, kept {self.kept:+.4f} ± {self.error:.4f}; chosen: {chosen}"


def nested(pages: Sequence[Page], ways: Mapping[str, Sequence[float]], base: str) -> Nested:
    """Choose among the `ways`, each with the F1 of every page, by their gain over `base` outside of each fold."""
    promised: list[float] = []
    kept: list[float] = []
    chosen: Counter[str] = Counter()
    for fold in range(FOLDS):
        inside = [number for number, page in enumerate(pages) if page.fold == fold]
        outside = [number for number, page in enumerate(pages) if page.fold != fold]
        if not inside or not outside:
            continue
        best = max(ways, key=lambda name: statistics.mean(ways[name][number] for number in outside))
        chosen[best] += 1
        promised.append(statistics.mean(ways[best][number] - ways[base][number] for number in outside))
        kept += [ways[best][number] - ways[base][number] for number in inside]
    error = statistics.stdev(kept) / math.sqrt(len(kept))
    return Nested(statistics.mean(promised), statistics.mean(kept), error, chosen)
