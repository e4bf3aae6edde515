"""The report on pages that were shown again: one HTML file without scripts, the worst pages first."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from html import escape

from archive.counted import counted
from crawler.browser.quality import PageQuality

_PICTURES = 200
"""Pages that are shown with both pictures."""
_MISSING = 10

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Pages shown again</title><style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
article { border-top: 1px solid #ccc; padding: 1rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0; } .pictures { display: flex; gap: 1rem; } figure { margin: 0; flex: 1; }
img { width: 100%; border: 1px solid #ccc; } .bad { color: #b00020; font-weight: bold; }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; } }
</style></head><body>
"""


def quality_report(pages: Sequence[PageQuality], least: float, made: datetime) -> str:
    """The report; pages with a score below `least` are marked."""
    worst = sorted(pages, key=lambda page: (page.score, page.url))
    bad = sum(page.score < least for page in pages)
    mean = sum(page.score for page in pages) / len(pages) if pages else 0.0
    lines = [
        _HEAD,
        "<h1>Pages shown again from the archive</h1>",
        f"<p>{counted(len(pages), 'page')}, mean score {mean:.3f}; {bad:,} with a score below {least:g}. "
        f"{made:%Y-%m-%d %H:%M} UTC. The score of a page is the least of three shares: the words, what can be seen, "
        "and the requests that are the same as in the crawl.</p>",
    ]
    lines += [_article(page, least, with_pictures=place < _PICTURES) for place, page in enumerate(worst)]
    return "\n".join([*lines, "</body></html>", ""])


def _article(page: PageQuality, least: float, *, with_pictures: bool) -> str:
    mark = ' class="bad"' if page.score < least else ""
    parts = [
        f"<article><h2>{escape(page.url)}</h2>",
        f"<p><span{mark}>score {page.score:.3f}</span> · text {page.text:.3f} · picture {page.picture:.3f} · "
        f"requests {page.requests:.3f} · captured {page.date:%Y-%m-%d %H:%M:%S} UTC</p>",
    ]
    if page.failure:
        parts.append(f"<p>Not shown: {escape(page.failure)}</p>")
    if page.missing:
        more = f" and {len(page.missing) - _MISSING} more" if len(page.missing) > _MISSING else ""
        items = "".join(f"<li>{escape(name)}</li>" for name in page.missing[:_MISSING])
        parts.append(f"<p>The archive does not have{more}:</p><ul>{items}</ul>")
    if with_pictures and page.score < 1:
        shown = _figure(page.before, "crawled") + _figure(page.after, "shown again")
        parts.append(f'<div class="pictures">{shown}</div>')
    return "".join([*parts, "</article>"])


def _figure(picture: bytes, caption: str) -> str:
    if not picture:
        return f"<figure><figcaption>{caption}: nothing</figcaption></figure>"
    data = base64.b64encode(picture).decode("ascii")
    image = f'<img alt="{caption}" src="data:image/jpeg;base64,{data}">'
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"
