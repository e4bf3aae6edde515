"""What to do about a failed attempt: one sentence for each outcome, and for more specific statuses."""

from __future__ import annotations

from archive.exchange import CaptureOutcome, outcome_of_status

_LATER = "the next run tries again"
_WRONG_ADDRESS = "correct the URL, or remove it from the site's definition"

REMEDIES: dict[CaptureOutcome, str] = {
    CaptureOutcome.FORBIDDEN: "open it in a browser; if it works there, ask the publisher for access",
    CaptureOutcome.NOT_FOUND: _WRONG_ADDRESS,
    CaptureOutcome.RATE_LIMITED: "its host asked for a pause; raise delay for it if this continues",
    CaptureOutcome.CLIENT_ERROR: "open it in a browser; if it works there, compare the headers",
    CaptureOutcome.UNAVAILABLE: _LATER,
    CaptureOutcome.SERVER_ERROR: _LATER,
    CaptureOutcome.TRUNCATED_LENGTH: "raise max_body to get all of it",
    CaptureOutcome.TRUNCATED_TIME: "the next run tries again; raise timeout if this continues",
    CaptureOutcome.TRUNCATED_DISCONNECT: _LATER,
    CaptureOutcome.MALFORMED: "the server does not speak HTTP there; check scheme and port",
    CaptureOutcome.DNS_FAILURE: "check the host's name, and this machine's name servers",
    CaptureOutcome.CONNECTION_REFUSED: "check the URL and its port; the next run tries again",
    CaptureOutcome.CONNECTION_FAILED: "check the URL and this machine's network; the next run tries again",
    CaptureOutcome.TLS_FAILURE: "for a private authority set ca_file; to accept any certificate of this site, "
    "set verify_certificates = false under [access]",
    CaptureOutcome.TIMEOUT: "the next run tries again; raise first_byte_timeout if this continues",
    CaptureOutcome.ROBOTS_DENIED: "leave it, or ask the site's owner",
    CaptureOutcome.ROBOTS_UNREACHABLE: "the host is not crawled until robots.txt can be fetched",
    CaptureOutcome.BLOCKED: "remove it from the block list to fetch it",
    CaptureOutcome.UNWANTED: "none is needed: a page in a browser asked for what is not captured",
    CaptureOutcome.ADDRESS_REFUSED: "allow it with --allow-host if it is yours",
    CaptureOutcome.CANCELLED: _LATER,
}
"""For every outcome of an attempt that failed."""
LED_NOWHERE = "open it in a browser; if the site needs a cookie, set it under [access] cookies in its definition"
"""What to do about redirects that lead to no page."""
_LASTING = frozenset(
    {
        CaptureOutcome.FORBIDDEN,
        CaptureOutcome.NOT_FOUND,
        CaptureOutcome.CLIENT_ERROR,
        CaptureOutcome.TRUNCATED_LENGTH,
        CaptureOutcome.MALFORMED,
        CaptureOutcome.TLS_FAILURE,
        CaptureOutcome.ROBOTS_DENIED,
        CaptureOutcome.BLOCKED,
        CaptureOutcome.UNWANTED,
        CaptureOutcome.ADDRESS_REFUSED,
    }
)

_OF_STATUS = {
    401: "it requires a login: give one with --header, or under [access] headers in the site's definition",
    402: "it requires payment: ask the publisher for access",
    407: "the proxy requires a login: give it in the proxy's URL",
    410: "it is gone for good: remove it from the site's definition",
    451: "it is withheld for legal reasons; leave it",
}


def remedy_of_status(status: int) -> str:
    """What to do about an answer of this status (RFC 9110, section 15)."""
    return _OF_STATUS.get(status) or REMEDIES.get(outcome_of_status(status), "check the URL")


def remedy_of_failure(outcome: str, status: int = 0) -> str:
    """What to do about articles whose last try ended so (`CaptureOutcome`), answered with a status; 0: not at all."""
    if outcome == CaptureOutcome.REDIRECT:
        return LED_NOWHERE
    known = REMEDIES.get(CaptureOutcome(outcome), _LATER)
    return _OF_STATUS.get(status, known) if status else known


def lasts(outcome: str) -> bool:
    """Whether a source that ended so will end so again until somebody acts; an unknown outcome passes by itself."""
    return outcome in _LASTING
