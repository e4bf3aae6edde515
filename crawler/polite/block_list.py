"""URLs that are never requested, and a file that stops the crawl. Both are read again whenever they change."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from crawler.setting_values import block_list_entries


class BlockList:
    """A file with a host or the beginning of an address on each line; ``#`` begins a comment.

    ``example.org`` blocks the host and all hosts below it, ``https://example.org/private/`` what begins so.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._stamp: tuple[int, int] | None = None
        self._hosts: frozenset[str] = frozenset()
        self._beginnings: tuple[str, ...] = ()

    def blocks(self, url: str) -> bool:
        """Whether an address is on the list as it is now."""
        self._refresh()
        if not self._hosts and not self._beginnings:
            return False
        host = (urlsplit(url).hostname or "").rstrip(".")
        parts = host.split(".")
        return url.startswith(self._beginnings) or any(
            ".".join(parts[start:]) in self._hosts for start in range(len(parts))
        )

    def _refresh(self) -> None:
        if self._file is None:
            return
        try:
            status = self._file.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp == self._stamp:
                return
            text = self._file.read_text(encoding="utf-8", errors="replace").removeprefix("\ufeff")
        except OSError:
            return  # what was last read holds, also while the file is gone
        self._stamp = stamp
        entries = block_list_entries(text)
        self._beginnings = tuple(_as_requested(entry) for entry in entries if "://" in entry)
        self._hosts = frozenset(entry.lower().rstrip(".") for entry in entries if "://" not in entry)


def _as_requested(beginning: str) -> str:
    """The beginning of an address with its host in the letters that are sent."""
    scheme, _, rest = beginning.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.lower()}{slash}{path}"
