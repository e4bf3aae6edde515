"""A data set that is made from the page, by the command that makes it elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.datasets.reading import dataset
from archive.storage.local import LocalStorage
from crawler.web.roles import Role
from tests.web.asking import HOSTILE, Server, five, serving
from tests.web.elements import Elements, require_harmless


@pytest.fixture(scope="module")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = five(tmp_path_factory.mktemp("made"))
    with serving(place, ["--to", str(place)], web_anyone=tuple(Role)) as server:
        yield server


def ended(server: Server) -> str:
    """The page, once nothing is being made any more."""
    for _ in range(1200):
        page = server.ask("/datasets").text
        require_harmless(page)
        if not server.services.datasets.is_running:
            return server.ask("/datasets").text
        time.sleep(0.05)
    raise AssertionError(page)


def test_what_a_search_means_becomes_a_data_set(curated: Server) -> None:
    page = Elements(curated.ask("/?q=harbour&lang=en").text)
    (query,) = [attributes["value"] for tag, attributes in page.found if attributes.get("name") == "query"]
    answer = curated.post("/datasets", {"name": "harbour-1", "query": query or "", "title": HOSTILE})
    assert (answer.status, answer.headers["location"]) == (303, "/datasets")
    assert curated.post("/datasets", {"name": "other", "query": ""}).status == 409, "one at a time"
    told = ended(curated)
    assert "harbour-1 was made" in told
    assert "newswarc dataset pull harbour-1@1" in told
    require_harmless(told)
    made = dataset(LocalStorage(Path(curated.services.configuration.archive)), "harbour-1")
    assert (made.options.query, made.about.title) == (query, HOSTILE)
    assert made.rows > 0
    assert curated.services.datasets.progress is not None
    acts = [(line["act"], line["name"]) for line in curated.services.audit.newest(3).lines]
    assert acts == [("data set not made", "other"), ("data set made", "other"), ("data set made", "harbour-1")]


def test_one_that_cannot_be_made_says_why(curated: Server) -> None:
    usual = curated.services.datasets._options
    curated.services.datasets._options = ("--from", "/nowhere/at/all")
    try:
        assert curated.post("/datasets", {"name": "lost", "query": "harbour"}).status == 303
        told = ended(curated)
    finally:
        curated.services.datasets._options = usual
    assert "lost could not be made" in told
    assert "/nowhere/at/all" in told


@pytest.mark.parametrize(
    "changed", [{"name": ""}, {"name": "-x"}, {"name": "--to"}, {"name": "a/b"}, {"name": "x" * 81}, {"query": "("},
                {"query": "a" * 9000}, {"title": "x" * 301}]
)  # fmt: skip
def test_a_mistake_starts_nothing(curated: Server, changed: dict[str, str]) -> None:
    before = curated.services.datasets.job
    assert curated.post("/datasets", {"name": "good", "query": "harbour", **changed}).status == 400
    assert curated.services.datasets.job is before


def test_it_takes_the_role(server: Server) -> None:
    assert server.post("/datasets", {"name": "good", "query": ""}).status == 403
    page = server.ask("/?q=harbour").text
    assert "takes the role curate" in page
    assert "newswarc dataset build" in page
    assert "No data set was made yet" in server.ask("/datasets").text
