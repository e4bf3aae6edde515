"""Reading many small objects: over a network several at once, since each waits for its answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from archive.errors import ObjectMissing
from archive.storage.protocol import Storage

_AT_ONCE = 16
_WINDOW = 256
"""Objects that are held in memory."""


def read_many(storage: Storage, keys: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
    """Each key with the object's bytes, in the order of `keys`; None for an object that is missing.

    Raises StorageUnavailable or StorageRefused.
    """
    if "://" not in storage.uri:  # a directory answers at once
        yield from ((key, _read(storage, key)) for key in keys)
        return
    remaining = iter(keys)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="reading") as pool:
        while window := list(islice(remaining, _WINDOW)):
            yield from zip(window, pool.map(lambda key: _read(storage, key), window), strict=True)


def _read(storage: Storage, key: str) -> bytes | None:
    try:
        with storage.open_range(key) as stream:
            return stream.read()
    except ObjectMissing:
        return None
