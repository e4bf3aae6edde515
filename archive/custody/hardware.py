"""A key in hardware, behind PKCS#11: a security module, a token, or SoftHSM for trials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

from archive.custody.notes import ED25519
from archive.custody.signing import KeyRefused

_POINT_SIZE = 32


class HardwareKey:
    """An Ed25519 key that ``pkcs11:token=TOKEN;object=LABEL?module-path=FILE`` names (RFC 7512)."""

    algorithm = ED25519

    def __init__(self, address: str, pin: Callable[[], bytes | None]) -> None:
        """Raises KeyRefused."""
        try:
            import pkcs11
        except ImportError as error:
            raise KeyRefused("keys in hardware need: pip install 'newswarc[custody]'") from error
        path, _, query = address.removeprefix("pkcs11:").partition("?")
        parts = {name: unquote(value) for name, _, value in (part.partition("=") for part in path.split(";"))}
        module = parse_qs(query).get("module-path", [""])[0]
        if not module or not parts.get("object"):
            raise KeyRefused(f"{address}: write pkcs11:token=TOKEN;object=LABEL?module-path=FILE")
        secret = pin()
        try:
            token = pkcs11.lib(module).get_token(token_label=parts.get("token"))
            self._session = token.open(user_pin=secret.decode() if secret else None)
            kind, label = pkcs11.KeyType.EC_EDWARDS, parts["object"]
            self._key: Any = self._session.get_key(pkcs11.ObjectClass.PRIVATE_KEY, kind, label)
            public = self._session.get_key(pkcs11.ObjectClass.PUBLIC_KEY, kind, label)
            # An octet string of DER, or the bare point, as modules differ
            self.public = bytes(public[pkcs11.Attribute.EC_POINT])[-_POINT_SIZE:]
        except (pkcs11.PKCS11Error, RuntimeError) as error:
            raise KeyRefused(f"{address}: {type(error).__name__} {error}".rstrip()) from error
        self._failure = pkcs11.PKCS11Error
        self._mechanism = pkcs11.Mechanism.EDDSA

    def sign(self, message: bytes) -> bytes:
        """Sign a message. Raises KeyRefused."""
        try:
            return bytes(self._key.sign(message, mechanism=self._mechanism))
        except self._failure as error:
            raise KeyRefused(f"the hardware key does not sign: {type(error).__name__} {error}".rstrip()) from error
