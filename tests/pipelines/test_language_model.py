"""The language model that is mapped from files is the packed one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import py3langid
import pytest
from hypothesis import given
from hypothesis import strategies as st
from py3langid import langid
from py3langid.modelio import load_model

from pipelines.language_model import CompactIdentifier, compact_arrays, map_language_model
from tests.pipelines.pages import stories

TEXTS = [" ".join(story.paragraphs)[:600] for story in stories()] + ["", "x", "ß", "今日", "\U0001f600 \ud800"]


@pytest.fixture(autouse=True)
def _own_model() -> Iterator[None]:
    """What a test puts in the place of py3langid's model goes with it."""
    before, langid.IDENTIFIER = langid.IDENTIFIER, None
    yield
    langid.IDENTIFIER = before


def models(cache: Path) -> list[Path]:
    return sorted(cache.glob("languages-*"))


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
    with (model / "weights.npy").open("r+b") as file:
        file.seek(1_000_000)
        byte = file.read(1)
        file.seek(1_000_000)
        file.write(bytes([byte[0] ^ 1]))


@pytest.fixture(scope="module")
def both() -> tuple[langid.LanguageIdentifier, langid.LanguageIdentifier]:
    """py3langid's identifier, and ours of the same model."""
    model = load_model(Path(langid.MODEL_DIR) / langid.MODEL_FILE)
    table, priors, languages, moves, rows, outputs = model
    packed = langid.LanguageIdentifier(np.asarray(table), np.asarray(priors), languages, moves, outputs, tk_row=rows)
    return packed, CompactIdentifier(compact_arrays(model))


@given(st.lists(st.sampled_from([*TEXTS, "\x00", "ಕನ್ನಡ ಭಾಷೆ", "ไทย", "ÀÉ"]) | st.text(max_size=60), max_size=4))
def test_it_says_the_same_of_any_text(
    both: tuple[langid.LanguageIdentifier, langid.LanguageIdentifier], parts: list[str]
) -> None:
    packed, compact = both
    text = " ".join(parts)
    assert compact.rank(text) == packed.rank(text)


def _automaton(moves: dict[tuple[int, str], int], outputs: list[int]) -> list[object]:
    """A model of three languages, as `load_model` gives one: all other moves lead to the beginning."""
    table = np.zeros((len(outputs), 256), dtype=np.uint16)
    for (state, letter), following in moves.items():
        table[state, ord(letter)] = following
    weights = np.array([[-1, -2, -3], [-3, -2, -1]], dtype=np.float16)
    priors = np.zeros(3, dtype=np.float32)
    return [weights, priors, ["de", "en", "fr"], table.ravel(), list(range(len(outputs))), outputs]


def test_sequences_are_found_by_their_ends() -> None:
    """Of "a" and "ab" the longer one counts, and "b" by itself is none."""
    always_a = {(0, "a"): 1, (1, "a"): 1, (2, "a"): 1}
    arrays = compact_arrays(_automaton(always_a | {(1, "b"): 2}, [-1, 0, 1]))
    # Both weigh the same at most, so that they keep their order
    assert CompactIdentifier(arrays).visited(b"b aab").tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("moves", "outputs"),
    [
        ({(0, "a"): 1, (1, "a"): 1, (1, "b"): 1}, [-1, 0]),
        ({(0, "a"): 1, (1, "a"): 1}, [1, 0]),
        ({(0, "a"): 1, (0, "b"): 1, (1, "a"): 1, (1, "b"): 1}, [-1, 0]),
        ({(0, "a"): 1, (1, "a"): 2, (2, "a"): 2}, [-1, 0, -1]),
    ],
    ids=["a letter more", "nothing", "two ways", "silent"],
)
def test_an_automaton_of_another_kind_is_not_taken(moves: dict[tuple[int, str], int], outputs: list[int]) -> None:
    with pytest.raises(ValueError, match="longest sequences"):
        compact_arrays(_automaton(moves, outputs))


def test_without_a_place_for_it_it_is_not_mapped(tmp_path: Path) -> None:
    place = tmp_path / "a file"
    place.touch()
    map_language_model(place)
    assert langid.IDENTIFIER is None
    assert py3langid.classify(TEXTS[0])[0]
