"""Our response reader beside h11 and httptools: what each accepts, whether it knows the end, what it costs.

    python -m benchmarks.parsers [--report FILE]

Run it where h11 and httptools are installed (``make parsers``). The responses are those of the exchange tests.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from archive.errors import ArchiveError
from crawler.wire.reader import ResponseReader

Verdict = str
"""``exact``: accepted, and its end known to the byte; ``accepted``: the end is not told; else why not."""

ROUNDS = 15
READ_SIZE = 65536


def ours(data: bytes, length: int, method: str) -> Verdict:
    """Our reader."""
    reader = ResponseReader(method, 0)
    try:
        reader.feed(data)
        reader.end()
    except ArchiveError as error:
        return f"refused: {error}"
    used = sum(map(len, reader.interim)) + len(reader.buffer)
    return "exact" if reader.complete and used == length else "not complete"


def with_h11(data: bytes, length: int, method: str) -> Verdict:
    """h11: the end is what it has not consumed."""
    h11 = import_module("h11")
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=300_000)
    length_header = [("Content-Length", "3")] if method == "POST" else []
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "x"), *length_header]))
    if method == "POST":
        connection.send(h11.Data(data=b"abc"))
    connection.send(h11.EndOfMessage())
    try:
        connection.receive_data(data)
        ended = False
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if ended:
                    return "not complete"
                connection.receive_data(b"")
                ended = True
            elif isinstance(event, h11.EndOfMessage):
                break
            elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
                return "not complete"
    except h11.RemoteProtocolError as error:
        return f"refused: {error}"
    return "exact" if len(data) - len(connection.trailing_data[0]) == length else "the end is elsewhere"


class _Events:
    def __init__(self) -> None:
        self.complete = 0
        self.status = 0
        self.parser: Any = None

    def on_headers_complete(self) -> None:
        self.status = self.parser.get_status_code()

    def on_message_complete(self) -> None:
        self.complete += 1


def with_httptools(data: bytes, length: int, method: str) -> Verdict:
    """Httptools with every leniency. It does not say how much of its input belonged to a message."""
    del length
    httptools = import_module("httptools")
    events = _Events()
    events.parser = parser = httptools.HttpResponseParser(events)
    names = ("headers", "chunked_length", "keep_alive", "transfer_encoding", "version", "data_after_close")
    line_ends = (
        "optional_lf_after_cr",
        "optional_cr_before_lf",
        "optional_crlf_after_chunk",
        "spaces_after_chunk_size",
    )
    parser.set_dangerous_leniencies(**{f"lenient_{name}": True for name in (*names, *line_ends)})
    try:
        parser.feed_data(data)
    except Exception as error:  # noqa: BLE001 - whatever it raises is its verdict
        return f"refused: {type(error).__name__} {error}"[:120]
    if events.complete:
        return "accepted"
    return "not complete (HEAD cannot be told)" if method == "HEAD" else "not complete"


PARSERS: dict[str, Callable[[bytes, int, str], Verdict]] = {
    "ours": ours,
    "h11": with_h11,
    "httptools": with_httptools,
}


def acceptance() -> list[tuple[str, dict[str, Verdict]]]:
    """The verdicts on every response that a browser shows."""
    cases = import_module("tests.support.exchanges").CASES
    rows = []
    for name, case in cases.items():
        if case.truncated:
            continue
        data = case.interim + case.sent + case.excess
        length = len(case.interim + case.sent)
        method = case.options.get("method", "GET")
        rows.append((name, {parser: read(data, length, method) for parser, read in PARSERS.items()}))
    return rows


def _page() -> bytes:
    tests = import_module("tests.support.exchanges")
    page: bytes = tests.chunked(*([b"x" * 4000] * 25))
    return page


def cost(read: Callable[[bytes, int, str], Verdict], page: bytes) -> float:
    """Microseconds of processor time for one page of 100 kB in 25 chunks, the median of several rounds."""
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(100):
            read(page, len(page), "GET")
        times.append((time.process_time() - started) * 1e4)
    return statistics.median(times)


def main() -> None:
    """Run the comparison."""
    options = argparse.ArgumentParser()
    options.add_argument("--report", type=Path)
    report = options.parse_args().report
    rows = acceptance()
    counts = {name: sum(1 for _, verdicts in rows if verdicts[name] in ("exact", "accepted")) for name in PARSERS}
    exact = {name: sum(1 for _, verdicts in rows if verdicts[name] == "exact") for name in PARSERS}
    page = _page()
    costs = {name: cost(read, page) for name, read in PARSERS.items()}
    lines = [
        "# HTTP response parsers beside each other",
        "",
        f"`make parsers`: {len(rows)} whole responses of the exchange tests, all of which browsers show, given to",
        "each parser at once; and a chunked page of 100 kB, of which nothing is kept but by the parser itself.",
        "",
        "| | " + " | ".join(PARSERS) + " |",
        "|---|" + "---|" * len(PARSERS),
        "| accepted | " + " | ".join(str(counts[name]) for name in PARSERS) + " |",
        "| end known to the byte | " + " | ".join(str(exact[name]) for name in PARSERS) + " |",
        "| µs a page (median) | " + " | ".join(f"{costs[name]:.0f}" for name in PARSERS) + " |",
        "",
        "Not accepted, or the end elsewhere:",
        "",
    ]
    for name, verdicts in rows:
        for parser, verdict in verdicts.items():
            if verdict not in ("exact", "accepted"):
                lines.append(f"- {parser}, {name}: {verdict}")
    text = "\n".join([*lines, ""])
    sys.stdout.write(text)
    if report:
        report.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
