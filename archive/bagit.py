"""BagIt (RFC 8493, version 1.0): a directory of files with their digests, as archives hand them over."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from archive.manifests import file_sha256

_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def write_bag(directory: Path, info: Iterable[tuple[str, str]]) -> None:
    """Make a bag of a directory whose ``data/`` holds the payload. Raises OSError.

    `info` are the lines of ``bag-info.txt`` (RFC 8493, section 2.2.2); size and number of files are added.
    """
    payload = sorted(path for path in (directory / "data").rglob("*") if path.is_file())
    size = sum(path.stat().st_size for path in payload)
    lines = [*info, ("Payload-Oxum", f"{size}.{len(payload)}")]
    _write(directory / "bagit.txt", _DECLARATION)
    _write(directory / "bag-info.txt", "".join(f"{name}: {_one_line(value)}\n" for name, value in lines))
    _write(directory / "manifest-sha256.txt", _digests(directory, payload))
    tags = sorted(path for path in directory.iterdir() if path.is_file())
    _write(directory / "tagmanifest-sha256.txt", _digests(directory, tags))


def _digests(directory: Path, files: Iterable[Path]) -> str:
    return "".join(f"{file_sha256(file)}  {_encoded(file.relative_to(directory).as_posix())}\n" for file in files)


def _encoded(path: str) -> str:
    """RFC 8493, section 2.1.3."""
    return path.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8"))
