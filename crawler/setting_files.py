"""Checking the files named in settings before a crawl, so that problems are reported before anything is requested."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

from crawler.config import Configuration, ConfigurationError
from crawler.setting_values import unfit_block_list_entry


def require_files(configuration: Configuration) -> None:
    """Find out whether block list, certificate authorities and event log can be used. Raises ConfigurationError."""
    if configuration.block_list_file is not None:
        _require("block_list", configuration.block_list_file, _read_block_list)
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


def _read_block_list(file: Path) -> None:
    try:
        entry = unfit_block_list_entry(file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"settings: block_list: {file}: not UTF-8; save it as UTF-8") from error
    if entry:
        raise ConfigurationError(
            f"settings: block_list: {file}: {entry!r} would block nothing; write a host such as example.org, or the "
            "beginning of a URL such as https://example.org/private/"
        )


def _read_authorities(file: Path) -> None:
    ssl.create_default_context().load_verify_locations(file)


def _append_nothing(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.open("ab").close()
