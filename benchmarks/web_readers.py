"""Twenty readers of ``newswarc serve``, each with a page every two seconds: ``make readers``.

The archive has 10,000 made articles. Times are those of a client on the same machine, so that other work counts; the
server's own processor time for a page is told beside them.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.support.web_server import serving
from tests.datasets.making import WORDS, record
from tests.search.making import archive, index

ARTICLES = 10_000
READERS = 20
PAUSE = 2.0
SECONDS = 60.0
_PORT = 8767
_A_SEGMENT = 1_000


@dataclass
class Seen:
    """What readers saw."""

    times: dict[str, list[float]] = field(default_factory=dict)
    """Seconds by kind of page."""
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def make(place: Path) -> None:
    """Two years of articles."""
    chosen = random.Random(1)

    def one(number: int) -> dict[str, Any]:
        words = [
            f"{chosen.choice(WORDS)}{chosen.randrange(200) if chosen.random() < 0.5 else ''}" for _ in range(250)
        ]
        published = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=17_520 * number / ARTICLES)
        section = chosen.choice(["Harbour", "Town", "Culture", "Weather"])
        return record(
            number, articleBody=" ".join(words), datePublished=published.isoformat(), articleSection=section
        )

    records = [one(number) for number in range(ARTICLES)]
    index(archive(place, *(records[start : start + _A_SEGMENT] for start in range(0, ARTICLES, _A_SEGMENT))))


def read(seen: Seen, number: int, ids: list[str], ends: float) -> None:
    """One reader."""
    chosen = random.Random(number)
    time.sleep(chosen.random() * PAUSE)
    while (begun := time.monotonic()) < ends:
        kind, path = _page(chosen, ids)
        status, _ = get(path, {"Accept-Encoding": "gzip"})
        taken = time.monotonic() - begun
        with seen.lock:
            seen.times.setdefault(kind, []).append(taken)
            seen.refused += status != http.HTTPStatus.OK
        time.sleep(max(0.0, PAUSE - taken))


def _page(chosen: random.Random, ids: list[str]) -> tuple[str, str]:
    word, share = chosen.choice(WORDS), chosen.random()
    if share < 0.4:
        return "search", f"/?q={word}+{chosen.choice(WORDS)}{chosen.randrange(200)}"
    if share < 0.6:
        return "search", f"/?q={word}&lang=en&since=2024-06&until=2024-12"
    if share < 0.9:
        return "article", f"/article/{chosen.choice(ids)}"
    return "API", f"/api/v1/search?q={word}"


def get(path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    """An answer."""
    connection = http.client.HTTPConnection("127.0.0.1", _PORT, timeout=30)
    try:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def processor_time(process: int) -> float:
    """Seconds that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def measure() -> str:
    """Make, serve, read; a report in Markdown."""
    seen = Seen()
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        make(place)
        with serving(place, _PORT) as process:
            ids = [hit["id"] for hit in json.loads(get("/api/v1/search?limit=100")[1])["hits"]]
            before = processor_time(process)
            ends = time.monotonic() + SECONDS
            readers = [threading.Thread(target=read, args=(seen, number, ids, ends)) for number in range(READERS)]
            for reader in readers:
                reader.start()
            for reader in readers:
                reader.join()
            used = processor_time(process) - before
    pages = [taken for times in seen.times.values() for taken in times]
    lines = [
        "# Web pages",
        "",
        f"`make readers`: {READERS} readers, each with a page every {PAUSE:.0f} seconds, for {SECONDS:.0f} seconds,",
        f"over {ARTICLES:,} made articles, on {os.cpu_count()} processors that other work shared (load",
        f"{os.getloadavg()[1]:.1f}).",
        "Milliseconds, for a client on the same machine. Wanted is that 95 % of the pages take no more than 60.",
        "",
        "| page | pages | median | 95 % | slowest |",
        "|---|---:|---:|---:|---:|",
    ]
    for kind, times in [*sorted(seen.times.items()), ("all", pages)]:
        ordered = sorted(times)
        middle, most = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
        lines.append(f"| {kind} | {len(times)} | {middle * 1e3:.0f} | {most * 1e3:.0f} | {ordered[-1] * 1e3:.0f} |")
    lines += [
        "",
        f"{seen.refused} were refused. The server used {used / len(pages) * 1e3:.0f} ms of processor time a page.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    report = measure()
    print(report)
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(report, encoding="utf-8")
