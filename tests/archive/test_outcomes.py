"""What follows from a page's outcome stands in one table, which leaves none out."""

from __future__ import annotations

import pytest

from archive.outcomes import ExtractionResult, PageOutcome


@pytest.mark.parametrize("outcome", PageOutcome)
def test_every_outcome_has_traits_that_agree(outcome: PageOutcome) -> None:
    traits = outcome.traits
    assert outcome.__doc__
    if traits.has_record:
        assert traits.is_captured
        assert traits.extraction is not ExtractionResult.LOST
    if traits.is_article is not None:
        assert traits.is_captured
        assert traits.is_article == (outcome is PageOutcome.RECORD)


def test_a_record_is_never_counted_as_lost_and_a_lost_page_never_as_kept() -> None:
    kept = {outcome for outcome in PageOutcome if outcome.traits.has_record}
    lost = {outcome for outcome in PageOutcome if outcome.traits.extraction is ExtractionResult.LOST}
    assert kept == {PageOutcome.RECORD, PageOutcome.UNCHANGED, PageOutcome.UNCHANGED_TEXT}
    assert not kept & lost
    assert PageOutcome.EXTRACTION_FAILED in lost
