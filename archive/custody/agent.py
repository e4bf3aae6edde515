"""A key that never leaves ssh-agent (draft-ietf-sshm-ssh-agent): it signs as a plain Ed25519 key does (RFC 8709)."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
from collections.abc import Iterator

from archive.custody.notes import ED25519
from archive.custody.signing import KeyRefused

_REQUEST_IDENTITIES, _IDENTITIES = 11, 12
_SIGN_REQUEST, _SIGN_RESPONSE = 13, 14
_KIND = b"ssh-ed25519"
_LENGTH = struct.Struct(">I")
_PATIENCE = 60.0
"""Seconds: a person may be asked to touch a token."""


class AgentKey:
    """An Ed25519 key that ssh-agent holds."""

    algorithm = ED25519

    def __init__(self, address: str, wanted: str) -> None:
        """`address` is the agent's socket; `wanted` is a fingerprint (``SHA256:…``), a comment, or empty for the only
        key. Raises KeyRefused.
        """
        if not address:
            raise KeyRefused("no ssh-agent: SSH_AUTH_SOCK is not set; start one and add the key with ssh-add")
        self._address = address
        keys = [
            (blob, comment) for blob, comment in self._identities() if not wanted or wanted in _names(blob, comment)
        ]
        if len(keys) != 1:
            found = "no Ed25519 key" if not keys else f"{len(keys)} Ed25519 keys"
            raise KeyRefused(f"ssh-agent holds {found} {wanted}".rstrip() + "; ssh-add -l lists what it holds")
        self._blob = keys[0][0]
        self.public = _strings(self._blob)[1]

    def sign(self, message: bytes) -> bytes:
        """Sign a message. Raises KeyRefused."""
        answer = self._ask(_SIGN_REQUEST, _string(self._blob) + _string(message) + _LENGTH.pack(0), _SIGN_RESPONSE)
        kind, signature = _strings(_strings(answer)[0])
        if kind != _KIND:
            raise KeyRefused("ssh-agent signed in another way than Ed25519")
        return signature

    def _identities(self) -> Iterator[tuple[bytes, str]]:
        parts = _strings(self._ask(_REQUEST_IDENTITIES, b"", _IDENTITIES)[_LENGTH.size :])
        for blob, comment in zip(parts[::2], parts[1::2], strict=True):
            if _strings(blob)[0] == _KIND:
                yield blob, comment.decode("utf-8", "replace")

    def _ask(self, kind: int, content: bytes, wanted: int) -> bytes:
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(_PATIENCE)
                line.connect(self._address)
                line.sendall(_string(bytes([kind]) + content))
                answer = _received(line, _LENGTH.unpack(_received(line, _LENGTH.size))[0])
        except OSError as error:
            raise KeyRefused(f"{self._address}: ssh-agent does not answer: {error}") from error
        if not answer or answer[0] != wanted:
            raise KeyRefused("ssh-agent refuses: is it locked, or was it to be confirmed?")
        return answer[1:]


def _received(line: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = line.recv(size - len(data))
        if not part:
            raise ConnectionError("the connection ended")
        data += part
    return data


def _names(blob: bytes, comment: str) -> set[str]:
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return {comment, digest, f"SHA256:{digest}"}


def _string(data: bytes) -> bytes:
    return _LENGTH.pack(len(data)) + data


def _strings(data: bytes) -> list[bytes]:
    """Strings with lengths before them (RFC 4251, section 5). Raises KeyRefused."""
    found, at = [], 0
    while at + _LENGTH.size <= len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if at + length > len(data):
            raise KeyRefused("ssh-agent's answer is cut short")
        found.append(data[at : at + length])
        at += length
    return found
