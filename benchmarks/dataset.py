"""Building data sets: speed and memory, near copies found, size and scanning beside the naive way.

    python -m benchmarks.dataset [--records 1000000] [--report FILE]

Made records: texts of words drawn at random, 5 kB in the middle (log-normal), in segments of 10,000. One in twenty is
nearly a copy of an earlier one (some of its words replaced, or its end cut off), one in thirty an equal one.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from archive.datasets.relations import NEAR
from archive.derived import completed
from archive.layout import SegmentName
from archive.publishing import publish_records
from archive.storage.local import LocalStorage
from benchmarks.memory import pss, tree
from benchmarks.support.measuring import say
from benchmarks.support.reporting import deliver
from pipelines.extract.fingerprint import content_sha256, simhash64

_PROGRAM = Path(sys.executable).with_name("newswarc")
_SPACE = UUID(int=9)
_SEGMENT = 10_000
_WORDS = 700
_SPREAD = 0.6
_NEAR, _EQUAL = 20, 30
_CUT, _MOST_CUT, _MOST_REPLACED = 0.4, 0.5, 0.1
"""Share of near copies of which the end is cut off; how much of it, and of the others' words, at most."""
_SAMPLE = 20_000
_BEGIN = datetime(2025, 1, 1, tzinfo=UTC)


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="newswarc-bench-") as place:
        deliver("\n".join(report(Path(place), options.records)) + "\n", options.report)
    return 0


def report(place: Path, count: int) -> list[str]:
    """Make the records, build, look at what came."""
    size, texts = make(place / "news", count)
    say(f"{count:,} records made, {size / 1e6:,.0f} MB")
    rows = []
    for way, flag in (("Parquet", "--no-jsonl"), ("JSON lines", "--no-parquet"), ("both", "--jsonl")):
        seconds, peak = build(place, way.split()[0].lower(), flag)
        rows.append(f"| {way} | {size / 1e6 / seconds:.0f} | {seconds:.0f} | {peak:,.0f} |")
        say(rows[-1])
    shards = sorted((place / "news" / "datasets" / "parquet" / "1" / "data").glob("*.parquet"))
    return [
        "# Building data sets",
        "",
        f"`make dataset`: {count:,} made records, {texts / count / 1000:.1f} kB of text each on average,",
        f"{size / 1e6:,.0f} MB as JSON, on two processors. Two passes over all of it: relations first, then rows.",
        "",
        "| | MB/s of input | seconds | MiB (PSS) at the peak, all processes |",
        "|---|---|---|---|",
        *rows,
        "",
        "Wanted: Parquet alone ≥ 60 MB/s, < 1.5 GB.",
        "",
        *near_copies(shards, count),
        "",
        *beside_the_naive_way(shards),
    ]


def make(root: Path, count: int) -> tuple[int, int]:
    """An archive's records; bytes of all as JSON, and of the texts."""
    starts = range(0, count, _SEGMENT)
    with ProcessPoolExecutor() as pool:
        made = list(pool.map(_make_segment, [root] * len(starts), starts, [count] * len(starts)))
    return sum(size for size, _ in made), sum(texts for _, texts in made)


def _text_of(number: int) -> list[str]:
    chooser = random.Random(number)
    length = max(30, int(chooser.lognormvariate(0, _SPREAD) * _WORDS))
    return [
        f"{_SYLLABLES[word % 50]}{_SYLLABLES[word // 50 % 50]}{word % 7}"
        for word in chooser.choices(range(20_000), k=length)
    ]


_SYLLABLES = [f"{first}{second}" for first in "bdfgklmnrs" for second in "aeiou"]


def original_of(number: int) -> tuple[int, bool]:
    """Which record's text a record has, and whether it is changed a little."""
    if number % _NEAR == _NEAR - 1:
        return number - _NEAR + 1, True
    if number % _EQUAL == _EQUAL - 2:
        return number - _EQUAL + 2, False
    return number, False


def words_of(number: int) -> list[str]:
    """The words of a record's text."""
    original, is_changed = original_of(number)
    words = _text_of(original)
    return _changed(words, number) if is_changed else words


def _changed(words: list[str], number: int) -> list[str]:
    chooser = random.Random(-number)
    if chooser.random() < _CUT:
        return words[: max(1, int(len(words) * (1 - chooser.uniform(0, _MOST_CUT))))]
    changed = list(words)
    for place in chooser.sample(range(len(words)), max(1, int(len(words) * chooser.uniform(0, _MOST_REPLACED)))):
        changed[place] = f"other{number}"
    return changed


def _record(number: int) -> dict[str, Any]:
    words = words_of(number)
    text = " ".join(words)
    captured = (_BEGIN + timedelta(minutes=number)).isoformat()
    record_id = str(uuid5(_SPACE, str(number)))
    return {
        "schemaVersion": "1.0", "id": record_id, "url": f"https://www.paper{number % 400}.com/{number}",
        "headline": " ".join(words[:8]), "articleBody": text, "paragraphs": [text], "inLanguage": "en",
        "wordCount": len(words), "contentSha256": content_sha256(text), "simhash64": simhash64(words),
        "authors": [{"name": "Mara Ellison", "url": None}], "datePublished": captured, "keywords": ["sea", "harbour"],
        "images": [], "warc": {
            "file": f"warc/2025/01/01/x-{number // _SEGMENT}.warc.gz", "offset": number, "length": 9999,
            "recordId": record_id, "payloadDigest": f"sha256:{number:064x}", "date": captured,
        },
        "extraction": {"tool": "t", "version": "g0005", "configHash": ""},
    }  # fmt: skip


def _make_segment(root: Path, start: int, count: int) -> tuple[int, int]:
    name = SegmentName.parse(f"made-20250101000000000-{start // _SEGMENT:05d}-host-aa")
    lines, texts = [], 0
    for number in range(start, min(start + _SEGMENT, count)):
        record = _record(number)
        texts += len(record["articleBody"])
        lines.append(orjson.dumps(record))
    with tempfile.TemporaryDirectory() as scratch:
        made = completed(name, "g0005", Path(scratch) / "r", Path(scratch) / "o", lines, [])
        publish_records(LocalStorage(root), name, made)
    return sum(map(len, lines)), texts


def build(place: Path, name: str, flag: str) -> tuple[float, float]:
    """Seconds, and the most memory of all processes together."""
    begun = time.monotonic()
    process = subprocess.Popen([_PROGRAM, "dataset", "build", name, "--from", "news", "--quiet", flag], cwd=place)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, pss(tree(process.pid)))
        time.sleep(0.5)
    if process.returncode:
        raise RuntimeError(f"the build ended with code {process.returncode}")
    return time.monotonic() - begun, peak


def _columns(shards: Sequence[Path], names: list[str]) -> Iterator[dict[str, Any]]:
    for shard in shards:
        yield from pq.read_table(shard, columns=names).to_pylist()


def near_copies(shards: Sequence[Path], count: int) -> list[str]:
    """Recall and precision of the clusters on what was planted."""
    cluster = {row["id"]: row["clusterId"] for row in _columns(shards, ["id", "clusterId"])}
    ids = [str(uuid5(_SPACE, str(number))) for number in range(count)]
    place = {record_id: number for number, record_id in enumerate(ids)}
    near = [number for number in range(count) if original_of(number)[1]]
    found: dict[float, list[bool]] = {}
    for number in random.Random(1).sample(near, min(_SAMPLE, len(near))):
        original = original_of(number)[0]
        shared = _shared(words_of(number), words_of(original))
        found.setdefault(int(shared * 10) / 10, []).append(cluster[ids[number]] == cluster[ids[original]])
    joined = [number for number in range(count) if cluster[ids[number]] != ids[number]]
    right = sum(_root(number) == _root(place[cluster[ids[number]]]) for number in joined)
    table = [
        f"| {shared:.1f} | {len(hits):,} | {sum(hits) / len(hits):.3f} |" for shared, hits in sorted(found.items())
    ]
    return [
        "## Near copies",
        "",
        f"Planted near copies (up to {_MOST_REPLACED:.0%} of the words replaced, or up to {_MOST_CUT:.0%} cut off),",
        "by the share of word triples that they really have in common with their original;",
        f"wanted are those from {NEAR} on.",
        "",
        "| share from | pairs looked at | in one cluster |",
        "|---|---|---|",
        *table,
        "",
        f"Of {len(joined):,} rows that were put into another one's cluster",
        f"{right / max(1, len(joined)):.5f} belong there.",
        "Finding them is part of the builds above.",
    ]


def _shared(words: list[str], others: list[str]) -> float:
    some, rest = (set(zip(text, text[1:], text[2:], strict=False)) for text in (words, others))
    return len(some & rest) / max(1, len(some | rest))


def _root(number: int) -> int:
    while (before := original_of(number)[0]) != number:
        number = before
    return number


def beside_the_naive_way(shards: Sequence[Path]) -> list[str]:
    """The first shard, and its rows written as they come, with no schema and no order."""
    rows = pq.read_table(shards[0]).to_pylist()
    with tempfile.TemporaryDirectory() as scratch:
        naive = Path(scratch) / "naive.parquet"
        pq.write_table(pa.Table.from_pylist(rows), naive)
        sizes = shards[0].stat().st_size, naive.stat().st_size
        condition = [("site", "=", "paper7.com")]
        seconds = [_scanned(path, condition) for path in (shards[0], naive)]
    return [
        "## Beside the naive way",
        "",
        f"The first shard ({len(rows):,} rows) is {sizes[0] / 1e6:.0f} MB; the same rows written at once with the",
        f"defaults {sizes[1] / 1e6:.0f} MB. The headlines of one site in 400 are read in",
        f"{seconds[0] * 1000:.0f} ms, there in {seconds[1] * 1000:.0f} ms.",
    ]


def _scanned(path: Path, condition: list[tuple[str, str, str]]) -> float:
    best = 1e9
    for _ in range(5):
        begun = time.perf_counter()
        pq.read_table(path, columns=["id", "headline"], filters=condition)
        best = min(best, time.perf_counter() - begun)
    return best


if __name__ == "__main__":
    sys.exit(main())
