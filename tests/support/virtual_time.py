"""Waiting without waiting: an event loop whose clock goes on at once to the next moment at which something is due."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _NeverWaits(selectors.DefaultSelector):
    """Instead of waiting, it moves the loop's clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is not None:
            self.now += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """For coroutines that wait for nothing but time."""

    def __init__(self) -> None:
        self._clock = _NeverWaits()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


def run_in_virtual_time(loop: VirtualTimeLoop, main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end and close the loop."""
    try:
        loop.run_until_complete(main)
    finally:
        loop.close()
