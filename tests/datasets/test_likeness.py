"""Signatures of texts: what they estimate is what comparing the texts gives."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.datasets.likeness import EMPTY, VALUES, shares, signature_of
from pipelines.extract.fingerprint import words_of


def share(text: str, other: str) -> float:
    return float(shares(signature_of(text)[None], signature_of(other)[None])[0])


def triples(text: str) -> set[tuple[str, ...]]:
    words = words_of(text.casefold())
    return set(zip(words, words[1:], words[2:], strict=False))


def text_of(chooser: random.Random, letters: str, glue: str, count: int) -> list[str]:
    return ["".join(chooser.choices(letters, k=5 if glue else 1)) for _ in range(count)]


@pytest.mark.parametrize(
    ("letters", "glue"),
    [
        ("abcdefghij", " "),
        ("бвгдежзийк", " "),
        ("ابتثجحخدذر", " "),
        ("港船時計湖春冬風雪雨" * 30, ""),
        ("กขคงจฉชซญด" * 9, ""),
    ],
)
@pytest.mark.parametrize("changed", [0.0, 0.01, 0.05, 0.2, 1.0])
def test_the_share_is_the_texts(letters: str, glue: str, changed: float) -> None:
    chooser = random.Random(f"{letters}{changed}")
    differences = []
    for _ in range(20):
        words = text_of(chooser, letters, glue, 400)
        others = [word if chooser.random() >= changed else text_of(chooser, letters, glue, 1)[0] for word in words]
        one, other = glue.join(words), glue.join(others)
        differences.append(
            share(one, other) - len(triples(one) & triples(other)) / len(triples(one) | triples(other))
        )
    assert max(map(abs, differences)) < 0.17
    assert abs(sum(differences) / len(differences)) < 0.03


def test_case_space_and_marks_do_not_count() -> None:
    assert share("The boat — left, the HARBOUR.", "the boat left\nthe harbour") == 1
    assert share("one two three four", "four three two one") < 0.2
    assert share("boat harbour", "boat harbour") == 1


@given(st.text())
def test_any_text_has_one(text: str) -> None:
    signature = signature_of(text)
    assert signature.shape == (VALUES,)
    assert (signature == signature_of(text)).all()
    is_empty = not any(character.isalnum() for character in text.casefold())
    assert bool((signature == EMPTY).all()) == is_empty
    assert bool(np.any(signature == EMPTY)) == is_empty
