"""Train the block models.

    python -m benchmarks.extraction.training PAGES DIRECTORY [--folds]

Writes ``blocks-plain.json``, ``blocks-voted.json`` and ``pages.txt`` (which pages they were trained on) to DIRECTORY;
with ``--folds`` also ``fold-N`` below it, with models that have not seen the pages of fold N (`Page.fold`), for
honest figures on the same pages. The same pages and versions give the same models. Wants CatBoost beside the
project's own requirements: ``benchmarks/extraction/requirements-training.txt``.

Pages with known texts teach a first model. It judges the other pages, of which a few passages are known or nothing,
and these teach the models that are kept along with the first ones: each block counts as much as the first model is
sure of it. The first model of a fold has not seen the fold's pages either.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from lxml import html
from lxml.html import builder
from numpy.typing import NDArray

from benchmarks.extraction.data import FOLDS, NEWS, OTHER, Page, load
from benchmarks.extraction.scores import KnownText
from benchmarks.support.measuring import say
from pipelines.extract import features
from pipelines.extract.blocks import Block, blocks_of
from pipelines.extract.document import Document, parse_document
from pipelines.extract.exclusions import excluded
from pipelines.extract.judgement import CONTEXT, VOTERS, Layout, context, layout_of
from pipelines.extract.media import article_element
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
_GUESSED_WEIGHT = 0.3
"""What a page with a text that is not known counts."""
_PASSAGE_WEIGHT = 2
"""What a block counts, of such a page, that holds a passage known to be of the text, or not to be."""
_LEAST_INSIDE, _LEAST_OUTSIDE = 12, 6
"""Characters of such a passage, at least: words as short as a menu's may stand anywhere."""
_MOST_AROUND = 6
"""How many times as long as a passage that is not of the text a block may be, to be none of it either."""
_LENGTHENED_WEIGHT = 0.3
"""What a page counts to which another's article was added, beside the same without it."""
_EVERY = 3
_OTHERS = 7
_ADDED = "data-added"
_INNER_FOLDS = 4
_HALF = 0.5
_VOTERS: dict[str, tuple[str, ...]] = {"plain": (), "voted": VOTERS}


@dataclass
class Sample:
    """A page in numbers."""

    key: str
    fold: int
    rows: dict[str, features.Matrix]
    labels: NDArray[np.bool_]
    weights: NDArray[np.float64]
    layout: Layout
    known: NDArray[np.bool_]
    """Whose labels are known."""

    @property
    def is_known(self) -> bool:
        """Whether the page's text is."""
        return bool(self.known.all())


def main() -> int:
    """Run the training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--folds", action="store_true")
    options = parser.parse_args()
    pages = load(options.pages)
    with ProcessPoolExecutor() as pool:
        made = pool.map(sample_of, pages, (others_of(page, pages) for page in pages), chunksize=8)
        samples = [sample for sample in chain.from_iterable(made) if sample is not None]
    say(f"{len(samples)} pages, {sum(len(sample.labels) for sample in samples):,} blocks")
    for fold in range(FOLDS) if options.folds else ():
        train([sample for sample in samples if sample.fold != fold], options.directory / f"fold-{fold}")
    train(samples, options.directory)
    return 0


def others_of(page: Page, pages: Sequence[Page]) -> list[Page]:
    """The pages whose articles are put behind a page's own, to teach where that ends: of its fold, chosen by hash.

    Every third page whose text is known gets some.
    """
    order = int(hashlib.sha256(page.id.encode()).hexdigest(), 16)
    if not page.texts or order % _EVERY:
        return []
    known = [other for other in pages if other.texts and other.fold == page.fold and other.domain != page.domain]
    return [known[(order // _EVERY + step) % len(known)] for step in range(_OTHERS)]


def sample_of(page: Page, others: Sequence[Page] = ()) -> list[Sample | None]:
    """A page's blocks with what is known of them, and the same with other articles behind its own."""
    document = parse_document(page.html, page.url)
    samples = [_sample(page, document)]
    if others and (longer := lengthened(page, document, others)) is not None:
        samples.append(_sample(page, longer))
    return samples


def _sample(page: Page, document: Document) -> Sample | None:
    cut = blocks_of(document.root)
    blocks = [block for block, is_out in zip(cut, excluded(cut), strict=True) if not is_out]
    if not blocks:
        return None
    declared = declared_of(document, read_structured(document))
    votes = votes_of(document)
    weights = np.sqrt([len(block.text) for block in blocks])
    weights *= 100 / weights.sum() * (1 if page.set in NEWS else _OTHER_WEIGHT)
    rows = {"plain": features.rows(blocks, declared), "voted": features.rows(blocks, declared, votes)}
    key, layout = f"{page.set} {page.id}", layout_of(blocks)
    if page.set not in (*NEWS, *OTHER):
        labels, known = passages_in(page, blocks)
        return Sample(key, page.fold, rows, labels, weights, layout, known)
    added = np.array([is_added(block) for block in blocks])
    if added.any():
        weights *= _LENGTHENED_WEIGHT
    shares = [[known.share_of(block.text) for block in blocks] for known in map(KnownText.of, page.texts)]
    labels = (np.array(shares[0] if shares else [0.0] * len(blocks)) >= _HALF) & ~added
    if len(shares) > 1:  # optional blocks are neither right nor wrong
        weights *= labels == ((np.array(shares[1]) >= _HALF) & ~added)
    return Sample(key, page.fold, rows, labels, weights, layout, np.ones(len(blocks), dtype=np.bool_))


def lengthened(page: Page, document: Document, others: Sequence[Page]) -> Document | None:
    """A page with a ticker and another page's article behind its own; None when either article is not found."""
    own = article_in(page, document)
    if own is None or own.getparent() is None:
        return None
    document = replace(document, root=deepcopy(document.root))
    path = own.getroottree().getpath(own)
    own = document.root.getroottree().xpath(path)[0]
    first, *rest = others
    theirs = article_in(first, parse_document(first.html, first.url))
    if theirs is None:
        return None
    behind = builder.DIV(builder.H2(first.title or ""), deepcopy(theirs))
    ticker = builder.UL(*(builder.LI(builder.A(other.title or other.texts[0][:60], href="/x")) for other in rest))
    for number, added in enumerate((behind, ticker)):
        added.set(_ADDED, "")
        if (len(page.id) + number) % 2:
            own.append(added)
        else:
            own.addnext(added)
    return document


def article_in(page: Page, document: Document) -> html.HtmlElement | None:
    """The element that holds what is known to be a page's text."""
    known = KnownText.of(page.texts[0])
    holders = [block.place.element for block in blocks_of(document.root) if known.share_of(block.text) >= _HALF]
    found = article_element(document, holders) if holders else None
    return None if found is None or found.tag in ("html", "body") else found


def is_added(block: Block) -> bool:
    """Whether a block is of what `lengthened` has put behind the article."""
    element = block.place.element
    return element.get(_ADDED) is not None or any(one.get(_ADDED) is not None for one in element.iterancestors())


def passages_in(page: Page, blocks: Sequence[Block]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which blocks hold passages of the text, and of which blocks that is known."""
    inside = [passage for passage in map(folded, page.inside) if len(passage) >= _LEAST_INSIDE]
    outside = [passage for passage in map(folded, page.outside) if len(passage) >= _LEAST_OUTSIDE]
    right = [any(passage in block.text for passage in inside) for block in blocks]
    wrong = [
        any(passage in block.text and len(block.text) < _MOST_AROUND * len(passage) for passage in outside)
        for block in blocks
    ]
    return np.array(right) & ~np.array(wrong), np.array(right) | np.array(wrong)


def folded(text: str) -> str:
    """White space as blocks have it."""
    return " ".join(text.split())


def train(samples: Sequence[Sample], directory: Path) -> None:
    """Train both models on the samples, and keep them."""
    directory.mkdir(parents=True, exist_ok=True)
    known = [sample for sample in samples if sample.is_known]
    teacher = trained(known, "voted")
    taught = known + [guessed(sample, teacher) for sample in samples if not sample.is_known]
    for kind in _VOTERS:
        text = json.dumps(trained(taught, kind), separators=(",", ":"))
        (directory / f"blocks-{kind}.json").write_text(text + "\n", encoding="utf-8")
        say(f"{directory}: {kind}, {len(text):,} bytes")
    (directory / "pages.txt").write_text(
        "".join(f"{key}\n" for key in dict.fromkeys(sample.key for sample in samples)), encoding="utf-8"
    )


def trained(samples: Sequence[Sample], kind: str) -> dict[str, Any]:
    """The two ensembles of a model, in the form that `Trees` reads."""
    names = features.names(_VOTERS[kind])
    rows = [sample.rows[kind] for sample in samples]
    first = boosted(rows, samples, names, _DEPTH)
    thought = out_of_fold(rows, samples, names)
    richer = [
        np.concatenate([own, context(sample.layout, said)], axis=1)
        for own, sample, said in zip(rows, samples, thought, strict=True)
    ]
    return {"first": first, "second": boosted(richer, samples, [*names, *CONTEXT], _DEPTH_SECOND)}


def guessed(sample: Sample, teacher: dict[str, Any]) -> Sample:
    """A page as a model judges it that was trained without its text."""
    own = sample.rows["voted"]
    said = context(sample.layout, Trees.read(teacher["first"]).probabilities(own))
    thought = Trees.read(teacher["second"]).probabilities(np.concatenate([own, said], axis=1))
    sure = np.where(sample.known, _PASSAGE_WEIGHT, np.abs(2 * thought - 1))
    weights = sample.weights * (_GUESSED_WEIGHT / _OTHER_WEIGHT) * sure
    return replace(sample, labels=np.where(sample.known, sample.labels, thought >= _HALF), weights=weights)


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
