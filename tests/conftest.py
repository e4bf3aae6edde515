from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest

from tests.support import seaweed
from tests.support.postgres import Postgres

# How long an example takes says more of the machine's other users than of what is tested
hypothesis.settings.register_profile("newswarc", deadline=None)
hypothesis.settings.load_profile("newswarc")

LONG = ("scale", "watching", "replay", "faults", "docs", "datasets", "hostile", "crawler", "archive", "search")
"""Directories of tests that take long, the longest first: begun last, they would be waited for by all processes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long modules first; modules stay together, since their tests share what is dear to make."""

    def place(item: pytest.Item) -> int:
        directory = item.path.relative_to(item.config.rootpath / "tests").parts[0]
        return LONG.index(directory) if directory in LONG else len(LONG)

    items.sort(key=place)


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[seaweed.S3Server]:
    """A real S3 server for the session."""
    with seaweed.Seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server.s3


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL server for the session."""
    with Postgres() as server:
        yield server


@pytest.fixture
def s3_environment(s3: seaweed.S3Server, monkeypatch: pytest.MonkeyPatch) -> seaweed.S3Server:
    """The S3 server, and this process set up to find it."""
    for name, value in s3.variables().items():
        monkeypatch.setenv(name, value)
    return s3
