"""Memory of a crawl: of all its processes together (PSS), over many pages and under large responses.

    python -m benchmarks.memory PAGES [--count 50000] [--report FILE]

PAGES is a directory with a ``gold.jsonl`` that names gzipped pages; nginx serves them. The large responses come from
a server of this program's own: twenty that never end, then twenty of 32 MiB, at once.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.support.measuring import say
from benchmarks.support.nginx import saved_pages, serving
from benchmarks.support.reporting import deliver, page_arguments

_MIB = 1 << 20
_LARGE = 20
_SETTLED = 5000


@dataclass(frozen=True)
class Sample:
    """A look at a process tree."""

    seconds: float
    mib: float
    written: int
    """Bytes of segments."""


def tree(process: int) -> list[int]:
    """A process and all below it."""
    below: list[int] = [process]
    for parent in below:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                below += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return below


def pss(processes: Sequence[int]) -> float:
    """Proportional set size of processes, in MiB."""
    total = 0
    for process in processes:
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def watch(command: Sequence[str], directory: Path) -> list[Sample]:
    """Run a crawl into a directory and look at it four times a second. Raises RuntimeError when it fails."""
    started = time.monotonic()
    samples: list[Sample] = []
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while process.poll() is None:
        samples.append(Sample(time.monotonic() - started, pss(tree(process.pid)), _indexed(directory)))
        time.sleep(0.25)
    assert process.stderr is not None
    if process.returncode:
        raise RuntimeError(process.stderr.read().decode(errors="replace")[-2000:])
    return samples


def _indexed(directory: Path) -> int:
    """Bytes of the open and the closed segments: how far the crawl is."""
    sizes = {}
    for path in directory.rglob("*.warc.gz*"):
        try:
            status = path.stat()
        except OSError:
            continue
        sizes[status.st_ino] = status.st_size
    return sum(sizes.values())


class LargeServer(ThreadingHTTPServer):
    """Answers ``/endless/N`` without an end and ``/large/N`` with 32 MiB."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _LargeHandler)
        self.base = f"http://127.0.0.1:{self.server_port}"


class _LargeHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        endless = self.path.startswith("/endless/")
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        if endless:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(32 * _MIB))
        self.end_headers()
        piece = b"<p>more and more</p>" * 3277
        left = 32 * _MIB
        try:
            while endless or left > 0:
                part = piece if endless else piece[:left]
                self.wfile.write(part)
                left -= len(part)
        except OSError:
            return

    def log_message(self, *args: object) -> None:
        """Requests are not printed."""


def many_pages(directory: Path, count: int) -> tuple[float, float, float]:
    """MiB after the first pages, at most after them, and their difference."""
    with tempfile.TemporaryDirectory() as name, serving(saved_pages(directory), Path(name)) as server:
        place = Path(name)
        addresses = place / "addresses"
        addresses.write_text("\n".join(server.urls(count)), encoding="utf-8")
        archive = place / "archive"
        archive.mkdir()
        command = [sys.executable, "-m", "benchmarks.fetch_run", "article", str(addresses), str(archive)]
        samples = watch(command, archive)
    # By time, which goes with pages: a payload that comes again leaves but a small record
    begun = next(sample.seconds for sample in samples if sample.written)
    settled = begun + (samples[-1].seconds - begun) * _SETTLED / count
    later = [sample.mib for sample in samples if sample.seconds >= settled]
    say(f"{count} pages: {later[0]:.0f} MiB after {_SETTLED}, at most {max(later):.0f} MiB")
    return later[0], max(later), max(later) - later[0]


def large_responses() -> tuple[float, float, float]:
    """MiB before, at most during large responses, and their difference."""
    with LargeServer() as server, tempfile.TemporaryDirectory() as name:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = Path(name)
        addresses = place / "addresses"
        kinds = [f"{server.base}/{kind}/{number}" for kind in ("endless", "large") for number in range(_LARGE)]
        addresses.write_text("\n".join(kinds), encoding="utf-8")
        program = str(Path(sys.executable).parent / "newswarc")
        host = server.base.removeprefix("http://")
        settings = place / "newswarc.toml"
        settings.write_text(
            f'archive = "{place}/archive"\nallow_hosts = ["{host}"]\ndelay = 0\nretries = 0\n'
            f"concurrency = {2 * _LARGE}\nconcurrency_per_host = {2 * _LARGE}\n"
        )
        command = [program, "crawl", "--urls", str(addresses), "--config", str(settings), "--quiet"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        samples: list[float] = []
        while process.poll() is None:
            samples.append(pss(tree(process.pid)))
            time.sleep(0.1)
        server.shutdown()
    idle = idle_memory()
    say(f"large responses: {idle:.0f} MiB idle, at most {max(samples):.0f} MiB")
    return idle, max(samples), max(samples) - idle


def idle_memory() -> float:
    """MiB of a crawl that has started and waits for a server that does not answer."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent, tempfile.TemporaryDirectory() as name:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        settings = Path(name) / "newswarc.toml"
        settings.write_text(f'archive = "{name}/archive"\nallow_hosts = ["{host}"]\n')
        program = str(Path(sys.executable).parent / "newswarc")
        process = subprocess.Popen(
            [program, "crawl", f"http://{host}/", "--config", str(settings), "--quiet"], stderr=subprocess.DEVNULL
        )
        time.sleep(12)
        found = pss(tree(process.pid))
        process.kill()
        process.wait()
    return found


def main() -> int:
    """Run the benchmark."""
    parser = page_arguments(__doc__)
    parser.add_argument("--count", type=int, default=50_000)
    options = parser.parse_args()
    large = large_responses()
    many = many_pages(options.pages, options.count)
    text = "\n".join(
        [
            "# Memory of a crawl",
            "",
            "`make memory PAGES=DIR`: proportional set size (PSS) of all processes of a crawl together, looked at",
            "several times a second.",
            "",
            "| | before | at most | more | wanted |",
            "|---|---|---|---|---|",
            f"| {options.count:,} pages, after the first {_SETTLED:,} | {many[0]:.0f} MiB | {many[1]:.0f} MiB "
            f"| {many[2]:.0f} MiB | < 20 MB |",
            f"| {_LARGE} endless responses and {_LARGE} of 32 MiB at once | {large[0]:.0f} MiB | {large[1]:.0f} MiB "
            f"| {large[2]:.0f} MiB | < 300 MB |",
            "",
            "The pages are fetched with everything kept, and not extracted; the large responses go through the whole",
            "program, extraction workers included.",
            "",
        ]
    )
    deliver(text, options.report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
