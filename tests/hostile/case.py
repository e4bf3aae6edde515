"""What a case is: one host with what it answers, and what has to come of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from archive.exchange import CaptureOutcome
from archive.outcomes import PageOutcome
from crawler.demo.stories import load_stories

Behaviour = Callable[[asyncio.StreamWriter, "Asked"], Awaitable[None]]
"""Answers a request as it likes; the connection is closed behind it."""

Answer = bytes | Behaviour
"""All bytes of a response, or what makes them. ``{host}``, ``{hidden}`` and ``{hidden_port}`` are filled in."""

FEED = "/feed.xml"
GOOD = "/2026/01/05/the-good-story"
CASE = "/2026/01/05/the-story-in-question"
UNIQUE = "{the host of this page, whichever}"
"""Is filled in with as many bytes, so that no two hosts serve the same ones."""
NOTHING_SENT = "-"
"""In the place of a capture outcome: no attempt may be made at all."""


@dataclass(frozen=True)
class Asked:
    """A request, as the server saw it."""

    path: str
    host: str
    """Address and port that were asked."""
    hidden: str
    """Address and port of the internal service."""
    head: bytes
    ended: Callable[[], bool]
    """Whether the other side has gone."""


@dataclass(frozen=True)
class Case:
    """One host."""

    name: str
    pages: Mapping[str, Answer] = field(default_factory=dict)
    """By path; what is not here is not found, but for the feed and the good story."""
    announced: tuple[str, ...] = (CASE,)
    """Paths or addresses that its feed lists, beside the good story."""
    captures: Mapping[str, tuple[CaptureOutcome | str, ...]] = field(default_factory=dict)
    """By path or address: how the last attempt may have ended."""
    outcome: PageOutcome | None = None
    """Page outcome of the story in question."""
    failure: str = ""
    """Why the story in question waits (`newswarc failures`); empty: it is not looked at."""
    good: bool = True
    """Whether the good story has to become a record."""
    requests: int = 8
    """Requests at most that the host may get."""
    seconds: float = 20.0
    """Seconds at most that its requests may take together."""
    sources: tuple[tuple[str, str], ...] = (("feed", FEED),)
    """Kind and path of the sources; without any the front page leads on."""


def story_case(
    name: str,
    answer: Answer,
    capture: CaptureOutcome | tuple[CaptureOutcome, ...],
    outcome: PageOutcome,
    *,
    requests: int = 8,
    seconds: float = 20.0,
    good: bool = True,
) -> Case:
    """A host whose story is answered so."""
    captures = capture if isinstance(capture, tuple) else (capture,)
    return Case(
        name,
        {CASE: answer},
        captures={CASE: captures},
        outcome=outcome,
        requests=requests,
        seconds=seconds,
        good=good,
    )


def source_case(
    name: str, answer: Answer, capture: CaptureOutcome = CaptureOutcome.OK, *, path: str = FEED, kind: str = "feed"
) -> Case:
    """A host one of whose sources is answered so; another one lists its good story."""
    sources = (("feed", "/other.xml"), (kind, path))
    pages = {path: answer, "/other.xml": feed("http://{host}" + GOOD)}
    return Case(name, pages, (), {path: (capture,)}, sources=sources)


def response(
    body: bytes = b"",
    *headers: str,
    status: str = "200 OK",
    kind: str = "text/html; charset=utf-8",
    counted: bool = True,
) -> bytes:
    """A well-formed response around a body."""
    length = [f"Content-Length: {len(body)}"] if counted else []
    typed = [f"Content-Type: {kind}"] if kind else []
    lines = [f"HTTP/1.1 {status}", *typed, *length, *headers, "Connection: close"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@cache
def page(title: str = "", extra: str = "", head: str = "") -> bytes:
    """A well-behaved article, with something more in its body or head."""
    story = next(story for story in load_stories() if story.language == "en")
    paragraphs = f"<!-- {UNIQUE} -->" + "".join(f"<p>{text}</p>" for text in story.body)
    headline = title or story.headline
    published = f'<time datetime="{story.published}">{story.published}</time>'
    start = f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{headline}</title>{head}</head>"
    body = f"<body><article><h1>{headline}</h1>{published}{paragraphs}{extra}</article></body></html>"
    return (start + body).encode()


@cache
def feed_text(*addresses: str, before: str = "", title: str = "A story", extra: str = "") -> bytes:
    """A feed's document."""
    items = "".join(
        f"<item><title>{title}</title><link>{address}</link><pubDate>Mon, 05 Jan 2026 10:00:00 GMT</pubDate></item>"
        for address in addresses
    )
    document = f'<rss version="2.0"><channel><title>News</title>{extra}{items}</channel></rss>'
    return (f'<?xml version="1.0" encoding="utf-8"?>{before}' + document).encode()


def feed(*addresses: str, before: str = "", title: str = "A story", extra: str = "") -> bytes:
    """A feed's response. Its length is not told, since addresses are filled in."""
    text = feed_text(*addresses, before=before, title=title, extra=extra)
    return response(text, kind="application/rss+xml", counted=False)


def endless(start: bytes, part: bytes, *, pause: float = 0.0, most: int = 200 << 20) -> Behaviour:
    """Sends `part` over and over, as long as somebody listens."""

    async def behave(writer: asyncio.StreamWriter, asked: Asked) -> None:
        writer.write(start)
        sent = 0
        while sent < most and not asked.ended():
            writer.write(part)
            sent += len(part)
            await writer.drain()
            await asyncio.sleep(pause)

    return behave


def silent(start: bytes = b"") -> Behaviour:
    """Sends a beginning and then nothing, for as long as somebody waits."""

    async def behave(writer: asyncio.StreamWriter, asked: Asked) -> None:
        writer.write(start)
        await writer.drain()
        while not asked.ended():
            await asyncio.sleep(0.1)

    return behave
