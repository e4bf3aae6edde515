"""Pages that misbehave: they crash, hang, grow without end, ask, and try to get out."""

from __future__ import annotations

from tests.browser.hard.case import Case, js, text
from tests.browser.hard.views import PICTURE
from tests.support.exchanges import counted

CASES = (
    Case("alerts", script="alert('a'); confirm('b'); prompt('c'); print(); said('answered')", says="answered"),
    Case(
        "stays",
        script="addEventListener('beforeunload', e => { e.preventDefault(); e.returnValue = 'stay' }); said('leave me')",
        says="leave me",
    ),
    Case(
        "asks-for-rights",
        script="""Notification.requestPermission().then(said); navigator.geolocation.getCurrentPosition(() => said('found'),
        () => said('not found'))""",
        says="not found",
    ),
    Case("endless-script", script="for (;;) ;", fails="not rendered within", seconds=3.0),
    Case(
        "endless-later",
        script="said('first'); setTimeout(() => { for (;;) ; }, 50)",
        fails="not rendered within",
        seconds=3.0,
    ),
    Case(
        "grows",
        script="const hold = []; for (;;) hold.push(new Array(1e6).fill(Math.random()))",
        fails="crash",
        seconds=25.0,
    ),
    Case(
        "huge-document",
        script="for (let n = 0; n < 60; n++) { const p = document.createElement('p'); p.textContent = 'x'.repeat(9e6); document.body.append(p) }",
        fails="",
        seconds=25.0,
    ),
    Case(
        "many-elements",
        script="document.body.innerHTML = '<i></i>'.repeat(4e5)",
        fails="more than 300,000 elements",
    ),
    Case(
        "never-quiet",
        script="setInterval(() => fetch('poll?' + Math.random()), 100); said('polling')",
        routes={"poll": text("again")},
        says="polling",
    ),
    Case(
        "too-many-requests",
        script="(async () => { for (let n = 0; n < 60; n++) await fetch('x?' + n).catch(() => 0); said('done') })()",
        routes={"x": text("one")},
        says="done",
        refuses=("unwanted /too-many-requests/x?",),
        requests=40,
    ),
    Case(
        "too-many-bytes",
        script="(async () => { for (let n = 0; n < 6; n++) await fetch('x?' + n).then(r => r.text()).catch(() => 0); said('done') })()",
        routes={"x": text("y" * (1 << 20))},
        says="done",
        refuses=("truncated_length /too-many-bytes/x?",),
        mebibytes=3,
    ),
    Case(
        "socket",
        script="const s = new WebSocket('wss://' + location.host + '/socket/s'); s.onerror = () => said('no socket'); s.onopen = () => said('open')",
        says="no socket",
        refuses=("unwanted wss://news.test",),
    ),
    Case(
        "socket-of-a-worker",
        script="new Worker('w.js').onmessage = m => said(m.data)",
        routes={
            "w.js": js(
                "const s = new WebSocket('@NEWS/socket-of-a-worker/s'.replace('https', 'wss')); s.onerror = () => postMessage('none'); s.onopen = () => postMessage('open')"
            )
        },
        says="none",
        refuses=("unwanted wss://news.test",),
    ),
    Case(
        "plain-socket",
        script="const s = new WebSocket('ws://@INTERNAL/s'); s.onerror = () => said('no socket')",
        says="",
    ),
    Case(
        "peer",
        script="""try { const p = new RTCPeerConnection({iceServers: [{urls: 'stun:@UDP'}]}); p.createDataChannel('x');
        p.createOffer().then(o => p.setLocalDescription(o)) } catch (e) { said('no peers') }""",
        says="no peers",
        tries="RTCPeerConnection",
    ),
    Case(
        "peer-of-a-frame",
        body="<iframe src=about:blank></iframe>",
        script="""const w = document.querySelector('iframe').contentWindow; try { const p = new w.RTCPeerConnection({iceServers:
        [{urls: 'stun:@UDP'}]}); p.createDataChannel('x'); p.createOffer().then(o => p.setLocalDescription(o)); said('made') }
        catch (e) { said('no peers') }""",
    ),
    Case(
        "transport",
        script="try { new WebTransport('https://@UDP/'); said('made') } catch (e) { said('none') }",
        says="none",
        tries="WebTransport",
    ),
    Case(
        "within",
        body="<img src='http://@INTERNAL/i.png'><iframe src='http://@INTERNAL/f'></iframe><script src='http://@INTERNAL/s.js'></script><link rel=prefetch href='http://@INTERNAL/p'>",
        script="""Promise.allSettled([fetch('http://@INTERNAL/secret', {mode: 'no-cors'}), fetch('led'), fetch('http://localhost:8070/'),
        fetch('http://[::1]/'), fetch('http://169.254.169.254/latest/'), fetch('file:///etc/passwd'), fetch('http://0/'),
        fetch('http://2130706433/')]).then(() => said('tried all'))""",
        routes={"led": counted(b"", b"Location: http://@INTERNAL/led", status=b"302 Found")},
        says="tried all",
        refuses=("address_refused 127.0.0.9", "address_refused 169.254.169.254", "dns_failure localhost:8070"),
    ),
    Case(
        "rebound",
        script="""const get = () => fetch('@REBOUND/rebound/x', {mode: 'no-cors', cache: 'no-store'}).catch(() => 0);
        get().then(get).then(get).then(() => said('asked thrice'))""",
        routes={"x": text("first", b"Connection: close")},
        says="asked thrice",
    ),
    Case(
        "names",
        body="<img src='http://leak.test/x'><link rel=dns-prefetch href='//leak2.test'><a target=_blank href='http://leak3.test/' ping='http://leak4.test/'>x</a>",
        script="document.querySelector('a').click(); said('x')",
        refuses=("dns_failure leak.test",),
        fails="",
        says="",
    ),
    Case(
        "files",
        body="<iframe src='file:///etc/hostname'></iframe><img src='file:///etc/passwd'>",
        script="try { location.href = 'file:///etc/passwd' } catch (e) {} setTimeout(() => said('no files'), 200)",
        says="no files",
    ),
    Case(
        "inner-pages",
        script="try { open('chrome://version'); location.href = 'chrome://crash' } catch (e) {} setTimeout(() => said('not there'), 200)",
        says="not there",
    ),
    Case(
        "data-page",
        script="location.href = 'data:text/html,<p>elsewhere</p>'; setTimeout(() => said('stayed'), 200)",
        says="stayed",
    ),
    Case("pictures-of-it", body="<img src=p.png>", routes={"p.png": PICTURE}, asks=("GET /pictures-of-it/p.png",)),
)
