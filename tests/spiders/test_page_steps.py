"""The steps of a site, as its definition writes them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from spiders.page_steps import USUAL_STEPS, PageStep, StepKind, page_step, page_steps
from spiders.site import Site


@pytest.mark.parametrize(
    "step", [*USUAL_STEPS, PageStep(StepKind.CLICK, "a:not([href])"), PageStep(StepKind.WAIT, "p")]
)
def test_what_a_step_says_is_the_step(step: PageStep) -> None:
    assert page_step(str(step)) == step


def test_a_site_adds_to_the_usual_steps_or_replaces_them() -> None:
    assert page_steps(()) == USUAL_STEPS
    assert page_steps(["scroll"]) == (PageStep(StepKind.SCROLL),)
    added = page_steps(["click: .region", "usual", "wait: .comments"])
    assert added == (PageStep(StepKind.CLICK, ".region"), *USUAL_STEPS, PageStep(StepKind.WAIT, ".comments"))


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("jump", "'jump' is not a step; write one of usual, quiet, "),
        ("click", "'click' needs a CSS selector"),
        ("scroll: .x", "'scroll' takes no selector"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(step: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Site(id="xx/a", name="A", url="https://a.example/", steps=(step,))
