"""Train the block models.

    python -m benchmarks.extraction.training PAGES DIRECTORY [--folds]

Writes ``blocks-plain.json``, ``blocks-voted.json`` and ``pages.txt`` (which pages they were trained on) to DIRECTORY;
with ``--folds`` also ``fold-N`` below it, with models that have not seen the pages of fold N (`Page.fold`), for
honest figures on the same pages. The same pages and versions give the same models. Wants CatBoost beside the
project's own requirements: ``benchmarks/extraction/requirements-training.txt``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.extraction.data import FOLDS, NEWS, OTHER, Page, load
from benchmarks.extraction.scores import KnownText
from benchmarks.support.measuring import say
from pipelines.extract import features
from pipelines.extract.blocks import blocks_of
from pipelines.extract.document import parse_document
from pipelines.extract.judgement import CONTEXT, VOTERS, Layout, context, layout_of
from pipelines.extract.structured import read_structured
from pipelines.extract.text import declared_of, votes_of
from pipelines.extract.trees import Trees

_ITERATIONS = 200
_RATE = 0.08
_DEPTH = 6
_DEPTH_SECOND = 5
_BORDERS = 64
_REGULARISATION = 6
_OTHER_WEIGHT = 0.3
"""What a page that is not news counts: its texts are chosen by other conventions."""
_INNER_FOLDS = 4
_HALF = 0.5


@dataclass
class Sample:
    """A page in numbers."""

    key: str
    fold: int
    rows: dict[str, features.Matrix]
    labels: NDArray[np.bool_]
    weights: NDArray[np.float64]
    layout: Layout


def main() -> int:
    """Run the training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--folds", action="store_true")
    options = parser.parse_args()
    with ProcessPoolExecutor() as pool:
        made = pool.map(sample_of, load(options.pages, NEWS + OTHER), chunksize=8)
        samples = [sample for sample in made if sample is not None]
    say(f"{len(samples)} pages, {sum(len(sample.labels) for sample in samples):,} blocks")
    if options.folds:
        for fold in range(FOLDS):
            train([sample for sample in samples if sample.fold != fold], options.directory / f"fold-{fold}")
    train(samples, options.directory)
    return 0


def sample_of(page: Page) -> Sample | None:
    """A page's blocks with what is known of them; None of a page without any."""
    document = parse_document(page.html, page.url)
    blocks = blocks_of(document.root)
    if not blocks:
        return None
    declared = declared_of(document, read_structured(document))
    votes = votes_of(document)
    shares = [[known.share_of(block.text) for block in blocks] for known in map(KnownText.of, page.texts)]
    labels = np.array(shares[0] if shares else [0.0] * len(blocks)) >= _HALF
    weights = np.sqrt([len(block.text) for block in blocks])
    weights *= 100 / weights.sum() * (1 if page.set in NEWS else _OTHER_WEIGHT)
    if len(shares) > 1:  # optional blocks are neither right nor wrong
        weights *= labels == (np.array(shares[1]) >= _HALF)
    rows = {"plain": features.rows(blocks, declared), "voted": features.rows(blocks, declared, votes)}
    return Sample(f"{page.set} {page.id}", page.fold, rows, labels, weights, layout_of(blocks))


def train(samples: Sequence[Sample], directory: Path) -> None:
    """Train both models on the samples, and keep them."""
    directory.mkdir(parents=True, exist_ok=True)
    for kind, voters in (("plain", ()), ("voted", VOTERS)):
        names = features.names(voters)
        rows = [sample.rows[kind] for sample in samples]
        first = boosted(rows, samples, names, _DEPTH)
        thought = out_of_fold(rows, samples, names)
        richer = [
            np.concatenate([own, context(sample.layout, said)], axis=1)
            for own, sample, said in zip(rows, samples, thought, strict=True)
        ]
        second = boosted(richer, samples, [*names, *CONTEXT], _DEPTH_SECOND)
        text = json.dumps({"first": first, "second": second}, separators=(",", ":"))
        (directory / f"blocks-{kind}.json").write_text(text + "\n", encoding="utf-8")
        say(f"{directory}: {kind}, {len(text):,} bytes")
    (directory / "pages.txt").write_text("".join(f"{sample.key}\n" for sample in samples), encoding="utf-8")


def out_of_fold(
    rows: Sequence[features.Matrix], samples: Sequence[Sample], names: list[str]
) -> list[NDArray[np.float64]]:
    """What a first ensemble that has not seen a page's domain thinks of it."""
    thought: list[NDArray[np.float64]] = [np.zeros(0)] * len(samples)
    folds = sorted({sample.fold for sample in samples})
    for part in range(_INNER_FOLDS):
        inside = {fold for at, fold in enumerate(folds) if at % _INNER_FOLDS == part}
        seen = [at for at, sample in enumerate(samples) if sample.fold not in inside]
        trees = Trees.read(boosted([rows[at] for at in seen], [samples[at] for at in seen], names, _DEPTH))
        for at, sample in enumerate(samples):
            if sample.fold in inside:
                thought[at] = trees.probabilities(rows[at])
    return thought


def boosted(
    rows: Sequence[features.Matrix], samples: Sequence[Sample], names: list[str], depth: int
) -> dict[str, Any]:
    """An ensemble in the form that `Trees` reads."""
    from catboost import CatBoostClassifier

    with tempfile.TemporaryDirectory() as name:
        model = CatBoostClassifier(
            iterations=_ITERATIONS,
            depth=depth,
            learning_rate=_RATE,
            l2_leaf_reg=_REGULARISATION,
            border_count=_BORDERS,
            random_seed=0,
            verbose=False,
            train_dir=name,
        )
        labels = np.concatenate([sample.labels for sample in samples]).astype(int)
        weights = np.concatenate([sample.weights for sample in samples])
        model.fit(np.concatenate(rows), labels, sample_weight=weights)
        model.save_model(f"{name}/model.json", format="json")
        return converted(json.loads(Path(name, "model.json").read_text(encoding="utf-8")), names)


def converted(model: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """CatBoost's JSON in ours. Trees that stopped early are filled up with a question nobody answers with yes."""
    scale, (bias,) = model["scale_and_bias"]
    depth = max(len(tree["splits"]) for tree in model["oblivious_trees"])
    trees = []
    for tree in model["oblivious_trees"]:
        splits, leaves = tree["splits"], tree["leaf_values"]
        missing = depth - len(splits)
        trees.append(
            {
                "columns": [split["float_feature_index"] for split in splits] + [0] * missing,
                "borders": [round(split["border"], 6) for split in splits] + [1e30] * missing,
                "leaves": [round(leaf * scale, 5) for leaf in leaves] + [0.0] * (len(leaves) * (2**missing - 1)),
            }
        )
    return {"columns": names, "bias": round(bias, 6), "trees": trees}


if __name__ == "__main__":
    sys.exit(main())
