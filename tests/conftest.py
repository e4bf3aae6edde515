from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest

from tests.support import seaweed
from tests.support.postgres import Postgres

# How long an example takes says more of the machine's other users than of what is tested
hypothesis.settings.register_profile("newswarc", deadline=None)
hypothesis.settings.load_profile("newswarc")


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
