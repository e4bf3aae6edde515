"""An operator's days with a guarded newspaper: what each run says, and what has to come of it.

python -m benchmarks.realsite.operator_days [--posts 30] [--report FILE]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archive.library import articles
from archive.storage.local import LocalStorage
from benchmarks.realsite.generators import Entry, Generator, Hugo, Pelican
from benchmarks.realsite.guarded_site import GuardedSite
from benchmarks.support.measuring import say
from benchmarks.support.reporting import deliver
from crawler.demo.stories import load_stories
from tests.support.processes import Finished, newswarc_process

_NEW = 3
_SITE = "xx/gazette"


@dataclass(frozen=True)
class Step:
    """One thing that the operator does, and what came of it."""

    what: str
    command: str
    done: Finished
    fault: str
    """What did not come out as it should; empty when all did."""


class OperatorDays:
    """The steps with one generator, in a directory of their own."""

    def __init__(self, generator: Generator, directory: Path, count: int) -> None:
        directory.mkdir()
        self.generator = generator
        self.steps: list[Step] = []
        self._directory = directory
        self._count = count
        self._posts = _posts(count + 3 * _NEW)

    def run(self) -> None:
        """All steps, in turn."""
        with GuardedSite(self._directory / "nginx") as site:
            old = self._built(site.host, self._count, "old")
            site.show(old)
            self._configure(f'contact = "tests@example.org"\nallow_hosts = ["{site.host}", "{site.new_host}"]\n')
            front = f"https://{site.host}/"
            add = ["site", "add", front, "--name", _SITE]
            self._step("Add the site", add, code=2, says="ca_file")
            self._configure(self._settings + f'ca_file = "{site.authority}"\n')
            self._step("Add it, with the authority's certificate (`ca_file`)", add, code=2, says="headers")
            self._step(
                "Add it, with the login", [*add, "--header", "Authorization:env:GAZETTE"], code=0, says="",
                GAZETTE=site.authorization(),
            )  # fmt: skip
            self._crawl("Crawl", site, code=0, records=self._count)
            self._crawl("Crawl again", site, code=0, records=self._count)
            newer = self._built(site.new_host, self._count + _NEW, "new")
            site.show(old, feed=self.generator.feed, new=newer)
            self._crawl(
                "Crawl, after the paper moved to another host", site, code=1, records=None, says=site.new_host
            )
            self._move(site)
            every = self._count + self._count + _NEW
            self._crawl("Crawl, with the new host in the definition", site, code=0, records=every)
            site.show(old, robots="User-agent: *\\nDisallow: /", new=newer)
            self._crawl("Crawl, after robots.txt has shut the paper", site, code=1, records=every, says="robots")
            newest = self._built(site.new_host, self._count + 2 * _NEW, "newest")
            site.show(old, new=newest)
            self._crawl("Crawl, after it has opened again", site, code=0, records=every + _NEW)

    def _move(self, site: GuardedSite) -> None:
        """What the problem line advises."""
        definition = self._directory / "sites" / f"{_SITE}.toml"
        text = definition.read_text(encoding="utf-8")
        definition.write_text(text.replace(site.host, site.new_host), encoding="utf-8")

    def _built(self, host: str, count: int, name: str) -> Path:
        posts = self._posts[-count:]
        return self.generator.build(posts, f"https://{host}", self._directory / f"site-{name}")

    @property
    def _settings(self) -> str:
        return (self._directory / "newswarc.toml").read_text(encoding="utf-8")

    def _configure(self, text: str) -> None:
        (self._directory / "newswarc.toml").write_text(text, encoding="utf-8")

    def _crawl(self, what: str, site: GuardedSite, *, code: int | None, records: int | None, says: str = "") -> None:
        command = ["crawl", _SITE, "--sites", "sites"]
        self._step(what, command, code=code, says=says, records=records, GAZETTE=site.authorization())

    def _step(
        self,
        what: str,
        command: Sequence[str],
        *,
        code: int | None,
        says: str,
        records: int | None = None,
        **variables: str,
    ) -> None:
        say(f"{self.generator.name}: {what}")
        done = newswarc_process(*command, cwd=self._directory, NEWSWARC_DELAY="0", **variables)
        faults = []
        if code is not None and done.code != code:
            faults.append(f"exit code {done.code}, not {code}")
        if says not in done.err + done.out:
            faults.append(f"nothing says {says!r}")
        if records is not None:
            storage = LocalStorage(self._directory / "newswarc-data")
            found = len({article.url for article in articles(storage)})
            if found != records:
                faults.append(f"{found} articles, not {records}")
        self.steps.append(Step(what, "newswarc " + " ".join(command), done, "; ".join(faults)))


def _posts(count: int) -> list[Entry]:
    """English posts, three in a day, newest first."""
    stories = [story for story in load_stories() if story.language == "en"]
    newest = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    made = []
    for number in range(count):
        story = stories[number % len(stories)]
        made.append(
            Entry(
                slug=f"{story.slug}-{number}",
                title=f"{story.headline} ({number})",
                author=story.author,
                section=story.section.lower(),
                published=newest - timedelta(hours=8 * number),
                paragraphs=(f"Report number {number}: {story.summary}", *story.body),
            )
        )
    return made


def main() -> int:
    """Run the steps with each generator; 0 when all came out as it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=30)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    generators: tuple[Generator, ...] = (Pelican(), Hugo())
    absent = [generator.missing() for generator in generators if generator.missing()]
    if absent:
        say(f"not there: {', '.join(absent)}")
        return 2
    with tempfile.TemporaryDirectory(prefix="newswarc-operator-") as scratch:
        days = [OperatorDays(generator, Path(scratch) / generator.name, options.posts) for generator in generators]
        for each in days:
            each.run()
    deliver(_report(days, options.posts), options.report)
    return 1 if any(step.fault for each in days for step in each.steps) else 0


def _report(days: Sequence[OperatorDays], count: int) -> str:
    parts = "\n".join(f"## {each.generator.name}\n\n{''.join(map(_shown, each.steps))}" for each in days)
    return f"""# Guarded newspapers, made by other people's generators

Written by `make realsite`. {count} posts each on Pelican (from PyPI) and Hugo (from Debian), behind nginx with a
certificate of a private authority, Basic auth and a consent cookie. Then the paper moves to another host,
its robots.txt shuts everybody out, and it opens again. Each step shows what newswarc prints; host
names are shortened.

{parts}"""


def _shown(step: Step) -> str:
    lines = [line for line in (step.done.err + step.done.out).splitlines() if _matters(line)]
    fault = f"\n**Not as it should be**: {step.fault}\n" if step.fault else ""
    text = "\n".join(lines).replace("127.0.0.1", "old.host").replace("127.0.0.2", "new.host")
    return f"### {step.what}\n\nExit code {step.done.code}.\n\n```text\n$ {step.command}\n{text}\n```\n{fault}\n"


def _matters(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith(
        ("User-Agent:", "files", "cdxj/", "manifests/", "records/", "warc/")
    )


if __name__ == "__main__":
    sys.exit(main())
