"""py3langid's model, unpacked once on a machine and mapped into memory from then on.

Unpacking takes a third of a second of each crawl, and 75 MiB of memory. Mapped from files, only those parts of the
model are in memory that texts need, and all processes of the machine share them. The files are a cache: they can be
removed at any time, and hold nothing but the arrays of the model. What is damaged is made again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray
from py3langid import langid
from py3langid.modelio import load_model

logger = logging.getLogger(__name__)

_ARRAYS = ("table", "priors", "languages", "moves", "rows", "outputs")
_CHECKSUMS = "checksums.json"
_PIECE = 1 << 20


def map_language_model(cache: Path) -> None:
    """Have py3langid use a mapped model in this process, and in those that are forked from it.

    The files are in a directory below `cache`; where they can't be written or read, py3langid unpacks the model
    itself when it is first needed.
    """
    packed = Path(langid.MODEL_DIR) / langid.MODEL_FILE
    try:
        digest = hashlib.sha256(packed.read_bytes()).hexdigest()[:16]
        directory = cache / f"language-model-{digest}"
        if not _is_sound(directory):
            _unpack(packed, directory)
        langid.IDENTIFIER = _mapped(directory)
    except (OSError, ValueError) as error:
        logger.info("%s: the language model is not kept unpacked: %s", cache, error)


def _mapped(directory: Path) -> langid.LanguageIdentifier:
    """The model in a directory. Raises OSError or ValueError."""
    found: list[NDArray[Any]] = [np.load(directory / f"{name}.npy", mmap_mode="r") for name in _ARRAYS]
    table, priors, languages, moves, rows, outputs = found
    # Single values are read through views: numpy makes an object of its own kind of each, in three times the time
    return langid.LanguageIdentifier(
        table, np.array(priors), languages.tolist(), moves.data, outputs.data, tk_row=rows.tolist()
    )


def _unpack(packed: Path, directory: Path) -> None:
    """Write a model's arrays into a directory: all of them or, where another process was faster, none.

    Raises OSError or ValueError.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    table, priors, languages, moves, rows, outputs = load_model(packed)
    arrays: Sequence[NDArray[Any]] = (
        table,
        priors,
        np.array(languages),
        np.asarray(moves),
        np.asarray(rows),
        np.asarray(outputs, dtype=np.int32),
    )
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix="language-model-") as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        checksums = {}
        for name, array in zip(_ARRAYS, arrays, strict=True):
            np.save(made / f"{name}.npy", array, allow_pickle=False)
            checksums[name] = _checksum(made / f"{name}.npy")
        (made / _CHECKSUMS).write_text(json.dumps(checksums), encoding="utf-8")
        shutil.rmtree(directory, ignore_errors=True)
        try:
            made.rename(directory)
        except OSError:
            if not _is_sound(directory):
                raise


def _is_sound(directory: Path) -> bool:
    """Whether all arrays are there as they were written. Raises OSError when they can't be read."""
    try:
        checksums = json.loads((directory / _CHECKSUMS).read_text(encoding="utf-8"))
        return all(_checksum(directory / f"{name}.npy") == checksums[name] for name in _ARRAYS)
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
