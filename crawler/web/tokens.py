"""Access tokens: who may do what from elsewhere. Only their digests are kept.

A token is ``newswarc_ID_SECRET``; the secret has 256 random bits, so that a plain digest of it cannot be reversed
(a slow one is for what people invent). The file is read again when it changes: a token that is removed is refused at
once.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from crawler.config import ConfigurationError
from crawler.web.roles import Role

_BEGINNING = "newswarc_"
_ID_BYTES = 5
_SECRET_BYTES = 32
_FILE = "tokens.json"


class Token(BaseModel):
    """A token, as it is kept."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    """Who has it."""
    roles: tuple[Role, ...]
    sha256: str
    """Digest of its secret (hexadecimal)."""
    made: AwareDatetime
    expires: AwareDatetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Whether it has expired."""
        return self.expires is not None and now >= self.expires


class _Tokens(BaseModel):
    tokens: tuple[Token, ...] = ()


class TokenFile:
    """The tokens of an archive on this machine."""

    def __init__(self, directory: Path) -> None:
        """`directory` need not exist yet."""
        self._path = directory / _FILE
        self._read_at: tuple[int, int] | None = None
        self._tokens: dict[str, Token] = {}

    def all(self) -> list[Token]:
        """All tokens, oldest first, expired ones too. Raises ConfigurationError."""
        self._refresh()
        return list(self._tokens.values())

    def add(
        self, name: str, roles: Iterable[Role], now: datetime, expires: datetime | None = None
    ) -> tuple[Token, str]:
        """Make a token; it is given here, and never again. Raises ConfigurationError or OSError."""
        self._refresh()
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        token = Token(
            id=secrets.token_hex(_ID_BYTES),
            name=name,
            roles=tuple(sorted(set(roles))),
            sha256=_digest(secret),
            made=now,
            expires=expires,
        )
        self._write([*self._tokens.values(), token])
        return token, f"{_BEGINNING}{token.id}_{secret}"

    def remove(self, token_id: str) -> bool:
        """Take a token away; whether there was one. Raises ConfigurationError or OSError."""
        self._refresh()
        left = [token for token in self._tokens.values() if token.id != token_id]
        if len(left) == len(self._tokens):
            return False
        self._write(left)
        return True

    def find(self, text: str, now: datetime) -> Token | None:
        """The token that a text is, unless it has expired. Raises ConfigurationError."""
        self._refresh()
        token_id, _, secret = text.strip().removeprefix(_BEGINNING).partition("_")
        token = self._tokens.get(token_id)
        # Compared also when there is no such token: the time that an answer takes tells nothing
        is_right = hmac.compare_digest(_digest(secret), token.sha256 if token is not None else _digest(""))
        return token if token is not None and is_right and not token.is_over(now) else None

    def by_id(self, token_id: str, now: datetime) -> Token | None:
        """The token of an id, unless it has expired or is gone. Raises ConfigurationError."""
        self._refresh()
        token = self._tokens.get(token_id)
        return token if token is not None and not token.is_over(now) else None

    def _refresh(self) -> None:
        try:
            facts = self._path.stat()
        except FileNotFoundError:
            self._tokens, self._read_at = {}, None
            return
        stamp = (facts.st_mtime_ns, facts.st_ino)
        if stamp == self._read_at:
            return
        try:
            found = _Tokens.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError) as error:
            raise ConfigurationError(
                f"{self._path}: tokens cannot be read; restore the file, or remove it and add tokens again"
            ) from error
        self._tokens = {token.id: token for token in found.tokens}
        self._read_at = stamp

    def _write(self, tokens: Iterable[Token]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        new.unlink(missing_ok=True)
        # Readable for its owner alone from the first byte on
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(_Tokens(tokens=tuple(tokens)).model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        self._read_at = None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
