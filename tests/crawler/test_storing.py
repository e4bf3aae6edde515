"""Segments on their way into a storage that refuses for a while, or until the run ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from archive.library import completions, segments
from archive.segment import ClosedSegment
from archive.storage.local import LocalStorage
from crawler.frontier.frontier import Frontier
from crawler.keeping.counts import Counts
from crawler.keeping.deriving import Deriver, SegmentPages
from crawler.keeping.spool import Spool
from crawler.keeping.storing import RetryPauses, SegmentStore
from pipelines.generation import EXTRACTOR_GENERATION
from pipelines.pool import ExtractionPool
from tests.archive.test_segment import exchange, writer


class Scene:
    """A closed segment in a spool, and a storage with something in its way."""

    def __init__(self, directory: Path) -> None:
        self.spool = Spool(directory / "spool")
        self.storage = LocalStorage(directory / "archive")
        self.obstacle = directory / "archive" / "warc"
        self.obstacle.parent.mkdir()
        self.obstacle.write_text("a file where a directory has to be")
        self.frontier = Frontier.in_directory(directory)
        self.counts = Counts()
        self.released: list[str] = []
        segment = writer(self.spool.directory)
        segment.append(exchange())
        self.closed: ClosedSegment = segment.close()

    def run(self, during: Callable[[SegmentStore], object]) -> None:
        async def scene() -> None:
            deriver = Deriver(ExtractionPool(1, 1), self.counts, lambda _, __: None)
            store = SegmentStore(
                self.storage,
                self.frontier,
                deriver,
                self.spool,
                self.counts,
                pauses=RetryPauses(first=0.01, longest=0.05),
                released=self.released.append,
            )
            derived = self.spool.derived(self.closed.name, EXTRACTOR_GENERATION)
            store.begin(SegmentPages(self.closed.name, self.closed.warc, derived), self.closed)
            for _ in range(500):
                if store.trouble or not store.waiting:
                    break
                await asyncio.sleep(0.01)
            during(store)
            for _ in range(100):
                if not store.waiting:
                    break
                await asyncio.sleep(0.02)
            await store.drain()

        asyncio.run(scene())


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_it_is_tried_again_until_the_storage_takes_it(scene: Scene) -> None:
    troubles: list[str] = []

    def mend(store: SegmentStore) -> None:
        troubles.append(store.trouble)
        scene.obstacle.unlink()

    scene.run(mend)
    assert "Not a directory" in troubles[0]
    assert [manifest.segment for manifest in segments(scene.storage)] == [scene.closed.name.text]
    assert list(completions(scene.storage)) == [scene.closed.name.text]
    assert scene.counts.problems == []
    assert scene.released == [scene.closed.name.text]
    assert list(scene.spool.directory.iterdir()) == []


def test_what_is_refused_to_the_end_stays_here(scene: Scene) -> None:
    scene.run(lambda store: None)
    assert list(segments(scene.storage)) == []
    (problem,) = scene.counts.problems
    assert "Not a directory" in problem
    assert "newswarc upload" in problem
    assert scene.closed.warc.exists()
    assert scene.closed.manifest_path.exists()
    assert [closed.name for closed in scene.spool.closed_segments()] == [scene.closed.name]
