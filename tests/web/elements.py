"""Reading pages as a browser's parser does, as far as tests need it."""

from __future__ import annotations

from html.parser import HTMLParser

_OWN_SCRIPTS = ("/static/live.js",)


class Elements(HTMLParser):
    """All elements of a page, and what attributes they have."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def links(self) -> list[str]:
        return [attributes["href"] or "" for tag, attributes in self.found if tag == "a" and "href" in attributes]


def require_harmless(text: str) -> None:
    """No element runs or loads anything but this server's own, whatever was captured."""
    for tag, attributes in Elements(text).found:
        assert tag not in ("img", "iframe", "object", "embed", "base")
        assert tag != "script" or attributes.get("src") in _OWN_SCRIPTS
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("href", "src", "action", "formaction"):
            assert not (attributes.get(name) or "").strip().lower().startswith(("javascript", "data", "vbscript"))
