"""Candidates for a field, each with its source, and how reliable each source is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from archive.article import FieldFacts

Value = TypeVar("Value")

_RELIABILITY = {
    "rules": 0.95,
    "json-ld": 0.9,
    "opengraph": 0.85,
    "meta": 0.85,
    "microdata": 0.8,
    "heading": 0.85,
    "feed": 0.8,
    "sitemap": 0.75,
    "section": 0.5,
    "time": 0.7,
    "byline": 0.6,
    "title": 0.6,
    "url": 0.6,
    "text": 0.5,
    "script": 0.6,
    "html": 0.7,
    "detection": 0.8,
}
_AGREEMENT = 0.05
_LEAST = 0.3


@dataclass(frozen=True, slots=True)
class Candidate(Generic[Value]):
    """One claim."""

    value: Value
    source: str


def facts(source: str, agreeing: int = 0) -> FieldFacts:
    """Provenance of a value: its source, and how many other sources say the same."""
    confidence = min(1.0, _RELIABILITY.get(source, _LEAST) + _AGREEMENT * agreeing)
    return FieldFacts(source=source, confidence=round(confidence, 2))
