"""Checking the files named in settings before a crawl, so that problems are reported before anything is requested."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

from crawler.config import Configuration, ConfigurationError


def require_files(configuration: Configuration) -> None:
    """Find out whether block list, certificate authorities and event log can be used. Raises ConfigurationError."""
    if configuration.block_list_file is not None:
        _require("block_list", configuration.block_list_file, Path.read_bytes)
    if configuration.authorities_file is not None:
        _require("ca_file", configuration.authorities_file, _read_authorities)
    if configuration.event_log not in ("", "-"):
        _require("event_log", Path(configuration.event_log).expanduser(), _append_nothing)


def _require(key: str, file: Path, use: Callable[[Path], object]) -> None:
    try:
        use(file)
    except ssl.SSLError as error:
        raise ConfigurationError(
            f"settings: {key}: {file}: contains no PEM certificates; name a file that does"
        ) from error
    except FileNotFoundError as error:
        raise ConfigurationError(f"settings: {key}: {file}: no such file; create it, or unset {key}") from error
    except OSError as error:
        message = f"settings: {key}: {file}: {error.strerror or error}; name a readable file, or unset {key}"
        raise ConfigurationError(message) from error


def _read_authorities(file: Path) -> None:
    ssl.create_default_context().load_verify_locations(file)


def _append_nothing(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.open("ab").close()
