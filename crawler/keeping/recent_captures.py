"""Captures that are written but not durable yet, so that the frontier does not know them."""

from __future__ import annotations

from crawler.frontier.entries import Captured, KnownCapture


class RecentCaptures:
    """Full captures, by address and by payload."""

    def __init__(self) -> None:
        self._of_address: dict[str, Captured] = {}
        self._of_payload: dict[str, Captured] = {}

    def add(self, captured: Captured) -> None:
        """Take in a capture that can serve as an original."""
        self._of_address[captured.url] = captured
        self._of_payload.setdefault(captured.address.payload_digest, captured)

    def discard(self, captured: Captured) -> None:
        """The frontier knows this capture now."""
        for known, key in ((self._of_address, captured.url), (self._of_payload, captured.address.payload_digest)):
            if known.get(key) is captured:
                del known[key]

    def clear(self) -> None:
        """None of them became durable."""
        self._of_address.clear()
        self._of_payload.clear()

    def of_address(self, url: str) -> KnownCapture | None:
        """The newest capture of an address."""
        return _known(self._of_address.get(url))

    def of_payload(self, digest: str) -> KnownCapture | None:
        """The first capture of a payload."""
        return _known(self._of_payload.get(digest))


def _known(captured: Captured | None) -> KnownCapture | None:
    return captured.known if captured is not None else None
