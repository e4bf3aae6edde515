"""The log's tree as tiles, and its entries as bundles: static files as C2SP's tlog-tiles has them.

A tile holds up to 256 hashes of one level: of leaves at level 0, of full tiles of the level below from there on. The
last tile of a level may be partial; its width is then part of its name. An entry bundle holds the entries of one tile
of level 0, each behind its length (two bytes, big-endian).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress

from archive.errors import DamagedArchive, ObjectExists, ObjectMissing
from archive.merkle_tree import (
    EMPTY_ROOT,
    HASH_SIZE,
    GrowingTree,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    root_of,
)
from archive.storage.protocol import Storage

PREFIX = "custody/"
WIDTH = 256
"""Hashes of a full tile."""
LONGEST_ENTRY = 0xFFFF
_HEIGHT = 8
"""Levels of the tree that a tile spans."""
_REMEMBERED = 64
_LENGTH = struct.Struct(">H")


def tile_key(level: int | str, number: int, width: int = WIDTH) -> str:
    """The key of a tile; level ``entries`` is for bundles."""
    parts = [f"{number % 1000:03d}"]
    while number := number // 1000:
        parts.insert(0, f"x{number % 1000:03d}")
    partial = f".p/{width}" if width < WIDTH else ""
    return f"{PREFIX}tile/{level}/{'/'.join(parts)}{partial}"


class Tiles:
    """The tree of a log in a storage."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._known: dict[str, bytes] = {}

    def root(self, size: int) -> bytes:
        """The root over the first `size` leaves. Raises DamagedArchive or StorageError, as all that follow."""
        return self.subtree(0, size, size) if size else EMPTY_ROOT

    def growing(self, size: int) -> GrowingTree:
        """The tree over the first `size` leaves, to be added to."""
        peaks, start = [], 0
        for bit in range(size.bit_length() - 1, -1, -1):
            if size >> bit & 1:
                peaks.append(self.subtree(start, start + (1 << bit), size))
                start += 1 << bit
        return GrowingTree.of_peaks(size, peaks)

    def leaf(self, index: int, size: int) -> bytes:
        """The hash of a leaf."""
        return self.subtree(index, index + 1, size)

    def inclusion_path(self, index: int, size: int) -> list[bytes]:
        """The path that proves that a leaf is in the tree of this size. Raises IndexError too."""
        return [self.subtree(start, end, size) for start, end in inclusion_ranges(index, size)]

    def consistency_path(self, earlier: int, size: int) -> list[bytes]:
        """The path that proves that the tree of this size begins with an earlier one. Raises IndexError too."""
        return [self.subtree(start, end, size) for start, end in consistency_ranges(earlier, size)]

    def subtree(self, start: int, end: int, size: int) -> bytes:
        """The root over the leaves from `start` up to `end`, in a tree of `size`."""
        width = end - start
        if width & (width - 1) == 0 and start % width == 0:
            level = (width.bit_length() - 1) // _HEIGHT
            number, at = divmod(start >> (_HEIGHT * level), WIDTH)
            count = width >> (_HEIGHT * level)
            hashes = self.hashes(level, number, size)[at * HASH_SIZE : (at + count) * HASH_SIZE]
            return root_of(split_hashes(hashes))
        middle = start + (1 << ((width - 1).bit_length() - 1))
        return node_hash(self.subtree(start, middle, size), self.subtree(middle, end, size))

    def hashes(self, level: int, number: int, size: int) -> bytes:
        """The hashes of a tile, as many as a tree of `size` has in it."""
        width = min(WIDTH, (size >> (_HEIGHT * level)) - number * WIDTH)
        key = tile_key(level, number, width)
        data = self._known.get(key)
        if data is None:
            data = self._remember(key, self._read(key, tile_key(level, number))[: width * HASH_SIZE])
        if len(data) != width * HASH_SIZE:
            raise DamagedArchive(f"{key}: {len(data)} bytes in a tile of {width} hashes")
        return data

    def entries(self, number: int, size: int) -> list[bytes]:
        """The entries of a bundle, as many as a log of `size` has in it."""
        width = min(WIDTH, size - number * WIDTH)
        key = tile_key("entries", number, width)
        found = list(split_entries(self._read(key, tile_key("entries", number)), key))
        if len(found) < width:
            raise DamagedArchive(f"{key}: {len(found)} entries in a bundle of {width}")
        return found[:width]

    def entry(self, index: int, size: int) -> bytes:
        """One entry."""
        return self.entries(index // WIDTH, size)[index % WIDTH]

    def append(self, start: int, entries: Sequence[bytes]) -> None:
        """Store what a log of `start` entries becomes with more of them. May be repeated.

        Raises DamagedArchive when other hashes or entries are stored there.
        """
        self._append_entries(start, entries)
        level, first, hashes = 0, start, [leaf_hash(entry) for entry in entries]
        while hashes:
            number, at = divmod(first, WIDTH)
            held = list(split_hashes(self.hashes(level, number, first << (_HEIGHT * level)))) if at else []
            held += hashes
            first, hashes = number, []
            for position in range(0, len(held), WIDTH):
                tile = held[position : position + WIDTH]
                self._store(tile_key(level, number + position // WIDTH, len(tile)), b"".join(tile))
                if len(tile) == WIDTH:
                    hashes.append(root_of(tile))
                    self._drop_partial(tile_key(level, number + position // WIDTH))
            level += 1

    def _append_entries(self, start: int, entries: Sequence[bytes]) -> None:
        number, at = divmod(start, WIDTH)
        held = [*(self.entries(number, start) if at else []), *entries]
        for position in range(0, len(held), WIDTH):
            bundle = held[position : position + WIDTH]
            data = b"".join(_LENGTH.pack(len(entry)) + entry for entry in bundle)
            key = tile_key("entries", number + position // WIDTH, len(bundle))
            self._store(key, data)
            if len(bundle) == WIDTH:
                self._drop_partial(tile_key("entries", number + position // WIDTH))

    def _store(self, key: str, data: bytes) -> None:
        try:
            self._storage.put_if_absent(key, data)
        except ObjectExists as error:
            with self._storage.open_range(key) as stream:
                if stream.read() != data:
                    raise DamagedArchive(f"{key}: it holds something else than the log's claims give") from error
        self._remember(key, data)

    def _drop_partial(self, key: str) -> None:
        """Remove a full tile's partial ones, which it makes superfluous."""
        for item in list(self._storage.list(f"{key}.p/")):
            self._storage.delete(item.key)

    def _read(self, key: str, full: str) -> bytes:
        for name in (key, full):
            with suppress(ObjectMissing), self._storage.open_range(name) as stream:
                return stream.read()
        raise DamagedArchive(f"{key}: this part of the log is missing")

    def _remember(self, key: str, data: bytes) -> bytes:
        self._known.pop(key, None)
        self._known[key] = data
        if len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]
        return data


def split_hashes(data: bytes) -> Iterator[bytes]:
    """The hashes of a tile."""
    return (data[start : start + HASH_SIZE] for start in range(0, len(data), HASH_SIZE))


def split_entries(data: bytes, key: str) -> Iterator[bytes]:
    """The entries of a bundle. Raises DamagedArchive naming `key`."""
    at = 0
    while at < len(data):
        if at + _LENGTH.size > len(data):
            raise DamagedArchive(f"{key}: cut short")
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if at + length > len(data):
            raise DamagedArchive(f"{key}: cut short")
        yield data[at : at + length]
        at += length
