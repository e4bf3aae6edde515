"""A time stamping authority of our own, by openssl."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_CONFIGURATION = """
[tsa]
serial = {place}/serial
crypto_device = builtin
signer_cert = {place}/tsa.pem
signer_key = {place}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


class Authority:
    """Answers time stamp queries. `lasts` is how long its certificate is good from now on."""

    def __init__(self, place: Path, lasts: timedelta = timedelta(days=365)) -> None:
        place.mkdir()
        self._place = place
        now = datetime.now(UTC)
        root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Harbour clock root")])
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Harbour clock")])

        def begun(subject: x509.Name, public: ec.EllipticCurvePublicKey, end: datetime) -> x509.CertificateBuilder:
            builder = x509.CertificateBuilder().subject_name(subject).issuer_name(root).public_key(public)
            builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=800))
            return builder.not_valid_after(end)

        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        authority = (
            begun(root, root_key.public_key(), now + timedelta(days=9000))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), critical=False)
            .sign(root_key, hashes.SHA256())
        )
        stamping = (
            begun(name, key.public_key(), now + lasts)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
            .sign(root_key, hashes.SHA256())
        )
        self.root = place / "ca.pem"
        self.root.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
        (place / "tsa.pem").write_bytes(stamping.public_bytes(serialization.Encoding.PEM))
        (place / "tsa.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        (place / "serial").write_text("01\n")
        (place / "tsa.cnf").write_text(_CONFIGURATION.format(place=place))

    def answer(self, _: str, query: bytes) -> bytes:
        """The response to a query."""
        (self._place / "query").write_bytes(query)
        command = [
            "openssl",
            "ts",
            "-reply",
            "-config",
            "tsa.cnf",
            "-section",
            "tsa",
            "-queryfile",
            "query",
            "-out",
            "reply",
        ]
        subprocess.run(command, cwd=self._place, check=True, capture_output=True)
        return (self._place / "reply").read_bytes()

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Answer on loopback; gives the address."""
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.headers["Content-Type"] == "application/timestamp-query"
                answer = authority.answer("", self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                return

        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/tsa"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
