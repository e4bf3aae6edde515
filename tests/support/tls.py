"""Certificates made for a test: a good one, and those that a client must refuse."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: str, key: Key, issuer: str, signer: Key, host: str | None, days: int, *, authority: bool = False
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if host is not None:
        names = [x509.IPAddress(ipaddress.ip_address(host))] if host[0].isdigit() else [x509.DNSName(host)]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True)
class Authority:
    """A certificate authority of our own, and server contexts signed by it."""

    directory: Path
    key: Key
    bundle: Path

    @classmethod
    def new(cls, directory: Path) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        root = _certificate("Test Authority", key, "Test Authority", key, None, 30, authority=True)
        bundle = directory / "authority.pem"
        bundle.write_bytes(_pem(root))
        return cls(directory, key, bundle)

    def certificate(self, host: str, *, days: int = 30, self_signed: bool = False) -> Path:
        """A file with a server's private key and certificate (PEM)."""
        key = ec.generate_private_key(ec.SECP256R1())
        signer, issuer = (key, host) if self_signed else (self.key, "Test Authority")
        path = self.directory / f"server-{host}-{days}-{self_signed}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(private + _pem(_certificate(host, key, issuer, signer, host, days)))
        return path

    def server(
        self,
        host: str = "127.0.0.1",
        *,
        days: int = 30,
        self_signed: bool = False,
        version: ssl.TLSVersion | None = None,
    ) -> ssl.SSLContext:
        """A server's TLS settings."""
        path = self.certificate(host, days=days, self_signed=self_signed)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        context.set_alpn_protocols(["h2", "http/1.1"])
        if version is not None:
            context.minimum_version = context.maximum_version = version
        return context
