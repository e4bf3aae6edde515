"""What of the extra `browser` is missing on this machine. Imports none of it."""

from __future__ import annotations

from importlib.util import find_spec

_NEEDED = ("playwright", "cryptography")


def missing_for_browser() -> str:
    """What is missing and how to get it; empty if nothing is."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if not missing:
        return ""
    return f"pages need a browser, and {' and '.join(missing)} is not installed; install newswarc[browser]"
