"""Whoever reads of a failed attempt reads what to do about it."""

from __future__ import annotations

import pytest

from archive.exchange import CaptureOutcome
from spiders.remedies import REMEDIES, lasts, remedy_of_status

_NO_FAILURES = frozenset({CaptureOutcome.OK, CaptureOutcome.NOT_MODIFIED, CaptureOutcome.REDIRECT})


def test_each_outcome_that_is_a_failure_has_a_remedy() -> None:
    assert REMEDIES.keys() == set(CaptureOutcome) - _NO_FAILURES
    assert all(not remedy.endswith((".", ";")) and remedy[0].islower() for remedy in REMEDIES.values())


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 407, 410, 418, 429, 451, 500, 503, 599])
def test_each_status_that_is_a_failure_has_one(status: int) -> None:
    assert remedy_of_status(status)


def test_a_login_is_told_from_a_refusal() -> None:
    assert "login" in remedy_of_status(401)
    assert "login" not in remedy_of_status(403)


@pytest.mark.parametrize(("outcome", "does"), [("forbidden", True), ("timeout", False), ("", False)])
def test_what_passes_by_itself_needs_nobody(outcome: str, *, does: bool) -> None:
    assert lasts(outcome) is does
