"""What a reader has to do, or wait for, before a page shows its text."""

from __future__ import annotations

import json

from tests.browser.hard.case import JSON, Case, html, js, text
from tests.support.exchanges import counted

PICTURE = counted(
    bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de")
    + bytes.fromhex("0000000c49444154789c63f8cfc000000301010018dd8db00000000049454e44ae426082"),
    b"Content-Type: image/png",
)
STORY = counted(json.dumps({"lines": [f"Line {number} of the story." for number in range(9)]}).encode(), JSON)

CASES = (
    Case(
        "story-from-json",
        script="fetch('story').then(r => r.json()).then(s => s.lines.forEach(said))",
        routes={"story": STORY},
        says="Line 8 of the story.",
        asks=("GET /story-from-json/story",),
    ),
    Case(
        "story-from-a-chain",
        script="""import('./a.js').then(a => a.show(said))""",
        routes={
            "a.js": js("import {line} from './b.js'; export const show = (said) => said(line)"),
            "b.js": js("export const line = await fetch('./line').then(r => r.text())"),
            "line": text("Modules, three deep."),
        },
        says="Modules, three deep.",
        asks=("GET /story-from-a-chain/b.js", "GET /story-from-a-chain/line"),
    ),
    Case(
        "import-map",
        body="""<script type=importmap>{"imports": {"words": "./words-1.js"}}</script>
        <script type=module>import {word} from 'words'; document.body.append(word)</script>""",
        routes={"words-1.js": js("export const word = 'mapped'")},
        says="mapped",
    ),
    Case(
        "written", body="<script>document.write('<p>Written while it was read.</p>')</script>", says="Written while"
    ),
    Case(
        "late",
        script="setTimeout(() => fetch('late').then(r => r.text()).then(said), 400)",
        routes={"late": text("It came late.")},
        says="It came late.",
    ),
    Case(
        "lazy-pictures",
        body="<div style='height:9000px'></div><img loading=lazy width=9 height=9 src=far.png>",
        routes={"far.png": PICTURE},
        asks=("GET /lazy-pictures/far.png",),
    ),
    Case(
        "lazy-by-script",
        body="<div style='height:5000px'></div><div id=end>end</div>",
        script="""new IntersectionObserver((seen) => { if (seen[0].isIntersecting) { const p = new Image(); p.src = 'x.png';
        document.body.append(p); } }).observe(document.getElementById('end'))""",
        routes={"x.png": PICTURE},
        asks=("GET /lazy-by-script/x.png",),
    ),
    Case(
        "infinite-scroll",
        body="<div id=list style='min-height:3000px'></div>",
        script="""let page = 0, busy = false; const more = async () => { if (busy || page > 3) return; busy = true;
        const text = await (await fetch('page?' + ++page)).text(); const p = document.createElement('p');
        p.style.height = '1500px'; p.textContent = text + page; document.getElementById('list').append(p); busy = false; };
        addEventListener('scroll', () => { if (scrollY + innerHeight > document.body.scrollHeight - 400) more(); });""",
        routes={"page": text("Part ")},
        says="Part 4",
        asks=("GET /infinite-scroll/page?4",),
    ),
    Case(
        "read-more",
        body="<p>The beginning.</p><div id=rest></div><button id=b>Continue reading</button>",
        script="""document.getElementById('b').onclick = async () => {
        document.getElementById('rest').textContent = await (await fetch('rest')).text(); }""",
        routes={"rest": text("And the rest of it.")},
        says="And the rest of it.",
    ),
    Case("details", body="<details><summary>More</summary>Folded away.</details>", says="Folded away."),
    Case(
        "tabs-by-definition",
        body="<a class=tab href='#second'>Second</a><div id=t></div>",
        script="document.querySelector('.tab').onclick = () => { document.getElementById('t').textContent = 'Tab text.' }",
        steps=("click: .tab", "usual"),
        says="Tab text.",
    ),
    Case(
        "consent-by-name",
        body="""<div style='position:fixed;inset:0;background:#fff'><button id=onetrust-reject-all-handler>No</button></div>
        <p id=s></p>""",
        script="""document.getElementById('onetrust-reject-all-handler').onclick = (e) => { e.target.parentNode.remove();
        document.getElementById('s').textContent = 'Refused.'; }""",
        says="Refused.",
    ),
    Case(
        "consent-by-words",
        body="""<div role=dialog style='position:fixed;inset:0;background:#fff'>We value your privacy and use cookies.
        <button id=y>Accept all</button><button id=n>Reject all</button></div><p id=s></p>""",
        script="""for (const id of ['y', 'n']) document.getElementById(id).onclick = () => {
        document.querySelector('[role=dialog]').remove(); document.getElementById('s').textContent = 'Answer: ' + id; }""",
        says="Answer: n",
    ),
    Case(
        "consent-in-a-frame",
        body="<iframe src='@CDN/consent-in-a-frame/ask' style='position:fixed;inset:0;width:100%;height:100%'></iframe><p id=s></p>",
        script="""addEventListener('message', (e) => { document.querySelector('iframe').remove();
        document.getElementById('s').textContent = 'Said ' + e.data; })""",
        routes={
            "ask": html(
                """<body><div role=dialog style='position:fixed;inset:0'>Cookies and consent. <button onclick="parent.postMessage('no', '*')">Reject all
                </button></div>"""
            )
        },
        says="Said no",
    ),
    Case(
        "consent-in-a-shadow",
        body="<div id=host></div><p id=s></p>",
        script="""const root = document.getElementById('host').attachShadow({mode: 'open'});
        root.innerHTML = "<div role=dialog style='position:fixed;inset:0'>Cookie consent <button>Decline</button></div>";
        root.querySelector('button').onclick = () => { root.innerHTML = ''; document.getElementById('s').textContent = 'Gone.' }""",
        says="Gone.",
    ),
    Case(
        "gallery",
        body="<div class=gallery><p id=p></p><button aria-label='Next picture'>›</button></div>",
        script="""let at = 0; document.querySelector('button').onclick = (e) => { const p = new Image(); p.src = `g${++at}.png`;
        document.getElementById('p').replaceChildren(p); if (at === 4) e.target.disabled = true; }""",
        routes={f"g{number}.png": PICTURE for number in range(1, 5)},
        asks=tuple(f"GET /gallery/g{number}.png" for number in range(1, 5)),
    ),
    Case(
        "shadow-text",
        body="<news-story></news-story>",
        script="""customElements.define('news-story', class extends HTMLElement { connectedCallback() {
        this.attachShadow({mode: 'open'}).innerHTML = '<p>Text in a shadow.</p>'; } })""",
        says="Text in a shadow.",
    ),
    Case(
        "routes-by-history",
        script="history.pushState({}, '', '@NEWS/routes-by-history/#/story'); fetch('s').then(r => r.text()).then(said)",
        routes={"s": text("Shown by a router.")},
        says="Shown by a router.",
    ),
    Case(
        "canvas-and-wasm",
        script="""const bytes = new Uint8Array([0,97,115,109,1,0,0,0]); WebAssembly.instantiate(bytes)
        .then(() => said('A module ran.'))""",
        says="A module ran.",
    ),
    Case(
        "storage",
        script="""localStorage.seen = (localStorage.seen || 0) + 1; said('visits ' + localStorage.seen);
        indexedDB.open('x', 1).onsuccess = () => said('database')""",
        says="visits 1",
    ),
    Case(
        "frames",
        body="<iframe src=inner></iframe><iframe src='@CDN/frames/other'></iframe><iframe srcdoc='<img src=doc.png>'></iframe>",
        routes={
            "inner": html("<iframe src=deep></iframe>"),
            "deep": html("<img src=deep.png>"),
            "other": html("<img src=other.png>"),
            "deep.png": PICTURE,
            "other.png": PICTURE,
            "doc.png": PICTURE,
        },
        asks=("GET /frames/deep.png", "GET /frames/other.png", "GET /frames/doc.png"),
    ),
    Case(
        "styles",
        body="<link rel=stylesheet href=a.css><p class=x>Styled.</p>",
        routes={
            "a.css": counted(
                b"@import 'b.css'; .x { background: url(a.png) } @font-face { font-family: F; src: url(f.woff2) } p { font-family: F }",
                b"Content-Type: text/css",
            ),
            "b.css": counted(b".x::before { content: url(b.png) }", b"Content-Type: text/css"),
            "a.png": PICTURE,
            "b.png": PICTURE,
        },
        asks=("GET /styles/b.css", "GET /styles/a.png", "GET /styles/b.png", "GET /styles/f.woff2"),
    ),
    Case(
        "picture-sources",
        body="<img srcset='small.png 300w, large.png 3000w' sizes=100vw><picture><source type=image/webp srcset=w.webp><img src=p.png></picture>",
        asks=("GET /picture-sources/w.webp",),
        routes={"large.png": PICTURE, "small.png": PICTURE, "w.webp": PICTURE},
    ),
    Case(
        "moved-by-script",
        script="location.replace('there')",
        routes={"there": html("<p>The page is here.</p>")},
        says="The page is here.",
    ),
    Case(
        "moved-elsewhere",
        script="location.replace('@CDN/moved-elsewhere/there')",
        routes={"there": html("<p>Another paper's page.</p>")},
        fails="it led to",
    ),
    Case(
        "policy",
        body="<p>With a policy.</p><script>document.body.append('never')</script>",
        headers=(b"Content-Security-Policy: default-src 'none'; script-src 'none'; report-uri /policy/report",),
        says="With a policy.",
    ),
    Case(
        "address-of-letters", body="<img src='ü/ß?q=ä#x'>", asks=("GET /address-of-letters/%C3%BC/%C3%9F?q=%C3%A4",)
    ),
)
