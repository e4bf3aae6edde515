"""What a crawl needs, for the server that a worker's crawls are forked from; nobody else imports this.

None of it does anything when it is imported, and a crawl that is forked begins at once.
"""

from crawler.crawling import run_crawl
from crawler.finishing import upload_segments

__all__ = ["run_crawl", "upload_segments"]
