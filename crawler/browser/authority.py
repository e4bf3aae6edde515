"""The certificates that the proxy shows the browser.

They are made for one run and never installed: the browser is told the digest of their one key
(``--ignore-certificate-errors-spki-list``), and no other program trusts them. What the server's own certificate was
stands in the WARC.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import ssl
import tempfile
from collections import OrderedDict
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

MOST_HOSTS = 1000
"""Number of hosts whose certificates are kept; the least recently used one is dropped first."""

_LONGEST_COMMON_NAME = 64
"""Characters (RFC 5280, appendix A.1)."""
_CLOCK_TOLERANCE = timedelta(days=1)
_LIFETIME = timedelta(days=30)


class RunAuthority:
    """One key for the certificates of all hosts of a run."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._contexts: OrderedDict[str, ssl.SSLContext] = OrderedDict()

    @property
    def pin(self) -> str:
        """The key as the browser is told of it: base64 of the SHA-256 of its SubjectPublicKeyInfo (RFC 7469, 2.4)."""
        info = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(hashlib.sha256(info).digest()).decode("ascii")

    def context(self, host: str) -> ssl.SSLContext:
        """A server's TLS settings for a host (a name or an IP address). HTTP/1.1 alone is offered."""
        known = self._contexts.get(host)
        if known is None:
            known = self._contexts[host] = self._made(host)
            if len(self._contexts) > MOST_HOSTS:
                self._contexts.popitem(last=False)
        self._contexts.move_to_end(host)
        return known

    def _made(self, host: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        private = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        certificate = self._certificate(host).public_bytes(serialization.Encoding.PEM)
        with tempfile.NamedTemporaryFile() as file:  # the ssl module reads keys from files only
            file.write(private + certificate)
            file.flush()
            context.load_cert_chain(file.name)
        return context

    def _certificate(self, host: str) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:_LONGEST_COMMON_NAME])])
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _CLOCK_TOLERANCE)
            .not_valid_after(now + _LIFETIME)
            .add_extension(x509.SubjectAlternativeName([_general_name(host)]), critical=False)
            .sign(self._key, hashes.SHA256())
        )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
