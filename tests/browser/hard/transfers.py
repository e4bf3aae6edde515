"""Requests of every kind that scripts and documents make."""

from __future__ import annotations

import gzip
import time

import brotli

from tests.browser.hard.case import TEXT, Case, Send, html, js, text
from tests.browser.hard.views import PICTURE
from tests.support.exchanges import chunked, counted

_VIDEO = bytes(range(256)) * 2048


def _ranged(request: bytes, send: Send) -> None:
    """A part of a video (RFC 9110, section 14)."""
    lines = request.decode("latin-1").split("\r\n")
    wanted = next((line.partition("=")[2] for line in lines if line.lower().startswith("range:")), "")
    if not wanted:
        send(counted(_VIDEO, b"Content-Type: video/mp4", b"Accept-Ranges: bytes"))
        return
    first, _, last = wanted.partition("-")
    start, end = int(first), int(last or len(_VIDEO) - 1)
    shown = f"Content-Range: bytes {start}-{end}/{len(_VIDEO)}".encode()
    send(counted(_VIDEO[start : end + 1], b"Content-Type: video/mp4", shown, status=b"206 Partial Content"))


def _stream(_request: bytes, send: Send) -> None:
    send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    for number in range(200):
        send(b"data: tick %d\n\n" % number)
        time.sleep(0.05)


def _broken(_request: bytes, send: Send) -> None:
    send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5000\r\n\r\nonly this")
    raise ValueError("closed")


def _conditional(request: bytes, send: Send) -> None:
    if b"\r\nIf-None-Match:" in request or b"\r\nif-none-match:" in request:
        send(b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n')
    else:
        send(text("known", b'ETag: "1"', b"Cache-Control: no-cache"))


def _said_cookies(request: bytes, send: Send) -> None:
    lines = request.decode("latin-1").split("\r\n")
    send(text(next((line for line in lines if line.lower().startswith("cookie:")), "none")))


_PREFLIGHT = counted(
    b"", b"Access-Control-Allow-Origin: @NEWS", b"Access-Control-Allow-Methods: PUT", b"Access-Control-Allow-Headers: x-odd",
    status=b"204 No Content",
).replace(b"Content-Length: 0\r\n", b"")  # fmt: skip


def _cors(request: bytes, send: Send) -> None:
    send(_PREFLIGHT if request.startswith(b"OPTIONS") else text("allowed", b"Access-Control-Allow-Origin: @NEWS"))


CASES = (
    Case(
        "post-json",
        script="fetch('p', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({q: 'ä'})}).then(r => r.text()).then(said)",
        routes={"p": text("posted")},
        says="posted",
        asks=("POST /post-json/p",),
    ),
    Case(
        "post-form",
        script="""const form = new FormData(); form.append('f', new Blob([new Uint8Array(300000)]), 'b.bin');
        fetch('p', {method: 'POST', body: form}).then(r => r.text()).then(said)""",
        routes={"p": text("form came")},
        says="form came",
        asks=("POST /post-form/p",),
    ),
    Case(
        "put-with-preflight",
        script="fetch('@CDN/put-with-preflight/p', {method: 'PUT', headers: {'X-Odd': '1'}, body: 'x'}).then(r => r.text()).then(said)",
        routes={"p": _cors},
        says="allowed",
        asks=("OPTIONS /put-with-preflight/p", "PUT /put-with-preflight/p"),
    ),
    Case(
        "not-shared",
        script="fetch('@CDN/not-shared/p').then(() => said('read'), () => said('not to be read'))",
        routes={"p": text("secret of another site")},
        says="not to be read",
        asks=("GET /not-shared/p",),
    ),
    Case(
        "head",
        script="fetch('h', {method: 'HEAD'}).then(r => said(r.headers.get('X-A')))",
        routes={"h": text("body", b"X-A: headed")},
        says="headed",
        asks=("HEAD /head/h",),
    ),
    Case(
        "synchronous",
        script="const x = new XMLHttpRequest(); x.open('GET', 's', false); x.send(); said(x.responseText)",
        routes={"s": text("waited for")},
        says="waited for",
    ),
    Case(
        "redirects-with-cookies",
        script="fetch('r1').then(r => r.text()).then(said)",
        routes={
            "r1": counted(
                b"", b"Location: r2", b"Set-Cookie: via=1; Path=/", b"set-cookie: VIA=2; Path=/", status=b"302 Found"
            ),
            "r2": counted(b"", b"Location: r3", b"SET-COOKIE: Via=3; Path=/", status=b"307 Temporary Redirect"),
            "r3": _said_cookies,
        },
        says="via=1; VIA=2; Via=3",
        asks=("GET /redirects-with-cookies/r1", "GET /redirects-with-cookies/r2", "GET /redirects-with-cookies/r3"),
    ),
    Case(
        "redirect-across-sites",
        body="<img src=r>",
        routes={
            "r": counted(b"", b"Location: @CDN/redirect-across-sites/p.png", status=b"301 Moved Permanently"),
            "p.png": PICTURE,
        },
        asks=("GET /redirect-across-sites/p.png",),
    ),
    Case(
        "hidden-cookie",
        script="fetch('set').then(() => fetch('show')).then(r => r.text()).then(t => said(t + ' seen ' + document.cookie.length))",
        routes={"set": text("", b"Set-Cookie: h=4; Path=/hidden-cookie; HttpOnly; Secure"), "show": _said_cookies},
        says="h=4 seen 0",
    ),
    Case(
        "service-worker",
        script="""navigator.serviceWorker.register('sw.js').then(() => navigator.serviceWorker.ready).then(() => new Promise(go => {
        if (navigator.serviceWorker.controller) go(); else navigator.serviceWorker.oncontrollerchange = go; }))
        .then(() => fetch('made')).then(r => r.text()).then(said)""",
        routes={
            "sw.js": js("""addEventListener('install', e => e.waitUntil(fetch('of-worker').then(() => skipWaiting())));
            addEventListener('activate', e => e.waitUntil(clients.claim()));
            addEventListener('fetch', e => { if (e.request.url.endsWith('/made')) e.respondWith(
            fetch('under').then(r => r.text()).then(t => new Response('worker: ' + t))) })"""),
            "of-worker": text("installed"),
            "under": text("asked beneath"),
        },
        says="worker: asked beneath",
        asks=("GET /service-worker/sw.js", "GET /service-worker/of-worker", "GET /service-worker/under"),
    ),
    Case(
        "shared-worker",
        script="const w = new SharedWorker('w.js'); w.port.onmessage = m => said(m.data); w.port.start()",
        routes={
            "w.js": js("onconnect = async e => e.ports[0].postMessage(await (await fetch('x')).text())"),
            "x": text("shared says"),
        },
        says="shared says",
        asks=("GET /shared-worker/w.js", "GET /shared-worker/x"),
    ),
    Case(
        "worker",
        script="new Worker('w.js').onmessage = m => said(m.data)",
        routes={
            "w.js": js("importScripts('i.js'); fetch('x').then(r => r.text()).then(t => postMessage(t + more))"),
            "i.js": js("const more = ' imported'"),
            "x": text("worker says"),
        },
        says="worker says imported",
        asks=("GET /worker/i.js", "GET /worker/x"),
    ),
    Case(
        "worker-of-nowhere",
        script="new Worker(URL.createObjectURL(new Blob([\"fetch('@NEWS/worker-of-nowhere/x').then(r => r.text()).then(postMessage)\"]))).onmessage = m => said(m.data)",
        routes={"x": text("from a blob")},
        says="from a blob",
        asks=("GET /worker-of-nowhere/x",),
    ),
    Case(
        "beacon",
        script="navigator.sendBeacon('b', 'seen')",
        routes={"b": counted(b"", status=b"204 No Content")},
        asks=("POST /beacon/b",),
    ),
    Case(
        "keepalive",
        script="fetch('k', {method: 'POST', keepalive: true, body: 'k'})",
        routes={"k": text("")},
        asks=("POST /keepalive/k",),
    ),
    Case(
        "prefetch",
        body="<link rel=prefetch href=next><link rel=preload as=script href=soon.js><link rel=modulepreload href=m.js><link rel=icon href=i.png><link rel=preconnect href='@CDN'><link rel=dns-prefetch href='//leak.test'>",
        routes={"next": html("next"), "soon.js": js("1"), "m.js": js("1"), "i.png": PICTURE},
        asks=("GET /prefetch/next", "GET /prefetch/soon.js", "GET /prefetch/m.js"),
    ),
    Case(
        "events",
        script="const e = new EventSource('e'); let n = 0; e.onmessage = m => { if (n++ < 2) said(m.data) }",
        routes={"e": _stream},
        says="tick 1",
        asks=("GET /events/e",),
    ),
    Case(
        "video", body="<video preload=auto src=v.mp4></video>", routes={"v.mp4": _ranged}, asks=("GET /video/v.mp4",)
    ),
    Case(
        "range",
        script="fetch('v', {headers: {Range: 'bytes=100-199'}}).then(async r => said(r.status + ' ' + (await r.arrayBuffer()).byteLength))",
        routes={"v": _ranged},
        says="206 100",
    ),
    Case(
        "gzip",
        script="fetch('g').then(r => r.text()).then(t => said('length ' + t.length))",
        routes={"g": counted(gzip.compress(b"z" * 10000, mtime=0), TEXT, b"Content-Encoding: gzip")},
        says="length 10000",
    ),
    Case(
        "brotli-unasked",
        script="fetch('g').then(r => r.text()).then(t => said('length ' + t.length))",
        routes={"g": counted(brotli.compress(b"z" * 10000), TEXT, b"Content-Encoding: br")},
        says="length 10000",
    ),
    Case(
        "chunks",
        script="fetch('c').then(r => r.text()).then(said)",
        routes={"c": chunked(b"two ", b"chunks", extension=b";x=y", trailer=b"X-T: 1\r\n")},
        says="two chunks",
    ),
    Case(
        "interim",
        script="fetch('i').then(r => r.text()).then(said)",
        routes={
            "i": b"HTTP/1.1 103 Early Hints\r\nLink: </interim/x.css>; rel=preload; as=style\r\n\r\n"
            + text("after hints")
        },
        says="after hints",
    ),
    Case(
        "without-length",
        script="fetch('w').then(r => r.text()).then(said)",
        routes={"w": b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil it closes"},
        says="until it closes",
    ),
    Case(
        "cut-short",
        script="fetch('b').then(r => r.text()).then(said, () => said('broke'))",
        routes={"b": _broken},
        says="broke",
        asks=("GET /cut-short/b",),
    ),
    Case(
        "empty",
        script="fetch('e').then(r => said('status ' + r.status))",
        routes={"e": counted(b"", status=b"204 No Content").replace(b"Content-Length: 0\r\n", b"")},
        says="status 204",
    ),
    Case(
        "malformed",
        script="fetch('m').then(() => said('read'), () => said('no response'))",
        routes={"m": b"no response at all\r\n\r\n"},
        says="no response",
    ),
    Case(
        "odd-head",
        script="fetch('o').then(r => r.text()).then(said)",
        routes={
            "o": b"HTTP/1.1 200 Fine\r\nx-ODD:1\r\nX-Odd:  2 \r\nContent-Type:text/plain\r\nX-Latin: \xe4\r\nContent-Length: 3\r\n\r\nodd"
        },
        says="odd",
    ),
    Case(
        "kept-in-cache",
        script="fetch('c').then(r => r.text()).then(() => fetch('c')).then(r => r.text()).then(said)",
        routes={"c": text("kept", b"Cache-Control: max-age=3600")},
        says="kept",
    ),
    Case(
        "asked-whether-changed",
        script="fetch('c').then(r => r.text()).then(() => fetch('c')).then(r => r.text()).then(said)",
        routes={"c": _conditional},
        says="known",
        asks=("GET /asked-whether-changed/c",),
    ),
    Case(
        "https-only",
        script="""fetch('strict').then(() => new Promise(go => { const p = new Image(); p.onload = p.onerror = go;
        p.src = '@NEWS'.replace('https', 'http') + '/https-only/p.png' })).then(() => said('asked'))""",
        routes={"strict": text("", b"Strict-Transport-Security: max-age=3600"), "p.png": PICTURE},
        says="asked",
        asks=("GET /https-only/p.png",),
    ),
    Case(
        "login",
        body="<img src=l.png>",
        routes={"l.png": text("", b'WWW-Authenticate: Basic realm="x"', status=b"401 Unauthorized")},
        asks=("GET /login/l.png",),
    ),
    Case(
        "download",
        script="location.href = 'd.zip'; setTimeout(() => said('still here'), 300)",
        routes={"d.zip": counted(b"PK", b"Content-Type: application/zip", b"Content-Disposition: attachment")},
        says="still here",
        asks=("GET /download/d.zip",),
    ),
    Case("popup", script="open('p'); said('opened')", routes={"p": html("<img src=in.png>")}, says="opened"),
    Case(
        "submitted-in-a-frame",
        body="<iframe name=f></iframe><form target=f method=post action=p><input name=a value=b></form>",
        script="document.forms[0].submit(); document.querySelector('iframe').onload = () => said('submitted')",
        routes={"p": html("<p>thanks</p>")},
        says="submitted",
        asks=("POST /submitted-in-a-frame/p",),
    ),
    Case(
        "hundred-at-once",
        script="Promise.all([...Array(100).keys()].map(n => fetch('x?' + n))).then(all => said('all ' + all.length))",
        routes={"x": text("one of them")},
        says="all 100",
        asks=("GET /hundred-at-once/x?99",),
    ),
    Case(
        "large",
        script="fetch('l').then(r => r.arrayBuffer()).then(b => said('bytes ' + b.byteLength))",
        routes={"l": text("y" * (5 << 20))},
        says="bytes 5242880",
        asks=("GET /large/l",),
    ),
    Case(
        "embedded",
        body="<object data=o.html type=text/html></object><embed src=e.png>",
        routes={"o.html": html("<img src=i.png>"), "i.png": PICTURE, "e.png": PICTURE},
        asks=("GET /embedded/o.html", "GET /embedded/i.png"),
    ),
)
