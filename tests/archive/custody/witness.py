"""A witness of our own, as tlog-witness describes one."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from archive.custody.notes import BadNote, Checkpoint, Note, Signature, VerifierKey, cosigned_message, timed_message
from archive.merkle_tree import is_consistent

ED25519_COSIGNATURE, ML_DSA_44 = 4, 6


class WitnessServer:
    """Cosigns what continues all that it has cosigned. `moment` is what its clock says, in seconds since 1970."""

    def __init__(self, name: str, logs: list[VerifierKey], moment: int, *, ml_dsa: bool = False) -> None:
        self.moment = moment
        self.logs = logs
        self.seen: dict[str, Checkpoint] = {}
        self.requests: list[str] = []
        self._private = MLDSA44PrivateKey.generate() if ml_dsa else Ed25519PrivateKey.generate()
        public = self._private.public_key().public_bytes_raw()
        self.key = VerifierKey(name, ML_DSA_44 if ml_dsa else ED25519_COSIGNATURE, public)

    def post(self, address: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to a request."""
        assert address.endswith("/add-checkpoint")
        self.requests.append(body.decode())
        head, _, note = body.decode().partition("\n\n")
        old_line, *proof = head.split("\n")
        old = int(old_line.removeprefix("old "))
        checkpoint = Checkpoint.parse(note)
        known = [key for key in self.logs if key.name == checkpoint.origin]
        if not known:
            return 404, b""
        try:
            Note.parse(note).signers(known)
        except BadNote:
            return 403, b""
        if old > checkpoint.size:
            return 400, b""
        seen = self.seen.get(checkpoint.origin, Checkpoint(checkpoint.origin, 0, bytes(32)))
        if old != seen.size or (old == checkpoint.size and seen.root != checkpoint.root):
            return 409, b"%d\n" % seen.size
        path = [base64.b64decode(line, validate=True) for line in proof if line]
        if path if not old else not is_consistent(old, checkpoint.size, seen.root, checkpoint.root, path):
            return 422, b""
        self.seen[checkpoint.origin] = checkpoint
        return 200, self.cosignature(checkpoint).encode()

    def cosignature(self, checkpoint: Checkpoint) -> str:
        """The line of a signature."""
        if self.key.algorithm == ML_DSA_44:
            return self._line(cosigned_message(self.key.name, self.moment, checkpoint))
        return self.cosignature_of(checkpoint.text)

    def cosignature_of(self, text: str) -> str:
        """The line of a signature of any text, as a witness that cheats could make it."""
        return self._line(timed_message(self.moment, text))

    def _line(self, message: bytes) -> str:
        data = self.moment.to_bytes(8, "big") + self._private.sign(message)
        return Signature(self.key.name, self.key.id, data).line()

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Its address on loopback."""
        witness = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = witness.post(self.path, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *arguments: object) -> None:
                pass

        with HTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield f"http://127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()
