"""A few of the hard cases; all of them are `make browser`."""

from __future__ import annotations

from pathlib import Path

from tests.browser.chromium import needs_chromium
from tests.browser.hard.run import CASES, run

pytestmark = needs_chromium

_SOME = frozenset(
    """
    redirects-with-cookies service-worker within rebound peer
    """.split()
)


def test_names_are_given_once() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 80
    assert set(names) >= _SOME


def test_what_is_hard_is_kept_to_the_byte_and_nothing_gets_out(tmp_path: Path) -> None:
    result = run([case for case in CASES if case.name in _SOME], tmp_path, at_once=4)
    assert result.amiss == []
    assert result.exact >= 7
