"""Crawls of a newspaper on WordPress: all posts once, then nothing, then what was corrected.

python -m benchmarks.realsite.run [--posts 200] [--report FILE]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from archive.history import history
from archive.library import articles
from archive.storage.local import LocalStorage
from benchmarks.realsite.wordpress import Post, WordPress, missing
from benchmarks.support.measuring import say
from benchmarks.support.reporting import deliver
from crawler.demo.stories import Story, load_stories
from tests.support.processes import PROGRAM, environment, free_ports

_CORRECTED, _NEW = 5, 3
_NEWEST = datetime(2026, 11, 20, 18, 0)  # noqa: DTZ001 - the site's own time


@dataclass(frozen=True)
class Crawl:
    """What one run came to."""

    name: str
    report: dict[str, Any]
    asked: Counter[str]
    """Requests by what they were fetched as."""
    seconds: float


def main() -> int:
    """Run the crawls; 0 when all came out as it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=200)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    absent = missing()
    if absent:
        say(f"not there: {', '.join(absent)}; install Debian's wordpress, wordpress-theme-twentytwentyone, php-cli,")
        say("php-mysql and mariadb-server")
        return 2
    with tempfile.TemporaryDirectory(prefix="newswarc-realsite-") as scratch:
        text, faults = _measured(Path(scratch), options.posts)
    deliver(text, options.report)
    return 1 if faults else 0


def _measured(directory: Path, count: int) -> tuple[str, list[str]]:
    posts = _posts(count)
    with WordPress(directory / "wordpress", free_ports(1)[0]) as site:
        say(f"WordPress shows {site.install('The Tidewater Review', posts)} posts at {site.address}")
        first = _crawl("everything", site, directory, "--backfill")
        again = _crawl("again, at once", site, directory, "--backfill")
        changed = [*_corrected(posts[:_CORRECTED]), *_posts(count + _NEW)[count:]]
        site.change(changed)
        after = _crawl("after corrections", site, directory, NEWSWARC_RECAPTURE="1s")
        faults = _faults(site, directory, posts, changed, (first, again, after))
    return _report((first, again, after), count, faults), faults


def _posts(count: int) -> list[Post]:
    """Posts in two languages, three in a day, newest first."""
    stories = {language: [s for s in load_stories() if s.language == language] for language in ("en", "fr")}
    found: list[Post] = []
    for number in range(count):
        language = "en" if number % 2 == 0 else "fr"
        story = stories[language][number // 2 % len(stories[language])]
        found.append(_post(story, number, _NEWEST - timedelta(hours=8 * number)))
    return found


def _post(story: Story, number: int, moment: datetime) -> Post:
    opening = "Report number" if story.language == "en" else "Compte rendu numéro"
    paragraphs = "".join(f"<p>{text}</p>" for text in (f"{opening} {number}: {story.summary}", *story.body))
    title = f"{story.headline} ({number})"
    return Post(f"{story.slug}-{number}", title, paragraphs, f"{moment:%Y-%m-%d %H:%M:%S}", story.language)


def _corrected(posts: Sequence[Post]) -> list[Post]:
    return [
        replace(post, content=f"{post.content}<p>Correction: an earlier text had the wrong day.</p>")
        for post in posts
    ]


def _crawl(name: str, site: WordPress, directory: Path, *options: str, **variables: str) -> Crawl:
    say(name)
    host = site.address.removeprefix("http://")
    command = [
        PROGRAM,
        "crawl",
        f"{site.address}/",
        "--json",
        "--quiet",
        "--allow-host",
        host,
        "--to",
        "archive",
        *options,
    ]
    settings = {"NEWSWARC_DELAY": "0", "NEWSWARC_CONTACT": "tests@example.org", **variables}
    began = time.monotonic()
    done = subprocess.run(
        list(map(str, command)),
        cwd=directory,
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
    report = json.loads(done.stdout)
    return Crawl(name, report, Counter(report["outcomes"]), time.monotonic() - began)


def _faults(
    site: WordPress, directory: Path, posts: Sequence[Post], changed: Sequence[Post], crawls: Sequence[Crawl]
) -> list[str]:
    first, again, _ = crawls
    faults: list[str] = []
    addresses = {
        post.slug: f"{site.address}/{post.date[:10].replace('-', '/')}/{post.slug}/" for post in [*posts, *changed]
    }
    storage = LocalStorage(directory / "archive")
    records = Counter(article.url for article in articles(storage))
    titles = {article.url: article.headline for article in articles(storage)}
    corrected = {addresses[post.slug] for post in changed[:_CORRECTED]}
    for post in [*posts, *changed[_CORRECTED:]]:
        wanted = 2 if addresses[post.slug] in corrected else 1
        if records[addresses[post.slug]] != wanted:
            faults.append(f"{addresses[post.slug]}: {records[addresses[post.slug]]} records, not {wanted}")
        elif _plain(titles[addresses[post.slug]]) != _plain(post.title):
            faults.append(f"{addresses[post.slug]}: {titles[addresses[post.slug]]!r} is not its title")
    if again.report["pages"]:
        faults.append(f"the second run fetched pages: {again.report['pages']}")
    if sum(first.report["articles"].values()) != len(posts):
        faults.append(f"the first run made {first.report['articles']} records")
    faults += [problem for crawl in crawls for problem in crawl.report["problems"]]
    outcomes = [moment.outcome for moment in history(storage, next(iter(corrected))) if moment.outcome]
    if outcomes.count(outcomes[0]) != len(outcomes):
        faults.append(f"a corrected post was {outcomes}")
    strangers = set(records) - set(addresses.values())
    if strangers:
        faults.append(f"records of what is no post: {sorted(strangers)[:5]}")
    return faults


def _plain(title: str | None) -> str:
    """WordPress makes typographic marks of plain ones."""
    return (title or "").replace("\u2019", "'").replace("\u2013", "-")


def _report(crawls: Sequence[Crawl], count: int, faults: Sequence[str]) -> str:
    rows = "\n".join(
        f"| {crawl.name} | {sum(crawl.asked.values())} | {_listed(crawl.report['pages'])} | {crawl.seconds:.0f} |"
        for crawl in crawls
    )
    told = "\n".join(f"- {fault}" for fault in faults) if faults else "None."
    return f"""# A newspaper on WordPress

Written by `make realsite`. {count} posts in English and French on WordPress from Debian's packages (PHP's own server,
a private MariaDB on a socket), crawled from the front page alone: feeds, the sitemaps that robots.txt names, sections
and their pages are found. Then crawled again; then {_CORRECTED} posts are corrected and {_NEW} published, and it is
crawled once more with articles fetched again after a second.

| run | requests | pages by what became of them | seconds |
|---|---|---|---|
{rows}

## What did not come out as it should

{told}
"""


def _listed(pages: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in pages.items()) or "none"


if __name__ == "__main__":
    sys.exit(main())
