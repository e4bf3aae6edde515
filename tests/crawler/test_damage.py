"""Whatever befalls an archive is named, every kind of it, and never ends the check."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from archive.faults import FaultKind
from archive.storage.s3_options import S3Options
from crawler.demo.server import DemoServer
from crawler.offline.verification import verify_archive
from tests.support.damage import CONTENTS, OBJECTS, Damage, Victim
from tests.support.processes import ROOT, newswarc


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two crawls, the second one with revisits of the first, and a data set."""
    place = tmp_path_factory.mktemp("sound")
    with DemoServer() as server:
        for _ in range(2):
            host = server.base.removeprefix("http://")
            done = newswarc(
                "crawl", f"{server.base}/", "-q", cwd=place, NEWSWARC_ALLOW_HOSTS=host, NEWSWARC_DELAY="0"
            )
            assert done.code == 0, done.err
    assert newswarc("dataset", "build", "all", "--quiet", cwd=place).code == 0
    archive = place / "newswarc-data"
    shutil.rmtree(archive / "state")
    assert faults(archive) == set()
    return archive


def faults(archive: Path) -> set[FaultKind]:
    found = verify_archive(str(archive), S3Options(), deep=True, workers=0, progress=lambda _: None)
    return {fault.kind for fault in found.faults}


@pytest.fixture
def victim(sound: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Victim:
    shutil.copytree(sound, tmp_path / "archive")
    return Victim(tmp_path / "archive", random.Random(request.node.name))


def test_there_are_many_kinds() -> None:
    assert len(OBJECTS) + len(CONTENTS) >= 80


@pytest.mark.parametrize("damage", OBJECTS, ids=lambda damage: damage.__name__)
def test_what_befalls_an_object_is_named(victim: Victim, damage: Damage) -> None:
    damage(victim)
    assert OBJECTS[damage] in faults(victim.root)


@pytest.mark.parametrize("damage", CONTENTS, ids=lambda damage: damage.__name__)
def test_what_befalls_contents_is_named_though_the_manifest_fits(victim: Victim, damage: Damage) -> None:
    damage(victim)
    victim.sign()
    assert CONTENTS[damage] in faults(victim.root)


def test_the_documentation_names_every_kind() -> None:
    told = (ROOT / "docs" / "reference" / "verification.md").read_text(encoding="utf-8")
    for damage, kind in (*OBJECTS.items(), *CONTENTS.items()):
        name = damage.__name__.replace("_", " ")
        assert f"| {name} | `{kind.value}` |" in told
