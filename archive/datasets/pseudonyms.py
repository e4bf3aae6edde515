"""Keyed hashes instead of the names of people: authors, their pages, and who is credited for an image.

A pseudonym is HMAC-SHA-256 (RFC 2104) of the name, cut to 128 bits: the same name has the same pseudonym wherever the
same key was used, and nobody without the key can try names. Names within texts, headlines, captions and URLs stay as
they were printed.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from pathlib import Path
from typing import Any

from archive.errors import BadAddress

_SHORTEST_KEY = 16
_DIGITS = 32


class Pseudonyms:
    """Makes pseudonyms with a key."""

    def __init__(self, key: bytes) -> None:
        """Raises BadAddress when the key is too short to keep anybody from trying."""
        if len(key) < _SHORTEST_KEY:
            raise BadAddress(f"--pseudonym-key: {len(key)} bytes; a key has {_SHORTEST_KEY} at least")
        self._key = key

    @property
    def fingerprint(self) -> str:
        """Tells whether two versions have the same key, and nothing about it."""
        return self._digest("key")[:16]

    def of(self, name: str) -> str:
        """The pseudonym of a name; case, width and spaces make no difference."""
        return self._digest(f"name {' '.join(unicodedata.normalize('NFKC', name).casefold().split())}")[:_DIGITS]

    def in_record(self, record: dict[str, Any]) -> dict[str, Any]:
        """A stored record with pseudonyms."""
        changed = dict(record)
        changed["authors"] = [
            {**author, "name": self.of(author["name"]), "url": self._of_some(author.get("url"))}
            for author in record.get("authors", ())
        ]
        changed["images"] = [self._credited(image) for image in record.get("images", ())]
        if record.get("mainImage"):
            changed["mainImage"] = self._credited(record["mainImage"])
        changed["blocks"] = [
            self._credited(block) if block.get("kind") == "figure" else block for block in record.get("blocks", ())
        ]
        return changed

    def _credited(self, image: dict[str, Any]) -> dict[str, Any]:
        return {**image, "credit": self._of_some(image.get("credit"))}

    def _of_some(self, name: str | None) -> str | None:
        return self.of(name) if name else None

    def _digest(self, text: str) -> str:
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def without_names(record: dict[str, Any]) -> dict[str, Any]:
    """A stored record without the names that pseudonyms stand for, for whoever does not have the key."""
    changed = dict(record)
    changed["images"] = [{**image, "credit": None} for image in record.get("images", ())]
    if record.get("mainImage"):
        changed["mainImage"] = {**record["mainImage"], "credit": None}
    changed["blocks"] = [
        {**block, "credit": None} if block.get("kind") == "figure" else block for block in record.get("blocks", ())
    ]
    return changed


def key_in(path: Path) -> bytes:
    """The key in a file. Raises BadAddress."""
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise BadAddress(f"--pseudonym-key {path}: can't be read: {error.strerror}") from error
