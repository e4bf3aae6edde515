"""The language model that is mapped from files is the packed one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import py3langid
import pytest
from py3langid import langid

from pipelines.language_model import map_language_model
from tests.pipelines.pages import stories

TEXTS = [" ".join(story.paragraphs)[:600] for story in stories()] + ["", "x", "ß", "今日", "\U0001f600 \ud800"]


@pytest.fixture(autouse=True)
def _own_model() -> Iterator[None]:
    """What a test puts in the place of py3langid's model goes with it."""
    before, langid.IDENTIFIER = langid.IDENTIFIER, None
    yield
    langid.IDENTIFIER = before


def models(cache: Path) -> list[Path]:
    return sorted(cache.glob("language-model-*"))


def test_it_says_the_same_and_is_unpacked_once(tmp_path: Path) -> None:
    expected = [py3langid.rank(text) for text in TEXTS]
    map_language_model(tmp_path / "cache")
    assert [py3langid.rank(text) for text in TEXTS] == expected
    (model,) = models(tmp_path / "cache")
    written = {file.name: file.stat().st_mtime_ns for file in model.iterdir()}
    map_language_model(tmp_path / "cache")
    assert {file.name: file.stat().st_mtime_ns for file in model.iterdir()} == written
    _damage(model)
    map_language_model(tmp_path / "cache")
    assert models(tmp_path / "cache") == [model]
    assert [py3langid.rank(text) for text in TEXTS] == expected


def _damage(model: Path) -> None:
    with (model / "moves.npy").open("r+b") as file:
        file.seek(1_000_000)
        byte = file.read(1)
        file.seek(1_000_000)
        file.write(bytes([byte[0] ^ 1]))


def test_without_a_place_for_it_it_is_not_mapped(tmp_path: Path) -> None:
    place = tmp_path / "a file"
    place.touch()
    map_language_model(place)
    assert langid.IDENTIFIER is None
    assert py3langid.classify(TEXTS[0])[0]
