"""Bulk work on a Dask cluster: one call for each segment, on whatever worker is free.

The calls are those that one machine makes: they read a segment from the storage, write what comes of it, and may be
made twice. A call whose worker dies is repeated elsewhere. Workers need this software, the way to the storage, and
leave to start processes of their own (``DASK_DISTRIBUTED__WORKER__DAEMON=False``), by which extraction is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from crawler.config import ConfigurationError

RETRIES = 3

Result = TypeVar("Result")


class NoCluster(ConfigurationError):
    """There is no scheduler, or what it takes to speak with one is not installed. Nothing was begun."""


def on_cluster(
    scheduler: str, function: Callable[..., Result], work: Sequence[tuple[object, ...]]
) -> Iterator[tuple[int, Result]]:
    """The results of calls with these arguments, as they come, each with its place in `work`.

    Raises NoCluster, and what a call raises again and again.
    """
    try:
        from distributed import Client, as_completed
    except ModuleNotFoundError as error:
        raise NoCluster(f"--engine dask: {error.name} is missing; install newswarc[scale]") from error
    try:
        client = Client(scheduler, timeout="10s")  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        raise NoCluster(f"--scheduler {scheduler}: can't be reached: {error}") from error
    with client:
        futures = [client.submit(function, *arguments, pure=False, retries=RETRIES) for arguments in work]
        places = {future.key: place for place, future in enumerate(futures)}
        for future in as_completed(futures):  # type: ignore[no-untyped-call]
            yield places[future.key], future.result()


def in_order(
    scheduler: str,
    function: Callable[..., Result],
    work: Sequence[tuple[object, ...]],
    show: Callable[[Result], None] | None = None,
) -> Iterator[Result]:
    """The results in the order of `work`; `show` is called with each as it comes. Raises as `on_cluster`."""
    waiting: dict[int, Result] = {}
    given = 0
    for place, result in on_cluster(scheduler, function, work):
        if show is not None:
            show(result)
        waiting[place] = result
        while given in waiting:
            yield waiting.pop(given)
            given += 1
