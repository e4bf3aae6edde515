"""A crawl with a clock that stands and fixed ids: ``python -m tests.support.fixed_crawl ADDRESS ARCHIVE STATE``."""

from __future__ import annotations

import sys
from datetime import timedelta

from archive.identity import FixedIdentities
from crawler.config import Configuration
from crawler.crawling import CrawlPlan, run_crawl
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
    report = run_crawl(
        configuration, CrawlPlan((site_of_address(address),)), identities=FixedIdentities(step=timedelta())
    )
    sys.stderr.writelines(f"{problem}\n" for problem in report.problems)
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
