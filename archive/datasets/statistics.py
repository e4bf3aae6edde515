"""What is in a version, for its manifest and its documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from archive.datasets.manifest import DatasetStatistics
from archive.datasets.shards import ShardFacts


def statistics_of(
    facts: ShardFacts, columns: Sequence[str], duplicates: int, near_duplicates: int
) -> DatasetStatistics:
    """From what was counted; of columns that a version does not have nothing is told but numbers."""
    months: Counter[str] = Counter()
    for day, count in facts.days.items():
        months[day[:7] or "unknown"] += count
    return DatasetStatistics(
        text_bytes=facts.text_bytes,
        arrow_bytes=facts.arrow_bytes,
        words=facts.words,
        languages={name or "unknown": count for name, count in sorted(facts.languages.items())},
        sites=dict(sorted(facts.sites.items())),
        found={name or "unknown": count for name, count in sorted(facts.found.items())},
        published=dict(sorted(months.items())),
        null={name: facts.empty[name] for name in sorted(columns) if facts.empty[name] and name != "duplicateOf"},
        examples={name: tuple(facts.examples[name]) for name in sorted(columns) if facts.examples.get(name)},
        duplicates=duplicates,
        near_duplicates=near_duplicates,
        first_capture=facts.first,
        last_capture=facts.last,
    )
