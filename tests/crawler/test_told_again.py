"""Whatever a server sent, however often, at however many addresses: the archive alone tells it again to the byte."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from archive.captures import Capture
from archive.lookup import Match
from tests.support.processes import newswarc
from tests.support.repeats import CRAWLED, PAGES, crawl_repeats, looked_up

ROUNDS = 2
Site = tuple[Path, str, dict[str, list[bytes]]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    place = tmp_path_factory.mktemp("repeats")
    base, sent = crawl_repeats(place, ROUNDS)
    return place, base, sent


@pytest.fixture(scope="module")
def told(site: Site) -> dict[str, list[tuple[Capture, bytes]]]:
    """By path: each capture, and the response that the archive tells."""
    place, base, _ = site
    found: dict[str, list[tuple[Capture, bytes]]] = {}
    with looked_up(place) as lookup:
        for entry in lookup.find(base, Match.HOST):
            capture = lookup.read(entry)
            found.setdefault(capture.url.removeprefix(base), []).append((capture, lookup.wire(capture)))
    return found


Told = dict[str, list[tuple[Capture, bytes]]]


def test_every_response_is_told_again(site: Site, told: Told) -> None:
    _, _, sent = site
    assert len(sent) >= 2 * len(CRAWLED) + len(PAGES)
    assert {path: sorted(response for _, response in captures) for path, captures in told.items()} == {
        path: sorted(responses) for path, responses in sent.items()
    }


def test_what_repeats_is_not_kept_twice(told: Told) -> None:
    kinds = Counter(
        (path.split("/")[1], capture.revisit) for path, captures in told.items() for capture, _ in captures
    )
    assert kinds["two", True] > 80, "requisites at another address, and the same again"
    assert kinds["one", True] > 50
    assert (kinds["pages", True], kinds["pages", False]) == (2, 6), "a page stands for another address's never"
    again = [response for captures in told.values() for capture, response in captures if capture.revisit]
    assert sum(b"ransfer-Encoding: " in response for response in again) > 30
    assert any(re.search(rb"\r\n0\r\n.*X-Sum: ", response, re.DOTALL) for response in again), "trailers among them"


def test_the_archive_is_sound(site: Site) -> None:
    done = newswarc("verify", "--deep", cwd=site[0])
    assert done.code == 0, done.err
