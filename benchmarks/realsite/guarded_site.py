"""nginx in front of a static newspaper: a certificate of a private authority, Basic auth, a consent cookie.

Two addresses, 127.0.0.1 and 127.0.0.2: the newspaper moves from one to the other.
"""

from __future__ import annotations

import base64
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from tests.support.processes import free_ports
from tests.support.tls import Authority

LOGIN = "reader:a-word-for-the-archive"
OLD, NEW = "127.0.0.1", "127.0.0.2"

_MAIN = """
user root;
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    types {{ text/html html; application/rss+xml xml; text/plain txt; text/css css; }}
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    {servers}
}}
"""

_SERVER = """
    server {{
        listen {host}:{port} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {certificate};
        root {root};
        auth_basic "readers";
        auth_basic_user_file {directory}/readers;
        location = /robots.txt {{ auth_basic off; default_type text/plain; return 200 "{robots}"; }}
        location = /consent {{ add_header Set-Cookie "consent=yes; Path=/"; return 302 $arg_to; }}
        {moved}
        location / {{
            if ($cookie_consent != "yes") {{ return 302 /consent?to=$request_uri; }}
            index index.html;
        }}
    }}
"""


class GuardedSite:
    """A running server; `show` changes what it serves."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self._directory = directory
        self._port = free_ports(1)[0]
        self._authority = Authority.new(directory)
        self.authority = self._authority.bundle
        name, _, word = LOGIN.partition(":")
        (directory / "readers").write_text(f"{name}:{{PLAIN}}{word}\n", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """Host and port, before it moves."""
        return f"{OLD}:{self._port}"

    @property
    def new_host(self) -> str:
        """Host and port, after it has moved."""
        return f"{NEW}:{self._port}"

    @staticmethod
    def authorization() -> str:
        """The header that lets a reader in."""
        return "Basic " + base64.b64encode(LOGIN.encode()).decode()

    def show(
        self, root: Path, *, robots: str = "User-agent: *\\nAllow: /", feed: str = "", new: Path | None = None
    ) -> None:
        """Serve `root`. With `new`, the other address serves that, and the path `feed` leads there."""
        moved = f"location = {feed} {{ return 301 https://{self.new_host}{feed}; }}" if feed else ""
        servers = [self._server(OLD, root, robots, moved)]
        if new is not None:
            servers.append(self._server(NEW, new, robots, ""))
        text = _MAIN.format(directory=self._directory, servers="".join(servers))
        (self._directory / "nginx.conf").write_text(text, encoding="utf-8")
        self._end()
        command = ["nginx", "-p", str(self._directory), "-c", str(self._directory / "nginx.conf")]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self._await()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._end()

    def _server(self, host: str, root: Path, robots: str, moved: str) -> str:
        return _SERVER.format(
            host=host,
            port=self._port,
            certificate=self._authority.certificate(host),
            root=root,
            directory=self._directory,
            robots=robots,
            moved=moved,
        )

    def _await(self) -> None:
        for _ in range(100):
            if self._process is not None and self._process.poll() is not None:
                raise RuntimeError("nginx ended; is its configuration refused?")
            try:
                socket.create_connection((OLD, self._port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("nginx does not answer")

    def _end(self) -> None:
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGTERM)
            self._process.wait()
            self._process = None
