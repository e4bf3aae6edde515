"""Memory that a process no longer needs: limiting what the allocator retains (glibc only), collecting seldom."""

from __future__ import annotations

import ctypes
import gc

_ARENA_MAX = -8
_TRIM_THRESHOLD = -1
# Parameters of ``mallopt`` (malloc.h)
_KEPT = 1 << 17
_NEW_OBJECTS = 50_000
"""Containers that may come to exist, beyond those that have gone, before the collector looks at them."""


def bound_allocator() -> None:
    """Use one arena for all threads, and return free memory at its end at once.

    An arena for each thread, as glibc has it, keeps what one thread freed from all others: a crawl that met large
    responses stayed 60 MB larger for it.
    """
    adjust = getattr(ctypes.CDLL(None), "mallopt", None)
    if adjust is not None:
        adjust(_ARENA_MAX, 1)
        adjust(_TRIM_THRESHOLD, _KEPT)


def give_back() -> None:
    """Return free memory between used blocks (``malloc_trim``); takes some milliseconds."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def collect_seldom() -> None:
    """Let the collector of reference cycles look at new objects seldom, and never at those that exist by now.

    By default it looks after every 700 new containers, and again and again at all modules: a tenth of the processor
    time of a crawl. What a page leaves is freed with the last reference to it; few of its objects form cycles. Memory
    that the collector doesn't touch also stays shared between a worker and the process that it was forked from.
    """
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
