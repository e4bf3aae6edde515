"""What a hard case is: a page, what else its server says, and what has to come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.support.exchanges import counted

HTML = b"Content-Type: text/html; charset=utf-8"
SCRIPT = b"Content-Type: text/javascript"
JSON = b"Content-Type: application/json"
TEXT = b"Content-Type: text/plain"

Send = Callable[[bytes], None]
Answer = bytes | Callable[[bytes, Send], None]
"""What is sent, or who sends it: gets the request and a function that sends."""


@dataclass(frozen=True)
class Case:
    """One page. In all its texts ``@NEWS``, ``@CDN``, ``@HTTP``, ``@REBOUND``, ``@INTERNAL`` and ``@UDP`` stand for places."""

    name: str
    body: str = ""
    """HTML of the page's body."""
    script: str = ""
    """Runs at its end; `said(text)` writes to the page."""
    routes: Mapping[str, Answer] = field(default_factory=dict)
    """What is answered below the page's own address, by path."""
    says: str = ""
    """What the text of the rendered page has to contain."""
    asks: tuple[str, ...] = ()
    """What has to be kept with an answer: ``METHOD path``, of any host."""
    refuses: tuple[str, ...] = ()
    """What has to be kept as not sent: ``outcome part-of-the-address``."""
    tries: str = ""
    """A way out that the page has to have tried in vain, such as ``RTCPeerConnection``."""
    fails: str = ""
    """Part of the reason why there is no rendering; empty: there is one."""
    steps: tuple[str, ...] = ("usual",)
    headers: tuple[bytes, ...] = ()
    """Further headers of the page."""
    seconds: float = 30.0
    requests: int = 500
    mebibytes: int = 64

    def page(self) -> str:
        """The document."""
        said = "const said = (text) => document.body.append(document.createTextNode(' ' + text + ' '));"
        script = f"<script>{said}\n{self.script}</script>" if self.script else ""
        return f"<!doctype html><meta charset=utf-8><title>{self.name}</title><body>{self.body}{script}</body>"


def js(code: str) -> bytes:
    """An answer that is a script."""
    return counted(code.encode(), SCRIPT)


def html(code: str, *headers: bytes) -> bytes:
    """An answer that is a document."""
    return counted(code.encode(), HTML, *headers)


def text(words: str, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """An answer that is plain text."""
    return counted(words.encode(), TEXT, *headers, status=status)
