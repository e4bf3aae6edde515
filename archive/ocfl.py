"""OCFL 1.1: an object with all its versions in a directory that other programs can read, without newswarc.

``0=ocfl_object_1.1``, ``inventory.json`` with its digest, and a directory ``vN`` with what is new in each version
(Oxford Common File Layout, version 1.1, section 3). A file that an earlier version has is not stored again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from archive.errors import DamagedArchive

_DECLARATION = "0=ocfl_object_1.1"
_TYPE = "https://ocfl.io/1.1/spec/#inventory"
_READ = 1 << 20


@dataclass(frozen=True, slots=True)
class OcflVersion:
    """What is said of a version."""

    created: datetime
    message: str
    user: str
    address: str
    """URI of the user: ``mailto:…`` or ``https://…``."""


def write_version(root: Path, object_id: str, payload: Path, version: OcflVersion) -> int:
    """Add the files below `payload` as the newest version of an object, which is made if it is not there.

    The number of the version; that of the newest when it has the same files already. The inventory is replaced last,
    so that an interrupted version does not count. Raises DamagedArchive or OSError.
    """
    inventory = _read(root, object_id)
    files = {path.relative_to(payload).as_posix(): path for path in sorted(payload.rglob("*")) if path.is_file()}
    state: dict[str, list[str]] = {}
    for name, path in files.items():
        state.setdefault(_sha512(path), []).append(name)
    number = len(inventory["versions"])
    if number and inventory["versions"][f"v{number}"]["state"] == state:
        return number
    number += 1
    place = root / f"v{number}"
    shutil.rmtree(place, ignore_errors=True)  # left by one that was interrupted
    place.mkdir(parents=True)
    (root / _DECLARATION).write_text("ocfl_object_1.1\n", encoding="utf-8")
    for digest, names in state.items():
        if digest not in inventory["manifest"]:
            stored = place / "content" / names[0]
            stored.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(files[names[0]], stored)
            inventory["manifest"][digest] = [stored.relative_to(root).as_posix()]
    user = {"name": version.user or "newswarc", **({"address": version.address} if version.address else {})}
    inventory["versions"][f"v{number}"] = {
        "created": version.created.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "message": version.message,
        "state": state,
        "user": user,
    }
    inventory["head"] = f"v{number}"
    text = json.dumps(inventory, ensure_ascii=False, indent=1).encode()
    for directory in (place, root):
        _write_inventory(directory, text)
    return number


def _read(root: Path, object_id: str) -> dict[str, Any]:
    path = root / "inventory.json"
    if not path.exists():
        return {
            "id": object_id,
            "type": _TYPE,
            "digestAlgorithm": "sha512",
            "head": "v0",
            "manifest": {},
            "versions": {},
        }
    data = path.read_bytes()
    said = (root / "inventory.json.sha512").read_text(encoding="ascii").split()[:1]
    if said != [hashlib.sha512(data).hexdigest()]:
        raise DamagedArchive(f"{path}: not the inventory that its digest is of; validate the object")
    inventory: dict[str, Any] = json.loads(data)
    if inventory.get("id") != object_id:
        raise DamagedArchive(f"{root}: the OCFL object there is {inventory.get('id')}, not {object_id}")
    return inventory


def _write_inventory(directory: Path, text: bytes) -> None:
    new = directory / ".inventory.json.new"
    new.write_bytes(text)
    (directory / "inventory.json.sha512").write_text(
        f"{hashlib.sha512(text).hexdigest()} inventory.json\n", encoding="ascii"
    )
    new.replace(directory / "inventory.json")


def _sha512(path: Path) -> str:
    digest = hashlib.sha512()
    with path.open("rb") as file:
        while part := file.read(_READ):
            digest.update(part)
    return digest.hexdigest()
