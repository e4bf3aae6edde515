"""Downloads of a million articles from ``newswarc serve``, each broken off and resumed: ``make downloads``.

Memory is the server's anonymous memory, at its most: what it has beside pages of files, which the system takes back
as it likes. Each form is downloaded while it is made, broken off after a part, resumed with its entity tag, and
compared with a download of the whole.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from archive.storage.local import LocalStorage
from benchmarks.search import make
from benchmarks.support.web_server import serving
from tests.search.making import index

FORMS = ("jsonl", "csv", "parquet")
MOST = 150
"""MB of memory that the server may have."""
_PORT = 8768
_PART = 1 << 20
_PATIENCE = 600
"""Times that a range of a file that is not complete yet is asked for."""


@dataclass
class Seen:
    """What a client saw of one form."""

    form: str
    size: int = 0
    first_byte: float = 0.0
    """Seconds."""
    whole: float = 0.0
    """Seconds to the last byte, with the break and the wait until the file was complete."""
    is_same: bool = False
    """Whether what came in two parts is what comes in one."""
    rows: int = 0


@dataclass
class Memory:
    """The most that a process had."""

    process: int
    most: float = 0.0
    ended: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Look until it is ended."""
        while not self.ended.wait(0.05):
            self.most = max(self.most, anonymous(self.process))


def anonymous(process: int) -> float:
    """Anonymous memory of a process in MB."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1000
    return 0.0


@contextmanager
def answered(path: str, **headers: str) -> Iterator[http.client.HTTPResponse]:
    """An answer, to be read."""
    connection = http.client.HTTPConnection("127.0.0.1", _PORT, timeout=900)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        yield connection.getresponse()
    finally:
        connection.close()


def downloaded(form: str, rows: int) -> Seen:
    """Download a form twice: broken off and resumed, and as a whole."""
    seen, digest, path = Seen(form), hashlib.sha256(), f"/download?format={form}"
    begun = time.monotonic()
    with answered(path) as answer:
        tag = answer.headers["ETag"]
        part = answer.read1(_PART)
        seen.first_byte = time.monotonic() - begun
        wanted = _third(form, rows)
        while part and seen.size < wanted:
            digest.update(part)
            seen.size += len(part)
            part = answer.read1(_PART)
    for _ in range(_PATIENCE):
        with answered(path, Range=f"bytes={seen.size}-", If_Range=tag) as answer:
            if answer.status == http.HTTPStatus.SERVICE_UNAVAILABLE:
                answer.read()
                time.sleep(1)
                continue
            assert answer.status == http.HTTPStatus.PARTIAL_CONTENT, answer.status
            while part := answer.read(_PART):
                digest.update(part)
                seen.size += len(part)
            break
    seen.whole = time.monotonic() - begun
    whole, lines = hashlib.sha256(), 0
    with answered(path) as answer:
        while part := answer.read(_PART):
            whole.update(part)
            lines += part.count(b"\n")
    seen.is_same = whole.digest() == digest.digest()
    seen.rows = lines if form == "jsonl" else 0
    return seen


def _third(form: str, rows: int) -> int:
    """Bytes after which a download is broken off."""
    return rows * (300 if form == "parquet" else 1_000)


def measure(rows: int) -> str:
    """Make, serve, download; a report in Markdown."""
    lines = []
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        (place / "scratch").mkdir()
        storage = LocalStorage(place / "archive")
        make(storage, rows, place / "scratch")
        index(storage)
        for form in FORMS:  # each with a server of its own, whose memory is that of this form
            with serving(place, _PORT) as process:
                memory = Memory(process)
                watching = threading.Thread(target=memory.watch)
                watching.start()
                idle = anonymous(process)
                try:
                    seen = downloaded(form, rows)
                finally:
                    memory.ended.set()
                    watching.join()
            lines.append(
                f"| {form} | {seen.size / 1e6:,.0f} | {seen.first_byte * 1e3:,.0f} ms | {seen.whole:,.0f} s | "
                f"{'yes' if seen.is_same else 'NO'} | {idle:,.0f} | {memory.most:,.0f} |"
            )
            assert seen.form != "jsonl" or seen.rows == rows, f"{seen.rows} of {rows} rows"
    head = [
        "# Downloads",
        "",
        f"`make downloads`: all of {rows:,} made articles in each form, broken off after a part and resumed with a",
        f"range request, on {os.cpu_count()} processors that other work shared. Memory is the server's anonymous",
        f"memory in MB; wanted are at most {MOST}.",
        "",
        "| form | MB | first byte | all of it | resumed = whole | idle | at most |",
        "|---|---:|---:|---:|---|---:|---:|",
    ]
    return "\n".join([*head, *lines]) + "\n"


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", nargs="?", help="where the report is written")
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    report = measure(given.rows)
    print(report)
    if given.report:
        Path(given.report).write_text(report, encoding="utf-8")


if __name__ == "__main__":
    main()
