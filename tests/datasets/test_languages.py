"""A language means the same wherever it is asked for: RFC 4647, basic filtering."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive import open_archive
from archive.storage.local import LocalStorage
from tests.datasets.making import record, store
from tests.support.processes import newswarc

TAGS = ("en", "en-GB", "EN-us", "eng", "fr", "fr-CA", "zh-Hant-TW", None)
MEANT = {
    "en": {0, 1, 2},
    "EN-gb": {1},
    "fr-ca": {5},
    "fr": {4, 5},
    "zh-Hant": {6},
    "zh-TW": set(),
    "eng": {3},
    "*": set(range(8)),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("languages")
    records = [record(number, inLanguage=tag) for number, tag in enumerate(TAGS)]
    store(LocalStorage(place / "newswarc-data"), [records], place / "scratch")
    return place


@pytest.mark.parametrize("wanted", MEANT)
def test_in_python_by_option_and_by_condition(place: Path, wanted: str) -> None:
    with open_archive(str(place / "newswarc-data")) as archive:
        for found in (archive.articles(lang=wanted), archive.articles(where=f"lang = '{wanted}'")):
            assert {int(article.url.rpartition("/")[2]) for article in found} == MEANT[wanted]
        others = archive.articles(where=f"not lang in ('{wanted}')")
        known = set(range(8)) if wanted == "*" else set(range(7))
        assert {int(article.url.rpartition("/")[2]) for article in others} == known - MEANT[wanted]
    told = newswarc("records", "--lang", wanted, cwd=place)
    assert {int(line["url"].rpartition("/")[2]) for line in told.lines()} == MEANT[wanted]


def test_a_language_that_is_not_there_is_told_with_those_that_are(place: Path) -> None:
    for command in (("records", "--lang", "tlh"), ("dataset", "build", "none", "--lang", "tlh")):
        done = newswarc(*command, cwd=place)
        assert done.code == 0
        assert "no record is in tlh; records by language: " in done.err
        assert "en-GB 1" in done.err
