"""The proxy of a page: what passes it is exact both ways, and what is refused leaves a mark."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.exchange import CaptureOutcome, Role
from crawler.browser.answers import RecentAnswers
from crawler.browser.authority import RunAuthority
from crawler.browser.proxy_requests import AskedFor, BadRequest, parse_tunnel, read_request
from crawler.browser.visit import VIA_BROWSER, VisitBounds, VisitTerms
from crawler.wire.connection import Timeouts
from tests.browser.outlet import WireOutlet, opened, page_of, said, visiting
from tests.support.exchanges import CASES, Case, counted
from tests.support.tls import Authority
from tests.support.wire import ByteServer, answering

PAGE = "http://paper.example/story"


def asking(url: str, *headers: bytes, method: bytes = b"GET", body: bytes = b"") -> bytes:
    host = url.split("/")[2].encode()
    lines = [b"%s %s HTTP/1.1" % (method, url.encode()), b"Host: " + host, *headers, b"Proxy-Connection: keep-alive"]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


# The last one announces more than a page in a browser may have
PASSING = [name for name in CASES if name not in ("HEAD", "POST", "a length of thousands of figures")]


@pytest.mark.parametrize("name", PASSING)
def test_what_a_server_sends_reaches_the_browser_and_the_archive_to_the_byte(name: str) -> None:
    case: Case = CASES[name]
    timeouts = case.options.get("timeouts", Timeouts())
    terms = VisitTerms(timeouts=timeouts, longest_body=case.options.get("limit", 0))

    async def run(server: ByteServer) -> None:
        async with visiting(WireOutlet([server.host]), page_of(PAGE), terms) as way:
            seen = await said(way.place, asking(server.url("/x"), b"X-oDD: 1", b"Accept-Encoding: gzip, br, zstd"))
        (kept,) = way.outlet.kept
        assert b"".join(kept.response_parts()) == case.sent
        assert kept.outcome == case.outcome
        assert kept.discovery.role is Role.REQUISITE and kept.discovery.via == VIA_BROWSER
        assert kept.discovery.source_url == PAGE
        assert seen.startswith(case.interim + case.sent)
        assert kept.request == server.requests[0]
        assert b"\r\nX-oDD: 1\r\nAccept-Encoding: gzip\r\n" in kept.request
        assert b"Proxy-Connection" not in kept.request

    with ByteServer(case.play) as server:
        asyncio.run(run(server))


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_goes_on_with_its_length(chunked: bool) -> None:
    async def run(server: ByteServer) -> None:
        async with visiting(WireOutlet([server.host]), page_of(PAGE)) as way:
            headers = [b"Transfer-Encoding: chunked"] if chunked else [b"Content-Length: 5"]
            body = b"3;a=b\r\na=\xff\r\n2\r\n&c\r\n0\r\nT: 1\r\n\r\n" if chunked else b"a=\xff&c"
            seen = await said(way.place, asking(server.url("/form"), *headers, method=b"POST", body=body))
        assert seen == counted()
        assert server.requests[0].endswith(b"\r\nContent-Length: 5\r\n\r\na=\xff&c")
        assert way.outlet.kept[0].request == server.requests[0]

    with ByteServer(answering(counted())) as server:
        asyncio.run(run(server))


def test_https_ends_at_the_proxy_under_a_key_that_only_this_browser_knows(tmp_path: Path) -> None:
    """Both sides speak TLS, and the server's own certificate is what the capture says."""
    authority = Authority.new(tmp_path)
    own = RunAuthority()

    async def run(server: ByteServer) -> None:
        outlet = WireOutlet([server.host], ca_file=str(authority.bundle))
        async with visiting(outlet, page_of(PAGE), authority=own) as way:
            reader, writer = await opened(way.place)
            writer.write(b"CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\n" % server.host.encode())
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 OK\r\n\r\n"
            trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
            await writer.start_tls(trusting, server_hostname="127.0.0.1")
            shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            for _ in range(2):
                writer.write(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
                assert await reader.readexactly(len(counted())) == counted()
            writer.close()
        assert [kept.url for kept in outlet.kept] == [server.url("/a")] * 2
        assert outlet.kept[0].transport.certificate and outlet.kept[0].transport.certificate != shown
        assert outlet.kept[0].transport.tls_version == "TLSv1.3"

    with ByteServer(answering(counted()), tls=authority.server()) as server:
        asyncio.run(run(server))


def test_a_plain_request_in_a_tunnel_is_http() -> None:
    async def run(server: ByteServer) -> None:
        async with visiting(WireOutlet([server.host]), page_of(PAGE)) as way:
            reader, writer = await opened(way.place)
            writer.write(b"CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\n" % server.host.encode())
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 403 ")
            writer.close()
        (kept,) = way.outlet.kept
        assert (kept.url, kept.outcome) == (f"ws://{server.host}/chat", CaptureOutcome.UNWANTED)
        assert kept.detail == "websocket is not captured"
        assert not server.requests

    with ByteServer(answering(counted())) as server:
        asyncio.run(run(server))


def test_the_page_itself_is_not_asked_for_twice() -> None:
    async def run(server: ByteServer) -> None:
        first = counted(b"<p>the first answer</p>", b"X-Odd: 1", b"x-odd: 2")
        async with visiting(WireOutlet([server.host]), page_of(server.url("/story"), first)) as way:
            assert await said(way.place, asking(server.url("/story"))) == first
            assert not server.requests
            assert await said(way.place, asking(server.url("/story"))) == counted(), "reloaded, it is asked for"
            assert await said(way.place, asking(server.url("/story"), method=b"POST")) == counted()
        assert len(server.requests) == len(way.outlet.kept) == 2

    with ByteServer(answering(counted())) as server:
        asyncio.run(run(server))


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "[::1]", "169.254.169.254", "10.0.0.1", "[::ffff:127.0.0.1]", "localhost", "0.0.0.0"]
)
def test_internal_addresses_are_refused_whoever_asks(address: str) -> None:
    async def run(server: ByteServer) -> None:
        async with visiting(WireOutlet(["127.0.0.1:1"]), page_of(PAGE)) as way:
            seen = await said(way.place, asking(f"http://{address}:{server.port}/secret"))
        assert seen.startswith(b"HTTP/1.1 403 ")
        assert [kept.outcome for kept in way.outlet.kept] == [CaptureOutcome.ADDRESS_REFUSED]

    with ByteServer(answering(counted())) as server:
        asyncio.run(run(server))
        assert not server.connections


def test_a_visit_ends_with_its_budget() -> None:
    bounds = VisitBounds(requests=3, bytes=3 * len(counted()))

    async def run(server: ByteServer) -> None:
        outlet = WireOutlet([server.host], denied={server.url("/ad"): "it tracks readers"})
        async with visiting(outlet, page_of(PAGE), VisitTerms(bounds=bounds)) as way:
            answers = [await said(way.place, asking(server.url(path))) for path in ("/ad", "/1", "/2", "/3", "/4")]
        assert [answer[9:12] for answer in answers] == [b"403", b"200", b"200", b"200", b"403"]
        assert len(server.requests) == 3
        assert [kept.detail for kept in outlet.kept if not kept.request] == [
            "it tracks readers",
            "more than 3 requests",
        ]
        assert dict(way.visit.cost.refused) == {"it tracks readers": 1, "more than 3 requests": 1}

    with ByteServer(answering(counted())) as server:
        asyncio.run(run(server))


def test_a_stream_without_end_is_kept_as_far_as_it_came() -> None:
    """The browser sees its events as they come; once the visit is over, what came is kept."""
    event = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: tick\n\n"

    async def run(server: ByteServer) -> None:
        async with visiting(WireOutlet([server.host]), page_of(PAGE)) as way:
            reader, writer = await opened(way.place)
            writer.write(asking(server.url("/events")))
            assert await reader.readexactly(len(event)) == event
        writer.close()
        (kept,) = way.outlet.kept
        assert (kept.outcome, kept.response) == (CaptureOutcome.CANCELLED, event)

    with ByteServer(answering(event)) as server:
        asyncio.run(run(server))


def test_what_comes_to_no_page_is_answered_by_nobody() -> None:
    async def run() -> None:
        async with visiting(WireOutlet([]), page_of(PAGE)) as way:
            assert await said(way.proxy.own_address, asking(PAGE)) == b""
            await way.proxy.close_page(way.place)
            assert await said(way.place, asking(PAGE)) == b"", "a visit that is over"
            assert way.proxy.strays == 2
        assert not way.outlet.kept

    asyncio.run(run())


def test_what_pages_share_is_asked_for_once() -> None:
    shared = counted(b"let shared", b"Content-Type: text/javascript")
    private = counted(b"let mine", b"Set-Cookie: me=1")
    answers = RecentAnswers(3600, lambda: 0.0)

    async def run(server: ByteServer) -> None:
        for number in range(2):
            async with visiting(WireOutlet([server.host]), page_of(f"{PAGE}{number}"), answers=answers) as way:
                for path, expected in (("/shared.js", shared), ("/private.js", private)):
                    request = asking(server.url(path), b"Sec-Fetch-Dest: script")
                    assert await said(way.place, request) == expected
                assert await said(way.place, asking(server.url("/shared.js"))) == shared, "not as a script"
            assert way.visit.cost.answered == number

    def script(connection: object, request: bytes) -> None:
        answering(private if b"/private" in request else shared)(connection, request)  # type: ignore[arg-type]

    with ByteServer(script) as server:
        asyncio.run(run(server))
        assert [request.split()[1] for request in server.requests].count(b"/shared.js") == 3


@pytest.mark.parametrize(
    ("headers", "asking_headers", "is_given"),
    [
        ((), (), True),
        ((b"Vary: Accept-Encoding",), (), True),
        ((b"Vary: User-Agent",), (), False),
        ((b"Vary: Cookie",), (), False),
        ((b"Set-Cookie: me=1",), (), False),
        ((b"Cache-Control: private, max-age=60",), (), False),
        ((), (b"Origin: http://paper.example",), False),
        ((b"Access-Control-Allow-Origin: *",), (b"Origin: http://paper.example",), True),
        ((b"Access-Control-Allow-Origin: http://paper.example", b"Vary: Origin"), (b"Origin: http://paper.example",), True),
        ((b"Access-Control-Allow-Origin: http://other.example", b"Vary: Origin"), (b"Origin: http://paper.example",), False),
        ((b"Access-Control-Allow-Origin: http://paper.example", b"Vary: Origin"), (), False),
        ((), (b"Cache-Control: no-cache",), False),
        ((), (b"Range: bytes=0-1",), False),
    ],
)  # fmt: skip
def test_an_earlier_run_s_answer_is_given_where_it_is_for_anybody(
    headers: tuple[bytes, ...], asking_headers: tuple[bytes, ...], is_given: bool
) -> None:
    earlier, today = counted(b"let earlier", *headers), counted(b"let today")

    async def run(server: ByteServer) -> None:
        url = server.url("/a.js")
        outlet = WireOutlet([server.host], held={url: page_of(url, earlier)})
        async with visiting(outlet, page_of(PAGE)) as way:
            for _ in range(2):
                request = asking(url, b"Sec-Fetch-Dest: script", *asking_headers)
                assert await said(way.place, request) == (earlier if is_given else today)
        assert bool(server.requests) != is_given

    with ByteServer(answering(today)) as server:
        asyncio.run(run(server))


def test_an_earlier_run_s_answer_ages() -> None:
    """What is nearly too old when it is taken from the archive is too old soon."""
    clock = [0.0]
    answers = RecentAnswers(3600, lambda: clock[0])
    asked = AskedFor("GET", "http://paper.example/a.js", ((b"Sec-Fetch-Dest", b"script"),))
    answers.note(asked, page_of(asked.url, counted(b"let earlier")), age=3500)
    assert answers.answer(asked) is not None
    clock[0] = 101
    assert answers.answer(asked) is None


FRAGMENTS = [
    b"GET ", b"http://a/", b"/", b" HTTP/1.1", b"\r\n", b"\n", b"Content-Length: ", b"9", b"-1", b"\x00",
    b"Transfer-Encoding: chunked", b"ffffffff", b"CONNECT ", b"a:443", b": ", b"\xff", b"0\r\n\r\n",
]  # fmt: skip
TOKEN = st.text("abcXYZ-_09", min_size=1).map(str.encode)
VALUE = st.binary(max_size=20).filter(lambda value: not set(value) & {*range(0x20), 0x7F} and value == value.strip())


async def _read(data: bytes, base: str) -> object:
    reader = asyncio.StreamReader(limit=1 << 12)
    reader.feed_data(data)
    reader.feed_eof()
    return await read_request(reader, base)


@given(TOKEN, st.lists(st.tuples(TOKEN.map(b"X-".__add__), VALUE)), st.binary(max_size=50))
@settings(max_examples=60)
def test_well_formed_requests_are_read_as_they_are(
    method: bytes, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    lines = [b"%s /p?q=1 HTTP/1.1" % method, *(name + b": " + value for name, value in headers)]
    head = b"\r\n".join([*lines, b"Content-Length: %d" % len(body)])
    asked = asyncio.run(_read(head + b"\r\n\r\n" + body, "https://paper.example"))
    assert (asked.method.encode(), asked.url, asked.body) == (method, "https://paper.example/p?q=1", body)  # type: ignore[attr-defined]
    assert list(asked.headers) == [*headers, (b"Content-Length", b"%d" % len(body))]  # type: ignore[attr-defined]


@given(st.binary(max_size=200) | st.lists(st.sampled_from(FRAGMENTS)).map(b"".join))
@settings(max_examples=150)
def test_no_bytes_break_the_reading_of_requests(data: bytes) -> None:
    for base in ("", "https://paper.example"):
        try:
            asked = asyncio.run(_read(data, base))
        except BadRequest:
            continue
        assert asked is None or asked.url.startswith(base or "http://")  # type: ignore[attr-defined]
    try:
        tunnel = parse_tunnel(data)
    except BadRequest:
        return
    assert tunnel is None or (0 < tunnel.port < 65536 and tunnel.name)
