"""Browser profiles: the cookies and local storage of a login, one file each in the state directory.

They are secrets: readable by their owner alone, and never part of the archive.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from archive.errors import ArchiveError

_DIRECTORY = "browser-profiles"


class BadProfile(ArchiveError):
    """A profile is missing or is none; the message says what to do."""


def profile_file(state_directory: Path, name: str) -> Path:
    """Where a profile is kept."""
    return state_directory / _DIRECTORY / f"{name}.json"


def read_profile(state_directory: Path, name: str) -> dict[str, Any] | None:
    """A profile as Playwright takes it; None for no name. Raises BadProfile."""
    if not name:
        return None
    path = profile_file(state_directory, name)
    try:
        return parse_profile(path.read_bytes())
    except FileNotFoundError as error:
        raise BadProfile(f"there is no profile {name!r}; make it with `newswarc browser login`") from error
    except (OSError, ValueError) as error:
        raise BadProfile(f"{path}: {error}; make it anew with `newswarc browser login`") from error


def parse_profile(data: bytes | str) -> dict[str, Any]:
    """A storage state (Playwright: ``storage_state``). Raises ValueError."""
    found = json.loads(data)
    cookies, origins = (found.get(key, []) for key in ("cookies", "origins")) if isinstance(found, dict) else ((), ())
    if not isinstance(cookies, list) or not isinstance(origins, list) or not (cookies or origins):
        raise ValueError("no cookies or local storage in it")
    return {"cookies": cookies, "origins": origins}


def cookie_header(profile: dict[str, Any], url: str) -> str:
    """The value of ``Cookie`` that a profile has sent to an address (RFC 6265, section 5.4); empty for none."""
    parts = urlsplit(url)
    host, path = (parts.hostname or "").lower(), parts.path or "/"
    sent = []
    for cookie in profile["cookies"]:
        domain = str(cookie.get("domain", "")).lower()
        is_of_host = host == domain.removeprefix(".") or (domain.startswith(".") and host.endswith(domain))
        under = str(cookie.get("path") or "/")
        is_of_path = path == under or path.startswith(under if under.endswith("/") else f"{under}/")
        if is_of_host and is_of_path and (parts.scheme == "https" or not cookie.get("secure")):
            sent.append(f"{cookie['name']}={cookie['value']}")
    return "; ".join(sent)


def write_profile(state_directory: Path, name: str, profile: dict[str, Any]) -> Path:
    """Keep a profile, for its owner alone. Raises OSError."""
    path = profile_file(state_directory, name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(profile, file)
    return path
