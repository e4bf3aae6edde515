"""What the README leads to is there; the site's builder sees only what lies below docs/."""

from __future__ import annotations

import re

from tests.support.processes import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
LONGEST = 90


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README)
    assert len(links) > 20
    assert not [link for link in links if not (ROOT / link).exists()]


def test_it_is_what_a_newcomer_needs() -> None:
    assert len(README.splitlines()) <= LONGEST


def test_the_picture_fetches_nothing() -> None:
    picture = (ROOT / "docs" / "demo.svg").read_text(encoding="utf-8")
    assert "newswarc&#160;verify&#160;--deep" in picture
    assert not re.search(r"@font-face|@import|url\(\s*[\"']?https?:|href=[\"']https?:", picture)
