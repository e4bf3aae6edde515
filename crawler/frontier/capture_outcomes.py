"""What capture outcomes mean for a URL: captured, failed temporarily, or refused."""

from __future__ import annotations

from archive.exchange import CaptureOutcome

PASSING = frozenset(
    {
        CaptureOutcome.DNS_FAILURE,
        CaptureOutcome.CONNECTION_REFUSED,
        CaptureOutcome.CONNECTION_FAILED,
        CaptureOutcome.TIMEOUT,
        CaptureOutcome.TRUNCATED_TIME,
        CaptureOutcome.TRUNCATED_DISCONNECT,
        CaptureOutcome.RATE_LIMITED,
        CaptureOutcome.UNAVAILABLE,
        CaptureOutcome.SERVER_ERROR,
        CaptureOutcome.MALFORMED,
        CaptureOutcome.CANCELLED,
        CaptureOutcome.ROBOTS_UNREACHABLE,
    }
)
"""It may go better another time."""

FINAL = frozenset(
    {
        CaptureOutcome.ROBOTS_DENIED,
        CaptureOutcome.BLOCKED,
        CaptureOutcome.UNWANTED,
        CaptureOutcome.ADDRESS_REFUSED,
        CaptureOutcome.TLS_FAILURE,
        CaptureOutcome.NOT_FOUND,
        CaptureOutcome.FORBIDDEN,
        CaptureOutcome.CLIENT_ERROR,
        CaptureOutcome.TRUNCATED_LENGTH,
        CaptureOutcome.REDIRECT,  # of an address: its redirects lead nowhere
    }
)
"""Refused, by the server or by a rule of ours: another attempt soon would come to the same."""
