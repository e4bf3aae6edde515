"""Statistics of ten made crawls: what is announced is what is recorded and each reason, counted one by one.

Each crawl is drawn by chance: sites, days, feeds that list articles once or again, what became of each article, and
what was removed, withheld or imported later. What must be counted follows from what was drawn, not from the archive.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archive.captures import SegmentReading
from archive.clock_and_ids import FixedClockAndIds
from archive.derived import DerivedFiles
from archive.exchange import CaptureOutcome, Discovery, Exchange, Role
from archive.layout import SegmentName
from archive.publishing import publish_records, publish_segment
from archive.segment import SegmentWriter
from archive.storage.local import LocalStorage
from pipelines.derivation import derive
from pipelines.generation import EXTRACTOR_GENERATION
from tests.datasets.making import body, record, store
from tests.support.processes import newswarc

BEGIN = datetime(2026, 3, 1, 9, tzinfo=UTC)
CRAWLS = 10
FATES = {
    "record": "", "copy": "", "imported": "", "moved": "", "again": "",
    "short": "too_short", "gone": "http_error", "denied": "robots_denied", "dead": "connection_failed",
    "never": "not_fetched", "withheld": "withheld", "removed": "removed", "removed target": "removed",
}  # fmt: skip
"""What becomes of an article, and the reason that is told of it; empty: it is recorded."""


@dataclass(frozen=True)
class Planned:
    """An article that a feed announces."""

    host: str
    number: int
    day: int
    fate: str

    @property
    def url(self) -> str:
        return f"https://{self.host}/2026/{self.number}"

    @property
    def target(self) -> str:
        return f"https://{self.host}/2026/moved/{self.number}"

    @property
    def date(self) -> datetime:
        return BEGIN + timedelta(days=self.day)


def page(number: int) -> bytes:
    text = "".join(f"<p>{body(number * 10 + part, 60)}.</p>" for part in range(3))
    html = f"<html lang=en><head><title>Of {number}</title></head><body><article><h1>Of {number}</h1>{text}</article>"
    return answer(html.encode())


def answer(content: bytes, status: str = "200 OK", kind: str = "text/html; charset=utf-8", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{more}Content-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


def feed(articles: list[Planned]) -> bytes:
    items = "".join(
        f"<item><title>{one.number}</title><link>{one.url}?utm_source=feed</link>"
        f"<pubDate>{one.date:%Y-%m-%dT%H:%M:%SZ}</pubDate></item>"
        for one in articles
    )
    channel = f'<rss version="2.0"><channel><title>Paper</title>{items}</channel></rss>'
    return answer(channel.encode(), kind="application/rss+xml")


@dataclass
class Crawl:
    """An archive in the making."""

    storage: LocalStorage
    scratch: Path
    segments: int = 0
    waiting: list[tuple[str, Role, str, bytes, CaptureOutcome]] = field(default_factory=list)

    def capture(
        self,
        host: str,
        url: str,
        response: bytes,
        role: Role = Role.ARTICLE,
        outcome: CaptureOutcome = CaptureOutcome.OK,
    ) -> None:
        self.waiting.append((host, role, url, response, outcome))

    def article(self, one: Planned, chance: random.Random) -> None:
        match one.fate:
            case "never" | "imported":
                return
            case "short":
                self.capture(one.host, one.url, answer(b"<html><body><h1>Short</h1><p>Two words.</p></body></html>"))
            case "gone":
                self.capture(one.host, one.url, answer(b"no", "404 Not Found"))
            case "denied":
                self.capture(one.host, one.url, b"", outcome=CaptureOutcome.ROBOTS_DENIED)
            case "dead":
                self.capture(one.host, one.url, b"", outcome=CaptureOutcome.CONNECTION_FAILED)
            case "moved" | "removed target":
                moved = answer(b"", "301 Moved Permanently", more=f"Location: {one.target}\r\n")
                self.capture(one.host, one.url, moved)
                self.capture(one.host, one.target, page(one.number))
            case "copy":
                self.capture(one.host, one.url, page(chance.randrange(3)))
            case "again":
                self.capture(one.host, one.url, answer(b"busy", "503 Service Unavailable"))
                self.capture(one.host, one.url, page(one.number))
            case _:
                self.capture(one.host, one.url, page(one.number))

    def close(self) -> None:
        """Store all that is waiting as a segment, with its records."""
        clock = FixedClockAndIds(start=BEGIN + timedelta(days=self.segments), seed=str(self.segments))
        name = SegmentName.new("made", self.segments, clock)
        spool = self.scratch / str(self.segments)
        writer = SegmentWriter(spool, name, clock_and_ids=clock, software="test")
        for host, role, url, response, outcome in self.waiting:
            moment = clock.now()
            via = "feed" if role is Role.ARTICLE else "seed"
            writer.append(
                Exchange(
                    url=url,
                    method="GET",
                    request=b"GET / HTTP/1.1\r\n\r\n" if response else b"",
                    response=response,
                    started=moment,
                    finished=moment,
                    outcome=outcome,
                    status=int(response[9:12]) if response else 0,
                    discovery=Discovery(role=role, site=host, via=via),
                )
            )
        closed = writer.close()
        publish_segment(self.storage, closed)
        derived = DerivedFiles(spool, name, EXTRACTOR_GENERATION)
        with closed.warc.open("rb") as stream:
            for capture in SegmentReading(stream).captures():
                if capture.is_page:
                    derived.add(derive(capture, b"", name.warc_key))
        publish_records(self.storage, name, derived.complete())
        self.segments += 1
        self.waiting = []


def crawl(place: Path, seed: int) -> list[Planned]:
    """Draw a crawl, make its archive, and change it afterwards; what was announced."""
    chance = random.Random(seed)
    storage = LocalStorage(place / "newswarc-data")
    made = Crawl(storage, place / "scratch")
    hosts = [f"paper{number}.example.com" for number in range(chance.randint(1, 3))]
    fates = [*FATES, *chance.choices(list(FATES), k=chance.randint(0, 14))]
    chance.shuffle(fates)
    planned = [
        Planned(chance.choice(hosts), number, chance.randrange(4), fate) for number, fate in enumerate(fates, 10)
    ]
    rounds = chance.randint(1, 3)
    for turn in range(rounds):
        for host in hosts:
            due = [one for one in planned if one.host == host and one.number % rounds == turn]
            old = [
                one for one in planned if one.host == host and one.number % rounds < turn and chance.random() < 0.5
            ]
            made.capture(host, f"https://{host}/feed.xml", feed([*old, *due]), Role.FEED)
            for one in due:
                made.article(one, chance)
        made.close()
    imported = [one.url for one in planned if one.fate == "imported"]
    records = [record(900 + n, url=url) for n, url in enumerate([*imported, "https://elsewhere.example.org/1"])]
    store(storage, [records], place / "scratch")
    for one in planned:
        if one.fate == "withheld":
            done = newswarc("access", "block", one.url, "--reason", "a court says so", cwd=place)
            assert done.code == 0, done.err
        if one.fate.startswith("removed"):
            url = one.target if one.fate == "removed target" else one.url
            done = newswarc("redact", url, "--reason", "asked for", "--yes", cwd=place)
            assert done.code == 0, done.err
    return planned


def told(planned: list[Planned]) -> dict[str, Any]:
    """What must be told of these articles."""
    reasons = Counter(FATES[one.fate] for one in planned)
    recorded = reasons.pop("", 0)
    return {"announced": len(planned), "recorded": recorded, "missing": dict(reasons)}


def of(share: dict[str, Any]) -> dict[str, Any]:
    return {name: share[name] for name in ("announced", "recorded", "missing")}


@pytest.mark.parametrize("seed", range(CRAWLS))
def test_announced_is_recorded_and_each_reason(tmp_path: Path, seed: int) -> None:
    planned = crawl(tmp_path, seed)
    done = newswarc("dataset", "stats", "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    found = done.json()
    assert of(found["total"]) == told(planned)
    sites = {site: of(share) for site, share in found["sites"].items() if share["announced"]}
    assert sites == {host: told([p for p in planned if p.host == host]) for host in {p.host for p in planned}}
    days = {day: of(share) for day, share in found["days"].items()}
    assert days == {f"{one.date:%Y-%m-%d}": told([p for p in planned if p.day == one.day]) for one in planned}
    for share in (found["total"], *found["sites"].values(), *found["days"].values()):
        assert share["announced"] == share["recorded"] + sum(share["missing"].values())
    assert found["total"]["unannounced"] == 1, "what was imported and never announced"


def test_without_its_log_an_archive_does_not_say_what_was_removed(tmp_path: Path) -> None:
    planned = crawl(tmp_path, 3)
    for entry in (tmp_path / "newswarc-data" / "redactions").rglob("*.json"):
        entry.unlink()
    missing = newswarc("dataset", "stats", "--json", cwd=tmp_path).json()["total"]["missing"]
    expected = Counter(FATES[one.fate] for one in planned)
    assert "removed" not in missing
    assert missing.get("removed_or_not_fetched", 0) + missing.get("not_fetched", 0) >= expected["not_fetched"]
    assert sum(missing.values()) == sum(expected.values()) - expected[""]
