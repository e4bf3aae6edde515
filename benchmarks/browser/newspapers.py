"""Newspapers by frameworks of today: records equal to their source, shown again offline, a broken page found.

    python -m benchmarks.browser.newspapers [--report FILE]

`make newspapers` builds them first, and `make replay-tools` brings pywb and ReplayWeb.page.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.support.measuring import say
from benchmarks.support.reporting import deliver
from tests.browser.chromium import missing
from tests.browser.newspapers.offline import CANNOT_RUN, TOOLS, Archived, crawled, differences, not_shown
from tests.browser.newspapers.paper import BUILT, FRAMEWORKS, PLACES, told
from tests.replay.tools import REPLAY_WEB_PAGE, WAYBACK, browser
from tests.support.processes import ROOT, newswarc

_GOOD = 0.99


@dataclass
class Findings:
    """What came of one newspaper."""

    framework: str
    version: str
    requests: int = 0
    rendered: dict[str, int] = field(default_factory=dict)
    """Pages in the browser, by how it was used."""
    scores: list[float] = field(default_factory=list)
    broken: str = ""
    """What was found of the page that was broken on purpose."""
    differences: list[str] = field(default_factory=list)
    """Between records and stories."""
    shown: dict[str, int] = field(default_factory=dict)
    """Stories that a replay tool shows as they were."""
    faults: list[str] = field(default_factory=list)

    @property
    def amiss(self) -> list[str]:
        """All that is not as it should be."""
        return self.differences + self.faults


def main() -> int:
    """Crawl, show again, report. Exit code 1 when anything is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    if lacks := missing() or ("" if (BUILT / FRAMEWORKS[0]).exists() else "make newspapers builds them (needs npm)"):
        sys.stderr.write(f"{lacks}\n")
        return 2
    found = [_found(framework) for framework in FRAMEWORKS]
    deliver(_report(found), options.report)
    return 1 if any(paper.amiss for paper in found) else 0


def _found(framework: str) -> Findings:
    lock = json.loads((ROOT / "tests/browser/newspapers" / framework / "package-lock.json").read_text())
    package = {"sveltekit": "node_modules/@sveltejs/kit", "next": "node_modules/next"}[framework]
    findings = Findings(framework, lock["packages"][package]["version"])
    for use in ("fallback", "always"):
        with tempfile.TemporaryDirectory(prefix="newswarc-newspapers-") as place:
            archived = crawled(framework, Path(place), use)
            findings.rendered[use] = sum(record["renderedFrom"] is not None for record in archived.records())
            if use == "always":
                findings.differences = differences(archived)
                findings.requests = sum(archived.asked.values())
                _shown_again(archived, findings)
                _shown_in_tools(archived, findings)
                _broken(archived, findings)
        say(f"{framework}, {use}: {findings}")
    return findings


def _shown_again(archived: Archived, findings: Findings) -> None:
    pages = _quality(archived)
    findings.scores = [page["score"] for page in pages]
    findings.faults += [f"{page['url']}: {page['score']:.3f}" for page in pages if page["score"] < _GOOD]


def _shown_in_tools(archived: Archived, findings: Findings) -> None:
    if not WAYBACK.exists() or not (REPLAY_WEB_PAGE / "sw.js").exists():
        return
    with browser() as chromium:
        for tool in TOOLS:
            if (archived.framework, tool) in CANNOT_RUN:
                continue
            faults = not_shown(tool, archived, chromium)
            findings.shown[tool] = len(told()) - len(faults)
            findings.faults += [f"{tool}: {fault}" for fault in faults]


def _broken(archived: Archived, findings: Findings) -> None:
    victim = next(story for story in told() if story.language == "fr")
    data = f"{archived.base}/data/fr/{victim.slug}.json"
    newswarc("redact", data, "--reason", "a measurement", "--yes", cwd=archived.place)
    worst, *others = _quality(archived)
    findings.broken = f"score {worst['score']:.2f}, the others at least {min(page['score'] for page in others):.2f}"
    if not worst["url"].endswith(victim.path) or f"GET {data}" not in worst["missing"]:
        findings.faults.append(f"the broken page is not found: {worst}")


def _quality(archived: Archived) -> list[dict[str, Any]]:
    return list(newswarc("replay", "--check", "--browser", "--json", cwd=archived.place).json()["pages"])


def _report(found: list[Findings]) -> str:
    count = len(told())
    lines = [
        "# Newspapers by frameworks",
        "",
        f"Written by `make newspapers`. {count} stories in {len(PLACES)} languages, built with each framework and",
        "served as static files. English stories are static and hydrated; French ones are shells whose text scripts",
        "fetch; of Arabic ones the page has the first paragraph, and a button fetches the others.",
        "",
        f"| | {' | '.join(f'{paper.framework} {paper.version}' for paper in found)} |",
        f"|---|{'---|' * len(found)}",
    ]
    rows: list[tuple[str, list[str]]] = [
        ("requests of a crawl with every page in the browser", [str(paper.requests) for paper in found]),
        ('stories rendered, `browser = "always"`', [str(paper.rendered["always"]) for paper in found]),
        ('stories rendered, `browser = "fallback"`', [str(paper.rendered["fallback"]) for paper in found]),
        ("differences between records and stories", [str(len(paper.differences)) for paper in found]),
        ("pages shown again: the lowest score", [f"{min(paper.scores):.3f}" for paper in found]),
        ("pages shown again: the mean score", [f"{sum(paper.scores) / len(paper.scores):.3f}" for paper in found]),
        ("the page whose data was removed", [paper.broken for paper in found]),
        *(
            (
                f"stories that {tool} shows offline, their scripts running",
                [_share(paper, tool, count) for paper in found],
            )
            for tool in TOOLS
        ),
    ]
    lines += [f"| {name} | {' | '.join(values)} |" for name, values in rows]
    faults = [f"- {paper.framework}: {fault}" for paper in found for fault in paper.amiss]
    lines += ["", "Not as it should be:" if faults else "Not as it should be: nothing.", *([""] if faults else [])]
    return "\n".join([*lines, *faults, ""])


def _share(paper: Findings, tool: str, count: int) -> str:
    if reason := CANNOT_RUN.get((paper.framework, tool)):
        return f"none: {reason}"
    return (
        f"{paper.shown[tool]} of {count}" if tool in paper.shown else "not measured: `make replay-tools` installs it"
    )


if __name__ == "__main__":
    sys.exit(main())
