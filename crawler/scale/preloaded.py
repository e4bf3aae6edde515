"""Imports what a crawl needs, for the server from which a worker's crawls are forked. Nothing else imports this.

A crawl that is forked begins at once, and what it forks extracts at once.
"""

from crawler.keeping.spool_recovery import upload_segments
from crawler.run.crawling import run_crawl
from pipelines.preloaded import derive

__all__ = ["derive", "run_crawl", "upload_segments"]
