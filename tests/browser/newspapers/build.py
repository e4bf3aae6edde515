"""Builds the newspapers of this folder with their frameworks: ``python -m tests.browser.newspapers.build DIRECTORY``.

Each folder beside this file is the source of one; their stories are those of the demonstration newspaper. The
frameworks come from npm, as `package-lock.json` pins them, into a temporary directory.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from crawler.demo.pages import picture
from crawler.demo.stories import load_stories
from tests.browser.newspapers.paper import FRAMEWORKS, Told, told

_SOURCES = Path(__file__).parent
_OUTPUT = "out"


def main(directory: Path) -> None:
    """Build all of them into folders of `directory`."""
    for framework in FRAMEWORKS:
        target = directory / framework
        with tempfile.TemporaryDirectory(prefix="newswarc-newspaper-") as scratch:
            work = Path(shutil.copytree(_SOURCES / framework, Path(scratch) / framework))
            _write_stories(framework, work)
            _npm(work, "ci", "--no-audit", "--no-fund")
            _npm(work, "run", "build")
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(work / _OUTPUT, target)


def _npm(work: Path, *arguments: str) -> None:
    variables = {"NEXT_TELEMETRY_DISABLED": "1"}
    done = subprocess.run(
        ["env", *(f"{name}={value}" for name, value in variables.items()), "npm", *arguments],
        cwd=work,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"npm {' '.join(arguments)}: {(done.stderr or done.stdout).strip()[-2000:]}")


def _write_stories(framework: str, work: Path) -> None:
    stories = told()
    text = json.dumps([asdict(story) for story in stories], ensure_ascii=False)
    (work / ("src/lib" if framework == "sveltekit" else ".") / "stories.json").write_text(text, encoding="utf-8")
    public = work / ("static" if framework == "sveltekit" else "public")
    for name in {story.image for story in load_stories()}:
        _write(public / "pictures" / f"{name}.png", picture(name))
    _write(public / "robots.txt", b"User-agent: *\nAllow: /\n")
    if framework == "next":
        _write_data(public, stories)


def _write_data(public: Path, stories: list[Told]) -> None:
    """What the pages fetch, which SvelteKit makes itself."""
    for story in stories:
        data = json.dumps(asdict(story), ensure_ascii=False).encode()
        _write(public / "data" / story.language / f"{story.slug}.json", data)
    related = [{"path": story.path, "headline": story.headline} for story in stories if story.language == "en"]
    _write(public / "related" / "en.json", json.dumps(related).encode())


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
