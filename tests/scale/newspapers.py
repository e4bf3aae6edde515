"""Many small newspapers, each on a loopback address of its own, which note when they are asked for what.

Run as a program: ``python -m tests.scale.newspapers PAPERS ARTICLES PORT LOG``. A line of the log is JSON:
begin and end (seconds, monotonic clock), host, path.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from email.utils import formatdate
from pathlib import Path

_SUBJECTS = ("bridge", "harbour", "school", "market", "theatre", "railway", "hospital", "library", "orchard", "tower")
_SLOWEST = 0.03


def host_of(number: int) -> str:
    """The loopback address of a newspaper."""
    return f"127.0.{10 + number // 200}.{1 + number % 200}"


def article_path(number: int) -> str:
    """The address of an article, without its host."""
    subject = _SUBJECTS[number % len(_SUBJECTS)]
    return f"/news/2026/{number}-the-{subject}-of-the-town-opens-again"


def _article(host: str, number: int) -> str:
    chance = random.Random(f"{host} {number}")
    title = f"The {_SUBJECTS[number % len(_SUBJECTS)]} of {host} opens again, for the {number}th time"
    paragraphs = "".join(
        f"<p>On day {chance.randint(1, 9999)} the council of the town said in its hall that {chance.randint(2, 99)} people "
        f"had written to ask for {chance.choice(_SUBJECTS)} number {chance.randint(100, 999)}, and that the work, which will "
        f"cost {chance.randint(1000, 99999)} crowns, begins when the rain of this autumn has gone over the hills.</p>"
        for _ in range(6)
    )
    return (
        f"<html lang=en><head><title>{title}</title><meta property='article:published_time' "
        f"content='2026-11-0{1 + number % 9}T08:00:00Z'></head><body><article><h1>{title}</h1>{paragraphs}"
        f"</article></body></html>"
    )


class Newspapers:
    """The server."""

    def __init__(self, papers: int, articles: int, port: int, log: Path) -> None:
        self._hosts = [host_of(number) for number in range(papers)]
        self._articles = articles
        self._port = port
        self._log = log.open("a", buffering=1)
        self._chance = random.Random(7)

    async def run(self) -> None:
        """Serve until the process ends."""
        servers = [await asyncio.start_server(self._serve, host, self._port) for host in self._hosts]
        self._log.write(json.dumps(["ready"]) + "\n")
        await asyncio.gather(*(server.serve_forever() for server in servers))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = writer.get_extra_info("sockname")[0]
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                begun = time.monotonic()
                path = head.split(" ", 2)[1]
                await asyncio.sleep(self._chance.uniform(0, _SLOWEST))
                status, kind, body = self._answer(host, path)
                data = body.encode()
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n".encode()
                    + data
                )
                await writer.drain()
                self._log.write(json.dumps([begun, time.monotonic(), host, path]) + "\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def _answer(self, host: str, path: str) -> tuple[str, str, str]:
        base = f"http://{host}:{self._port}"
        if path == "/":
            link = "<link rel=alternate type=application/rss+xml href=/feed.xml>"
            return "200 OK", "text/html", f"<html><head><title>{host}</title>{link}</head><body></body></html>"
        if path == "/feed.xml":
            items = "".join(
                f"<item><title>Number {number}</title><link>{base}{article_path(number)}</link>"
                f"<pubDate>{formatdate()}</pubDate></item>"
                for number in range(self._articles)
            )
            return "200 OK", "application/rss+xml", f"<rss version='2.0'><channel>{items}</channel></rss>"
        if path.startswith("/news/"):
            return "200 OK", "text/html", _article(host, int(path.rsplit("/", 1)[1].split("-")[0]))
        return "404 Not Found", "text/plain", "nothing here"


if __name__ == "__main__":
    asyncio.run(Newspapers(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])).run())
