from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web.asking import Server, five, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(five(tmp_path_factory.mktemp("five"))) as made:
        yield made
