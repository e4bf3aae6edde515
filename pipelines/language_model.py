"""py3langid's model in a form that takes a fifth of its memory, made once on a machine and mapped from then on.

py3langid knows some hundred thousand sequences of two to six bytes. At each byte of a text it takes the longest one
that ends there; each has a weight for each language. It finds them by an automaton of 37 MiB, of which each state and
byte has an entry; here the sequences themselves are looked up. It keeps all weights, 27 MiB; here those are kept that
differ from what is usual in their language, a quarter. The scores are the same to the bit.

Making it takes a second. Mapped from files, only those parts are in memory that texts need, and all processes of the
machine share them. The files are a cache: they can be removed at any time, and hold nothing but arrays made of the
model. What is damaged is made again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray
from py3langid import langid
from py3langid.modelio import load_model

logger = logging.getLogger(__name__)

_ARRAYS = ("sequences", "lengths", "places", "starts", "columns", "weights", "usual", "priors", "languages")
"""`sequences`: their bytes as numbers, sorted, the short ones first; `lengths`: where those of 0, 1, 2 … bytes begin;
`places`: the place of each among the weights, the frequent ones first; `starts`: where the weights of each place
begin; `columns` and `weights`: language and value of each; `usual`: what each language has elsewhere; `priors` and
`languages` as py3langid has them."""
_CHECKSUMS = "checksums.json"
_PIECE = 1 << 20
_LONGEST_SEQUENCE = 8
_BITS_OF_BYTE = 8
_STATES_AT_ONCE = 4096

Arrays = Mapping[str, NDArray[Any]]


def map_language_model(cache: Path) -> None:
    """Have py3langid use a mapped model in this process, and in those that are forked from it.

    The files are in a directory below `cache`; where they can't be written or read, py3langid unpacks the model
    itself when it is first needed.
    """
    packed = Path(langid.MODEL_DIR) / langid.MODEL_FILE
    try:
        digest = hashlib.sha256(packed.read_bytes()).hexdigest()[:16]
        directory = cache / f"languages-{digest}"
        if not _is_sound(directory):
            _write(compact_arrays(load_model(packed)), directory)
        langid.IDENTIFIER = CompactIdentifier(
            {name: np.load(_file(directory, name), mmap_mode="r") for name in _ARRAYS}
        )
    except (OSError, ValueError) as error:
        logger.info("%s: the language model is not kept there: %s", cache, error)


class CompactIdentifier(langid.LanguageIdentifier):  # type: ignore[misc]
    """py3langid's identifier with another form of its model."""

    __slots__ = ("_columns", "_known", "_starts", "_usual", "_weights")

    def __init__(self, arrays: Arrays) -> None:
        """`arrays` are those that `_ARRAYS` names."""
        nothing = np.zeros(0, dtype=np.float16)
        super().__init__(nothing, np.array(arrays["priors"]), arrays["languages"].tolist(), (), (), tk_row=())
        sequences, places, self._starts, self._columns, self._weights, self._usual = (
            np.asarray(arrays[name])  # each access to a mapped array itself takes a microsecond more
            for name in ("sequences", "places", "starts", "columns", "weights", "usual")
        )
        self._known = [
            (length, sequences[start:end], places[start:end])
            for length, (start, end) in enumerate(pairwise(arrays["lengths"].tolist()))
            if start < end
        ]

    def _raw_score(self, text: bytes) -> NDArray[np.float32]:
        found = self.visited(text)
        if not len(found):
            return np.asarray(super()._raw_score(b""))
        places, first, counts = np.unique(found, return_index=True, return_counts=True)
        order = first.argsort()  # sums depend on it in their last bits
        scores = np.log1p(counts[order].astype(np.float32)) @ self._rows(places[order]) + self.nb_pc
        return np.asarray(scores)

    def visited(self, text: bytes) -> NDArray[np.int32]:
        """The places of the sequences in a text: at each byte that of the longest that ends there, if any does."""
        letters = np.frombuffer(text, dtype=np.uint8).astype(np.uint64)
        longest = np.full(len(letters), -1, dtype=np.int32)
        window, width = letters, 1
        for length, known, places in self._known:
            while width < length:
                window, width = (window[:-1] << np.uint64(_BITS_OF_BYTE)) | letters[width:], width + 1
            order = window.argsort()  # what is looked for in order is found near what was found before
            wanted = window[order]
            at = known.searchsorted(wanted)
            at[at == len(known)] = 0
            hits = (known[at] == wanted).nonzero()[0]
            longest[order[hits] + (length - 1)] = places[at[hits]]
        return longest[longest >= 0]

    def _rows(self, places: NDArray[np.int32]) -> NDArray[np.float16]:
        """The weights of these places in all languages: a row of each."""
        width = len(self._usual)
        first = self._starts[places]
        counts = self._starts[places + 1] - first
        before = counts.cumsum() - counts
        steps = np.arange(counts.sum())
        which = np.repeat(first - before, counts) + steps
        cells = np.repeat(np.arange(len(places)) * width, counts) + self._columns[which]
        rows = np.empty((len(places), width), dtype=self._usual.dtype)
        rows[:] = self._usual
        rows.ravel()[cells] = self._weights[which]
        return rows


def compact_arrays(model: Sequence[Any]) -> dict[str, NDArray[Any]]:
    """The arrays of `_ARRAYS`, of what py3langid's ``load_model`` gives.

    Raises ValueError where its automaton finds anything but the longest sequence at each byte.
    """
    table, priors, languages, moves, rows, outputs = model
    table = np.asarray(table)
    found, sequences, lengths = _sequences(np.asarray(moves).reshape(-1, 256), np.asarray(rows), np.asarray(outputs))
    order = np.lexsort((sequences, lengths))
    # Those that are frequent in some language stand side by side: most of the file is never read
    frequent = np.argsort(-table.max(axis=1), kind="stable")
    place_of = np.empty(len(table), dtype=np.int32)
    place_of[frequent] = np.arange(len(table))
    usual = np.array([_most_frequent(column) for column in table.T], dtype=table.dtype)
    table = table[frequent]
    is_own = table != usual
    return {
        "sequences": sequences[order],
        "lengths": np.searchsorted(lengths[order], np.arange(lengths.max() + 2)),
        "places": place_of[found[order]],
        "starts": np.concatenate(([0], is_own.sum(axis=1).cumsum())).astype(np.int32),
        "columns": np.broadcast_to(np.arange(len(usual), dtype=np.min_scalar_type(len(usual))), table.shape)[is_own],
        "weights": table[is_own],
        "usual": usual,
        "priors": np.asarray(priors),
        "languages": np.array(languages),
    }


def _sequences(
    moves: NDArray[Any], rows: NDArray[Any], outputs: NDArray[Any]
) -> tuple[NDArray[np.intp], NDArray[np.uint64], NDArray[np.intp]]:
    """The outputs of an automaton, with the bytes of the shortest way to each as a number, and how many they are.

    That it finds the longest sequences is proved on the way (Aho, Corasick: Efficient string matching, 1975):
    a byte that leads from a state to no new one leads where it leads from the state of the longest end of its bytes,
    and a state that is no sequence by itself says what that one says. Raises ValueError where this is not so.
    """
    numbers = np.zeros(len(rows), dtype=np.uint64)
    lengths = np.full(len(rows), -1, dtype=np.intp)
    ends = np.zeros(len(rows), dtype=np.intp)
    lengths[0] = 0
    states = np.zeros(1, dtype=np.intp)
    while len(states):
        following = []
        for part in np.array_split(states, len(states) // _STATES_AT_ONCE + 1):
            reached, otherwise = moves[rows[part]], moves[rows[ends[part]]]
            if not lengths[part[0]]:
                otherwise = np.zeros_like(reached)
            is_new = lengths[reached] < 0
            of_state, letters = is_new.nonzero()
            found = reached[is_new].astype(np.intp)
            if not (is_new | (reached == otherwise)).all() or len(np.unique(found)) < len(found):
                raise ValueError("its automaton is not one for the longest sequences")
            before = part[of_state]
            numbers[found] = (numbers[before] << np.uint64(_BITS_OF_BYTE)) | letters.astype(np.uint64)
            lengths[found] = lengths[before] + 1
            ends[found] = otherwise[is_new]
            following.append(found)
        states = np.concatenate(following)
    by_length = np.argsort(lengths, kind="stable")
    by_length = by_length[outputs[by_length] >= 0]
    found, first = np.unique(outputs[by_length], return_index=True)
    shortest = by_length[first]
    is_inherited = outputs == outputs[ends]
    is_inherited[shortest] = True
    if outputs[0] >= 0 or not is_inherited.all() or lengths.max() > _LONGEST_SEQUENCE:
        raise ValueError("its automaton is not one for the longest sequences")
    return found.astype(np.intp), numbers[shortest], lengths[shortest]


def _most_frequent(values: NDArray[np.float16]) -> np.float16:
    """By their bits, of which there are no more than 65,536."""
    bits = np.bincount(np.ascontiguousarray(values).view(np.uint16)).argmax()
    return np.uint16(bits).view(np.float16)


def _write(arrays: Arrays, directory: Path) -> None:
    """Write arrays into a directory: all of them or, where another process was faster, none. Raises OSError."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix="languages-") as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        for name in _ARRAYS:
            np.save(_file(made, name), arrays[name], allow_pickle=False)
        checksums = {name: _checksum(_file(made, name)) for name in _ARRAYS}
        (made / _CHECKSUMS).write_text(json.dumps(checksums), encoding="utf-8")
        shutil.rmtree(directory, ignore_errors=True)
        try:
            made.rename(directory)
        except OSError:
            if not _is_sound(directory):
                raise


def _file(directory: Path, name: str) -> Path:
    return directory / f"{name}.npy"


def _is_sound(directory: Path) -> bool:
    """Whether all arrays are there as they were written. Raises OSError when they can't be read."""
    try:
        checksums = json.loads((directory / _CHECKSUMS).read_text(encoding="utf-8"))
        return all(_checksum(_file(directory, name)) == checksums[name] for name in _ARRAYS)
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return False


def _checksum(path: Path) -> int:
    """CRC-32 of a file, read and not mapped: what is mapped counts as this process's memory."""
    checksum = 0
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        while piece := file.read(_PIECE):
            checksum = isal_zlib.crc32(piece, checksum)
    return checksum
