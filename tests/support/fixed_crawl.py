"""A crawl with a clock that stands and fixed ids: ``python -m tests.support.fixed_crawl ADDRESS ARCHIVE STATE``.

It fetches the stories one by one, in their order. Which of those that a source shows is first is a matter of time.
"""

from __future__ import annotations

import sys
from datetime import timedelta

from archive.clock_and_ids import FixedClockAndIds
from crawler.config import Configuration
from crawler.demo.pages import url
from crawler.demo.stories import load_stories
from crawler.run.crawling import CrawlPlan, run_crawl
from spiders.site import site_of_address


def main(address: str, archive: str, state: str) -> int:
    configuration = Configuration(
        archive=archive,
        state=state,
        contact="tests@example.org",
        allow_hosts=(address.removeprefix("http://").rstrip("/"),),
        delay=0,
        concurrency=1,
        concurrency_per_host=1,
    )
    stories = tuple(url(address.rstrip("/"), story.path) for story in load_stories())
    site = site_of_address(address)
    report = run_crawl(
        configuration, CrawlPlan((site,), urls=stories), clock_and_ids=FixedClockAndIds(step=timedelta())
    )
    sys.stderr.writelines(f"{problem}\n" for problem in report.problems)
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
