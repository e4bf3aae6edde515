"""Who is let in: names of the server, tokens, sessions, proxies, roles, other sites' pages, limits."""

from __future__ import annotations

import json
import re
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Route

from crawler.config import Configuration, ConfigurationError
from crawler.web.application import routes
from crawler.web.guard import Policy
from crawler.web.policies import is_for_local_readers, policy_of
from crawler.web.rate import RateLimit
from crawler.web.roles import READERS, Role
from crawler.web.serving import web_directory
from crawler.web.session_pages import local_path
from crawler.web.tokens import TokenFile
from tests.web.asking import Server, five, serving

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return five(tmp_path_factory.mktemp("guarded"))


def token(place: Path, *roles: Role, name: str = "ines", **given: datetime) -> str:
    configuration = Configuration(archive=str(place))
    return TokenFile(web_directory(configuration)).add(name, roles, datetime.now(UTC), **given)[1]


def test_every_answer_is_confined(server: Server) -> None:
    for path in ("/", "/nowhere", "/static/newswarc.css", "/healthz", "/?q=("):
        headers = server.ask(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers
    assert "unsafe" not in server.ask("/").headers["content-security-policy"]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "localhost?evil.example",
        "localhost#evil.example",
        "local\thost",
        "localhost:1>; rel=next",
        "[::1]evil.example",
        "",
        "[::1",
    ],
)
def test_a_foreign_host_is_misdirected(server: Server, host: str) -> None:
    assert server.ask("/", host=host).status in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8091", "127.0.0.1:1", "[::1]:8091"])
def test_its_own_names_are_known(server: Server, host: str) -> None:
    assert server.ask("/healthz", host=host).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/../tokens.py",
        "/static/%2e%2e/tokens.py",
        "/static/..%2f..%2fconfig.py",
        "/static//etc/passwd",
        "/static/%00",
        "/../../etc/passwd",
    ],
)
def test_no_path_leads_out(server: Server, path: str) -> None:
    assert server.ask(path).status in (400, 404)


def test_long_addresses_and_forms_are_refused(server: Server) -> None:
    assert server.ask(f"/?q={'a' * 9000}").status == 414
    assert server.ask(f"/?q={'a' * 5000}").status == 400
    assert server.ask("/sign-in", "POST", {"token": "a" * 70_000}).status == 413
    assert server.ask("/sign-in", "POST", {str(n): "" for n in range(1_200)}).status == 400
    deep = "(" * 1000
    assert server.ask(f"/?q={deep}").status == 400


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"web_listen": "0.0.0.0:1"}, "need a guard"),
        ({"web_listen": "192.0.2.7:1"}, "need a guard"),
        ({"web_listen": "[::]:1"}, "need a guard"),
        ({"web_proxies": ("192.0.2.1",)}, "need a guard"),
        ({"web_listen": "0.0.0.0:1", "web_guard": "tokens"}, "in the clear"),
        ({"web_guard": "proxy"}, "web_proxies"),
        ({"web_guard": "proxy", "web_proxies": ("proxy.example",)}, "not an IP address"),
        ({"web_listen": "127.0.0.1"}, "ADDRESS:PORT"),
        ({"web_listen": "127.0.0.1:99999"}, "ADDRESS:PORT"),
        ({"web_certificate": "/x.pem"}, "both"),
        ({"web_users": ("ines",)}, "NAME=ROLE"),
        ({"web_users": ("ines=rule",)}, "choose roles from"),
    ],
)
def test_what_would_leave_it_open_is_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        policy_of(Configuration(**settings))


def test_who_is_let_in_by_default() -> None:
    assert policy_of(Configuration()).anyone == READERS
    assert policy_of(Configuration(web_guard="tokens")).anyone == frozenset()
    behind = Configuration(web_guard="proxy", web_proxies=("192.0.2.1",), web_users=("ines=read+curate",))
    assert policy_of(behind).users == {"ines": frozenset({Role.READ, Role.CURATE})}
    tls = Configuration(web_listen="0.0.0.0:1", web_guard="tokens", web_certificate="/c", web_key="/k")
    assert isinstance(policy_of(tls), Policy)
    assert policy_of(tls).is_secure
    assert is_for_local_readers(Configuration())
    for guard in ("tokens", "proxy"):
        assert not is_for_local_readers(Configuration(web_guard=guard)), "a tunnel may lead to it from anywhere"


def test_a_token_opens_what_its_roles_say(place: Path) -> None:
    with serving(place, web_guard="tokens") as server:
        assert server.ask("/").status == 401
        assert server.ask("/healthz").status == 200
        assert server.ask("/", Authorization="Bearer newswarc_00_x").status == 401
        text = token(place, Role.READ)
        assert server.ask("/", Authorization=f"Bearer {text}").status == 200
        assert server.ask("/", Authorization=f"bearer {text[:-1]}").status == 401
        assert server.ask("/", Authorization=f"Bearer {token(place, Role.DOWNLOAD)}").status == 403
        over = token(place, Role.READ, expires=datetime.now(UTC) - timedelta(seconds=1))
        assert server.ask("/", Authorization=f"Bearer {over}").status == 401
        tokens = server.services.tokens
        assert tokens.remove(text.split("_")[1])
        assert server.ask("/", Authorization=f"Bearer {text}").status == 401, "at once"


def test_a_damaged_file_of_tokens_lets_nobody_in(place: Path) -> None:
    with serving(place, web_guard="tokens") as server:
        text = token(place, Role.READ)
        file = web_directory(server.services.configuration) / "tokens.json"
        kept = file.read_bytes()
        file.write_bytes(kept[:-3])
        try:
            answer = server.ask("/", Authorization=f"Bearer {text}")
        finally:
            file.write_bytes(kept)
        assert answer.status == 503
        assert "newswarc token list" in answer.text
        assert str(file.parent) not in answer.text
        assert "content-security-policy" in answer.headers


OPEN = {"/healthz": 200, "/language": 303, "/sign-in": 200, "/sign-out": 303}


def test_without_a_token_nothing_but_signing_in_is_open(place: Path) -> None:
    """Whatever routes there are, and will be."""
    with serving(place, web_guard="tokens") as server:
        for route in routes():
            if not isinstance(route, Route):
                continue
            path = re.sub(r"\{[^}]*\}", "x", route.path)
            for method in route.methods or ():
                form = {"token": "x"} if method == "POST" else None
                status = server.ask(path, method, form).status
                if path in OPEN:
                    assert status in (OPEN[path], 403), (method, path)
                else:
                    assert status == 401, (method, path)


def test_only_some_refused_sign_ins_are_noted(place: Path) -> None:
    with serving(place, web_guard="tokens") as server:
        before = len(server.services.audit.newest(1000).lines)
        server.services.refusals = RateLimit(0.25)
        for _ in range(3):
            assert server.post("/sign-in", {"token": "x"}).status == 403
        assert len(server.services.audit.newest(1000).lines) == before + 1


def test_signing_in_with_a_token(place: Path) -> None:
    with serving(place, web_guard="tokens") as server:
        text = token(place, Role.READ, name="Ines")
        assert server.ask("/sign-in").status == 200
        refused = server.post("/sign-in", {"token": "newswarc_1_2"})
        assert refused.status == 403
        assert "set-cookie" not in refused.headers
        answer = server.post("/sign-in", {"token": text, "back": "//evil.example/"})
        assert (answer.status, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert text not in cookie
        former = cookie.partition(";")[0]
        again = server.post("/sign-in", {"token": text}, Cookie=former)
        session = again.headers["set-cookie"].partition(";")[0]
        assert server.ask("/", Cookie=former).status == 401, "a session ends where another begins"
        page = server.ask("/", Cookie=session)
        assert page.status == 200
        assert "Signed in as Ines" in page.text
        assert server.post("/sign-out", Cookie=session, Sec_Fetch_Site="cross-site").status == 403
        assert server.post("/sign-out", Cookie=session).status == 303
        assert server.ask("/", Cookie=session).status == 401
        acts = [(line["act"], line["by"]) for line in server.services.audit.newest(10).lines]
        assert acts[:3] == [("signed in", "Ines"), ("signed in", "Ines"), ("sign-in refused", "")]


def test_browsers_take_the_end_of_a_session(place: Path) -> None:
    with serving(place, web_guard="tokens", web_proxies=("127.0.0.1",)) as server:
        cookie = server.post("/sign-out").headers["set-cookie"]
    assert cookie.startswith("__Host-newswarc=")
    assert "Secure" in cookie, "what is not secure is no `__Host-` cookie"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_Fetch_Site": "same-origin"}, 303),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "cross-site", "Origin": "http://localhost"}, 403),
        ({"Sec_Fetch_Site": "none"}, 403),
        ({"Sec_Fetch_Site": "", "Origin": "http://localhost"}, 303),
        ({"Sec_Fetch_Site": "", "Origin": "http://localhost:80"}, 303),
        ({"Sec_Fetch_Site": "", "Origin": "http://localhost:1"}, 403),
        ({"Sec_Fetch_Site": "", "Origin": "https://localhost"}, 403),
        ({"Sec_Fetch_Site": "", "Origin": "http://localhost.evil.example"}, 403),
        ({"Sec_Fetch_Site": "", "Origin": "http://localhost@evil.example"}, 403),
        ({"Sec_Fetch_Site": "", "Origin": "https://evil.example"}, 403),
        ({"Sec_Fetch_Site": "", "Origin": "null"}, 403),
        ({"Sec_Fetch_Site": ""}, 403),
    ],
)
def test_only_its_own_pages_change_anything(server: Server, headers: dict[str, str], status: int) -> None:
    assert server.post("/sign-out", None, **headers).status == status


def test_a_proxy_is_believed_from_its_address_alone(place: Path) -> None:
    behind = {
        "web_guard": "proxy",
        "web_users": ("mara=read",),
        "web_anyone": ("download",),
        "web_hosts": ("news.test",),
    }
    with serving(place, web_proxies=("127.0.0.1",), **behind) as server:
        assert server.ask("/", host="news.test").status == 403, "the proxy says nobody's name"
        assert server.ask("/", host="news.test", X_Forwarded_User="mara").status == 200
        assert server.ask("/", host="news.test", X_Forwarded_User="ines").status == 403
        assert "strict-transport-security" in server.ask("/healthz").headers
    with serving(place, web_proxies=("192.0.2.1",), **behind) as server:
        assert server.ask("/", host="news.test", X_Forwarded_User="mara").status == 403


def test_tokens_are_kept_as_digests_for_their_owner_alone(tmp_path: Path) -> None:
    file = TokenFile(tmp_path / "web")
    made, text = file.add("ines", [Role.READ], NOW, NOW + timedelta(days=1))
    kept = (tmp_path / "web" / "tokens.json").read_text()
    assert text.split("_", 2)[2] not in kept
    assert (tmp_path / "web" / "tokens.json").stat().st_mode & 0o077 == 0
    assert file.find(text, NOW) == made
    assert TokenFile(tmp_path / "web").find(f" {text}\n", NOW) == made
    assert file.find(text, NOW + timedelta(days=1)) is None
    assert not file.remove("none")
    (tmp_path / "web" / "tokens.json").write_text("{")
    with pytest.raises(ConfigurationError, match="tokens cannot be read"):
        TokenFile(tmp_path / "web").all()


@given(st.text())
def test_no_text_is_a_token_by_chance(text: str) -> None:
    file = TokenFile(Path("/nonexistent"))
    assert file.find(text, NOW) is None


@given(st.text())
def test_a_redirect_stays_here(text: str) -> None:
    path = local_path(text)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert "\n" not in path and "\r" not in path


@given(st.lists(st.floats(0, 5), min_size=1, max_size=60), st.floats(0.5, 20))
def test_a_client_gets_no_more_than_its_rate(pauses: list[float], rate: float) -> None:
    at = 0.0
    limit = RateLimit(rate, lambda: at)
    taken = 0
    for pause in pauses:
        at += pause
        taken += limit.wait("one") == 0
    assert taken <= rate * 4 + rate * at + 1
    assert limit.wait("another") == 0


def test_a_network_of_one_client_has_one_rate() -> None:
    limit = RateLimit(1, lambda: 0.0)
    assert [limit.wait(f"2001:db8::{number}") == 0 for number in range(1, 7)] == [True] * 4 + [False] * 2
    assert limit.wait("2001:db8:0:1::1") == 0
    assert [limit.wait(f"192.0.2.{number}") for number in range(1, 7)] == [0] * 6


def test_too_many_requests_are_told_when_to_come_again(place: Path) -> None:
    with serving(place, web_rate=1) as server:
        answers = [server.ask("/healthz") for _ in range(6)]
    assert [answer.status for answer in answers[:4]] == [200] * 4
    assert answers[-1].status == 429
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_garbage_is_no_request(server: Server) -> None:
    for sent in (b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\n\r\n", b"GET /" + b"a" * 40_000, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"):  # fmt: skip
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
            line.sendall(sent)
            line.shutdown(socket.SHUT_WR)
            answered = b"".join(iter(lambda: line.recv(4096), b""))
        assert answered.count(b"HTTP/1.1 2") == 0, sent[:40]
    assert server.ask("/healthz").status == 200


def test_the_language_is_the_readers(server: Server) -> None:
    assert '<html lang="en"' in server.ask("/", Accept_Language="tlh, xx;q=0.4").text
    chosen = server.ask("/language?to=en&back=/sites")
    assert (chosen.status, chosen.headers["location"]) == (303, "/sites")
    assert "set-cookie" not in server.ask("/language?to=../../etc&back=http://evil.example/").headers


def test_the_audit_log_is_one_json_object_a_line(server: Server) -> None:
    server.post("/sign-in", {"token": 'x"\n{"act": "forged"}'})
    lines = server.services.audit.path.read_text().splitlines()
    assert all(json.loads(line)["act"] in ("sign-in refused",) for line in lines)
