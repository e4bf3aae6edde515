"""Limiting the memory that the allocator retains (glibc only)."""

from __future__ import annotations

import ctypes

_ARENA_MAX = -8
_TRIM_THRESHOLD = -1
# Parameters of ``mallopt`` (malloc.h)
_KEPT = 1 << 17


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
