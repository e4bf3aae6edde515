"""Names of cipher suites, beside those that OpenSSL itself knows by their registered names."""

from __future__ import annotations

import ssl
import subprocess

from archive.ciphers import iana_name


def registered() -> dict[str, str]:
    """Registered names by OpenSSL's, of all suites that this machine's OpenSSL knows."""
    listed = subprocess.run(
        ["openssl", "ciphers", "-stdname", "ALL:!aNULL:!eNULL:!PSK:!SRP"], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in listed.stdout.splitlines()]
    return {row[2]: row[0] for row in rows}


def test_every_suite_has_its_registered_name() -> None:
    known = registered()
    assert len(known) > 30
    assert {name: iana_name(name) for name in known} == known


def test_what_we_offer_is_known() -> None:
    offered = {suite["name"] for suite in ssl.create_default_context().get_ciphers()}
    assert all(iana_name(name) == registered()[name] for name in offered)
