"""How good extraction is and what it costs, beside other extractors.

    python -m benchmarks.extraction.run PAGES MODELS [--peers PYTHON] [--report FILE]

PAGES is a directory with ``gold.jsonl``; MODELS what ``benchmarks.extraction.training --folds`` has made: every page
is judged by models that have not seen a page of its domain. PYTHON is the interpreter of an environment with the
packages of ``requirements-peers.txt``. The ways take turns on every page; cost is processor time of one process.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import trafilatura

from archive.article import Article
from benchmarks.extraction import scores
from benchmarks.extraction.ablation import Step, steps
from benchmarks.extraction.data import FOLDS, NEWS, OTHER, SNIPPETS, Page, load
from benchmarks.extraction.nested import nested
from benchmarks.extraction.peers import WAYS
from benchmarks.support.measuring import say
from benchmarks.support.reporting import deliver
from pipelines.extract import extract, warm_up
from pipelines.extract.judgement import Models
from pipelines.rules import ExtractionRules, Quality

BASE = "trafilatura"
_FETCHED = datetime(2026, 11, 1, tzinfo=UTC)
_NEARLY = 0.99
_PEER_SECONDS = 1200
"""How long another extractor may take for all pages."""
_SETS = (("news", NEWS), ("other articles", OTHER), ("snippets", (SNIPPETS,)))


@dataclass
class Found:
    """What a way found on a page, and at what cost."""

    text: str = ""
    title: str | None = None
    date: str | None = None
    authors: list[str] = field(default_factory=list)
    seconds: float = 0.0
    source: str = ""


Way = Callable[[Page, bytes], Found]


def ours(quality: Quality, models: Sequence[Models]) -> Way:
    """The whole extraction of a record, judged by models that have not seen the page."""
    rules = ExtractionRules(quality=quality)

    def way(page: Page, html: bytes) -> Found:
        made = extract(html, page.url, fetched_at=_FETCHED, rules=rules, models=models[page.fold])
        if not isinstance(made, Article):
            return Found()
        return Found(
            made.article_body,
            made.headline,
            made.date_published,
            [author.name for author in made.authors],
            source=made.fields["articleBody"].source,
        )

    return way


def base(page: Page, html: bytes) -> Found:
    """The measure of cost: trafilatura with its metadata."""
    found = trafilatura.bare_extraction(html, url=page.url, include_comments=False, with_metadata=True)
    if found is None:
        return Found()
    authors = [name for name in (getattr(found, "author", None) or "").split("; ") if name]
    return Found(
        getattr(found, "text", None) or "", getattr(found, "title", None), getattr(found, "date", None), authors
    )


def precise(page: Page, html: bytes) -> Found:
    """The precision mode of trafilatura, without metadata."""
    found = trafilatura.bare_extraction(html, url=page.url, include_comments=False, favor_precision=True)
    return Found(getattr(found, "text", None) or "")


def measure(pages: Sequence[Page], ways: dict[str, Way]) -> dict[str, list[Found]]:
    """What each way finds on each page; the ways take turns, and so does the one that begins."""
    found: dict[str, list[Found]] = {name: [] for name in ways}
    names = list(ways)
    for number, page in enumerate(pages):
        html = page.html
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            before = time.process_time()
            result = ways[name](page, html)
            result.seconds = time.process_time() - before
            found[name].append(result)
        if number % 100 == 0:
            say(f"{number} of {len(pages)} pages")
    return found


def peers(python: str, pages: Sequence[Page]) -> dict[str, list[Found]]:
    """What other extractors find, in an interpreter of their own.

    Those that are not installed there, or that do not end in time, are left out.
    """
    found: dict[str, list[Found]] = {}
    with tempfile.TemporaryDirectory() as name:
        listed = Path(name) / "pages.jsonl"
        listed.write_text("".join(f"{json.dumps([str(page.file), page.url])}\n" for page in pages), encoding="utf-8")
        for peer in WAYS:
            command = [python, str(Path(__file__).with_name("peers.py")), peer, str(listed)]
            try:
                done = subprocess.run(command, capture_output=True, check=True, timeout=_PEER_SECONDS)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                say(f"{peer} is left out: {error}")
                continue
            found[peer] = [Found(**json.loads(line)) for line in done.stdout.decode().splitlines()]
            say(f"{peer}: done")
    return found


def text_score(pages: Sequence[Page], found: Sequence[Found]) -> str:
    """Mean F1 with its standard error; of the snippets, F1 over all."""
    if pages[0].set == SNIPPETS:
        counts = [scores.snippet_counts(page, one.text) for page, one in zip(pages, found, strict=True)]
        right, wrong, missed = (sum(column) for column in zip(*counts, strict=True))
        return f"{2 * right / (2 * right + wrong + missed):.4f}"
    values = [scores.text_f1(page, one.text) for page, one in zip(pages, found, strict=True)]
    return f"{statistics.mean(values):.4f} ± {statistics.stdev(values) / math.sqrt(len(values)):.4f}"


def gain(pages: Sequence[Page], found: Sequence[Found], other: Sequence[Found]) -> str:
    """The mean difference of F1 page by page, with its standard error, and the share of pages nearly perfect."""
    values = [scores.text_f1(page, one.text) for page, one in zip(pages, found, strict=True)]
    pairs = zip(pages, values, other, strict=True)
    differences = [value - scores.text_f1(page, one.text) for page, value, one in pairs]
    error = statistics.stdev(differences) / math.sqrt(len(differences))
    nearly = sum(value >= _NEARLY for value in values) / len(values)
    return f"{statistics.mean(differences):+.4f} ± {error:.4f} | {nearly:.3f}"


def share(values: Sequence[bool]) -> str:
    """A share and how many it is of."""
    return f"{sum(values) / len(values):.3f} ({len(values)})" if values else "–"


def fields_of(pages: Sequence[Page], found: Sequence[Found]) -> list[str]:
    """Titles, dates and authors that are right; pages without an author that got one."""
    pairs = list(zip(pages, found, strict=True))
    return [
        share([scores.same_title(page.title, one.title) for page, one in pairs if page.title]),
        share([(one.date or "")[:10] == page.date for page, one in pairs if page.date]),
        share([scores.same_people(page.authors, one.authors) for page, one in pairs if page.authors]),
        share([bool(one.authors) for page, one in pairs if page.authors == ()]),
    ]


def milliseconds(found: Sequence[Found]) -> list[float]:
    """Costs in order."""
    return sorted(one.seconds * 1000 for one in found)


class Report:
    """The measurements, as tables."""

    def __init__(self, pages: Sequence[Page], found: dict[str, list[Found]]) -> None:
        self._pages = pages
        self.found = found

    def _of(self, sets: Sequence[str]) -> tuple[list[Page], dict[str, list[Found]]]:
        kept = [number for number, page in enumerate(self._pages) if page.set in sets]
        return [self._pages[number] for number in kept], {
            name: [found[number] for number in kept] for name, found in self.found.items()
        }

    def curve(self) -> list[str]:
        """Quality and cost of every way on the news pages."""
        pages, found = self._of(NEWS)
        base_cost = statistics.mean(milliseconds(found[BASE]))
        head = "| | cost | ms mean | median | p95 | worst | F1 | against trafilatura | ≥ .99 |"
        lines = [head, "|---|---|---|---|---|---|---|---|---|"]
        for name, ones in found.items():
            costs = milliseconds(ones)
            mean = statistics.mean(costs)
            spread = (
                f"{mean:.1f} | {statistics.median(costs):.1f} | {costs[int(0.95 * len(costs))]:.0f} | {costs[-1]:.0f}"
            )
            quality = f"{text_score(pages, ones)} | {gain(pages, ones, found[BASE])}"
            lines.append(f"| {name} | {mean / base_cost:.2f} | {spread} | {quality} |")
        return lines

    def sets(self, *, costs: bool = False) -> list[str]:
        """Texts on all sets, and what they cost."""
        titles = [title for title, _ in _SETS] + (["ms"] if costs else [])
        lines = [f"| | {' | '.join(titles)} |", "|---|" + "---|" * len(titles)]
        for name in self.found:
            cells, cost = [], ""
            for _, sets in _SETS:
                pages, found = self._of(sets)
                cells.append(text_score(pages, found[name]))
                if costs and sets is NEWS:
                    cost = f"{statistics.mean(milliseconds(found[name])):.1f}"
            cells += [cost] if costs else []
            lines.append(f"| {name} | {' | '.join(cells)} |")
        return lines

    def fields(self) -> list[str]:
        """Titles, dates, authors of the ways that give any."""
        lines = ["| | set | title | date | authors | author invented |", "|---|---|---|---|---|---|"]
        for name, ones in self.found.items():
            if not any(one.title for one in ones):
                continue
            for one_set in sorted({page.set for page in self._pages if page.title or page.date}):
                pages, found = self._of((one_set,))
                lines.append(f"| {name} | {one_set} | {' | '.join(fields_of(pages, found[name]))} |")
        return lines

    def choices(self, sets: Sequence[str]) -> str:
        """What choosing the best of our ways on some domains gives on others."""
        pages, found = self._of(sets)
        ways = {
            name: [scores.text_f1(page, one.text) for page, one in zip(pages, ones, strict=True)]
            for name, ones in found.items()
            if name.startswith("ours") or name == BASE
        }
        return str(nested(pages, ways, BASE))

    def tail(self) -> list[str]:
        """The mean F1 of the worst tenth of the news pages: it decides."""
        pages, found = self._of(NEWS)
        lines = ["| | worst tenth of news |", "|---|---|"]
        for name, ones in found.items():
            values = sorted(scores.text_f1(page, one.text) for page, one in zip(pages, ones, strict=True))
            lines.append(f"| {name} | {statistics.mean(values[: max(1, len(values) // 10)]):.3f} |")
        return lines

    def escalated(self) -> str:
        """How often others were asked."""
        pages, found = self._of(NEWS)
        shares = {
            name: sum(one.source == "agreement" for one in ones) / len(pages)
            for name, ones in found.items()
            if any(one.source for one in ones)
        }
        return ", ".join(f"{name} {value:.3f}" for name, value in shares.items())


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    parser.add_argument("models", type=Path)
    parser.add_argument("--peers", default="")
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    models = [Models.read(options.models / f"fold-{fold}") for fold in range(FOLDS)]
    pages = load(options.pages)
    warm_up()
    ways: dict[str, Way] = {f"ours, {quality.value}": ours(quality, models) for quality in Quality}
    found = measure(pages, {**ways, BASE: base, "trafilatura, precision": precise})
    if options.peers:
        found |= peers(options.peers, pages)
    known, taken = steps(pages, models)
    brought = Report(known, {name: _as_found(step) for name, step in taken.items()})
    deliver(_text(Report(pages, found), brought, len(pages)), options.report)
    return 0


def _as_found(step: Step) -> list[Found]:
    return [Found(text, seconds=seconds) for text, seconds in zip(step.texts, step.seconds, strict=True)]


def _text(report: Report, brought: Report, count: int) -> str:
    return "\n".join(
        [
            "# How good extraction is, and what it costs",
            "",
            f"`make extraction PAGES=DIR`: {count:,} saved pages. Ours makes whole records (text, title, date,",
            "authors, language, images, links, rights, hashes); its models have not seen the domain of the page they",
            "judge. Cost is processor time beside trafilatura with metadata (1.00) in the same run; the other",
            f"programs run after it, each for {_PEER_SECONDS / 60:g} minutes at most. Left out: "
            f"{', '.join(name for name in WAYS if name not in report.found) or 'none'}.",
            "",
            "## Cost and quality on news",
            "",
            *report.curve(),
            "",
            f"Share of news pages on which trafilatura and resiliparse were asked: {report.escalated()}.",
            "",
            "## Texts",
            "",
            *report.sets(),
            "",
            "News by 4-grams, other articles by words, snippets by their presence, as the makers of the sets do.",
            "",
            "## Chosen on some domains, measured on others",
            "",
            f"News: {report.choices(NEWS)}. Other articles: {report.choices(OTHER)}.",
            "",
            *report.tail(),
            "",
            "## What each step brings",
            "",
            "Milliseconds a page on news, from the bytes to the text; no other fields.",
            "",
            *brought.sets(costs=True),
            "",
            "## Fields",
            "",
            *report.fields(),
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
