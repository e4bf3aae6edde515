"""nginx on loopback, serving saved pages over http and https from one processor."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import free_ports
from tests.support.tls import Authority

_CONFIGURATION = """
user root;
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    types {{ text/html html; application/xml xml; text/plain txt; }}
    default_type text/html;
    charset off;
    gzip_static on;
    keepalive_requests 100000;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{plain};
        listen 127.0.0.1:{secure} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {certificate};
        root {root};
    }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    """A running server."""

    plain: str
    """``http://host:port``."""
    secure: str
    """``https://host:port``."""
    authority: Path
    """The certificate that has signed the server's (PEM)."""
    paths: tuple[str, ...]
    """Paths of the pages."""

    def urls(self, count: int, *, secure: bool = False) -> list[str]:
        """So many different addresses. Past the number of pages served, the pages in turn."""
        base = self.secure if secure else self.plain
        return [f"{base}{self.paths[n % len(self.paths)]}?n={n}" for n in range(count)]


def saved_pages(directory: Path, sets: Sequence[str] = ()) -> list[bytes]:
    """The pages that ``gold.jsonl`` of a data directory names, gzipped as they are kept."""
    lines = (directory / "gold.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    return [(directory / entry["path"]).read_bytes() for entry in entries if not sets or entry["set"] in sets]


def distinct(pages: Sequence[bytes], count: int) -> list[bytes]:
    """So many gzipped pages, no two alike: where pages come again, a comment at their end tells them apart."""
    made = []
    for number in range(count):
        page = gzip.decompress(pages[number % len(pages)])
        mark = f"<!-- {number} -->".encode() if number >= len(pages) else b""
        made.append(gzip.compress(page + mark, compresslevel=6, mtime=0))
    return made


@contextmanager
def serving(pages: Sequence[bytes], directory: Path, processor: int = 1) -> Iterator[Nginx]:
    """Serve pages (gzipped) until the context ends."""
    root = directory / "root"
    root.mkdir()
    for number, page in enumerate(pages):
        (root / f"page-{number}.html.gz").write_bytes(page)
        (root / f"page-{number}.html").write_bytes(gzip.decompress(page))
    paths = tuple(f"/page-{number}.html" for number in range(len(pages)))
    with _running(root, directory, processor) as (plain, secure, authority):
        yield Nginx(f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{secure}", authority, paths)


@contextmanager
def serving_directory(root: Path, directory: Path, processor: int = 1) -> Iterator[str]:
    """Serve a folder until the context ends; the address. `directory` is for nginx's own files."""
    with _running(root, directory, processor) as (plain, _, _):
        yield f"http://127.0.0.1:{plain}"


@contextmanager
def _running(root: Path, directory: Path, processor: int) -> Iterator[tuple[int, int, Path]]:
    authority = Authority.new(directory)
    certificate = authority.certificate("127.0.0.1")
    plain, secure = free_ports(2)
    configuration = directory / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(directory=directory, plain=plain, secure=secure, certificate=certificate, root=root)
    )
    command = ["taskset", "-c", str(processor), "nginx", "-p", str(directory), "-c", str(configuration)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _await(plain, process)
        yield plain, secure, authority.bundle
    finally:
        process.terminate()
        process.wait()


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        if process.poll() is not None:
            raise RuntimeError("nginx ended; is its configuration refused?")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("nginx does not answer")
