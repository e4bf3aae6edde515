"""What is believed of those that pass requests on: who asks, and from where."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from crawler.config import Configuration, ConfigurationError
from crawler.web.guard import Guard, Policy
from crawler.web.policies import policy_of
from crawler.web.rate import RateLimit
from crawler.web.roles import Visitor
from crawler.web.sessions import Sessions
from crawler.web.tokens import TokenFile

PROXY = "192.0.2.1"
BEHIND = policy_of(
    Configuration(web_guard="proxy", web_proxies=(PROXY, "2001:db8::0:1"), web_user_header="X-Forwarded-User")
)
Header = tuple[str, str]


def admitted(policy: Policy, headers: list[Header], peer: str = PROXY) -> Visitor | int:
    """The visitor whom a guard lets through, or the status of its refusal."""
    told: list[Any] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        told.append(scope["state"]["visitor"])

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            told.append(message["status"])

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "client": (peer, 1),
        "headers": [
            (name.lower().encode(), value.encode("latin-1")) for name, value in (("Host", "localhost"), *headers)
        ],
    }
    guard = Guard(app, policy, TokenFile(Path("/nonexistent")), Sessions(), RateLimit(0))
    asyncio.run(guard(scope, receive, send))
    (found,) = told
    return found  # type: ignore[no-any-return]


def client(headers: list[Header], peer: str = PROXY) -> str:
    found = admitted(BEHIND, [("X-Forwarded-User", "mara"), *headers], peer)
    assert isinstance(found, Visitor)
    return found.client


def forwarded(*lines: str) -> list[Header]:
    return [("X-Forwarded-For", line) for line in lines]


@given(st.lists(st.text(st.characters(codec="latin-1", exclude_characters="\r\n")), max_size=4), st.booleans())
def test_a_client_is_where_the_proxy_saw_it_whatever_it_wrote_itself(written: list[str], on_a_line: bool) -> None:
    seen = "203.0.113.7"
    lines = [*written, seen] if on_a_line or not written else [*written[:-1], f"{written[-1]}, {seen}"]
    assert client(forwarded(*lines)) == seen


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), PROXY),
        (("unknown",), PROXY),
        (("198.51.100.1, 203.0.113.7, 2001:db8::1",), "203.0.113.7"),
        (("203.0.113.7, unknown, 2001:db8:0::1",), "2001:db8::1"),
        (("::ffff:203.0.113.7",), "203.0.113.7"),
    ],
)
def test_a_client_is_what_the_outermost_proxy_was_asked_by(lines: tuple[str, ...], expected: str) -> None:
    assert client(forwarded(*lines)) == expected


def test_a_proxy_is_known_however_its_address_is_written() -> None:
    assert client(forwarded("203.0.113.7"), f"::ffff:{PROXY}") == "203.0.113.7"
    assert client(forwarded("203.0.113.7"), "2001:db8:0:0:0:0:0:1") == "203.0.113.7"
    assert admitted(BEHIND, [("X-Forwarded-User", "mara")], "192.0.2.2") == 403


def test_who_asks_is_said_once() -> None:
    assert admitted(BEHIND, [("X-Forwarded-User", "mara"), ("X-Forwarded-User", "ines")]) == 400


@pytest.mark.parametrize("name", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"])
@pytest.mark.parametrize("guard", ["", "tokens"])
def test_a_proxy_on_this_machine_has_to_be_named(name: str, guard: str) -> None:
    policy = policy_of(Configuration(web_guard=guard))
    for here in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
        assert admitted(policy, [(name, "for=203.0.113.7")], here) == 403
        assert isinstance(admitted(policy, [], here), Visitor)
    found = admitted(policy, [(name, "203.0.113.7")], "198.51.100.1")
    assert isinstance(found, Visitor), "what a client elsewhere writes is not heeded"
    assert found.client == "198.51.100.1"


GROUPED = policy_of(
    Configuration(
        web_guard="proxy",
        web_proxies=(PROXY,),
        web_anyone=("read",),
        web_users=("mara=download",),
        web_group_header="X-Forwarded-Groups",
        web_groups=("archivists=curate", "cn=desk=operate+download"),
    )
)


@pytest.mark.parametrize(
    ("user", "groups", "roles"),
    [
        ("ines", (), {"read"}),
        ("ines", ("archivists",), {"read", "curate"}),
        ("ines", ("staff, archivists ,cn=desk",), {"read", "curate", "operate", "download"}),
        ("ines", ("staff|archivists",), {"read", "curate"}),
        ("ines", ("Archivists, archivists2, =curate",), {"read"}),
        ("mara", ("archivists",), {"download", "curate"}),
        ("", ("archivists",), 403),
        ("ines", ("staff", "archivists"), 400),
    ],
)
def test_groups_that_the_proxy_names_have_roles(user: str, groups: tuple[str, ...], roles: set[str] | int) -> None:
    headers = [("X-Forwarded-User", user)] if user else []
    found = admitted(GROUPED, [*headers, *(("X-Forwarded-Groups", text) for text in groups)])
    assert found == roles if isinstance(found, int) else set(found.roles) == roles


def test_groups_count_where_a_proxy_names_them_alone() -> None:
    with pytest.raises(ConfigurationError, match="web_group_header"):
        policy_of(Configuration(web_guard="proxy", web_proxies=(PROXY,), web_groups=("a=read",)))
    with pytest.raises(ConfigurationError, match="GROUP=ROLE"):
        policy_of(
            Configuration(
                web_guard="proxy", web_proxies=(PROXY,), web_group_header="X-Groups", web_groups=("archivists",)
            )
        )
    headers = [("X-Forwarded-User", "mara"), ("X-Forwarded-Groups", "archivists")]
    found = admitted(BEHIND, headers)
    assert isinstance(found, Visitor)
    assert {str(role) for role in found.roles} == {"read", "download"}
