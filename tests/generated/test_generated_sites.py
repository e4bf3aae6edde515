"""Sites made at random: every announced article ends as it should, and the exit code says whether to act."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.exchange import CaptureOutcome
from archive.outcomes import PageOutcome
from tests.generated.check import drawn, faults_of
from tests.generated.site import Article, Site, Source
from tests.generated.table import article_fates, source_fates

NAMES: dict[str, set[str]] = {
    "record": {"record"},
    "page outcome": {outcome.value for outcome in PageOutcome},
    "waiting": {outcome.value for outcome in CaptureOutcome},
}


def test_the_tables_name_outcomes_that_there_are() -> None:
    assert len(article_fates()) > 40
    assert all(fate.name in NAMES[fate.kind] for fate in article_fates().values())
    assert {fate.articles for fate in source_fates().values()} == {"read", "left out", "not read"}
    assert {fate.operator for fate in source_fates().values()} == {"no", "if named", "if nothing else"}


def test_thirty_sites(tmp_path: Path) -> None:
    assert faults_of(drawn(30, number=1), tmp_path / "sites") == []


def each_once() -> list[Site]:
    """Sites that plant each row of the tables once, among articles and sources that are well."""
    planned = [
        Site(
            True,
            "given",
            (Article(0, "page"), Article(1, answer), Article(2, "page")),
            (Source(0, "feed", "well", ((0, "plain"), (1, "plain"), (2, "plain")), ()),),
        )
        for answer in article_fates()
    ]
    planned += [
        Site(
            is_named,
            "given",
            (Article(0, "page"), Article(1, "page")),
            (Source(0, "feed", "well", ((0, "plain"),), ()), Source(1, "feed", flaw, ((1, "plain"),), ())),
        )
        for flaw in source_fates()
        for is_named in (True, False)
    ]
    return planned


def test_an_article_that_is_listed_in_several_forms_is_one_article(tmp_path: Path) -> None:
    """All that each site lists is one article, which robots.txt denies: somebody has to act."""
    forms = ((0, "plain"), (0, "tracking"), (0, "fragment"))
    planned = [
        Site(is_named, "given", (Article(0, answer),), (Source(0, "feed", "well", forms, ()),))
        for answer in ("closed", "moved to closed")
        for is_named in (True, False)
    ]
    assert all(site.needs_operator for site in planned)
    assert faults_of(planned, tmp_path / "sites") == []


@pytest.mark.long
def test_each_flaw_by_itself(tmp_path: Path) -> None:
    assert faults_of(each_once(), tmp_path / "sites") == []
