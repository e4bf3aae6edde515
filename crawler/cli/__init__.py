"""The command line: parses and delegates.

crawl      crawl sites, addresses or lists of pages
archives   records and extract: reading an archive, deriving anew
about      sites, config, schema: what there is to know
demo       the bundled newspaper
errors     a user's mistake becomes one clear line
"""

from crawler.cli.main import main

__all__ = ["main"]
