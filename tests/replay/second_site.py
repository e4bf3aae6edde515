"""A site of another kind: old charsets, codings and chunks in every mixture, redirects, scripts that fetch."""

from __future__ import annotations

import gzip
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from crawler.demo.pages import picture

ARABIC = "المرفأ القديم يستعيد قواربه"
JAPANESE = "古い港に船が戻る"
FETCHED = "Forty-one boats were counted at dawn."

_TEXT = "The boats came back in a line, and nobody on the quay said a word until the last of them was tied up. " * 8


def _page(title: str, head: str, body: str, lang: str) -> str:
    return (
        f'<!doctype html><html lang="{lang}"><head>{head}<title>{title}</title>'
        '<link rel="stylesheet" href="/main.css"></head>'
        f"<body><article><h1>{title}</h1><p>{_TEXT}</p>{body}</article></body></html>"
    )


PICTURES = """<img id="set" src="/pictures/small.png" srcset="/pictures/small.png 1x, /pictures/large.png 2x" alt="">
<picture><source srcset="/pictures/wide.png 800w, /pictures/wider.png 1600w" sizes="100vw">
<img id="picture" src="/pictures/plain.png" alt=""></picture>
<img id="lazy" data-src="/pictures/late.png" alt="">"""
SCRIPT = """fetch('/numbers.json').then(r => r.json()).then(d => { document.getElementById('told').textContent = d.told });
document.querySelectorAll('[data-src]').forEach(i => { i.src = i.dataset.src });"""

# path: (status, body, content type, gzipped, chunked)
ANSWERS: dict[str, tuple[int, bytes, str, bool, bool]] = {
    "/arabic-story": (200, _page(ARABIC, "", "", "ar").encode("cp1256", "replace"), "text/html; charset=windows-1256", True, True),
    "/japanese-story": (200, _page(JAPANESE, '<meta charset="Shift_JIS">', "", "ja").encode("shift_jis", "replace"), "text/html", False, True),
    "/story-with-numbers": (200, _page("Numbers of boats", "", f'<p id="told"></p>{PICTURES}<script src="/app.js"></script>', "en").encode(), "text/html; charset=utf-8", True, False),
    "/moved-to-here": (200, _page("Where it went", "", "", "en").encode(), "text/html; charset=utf-8", False, False),
    "/gone-story": (404, b"<!doctype html><h1>No such story</h1>", "text/html; charset=utf-8", False, True),
    "/main.css": (200, b"@import 'more.css'; h1 { color: rgb(1, 2, 3) }", "text/css", True, True),
    "/more.css": (200, b"article { padding-left: 17px; background: url(pictures/ground.png) }", "text/css", True, False),
    "/app.js": (200, SCRIPT.encode(), "text/javascript", True, True),
    "/numbers.json": (200, f'{{"told": "{FETCHED}"}}'.encode(), "application/json", False, True),
}  # fmt: skip
PAGES = ("/arabic-story", "/japanese-story", "/story-with-numbers", "/moved-story", "/gone-story")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None: ...

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path == "/moved-story":
            self.send_response(301)
            self.send_header("Location", "/moved-to-here")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        missing = (404, b"none", "text/plain", False, False)
        status, body, kind, gzipped, chunked = ANSWERS.get(path, missing)
        if path.startswith("/pictures/"):
            status, body, kind = 200, picture(str(zlib.crc32(path.encode()))), "image/png"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if gzipped:
            body = gzip.compress(body, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body)))))
        self.end_headers()
        for start in range(0, len(body) if chunked else 0, 100):
            part = body[start : start + 100]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n" if chunked else body)


class SecondSite(ThreadingHTTPServer):
    """The site on a loopback port, while it is entered."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.base = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.shutdown()
        self.server_close()
