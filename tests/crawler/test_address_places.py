"""Hosts that share an address take turns there, if the operator wants it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from crawler.frontier.presence import Alone
from crawler.wire.address_limits import AddressLimits
from crawler.wire.resolver import Resolver
from tests.support.processes import newswarc


async def _most_at_once(places: AddressLimits, hosts: list[str], expected: int) -> int:
    """How many exchanges ran at once; each lasts until as many run as may, and a little longer."""
    running, most, reached = 0, 0, asyncio.Event()

    async def exchange(host: str) -> None:
        nonlocal running, most
        async with places.place(host, 80, 0.0):
            running += 1
            most = max(most, running)
            if most >= expected:
                reached.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reached.wait(), 20)
            await asyncio.sleep(0.02)
            running -= 1

    await asyncio.gather(*(exchange(host) for host in hosts))
    return most


@pytest.mark.parametrize(
    ("most", "hosts", "expected"),
    [
        (1, ["127.0.0.1", "localhost"] * 3, 1),
        (2, ["127.0.0.1", "localhost"] * 3, 2),
        (0, ["127.0.0.1", "localhost"] * 3, 6),
        (1, ["127.0.0.1", "127.0.0.2", "127.0.0.3"], 3),
        (1, ["a host without an address", "127.0.0.1"], 2),
    ],
)
def test_places(most: int, hosts: list[str], expected: int, tmp_path: Path) -> None:
    places = AddressLimits(most, Resolver(), Alone(tmp_path))
    assert asyncio.run(_most_at_once(places, hosts, expected)) == expected


@pytest.mark.parametrize(("limit", "expected"), [("1", 1), ("0", 2)])
def test_seen_from_the_server(limit: str, expected: int, tmp_path: Path) -> None:
    running, counts, lock = set[int](), list[int](), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            mark = id(self)
            with lock:
                running.add(mark)
                counts.append(len(running))
            time.sleep(0.15)
            with lock:
                running.discard(mark)
            body = b"<html><title>x</title><p>words</p>"
            self.send_response(200 if self.path != "/robots.txt" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    port = server.server_address[1]
    pages = [f"http://{host}:{port}/{number}" for number in range(4) for host in ("127.0.0.1", "localhost")]
    (tmp_path / "pages.txt").write_text("\n".join(pages))
    done = newswarc(
        "crawl", "--urls", "pages.txt", "--json", cwd=tmp_path,
        NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org", NEWSWARC_CONCURRENCY_PER_ADDRESS=limit,
        NEWSWARC_ALLOW_HOSTS=f"127.0.0.1:{port},localhost:{port}",
    )  # fmt: skip
    server.shutdown()
    server.server_close()
    assert done.json()["outcomes"]["ok"] == 8, done.err
    assert max(counts) == expected
