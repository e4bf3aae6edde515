"""Pages of newspapers that do not exist, in many languages and three layouts, for tests of extraction."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

_STORIES = Path(__file__).with_name("stories") / "stories.toml"
RIGHT_TO_LEFT = ("ar", "he")
PUBLISHED = "2026-01-07T08:15:00+02:00"
URL = "https://paper.example.org/{language}/2026/story-0117"


@dataclass(frozen=True)
class Story:
    """What an article says, and what stands around it."""

    language: str
    headline: str
    author: str
    section: str
    nav: tuple[str, ...]
    related: tuple[str, ...]
    share: str
    rights: str
    paragraphs: tuple[str, ...]

    @property
    def url(self) -> str:
        """Its address."""
        return URL.format(language=self.language)


def stories() -> list[Story]:
    """All stories, one a language."""
    table = tomllib.loads(_STORIES.read_text(encoding="utf-8"))
    return [Story(language=language, **_fields(entry)) for language, entry in table.items()]


def _fields(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}


def modern(story: Story) -> str:
    """A layout with HTML5's elements and JSON-LD."""
    declared = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": story.headline,
        "datePublished": PUBLISHED,
        "author": [{"@type": "Person", "name": story.author}],
        "articleSection": story.section,
    }
    script = f'<script type="application/ld+json">{json.dumps(declared)}</script>'
    body = "".join(f"<p>{escape(text)}</p>\n" for text in story.paragraphs)
    main = f"""<main><article><header><h1>{escape(story.headline)}</h1>
<p class="byline"><span class="author-name">{story.author}</span> <time datetime="{PUBLISHED}">07.01.2026</time></p></header>
<div class="article-body">{body}</div><div class="share-tools"><a href="#">{story.share}</a></div></article></main>"""
    return _page(story, script, main)


def plain(story: Story) -> str:
    """A layout of nothing but divisions, with meta elements."""
    head = (
        f'<meta property="og:title" content="{escape(story.headline)}"><meta property="og:type" content="article">'
        f'<meta property="article:published_time" content="{PUBLISHED}"><meta name="author" content="{story.author}">'
    )
    body = "".join(f"<p>{escape(text)}</p>\n" for text in story.paragraphs)
    main = f"""<div class="wrap"><div class="col-main"><h1>{escape(story.headline)}</h1><div class="text">{body}</div></div></div>"""
    return _page(story, head, main)


def broken(story: Story) -> str:
    """A layout of the first years of the web: paragraphs parted by line breaks in a table, JSON-LD with a flaw."""
    head = (
        '<script type="application/ld+json">{"@type": "NewsArticle", "headline": '
        f'{json.dumps(story.headline, ensure_ascii=False)}, "datePublished": "{PUBLISHED}",'
        f' "author": {{"name": {json.dumps(story.author, ensure_ascii=False)}}},}}</script>'
    )
    body = "<br><br>\n".join(map(escape, story.paragraphs))
    main = f"""<table width=780><tr><td width=160>{"<br>".join(story.nav)}</td><td><h1>{escape(story.headline)}</h1>
<div class=story>{body}</div></td></tr></table>"""
    return _page(story, head, main)


def _page(story: Story, head: str, main: str) -> str:
    direction = ' dir="rtl"' if story.language in RIGHT_TO_LEFT else ""
    menu = "".join(f'<li><a href="/{story.language}/{at}">{name}</a></li>' for at, name in enumerate(story.nav))
    cards = "".join(
        f'<div class="card"><a href="/{story.language}/2026/other-{at}"><h3>{escape(title)}</h3></a></div>'
        for at, title in enumerate(story.related)
    )
    return f"""<!DOCTYPE html><html lang="{story.language}"{direction}><head><meta charset="utf-8">
<title>{escape(story.headline)} | The Mole</title><meta property="og:site_name" content="The Mole">{head}</head>
<body><div class="top"><nav><ul>{menu}</ul></nav></div>{main}
<div class="related">{cards}</div><footer><p>© 2026 The Mole. {story.rights}</p></footer></body></html>"""


LAYOUTS = (modern, plain, broken)
