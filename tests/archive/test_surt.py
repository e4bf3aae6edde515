from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from surt import surt

from archive.surt import surt_key, surt_timestamp

LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
HOST = st.builds(lambda labels: ".".join([*labels, "com"]), st.lists(LABEL, min_size=1, max_size=3))
SEGMENT = st.text("abcXYZ012-_.~!$'()*+,:@éلع ", max_size=8)
PATH = st.lists(SEGMENT, max_size=4).map(lambda parts: "".join(f"/{part}" for part in parts))
PAIR = st.builds(lambda name, value: f"{name}={value}", LABEL, SEGMENT.map(lambda s: s.replace(" ", "%20")))
QUERY = st.lists(PAIR, max_size=4).map(lambda pairs: "?" + "&".join(pairs) if pairs else "")
PORT = st.sampled_from(["", ":80", ":443", ":8080"])


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://www.example.com/a?b=1", "com,example)/a?b=1"),
        ("http://EXAMPLE.com:8080/A/../b//?z=1&a=2#f", "com,example:8080)/b?a=2&z=1"),
        ("http://bücher.de/ü", "de,xn--bcher-kva)/%c3%bc"),
        ("http://example.com/../a", "com,example)/../a"),
        ("http://example.com/a//..", "com,example)/a"),
        ("http://example.com/?00=&0=", "com,example)/?0=&00="),
        ("http://[::1]:80/x", "::1)/x"),
        ("urn:newswarc:site:x", "urn:newswarc:site:x"),
    ],
)
def test_keys(url: str, key: str) -> None:
    assert surt_key(url) == key


@given(st.sampled_from(["http", "https"]), HOST, PORT, PATH, QUERY)
def test_keys_agree_with_the_package_that_replay_tools_use(
    scheme: str, host: str, port: str, path: str, query: str
) -> None:
    url = f"{scheme}://{host}{port}{path or '/'}{query}"
    assert surt_key(url) == surt(url)


def test_timestamps_have_fourteen_digits() -> None:
    assert surt_timestamp("2026-01-02T03:04:05.678Z") == "20260102030405"


@given(st.text(max_size=60), st.sampled_from(["", "http://", "https://", "http://[", "http://a..b:", "http://é."]))
def test_any_text_has_a_key_of_one_word(text: str, beginning: str) -> None:
    key = surt_key(beginning + text)
    assert key.isascii()
    assert len(key.split(" ")) == 1
    assert "\n" not in key
