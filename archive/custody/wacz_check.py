"""Checking a WACZ file without the archive: its digests, its signature, and the proofs of custody in it."""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archive.counted import counted
from archive.custody.standalone import (
    Refused,
    check_kept,
    check_log,
    check_record,
    check_segment,
    check_signature,
    check_times,
    check_witnesses,
)
from archive.custody.wacz_signature import is_signed_by
from archive.recovery import members_with_leaves
from archive.wacz import PROOFS

_COPY = 1 << 20
_CAPTURES = (b"WARC-Type: response\r\n", b"WARC-Type: revisit\r\n")
_HEAD = 1 << 14


@dataclass(frozen=True, slots=True)
class Trusted:
    """What whoever checks a file trusts, and has kept."""

    keys: list[str] = field(default_factory=list)
    """Verifier keys of the archive's log; none: those that the proofs name themselves."""
    checkpoint: str = ""
    """A checkpoint that was kept; empty for none."""
    authorities: Path | None = None
    """Certificates (PEM) of time authorities."""
    witnesses: list[str] = field(default_factory=list)
    """Verifier keys of witnesses that have to have cosigned."""


def check_wacz(path: Path, trusted: Trusted) -> list[str]:
    """What is right about a WACZ file. Raises Refused at the first thing that is not, or OSError."""
    try:
        with zipfile.ZipFile(path) as packed, tempfile.TemporaryDirectory(prefix="newswarc-check-") as scratch:
            told = _check_package(packed)
            captures = set[bytes]()
            for name in packed.namelist():
                if name.startswith("archive/"):
                    captures |= set(_captures(packed, name, Path(scratch)))
            return told + _check_proofs(packed, captures, trusted)
    except zipfile.BadZipFile as error:
        raise Refused(f"it is not a WACZ file, or was damaged: {error}") from error
    except (KeyError, ValueError, TypeError, zlib.error) as error:
        raise Refused(f"it is damaged: {type(error).__name__} {error}") from error


def _check_package(packed: zipfile.ZipFile) -> list[str]:
    """Digests of all files, and the signature (WACZ specification 1.1.1, sections 5.2.6 and 5.2.7)."""
    text = packed.read("datapackage.json")
    claimed = json.loads(packed.read("datapackage-digest.json"))
    found = f"sha256:{hashlib.sha256(text).hexdigest()}"
    if claimed["hash"] != found:
        raise Refused("datapackage.json is not the one whose digest stands beside it: it was altered")
    resources = json.loads(text)["resources"]
    for resource in resources:
        digest = hashlib.sha256()
        with packed.open(resource["path"]) as stream:
            while part := stream.read(_COPY):
                digest.update(part)
        if f"sha256:{digest.hexdigest()}" != resource["hash"]:
            raise Refused(f"{resource['path']} was altered: its digest is not the one in datapackage.json")
    told = [f"{counted(len(resources), 'file', 'has the digest', 'have the digests')} in datapackage.json"]
    signed = claimed.get("signedData")
    if signed is None:
        return [*told, "the file is not signed: whoever altered it may have made the digests anew"]
    if "publicKey" not in signed and "domainCert" in signed:
        return [*told, "it is signed with a certificate, which is not checked here"]
    key = is_signed_by(signed)
    if not key or signed["hash"] != found:
        raise Refused("the file's signature is wrong: it was altered after it was signed")
    return [*told, f"it is signed by the key {key}: compare it with the one that its owner has published"]


def _captures(packed: zipfile.ZipFile, name: str, scratch: Path) -> Iterator[bytes]:
    """Leaves of the response and revisit records of one WARC file."""
    path = scratch / "file.warc.gz"
    with packed.open(name) as stream, path.open("wb") as copy:
        while part := stream.read(_COPY):
            copy.write(part)
    for _, member, leaf in members_with_leaves(path):
        head = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(member, _HEAD)
        if any(kind in head.partition(b"\r\n\r\n")[0] + b"\r\n" for kind in _CAPTURES):
            yield leaf


def _check_proofs(packed: zipfile.ZipFile, captures: set[bytes], trusted: Trusted) -> list[str]:
    if PROOFS not in packed.namelist():
        return ["no proofs of custody are in it: its archive has no log, or had not logged these captures"]
    proven, notes = set[bytes](), dict[str, dict[str, Any]]()
    with packed.open(PROOFS) as lines:
        for line in lines:
            proof = json.loads(line)
            leaf, _ = check_record(proof, None)
            check_segment(leaf, proof)
            note = check_log(proof)[0]
            notes.setdefault(note, proof)
            if leaf not in captures:
                raise Refused(
                    f"the capture of {proof['about']['url']} is not the one that was logged: it was altered"
                )
            proven.add(leaf)
    left = len(captures) - len(proven)
    told = [f"{counted(len(proven), 'capture', 'is exactly one that was', 'are exactly those that were')} logged"]
    if left:
        told.append(f"{counted(left, 'capture', 'has', 'have')} no proof: not logged when the file was made")
    return told + list(_told_once(_check_note(note, proof, trusted) for note, proof in notes.items()))


def _check_note(note: str, proof: dict[str, Any], trusted: Trusted) -> list[str]:
    told = check_signature(note, trusted.keys or proof["keys"])
    if not trusted.keys:
        told.append(
            "only the proofs themselves name this key: compare it with the one that the archive has published"
        )
    told += check_witnesses(note, trusted.witnesses)
    if trusted.checkpoint:
        told += check_kept(note, trusted.checkpoint)
    return told + check_times(proof, note, trusted.authorities)


def _told_once(checked: Iterable[list[str]]) -> Iterator[str]:
    for line, count in Counter(line for lines in checked for line in lines).items():
        yield line if count == 1 else f"{line} ({counted(count, 'checkpoint')})"
