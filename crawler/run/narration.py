"""``-v``: a readable line for each source that was read, each response and each page.

These lines come from our own loggers. Scrapy's come with ``-vv``.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_TOLD_BY = ("crawler.keeping.event_log", "crawler.run.frontier_middleware")
_FORMAT = "%(asctime)s  %(message)s"


@contextmanager
def narrated(verbosity: int) -> Iterator[None]:
    """While the context lasts, events are written to standard error, unless the verbosity is 0."""
    if not verbosity:
        # A line that nobody reads costs as much to make as one that somebody does
        loggers = [logging.getLogger(name) for name in (*_TOLD_BY, "scrapy")]
        levels = [logger.level for logger in loggers]
        for logger in loggers:
            logger.setLevel(logging.WARNING)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(_FORMAT, datefmt="%H:%M:%S"))
    loggers = [logging.getLogger(name) for name in _TOLD_BY]
    before = [(logger, logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    try:
        yield
    finally:
        for logger, level, propagate in before:
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagate
