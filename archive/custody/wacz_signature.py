"""Signatures of WACZ files, as replay tools check them (WACZ Signing and Verification 0.1.0, anonymous signature).

The signature is made by an ECDSA key on the curve P-384 with SHA-256, over the text of the digest of
``datapackage.json``; it is the two numbers r and s side by side, as browsers verify it (Web Cryptography API,
section 23). Log keys of custody are of other kinds, so this key is one of its own.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive.custody.signing import KeyRefused, read_key, write_key
from archive.members import warc_date

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

VERSION = "0.1.0"
"""Of the specification."""
_NUMBER = 48
"""Bytes of r and of s."""


class WaczKey:
    """A key that signs WACZ files: PKCS #8 in PEM, for its owner alone to read, encrypted or not."""

    def __init__(self, path: Path, password: Callable[[], bytes | None] = lambda: None) -> None:
        """`password` is asked when the file is encrypted. Raises KeyRefused."""
        from cryptography.hazmat.primitives.asymmetric import ec

        key = read_key(path, password)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp384r1":
            raise KeyRefused(f"{path}: no ECDSA key on the curve P-384; make one with newswarc custody key --wacz")
        self._key: EllipticCurvePrivateKey = key

    @property
    def public(self) -> str:
        """The public half: SubjectPublicKeyInfo (RFC 5280, section 4.1) in base64."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        data = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(data).decode()

    def signed(self, digest: str, moment: datetime, software: str) -> dict[str, str]:
        """``signedData`` for a digest such as ``sha256:0a1b…``."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        r, s = decode_dss_signature(self._key.sign(digest.encode(), ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(_NUMBER, "big") + s.to_bytes(_NUMBER, "big")
        return {
            "hash": digest,
            "created": warc_date(moment),
            "software": software,
            "version": VERSION,
            "signature": base64.b64encode(signature).decode(),
            "publicKey": self.public,
        }


def create_wacz_key(path: Path, password: bytes) -> WaczKey:
    """Make a key in a new file; an empty password leaves it unencrypted. Raises KeyRefused."""
    from cryptography.hazmat.primitives.asymmetric import ec

    write_key(path, ec.generate_private_key(ec.SECP384R1()), password)
    return WaczKey(path, lambda: password)


def is_signed_by(signed: dict[str, Any]) -> str:
    """The public key whose signature of its digest ``signedData`` holds; empty when the signature is wrong.

    Raises ValueError for data that is none, or names a certificate instead of a key.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        named, digest = signed["publicKey"], signed["hash"]
        data = base64.b64decode(signed["signature"], validate=True)
        key = load_der_public_key(base64.b64decode(named, validate=True))
    except (KeyError, TypeError, binascii.Error) as error:
        raise ValueError(f"its signature cannot be read: {type(error).__name__} {error}") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or len(data) != 2 * _NUMBER:
        raise ValueError("its signature is of another kind than ECDSA on P-384")
    numbers = (int.from_bytes(data[:_NUMBER], "big"), int.from_bytes(data[_NUMBER:], "big"))
    try:
        key.verify(encode_dss_signature(*numbers), str(digest).encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return ""
    return str(named)
