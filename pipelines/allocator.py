"""Memory that a process no longer needs: limiting what the allocator retains (glibc only), collecting seldom."""

from __future__ import annotations

import ctypes
import gc

_ARENA_MAX = -8
_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3
# Parameters of ``mallopt`` (malloc.h)
_KEPT = 1 << 20
KEPT_BY_WORKERS = 1 << 25
"""Free bytes that a process keeps which takes and frees a page's tree again and again."""
_LARGEST_IN_HEAP = 1 << 22
_NEW_OBJECTS = 50_000
"""Containers that may come to exist, beyond those that have gone, before the collector looks at them."""


def bound_allocator(kept: int = _KEPT) -> None:
    """Use one arena for all threads, and return free memory at its end where that is more than `kept` bytes.

    An arena for each thread, as glibc has it, keeps what one thread freed from all others: a crawl that met large
    responses stayed 60 MB larger for it. Blocks of as many bytes, or of more than four million, get memory of their
    own: glibc would move that limit as it sees fit, but leaves it at 128 KiB once anything is set.
    """
    adjust = getattr(ctypes.CDLL(None), "mallopt", None)
    if adjust is not None:
        adjust(_ARENA_MAX, 1)
        adjust(_TRIM_THRESHOLD, kept)
        adjust(_MMAP_THRESHOLD, min(kept, _LARGEST_IN_HEAP))


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
