#!/usr/bin/env python3
"""Check a proof of custody without newswarc: one file, the package ``cryptography``, and ``openssl`` for time stamps.

    python newswarc_verify.py PROOF --key NAME+ID+BASE64 [--record FILE] [--checkpoint FILE] [--authorities CA.pem]

Written to be read. A proof is a chain of five links, and each is checked below by a function of its own:

1. the record: bytes of a WARC file; SHA-256 over a zero byte and these bytes is its leaf (`check_record`);
2. its segment: a path of hashes leads from the leaf to the root over all records of one file (`check_segment`);
3. the log: the entry about that file holds the root, and a second path leads from the entry to the log's root
   (`check_log`);
4. the signature: the checkpoint with the log's root is signed by the archive's key (`check_signature`), and by
   witnesses, who are others and sign only what continues all that they saw before (`check_witnesses`);
5. the time: authorities that are not the archive's have stamped the checkpoint (`check_times`).

What it proves: who holds the key has vouched for exactly these bytes, no later than the stamped time, and has not
been able to change them since without a trace. What it does not prove: that the web server sent them, that the
archive's operator was honest when recording, or that nothing else was captured.

Specifications: RFC 6962 section 2.1 (trees), RFC 9162 section 2.1.3.2 (paths), c2sp.org/signed-note,
c2sp.org/tlog-proof, c2sp.org/tlog-cosignature, RFC 3161 (time stamps).

Exit code 0: every link holds. 1: one does not. 2: wrong usage.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import struct
import subprocess  # openssl, with arguments that are lists
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

FORMAT = "newswarc-custody-proof/1"
ED25519, COSIGNATURE, ML_DSA_44 = 1, 4, 6


class Refused(Exception):
    """A link of the chain does not hold. The message says which and what that means."""


def sha256(data: bytes) -> bytes:
    """The one hash function of everything here."""
    return hashlib.sha256(data).digest()


def root_of_path(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that a path leads to from leaf number `index` of `size` (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        raise Refused(f"there is no leaf {index} among {size}")
    at, last, root = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise Refused("a path is longer than its tree is high")
        if at % 2 or at == last:
            root = sha256(b"\x01" + sibling + root)
            while at and not at % 2:
                at, last = at // 2, last // 2
        else:
            root = sha256(b"\x01" + root + sibling)
        at, last = at // 2, last // 2
    if last:
        raise Refused("a path is shorter than its tree is high")
    return root


def check_record(proof: dict[str, Any], given: bytes | None) -> tuple[bytes, list[str]]:
    """Link 1. The leaf, from the record's bytes when they are in the proof or given; what the record says."""
    leaf = bytes.fromhex(proof["record"]["leaf"])
    data = given
    if data is None and "bytes" in proof["record"]:
        data = base64.b64decode(proof["record"]["bytes"], validate=True)
    if data is None:
        return leaf, [f"the record itself is not here: all that follows is about its digest, {leaf.hex()}"]
    if sha256(b"\x00" + data) != leaf:
        raise Refused("the record is not the one that was logged: its bytes were altered")
    head, _, block = data.partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode("utf-8", "replace").split("\r\n")[1:] if ": " in line)
    about = proof.get("about", {})
    for name, key in (("WARC-Target-URI", "url"), ("WARC-Date", "date"), ("WARC-Record-ID", "recordId")):
        if about.get(key) and about[key] not in fields.get(name, ""):
            raise Refused(f"the proof says {key} {about[key]}, and the record says {fields.get(name, 'nothing')}")
    told = [f"{name}: {fields[name]}" for name in ("WARC-Type", "WARC-Target-URI", "WARC-Date") if name in fields]
    return leaf, [f"the record ({len(data)} bytes, {len(block)} behind its header) is the one that was logged", *told]


def check_segment(leaf: bytes, proof: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Link 2. The log's entry about the file that the record is in."""
    entry, record = json.loads(proof["entry"]), proof["record"]
    path = [bytes.fromhex(text) for text in record["path"]]
    if root_of_path(leaf, record["index"], entry["records"], path).hex() != entry["recordsRoot"]:
        raise Refused("the record does not belong to the file that the log's entry is about")
    return entry, [f"it is record {record['index']} of {entry['records']} in {entry['segment']}"]


def check_log(proof: dict[str, Any]) -> tuple[str, int, bytes, list[str]]:
    """Link 3. The checkpoint's note, its size and root, which the entry's path leads to."""
    head, _, note = proof["log"].partition("\n\n")
    lines = head.split("\n")
    if lines[0] != "c2sp.org/tlog-proof@v1":
        raise Refused("this is not a proof of a transparency log")
    index = next(int(line.removeprefix("index ")) for line in lines if line.startswith("index "))
    path = [base64.b64decode(line, validate=True) for line in lines[1:] if " " not in line]
    origin, size_line, root_line = note.split("\n")[:3]
    size, root = int(size_line), base64.b64decode(root_line, validate=True)
    if root_of_path(sha256(b"\x00" + proof["entry"].encode()), index, size, path) != root:
        raise Refused("the entry is not in the log that the checkpoint is of: it was altered or never logged")
    return note, size, root, [f"its entry is number {index} of {size} in the log {origin}"]


def parsed_key(text: str) -> tuple[str, bytes, int, bytes]:
    """Name, id, algorithm and public key of ``NAME+ID+BASE64`` (signed-note, verifier keys)."""
    name, _, rest = text.strip().partition("+")
    identifier, _, encoded = rest.partition("+")
    data = base64.b64decode(encoded, validate=True)
    if not data or sha256(name.encode() + b"\n" + data)[:4].hex() != identifier:
        raise Refused(f"{text[:60]!r} is not a verifier key, or was copied wrongly")
    return name, bytes.fromhex(identifier), data[0], data[1:]


def verify_signature(algorithm: int, public: bytes, name: str, note_text: str, signature: bytes) -> None:
    """Raises InvalidSignature when a key did not make a signature."""
    if algorithm in (ED25519, COSIGNATURE):
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        timed = (
            b"cosignature/v1\ntime %d\n" % int.from_bytes(signature[:8], "big") if algorithm == COSIGNATURE else b""
        )
        Ed25519PublicKey.from_public_bytes(public).verify(signature[8 if timed else 0 :], timed + note_text.encode())
    elif algorithm == ML_DSA_44:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

        origin, size, root = note_text.split("\n")[:3]
        message = b"subtree/v1\n\0" + bytes([len(name.encode())]) + name.encode() + signature[:8]
        message += bytes([len(origin.encode())]) + origin.encode() + struct.pack(">QQ", 0, int(size))
        MLDSA44PublicKey.from_public_bytes(public).verify(signature[8:], message + base64.b64decode(root))
    else:
        raise Refused(f"keys of algorithm {algorithm} are not known here")


def signatures_by(note: str, keys: list[str]) -> list[tuple[str, str, bytes]]:
    """Name, id and signature of each of the keys that has signed a note. Raises Refused when a signature is wrong."""
    from cryptography.exceptions import InvalidSignature

    text, _, tail = note.rpartition("\n\n")
    text += "\n"
    found = []
    for name, identifier, algorithm, public in map(parsed_key, keys):
        for line in tail.splitlines():
            _, signer, encoded = line.split(" ", 2)
            data = base64.b64decode(encoded, validate=True)
            if (signer, data[:4]) == (name, identifier):
                try:
                    verify_signature(algorithm, public, name, text, data[4:])
                except InvalidSignature as error:
                    raise Refused("the signature is wrong: the checkpoint was altered after it was signed") from error
                found.append((name, identifier.hex(), data[4:]))
    return found


def check_signature(note: str, keys: list[str]) -> list[str]:
    """Link 4. Which of the keys have signed the checkpoint."""
    found = signatures_by(note, keys)
    if not found:
        raise Refused("the checkpoint is not signed by the key that you trust: it may be of a forger")
    return [f"the checkpoint is signed by {name} (key {identifier})" for name, identifier, _ in found]


def check_witnesses(note: str, witnesses: list[str]) -> list[str]:
    """Link 4, by others: each of these witnesses saw, before it signed too, that the log only grows."""
    told = []
    for key in witnesses:
        found = signatures_by(note, [key])
        if not found or parsed_key(key)[2] == ED25519:
            raise Refused(f"the witness {parsed_key(key)[0]} has not cosigned this checkpoint")
        for name, _, signature in found:
            moment = datetime.fromtimestamp(int.from_bytes(signature[:8], "big"), timezone.utc)  # noqa: UP017
            told.append(f"{moment:%Y-%m-%d %H:%M:%S} UTC: cosigned by the witness {name}")
    return told


def check_kept(note: str, kept: str) -> list[str]:
    """A checkpoint that you kept: of one size there is one root; two of them convict whoever signed."""
    mine, theirs = kept.split("\n")[:3], note.split("\n")[:3]
    if mine[0] != theirs[0]:
        raise Refused(f"the checkpoint that you kept is of another log, {mine[0]}")
    if mine[1] == theirs[1] and mine[2] != theirs[2]:
        raise Refused(f"two checkpoints of {mine[1]} entries have different roots: the archive shows two histories")
    if mine[1] != theirs[1]:
        return [f"the one that you kept has {mine[1]} entries, this one {theirs[1]}: `newswarc verify` compares"]
    return ["it is the checkpoint that you kept"]


def check_times(proof: dict[str, Any], note: str, authorities: Path | None) -> list[str]:
    """Link 5. When, at the latest, the checkpoint was there, by authorities whose roots you trust (RFC 3161)."""
    told, (text, _, tail) = [], note.rpartition("\n\n")
    own = [line for line in tail.splitlines(keepends=True) if line.split(" ")[1] == text.split("\n")[0]]
    for stamp in proof.get("timestamps", []):
        with tempfile.TemporaryDirectory() as directory:
            response, data = Path(directory, "response.tsr"), Path(directory, "note")
            response.write_bytes(base64.b64decode(stamp["response"], validate=True))
            data.write_bytes(f"{text}\n\n{''.join(own)}".encode())  # without the lines that witnesses added
            shown = openssl("ts", "-reply", "-in", response, "-text")
            found = re.search(r"^Time stamp: (.+)$", shown, re.M)
            if found is None:
                raise Refused("a time stamp cannot be read")
            if authorities is None:
                told.append(f"{found[1]}: a time stamp says so; not checked, for want of --authorities CA.pem")
                continue
            moment = epoch(found[1])
            openssl("ts", "-verify", "-in", response, "-data", data, "-CAfile", authorities, "-attime", moment)
            told.append(f"{found[1]}: the checkpoint was there at the latest, says {stamp['authority']}")
    return told or ["no time stamp: only the archive itself says when it was logged"]


def epoch(text: str) -> str:
    """Seconds since 1970 of a moment as openssl prints it: ``Nov 27 01:02:03 2026 GMT``."""
    plain = re.sub(r"\.\d+", "", text).replace(" GMT", "")
    moment = datetime.strptime(plain, "%b %d %H:%M:%S %Y").replace(tzinfo=timezone.utc)  # noqa: UP017 - old Pythons
    return str(int(moment.timestamp()))


def openssl(*arguments: str | Path) -> str:
    """What openssl prints. Raises Refused when it refuses."""
    try:
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    except FileNotFoundError as error:
        raise Refused("time stamps cannot be checked without the program openssl") from error
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if "error" in line.lower()]
        reason = lines[-1] if lines else "openssl says no more"
        raise Refused(f"a time stamp does not hold: of something else, or not of a trusted authority ({reason})")
    return done.stdout


def check(
    proof: dict[str, Any],
    keys: list[str],
    record: bytes | None = None,
    kept: str = "",
    authorities: Path | None = None,
    witnesses: list[str] | None = None,
) -> list[str]:
    """Check all five links; what each of them says. Raises Refused at the first that does not hold."""
    if not isinstance(proof, dict) or "format" not in proof:
        raise Refused("it is not a proof of custody")
    try:
        if proof["format"] != FORMAT:
            raise Refused(f"a proof of the form {proof['format']!r} is not known here")
        leaf, told = check_record(proof, record)
        told += check_segment(leaf, proof)[1]
        note, _, _, of_log = check_log(proof)
        told += of_log
        told += check_signature(note, keys or proof["keys"])
        if not keys:
            told.append(
                "only the proof itself names this key: compare it with the one that the archive has published"
            )
        told += check_witnesses(note, witnesses or [])
        if kept:
            told += check_kept(note, kept)
        return told + check_times(proof, note, authorities)
    except (KeyError, ValueError, TypeError, StopIteration, AttributeError) as error:
        raise Refused(f"the proof is damaged: {type(error).__name__} {error}") from error


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Check a proof of custody that newswarc made.")
    parser.add_argument("proof", type=Path)
    parser.add_argument("--key", action="append", default=[], help="the archive's verifier key, NAME+ID+BASE64")
    parser.add_argument("--record", type=Path, help="the record's bytes, when the proof has only its digest")
    parser.add_argument("--checkpoint", type=Path, help="a checkpoint of the archive that you kept")
    parser.add_argument("--witness", action="append", default=[], help="key of a witness that has to have cosigned")
    parser.add_argument("--authorities", type=Path, help="certificates (PEM) of time stamping authorities")
    options = parser.parse_args()
    try:
        proof = json.loads(options.proof.read_text(encoding="utf-8"))
        record = options.record.read_bytes() if options.record else None
        kept = options.checkpoint.read_text(encoding="utf-8") if options.checkpoint else ""
        for line in check(proof, options.key, record, kept, options.authorities, options.witness):
            print(f"ok  {line}")
    except (OSError, ValueError) as error:
        print(f"{error}: is this a proof?", file=sys.stderr)
        return 2
    except Refused as error:
        print(f"NOT PROVEN: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
