"""The command line: parses and delegates.

crawl      crawl sites, addresses or lists of pages
archives   records and extract: reading an archive, deriving anew
history    the versions of an article
site       site add and site check: where a site announces its articles
about      sites, config, schema: what there is to know
demo       the bundled newspaper
errors     a user's mistake becomes one clear line
"""

import sys


def main() -> None:
    """Entry point of the ``newswarc`` program."""
    try:
        # Within the guard: importing takes a moment in which a person may change their mind
        from crawler.cli.main import run_program

        code = run_program(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
