"""What a browser does on a page, as a site's definition says it: one step a line, ``NAME`` or ``NAME: SELECTOR``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class StepKind(StrEnum):
    """What a step does."""

    QUIET = "quiet"
    """Wait until the page asks for nothing more."""
    CONSENT = "consent"
    """Refuse, or else accept, what a consent banner asks for."""
    EXPAND = "expand"
    """Unfold what "read more" buttons and `details` hide."""
    SCROLL = "scroll"
    """Scroll to the end, also of what comes while scrolling, so many screens at most."""
    LAZY = "lazy"
    """Load the pictures that wait for a reader to come near."""
    GALLERY = "gallery"
    """Go through the pictures of galleries."""
    WAIT = "wait"
    """Wait until an element is there."""
    CLICK = "click"
    """Click on the elements that a selector names."""
    REMOVE = "remove"
    """Remove the elements that a selector names."""


_WITH_SELECTOR = frozenset({StepKind.WAIT, StepKind.CLICK, StepKind.REMOVE})


@dataclass(frozen=True, slots=True)
class PageStep:
    """One step."""

    kind: StepKind
    selector: str = ""

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.selector}" if self.selector else self.kind.value


USUAL_STEPS = (
    PageStep(StepKind.QUIET),
    PageStep(StepKind.CONSENT),
    PageStep(StepKind.EXPAND),
    PageStep(StepKind.LAZY),
    PageStep(StepKind.SCROLL),
    PageStep(StepKind.GALLERY),
    PageStep(StepKind.QUIET),
)
"""What is done where a site's definition does not say."""


USUAL = "usual"
"""Stands in a site's steps for `USUAL_STEPS`."""


def page_steps(texts: Sequence[str]) -> tuple[PageStep, ...]:
    """The steps of a site; the usual ones where it names none. Raises ValueError with what to write instead."""
    steps: list[PageStep] = []
    for text in texts or (USUAL,):
        steps += USUAL_STEPS if text.strip().lower() == USUAL else [page_step(text)]
    return tuple(steps)


def page_step(text: str) -> PageStep:
    """A step from its text. Raises ValueError with what to write instead."""
    name, _, selector = text.partition(":")
    try:
        step = PageStep(StepKind(name.strip().lower()), selector.strip())
    except ValueError:
        names = ", ".join([USUAL, *(kind.value for kind in StepKind)])
        raise ValueError(f"{name.strip()!r} is not a step; write one of {names}") from None
    if bool(step.selector) != (step.kind in _WITH_SELECTOR):
        needs = "needs a CSS selector" if step.kind in _WITH_SELECTOR else "takes no selector"
        raise ValueError(f"{step.kind.value!r} {needs}, as in 'click: .show-all'")
    return step
