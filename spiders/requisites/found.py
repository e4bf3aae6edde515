"""A requisite, as it was found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RequisiteKind(StrEnum):
    """What a document uses another one as: what came may name further ones."""

    STYLE = "style"
    SCRIPT = "script"
    OTHER = "other"
    """An image, a font, data: nothing follows from it."""


@dataclass(frozen=True, slots=True)
class Requisite:
    """Something that a page needs."""

    url: str
    """Absolute, http or https, without fragment."""
    kind: RequisiteKind = RequisiteKind.OTHER
