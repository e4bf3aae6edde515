"""How much memory the allocator keeps to itself (glibc; elsewhere nothing is done)."""

from __future__ import annotations

import ctypes

_ARENA_MAX = -8
_TRIM_THRESHOLD = -1
# Parameters of ``mallopt`` (malloc.h)
_KEPT = 1 << 17


def bound_allocator() -> None:
    """Keep one arena for all threads, and give free memory at its end back at once.

    An arena for each thread, as glibc has it, keeps what one thread freed from all others: a crawl that met large
    responses stayed 60 MB larger for it.
    """
    adjust = getattr(ctypes.CDLL(None), "mallopt", None)
    if adjust is not None:
        adjust(_ARENA_MAX, 1)
        adjust(_TRIM_THRESHOLD, _KEPT)


def give_back() -> None:
    """Give back what is free between what is used (``malloc_trim``); takes some milliseconds."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
