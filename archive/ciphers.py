"""IANA names of TLS cipher suites, from the names that OpenSSL gives them.

``WARC-Cipher-Suite`` wants the names of the IANA registry "TLS Cipher Suites". TLS 1.3 suites have them already; of
the older ones those are known that authenticate the server by its certificate: no others are offered to servers.
"""

from __future__ import annotations

import re

_SUITE = re.compile(r"(?:(ECDHE|DHE)-(RSA|ECDSA|DSS|(?=ARIA))-?)?(.+)")
_SPELLINGS = (
    (re.compile(r"(AES|CAMELLIA|ARIA)(128|256)-(SHA\d*)$"), r"\1\2-CBC-\3"),
    (re.compile(r"(AES|CAMELLIA|ARIA)(128|256)"), r"\1-\2"),
    (re.compile(r"CCM8"), "CCM-8"),
    (re.compile(r"DES-CBC3"), "3DES-EDE-CBC"),
    (re.compile(r"CHACHA20-POLY1305"), "CHACHA20-POLY1305-SHA256"),
)


def iana_name(openssl_name: str) -> str:
    """The registered name of a cipher suite."""
    match = _SUITE.fullmatch(openssl_name)
    if match is None or openssl_name.startswith("TLS_"):
        return openssl_name
    # A suite without a key exchange in its name uses RSA for it; one of ARIA leaves RSA out
    exchange = f"{match[1]}_{match[2] or 'RSA'}" if match[1] else "RSA"
    cipher = match[3]
    for pattern, spelling in _SPELLINGS:
        cipher = pattern.sub(spelling, cipher)
    return f"TLS_{exchange}_WITH_{cipher.replace('-', '_')}"
