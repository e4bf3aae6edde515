"""Newspapers made by static site generators: Pelican from PyPI, Hugo from Debian."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

GENERATORS = Path(__file__).parent.parent.parent / ".venv-generators" / "bin"
"""Where `make realsite` installs Pelican."""
TITLE = "The Harbour Gazette"


@dataclass(frozen=True)
class Entry:
    """A post of the newspaper."""

    slug: str
    title: str
    author: str
    section: str
    published: datetime
    """With its zone."""
    paragraphs: tuple[str, ...]


class Generator(Protocol):
    """Makes a site of posts."""

    name: str
    feed: str
    """Path of the feed below the site's address."""

    def missing(self) -> str:
        """What has to be installed; empty when it is there."""

    def build(self, posts: Sequence[Entry], address: str, directory: Path) -> Path:
        """The folder to serve: the site of these posts at `address`, made in `directory`."""

    def url(self, post: Entry, address: str) -> str:
        """Where a post is."""


class Pelican:
    """The default theme, Markdown posts, an Atom and an RSS feed."""

    name = "Pelican"
    feed = "/feeds/all.rss.xml"

    def missing(self) -> str:
        """What has to be installed; empty when it is there."""
        return "" if (GENERATORS / "pelican").exists() else "Pelican (make realsite installs it)"

    def build(self, posts: Sequence[Entry], address: str, directory: Path) -> Path:
        """The folder to serve."""
        content = _emptied(directory / "content")
        for post in posts:
            head = {
                "Title": post.title,
                "Date": post.published.isoformat(),
                "Category": post.section,
                "Slug": post.slug,
                "Author": post.author,
            }
            lines = [*(f"{key}: {value}" for key, value in head.items()), "", "\n\n".join(post.paragraphs)]
            (content / f"{post.slug}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
        settings = {
            "SITENAME": TITLE,
            "SITEURL": address,
            "PATH": str(content),
            "TIMEZONE": "UTC",
            "DEFAULT_LANG": "en",
            "FEED_DOMAIN": address,
            "FEED_ALL_ATOM": "feeds/all.atom.xml",
            "FEED_ALL_RSS": "feeds/all.rss.xml",
            "RSS_FEED_SUMMARY_ONLY": True,
            "DEFAULT_PAGINATION": 10,
            "ARTICLE_URL": "{category}/{slug}.html",
            "ARTICLE_SAVE_AS": "{category}/{slug}.html",
        }
        configuration = directory / "pelicanconf.py"
        configuration.write_text("".join(f"{key} = {value!r}\n" for key, value in settings.items()), encoding="utf-8")
        output = _emptied(directory / "output")
        _run([GENERATORS / "pelican", content, "--settings", configuration, "--output", output, "--quiet"], directory)
        return output

    def url(self, post: Entry, address: str) -> str:
        """Where a post is."""
        return f"{address}/{post.section}/{post.slug}.html"


_TEMPLATES = {
    "_default/baseof.html": """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ .Title }}</title>
{{ range .AlternativeOutputFormats }}
<link rel="alternate" type="{{ .MediaType.Type }}" href="{{ .Permalink }}">
{{ end }}</head>
<body><header><a href="{{ site.Home.Permalink }}">{{ site.Title }}</a></header>
<main>{{ block "main" . }}{{ end }}</main></body></html>
""",
    "_default/list.html": """{{ define "main" }}<h1>{{ .Title }}</h1>
<ul>{{ range .Pages }}<li><a href="{{ .Permalink }}">{{ .Title }}</a></li>{{ end }}</ul>{{ end }}
""",
    "_default/single.html": """{{ define "main" }}<article><h1>{{ .Title }}</h1>
<p class="byline">By {{ .Params.author }},
<time datetime="{{ .Date.Format "2006-01-02T15:04:05Z07:00" }}">{{ .Date.Format "2 January 2006" }}</time></p>
{{ .Content }}</article>{{ end }}
""",
}


class Hugo:
    """A theme of three short templates; the feed and the sitemap are Hugo's own."""

    name = "Hugo"
    feed = "/index.xml"

    def missing(self) -> str:
        """What has to be installed; empty when it is there."""
        return "" if shutil.which("hugo") else "Debian's hugo"

    def build(self, posts: Sequence[Entry], address: str, directory: Path) -> Path:
        """The folder to serve."""
        content = _emptied(directory / "content")
        for post in posts:
            head = {"title": post.title, "date": post.published.isoformat(), "author": post.author}
            path = content / post.section / f"{post.slug}.md"
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(head) + "\n\n" + "\n\n".join(post.paragraphs) + "\n", encoding="utf-8")
        for name, text in _TEMPLATES.items():
            template = directory / "layouts" / name
            template.parent.mkdir(parents=True, exist_ok=True)
            template.write_text(text, encoding="utf-8")
        settings = {
            "baseURL": f"{address}/",
            "title": TITLE,
            "languageCode": "en",
            "disableKinds": ["taxonomy", "term"],
            "ignoreErrors": ["error-disable-taxonomy"],
        }
        (directory / "config.json").write_text(json.dumps(settings), encoding="utf-8")
        output = _emptied(directory / "public")
        _run(["hugo", "--buildFuture", "--source", directory, "--destination", output], directory)
        return output

    def url(self, post: Entry, address: str) -> str:
        """Where a post is."""
        return f"{address}/{post.section}/{post.slug}/"


def _emptied(directory: Path) -> Path:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def _run(command: Sequence[object], directory: Path) -> None:
    done = subprocess.run([str(word) for word in command], cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stdout[-1000:]}{done.stderr[-1000:]}")
