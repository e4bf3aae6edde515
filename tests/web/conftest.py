from __future__ import annotations

from collections.abc import Iterator

import pytest

from crawler.web.roles import Role
from tests.web.asking import Server, five, serving
from tests.web.captured import Captured
from tests.web.captured import captured as make_captured


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(five(tmp_path_factory.mktemp("five"))) as made:
        yield made


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Captured:
    return make_captured(tmp_path_factory.mktemp("captured"))


@pytest.fixture(scope="module")
def kept(captured: Captured) -> Iterator[Server]:
    """A server of captures, where everyone has all roles."""
    with serving(captured.place, web_anyone=tuple(Role)) as made:
        yield made
