"""The newspaper's pages, feeds and sitemaps as bytes."""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from email.utils import format_datetime
from html import escape
from urllib.parse import quote

from crawler.demo.stories import LANGUAGES, Story

NAMES = {"en": "The Tidewater Courier", "ar": "بريد المرفأ", "fr": "Le Courrier de la Rade"}
SECTIONS = ("harbour", "town", "culture")
PAGE_LENGTH = 2
"""Stories on one page of a section."""

_DIRECTIONS = {"en": "ltr", "ar": "rtl", "fr": "ltr"}
_OTHER_EDITION = {
    "en": ("ar", "إقرأ هذا الخبر بالعربية"),
    "ar": ("en", "Read this story in English"),
    "fr": ("ar", "إقرأ هذا الخبر بالعربية"),
}
_RELATED = {"en": "Related stories", "ar": "أخبار ذات صلة", "fr": "À lire aussi"}
_COMMENTS = {"en": "Comments 0", "ar": "تعليقات 0", "fr": "Commentaires 0"}
_LETTER = {
    "en": "Get the morning tide in your mailbox: subscribe to our newsletter",
    "ar": "اشترك في نشرتنا البريدية لتصلك أخبار الصباح",
    "fr": "Recevez la marée du matin : abonnez-vous à notre lettre",
}


def url(base: str, path: str) -> str:
    """The address of a path, percent-encoded."""
    return base + quote(path, safe="/:?=&%")


def article_page(base: str, story: Story, stories: Sequence[Story], *, corrected: bool) -> str:
    """A story's page, with the nuisances of the field."""
    body = story.body if corrected or not story.body_before_correction else story.body_before_correction
    paragraphs = "\n".join(f"<p>{escape(text)}</p>" for text in body)
    if corrected and story.correction:
        paragraphs += f'\n<p class="correction"><em>{escape(story.correction)}</em></p>'
    other, invitation = _OTHER_EDITION[story.language]
    twin = next(item for item in stories if item.id == story.id and item.language == other)
    related = [item for item in stories if item.language == story.language and item.id != story.id][:3]
    links = "".join(f'<li><a href="{url("", item.path)}">{escape(item.headline)}</a></li>' for item in related)
    content = f"""<article class="story">
<h1>{escape(story.headline)}</h1>
<div class="edition"><a href="{url("", twin.path)}">{invitation}</a></div>
<div class="meta">{_byline(story)}</div>
<div class="picture"><img src="/images/{story.image}.png" alt="{story.image}" width="460" height="300"></div>
{paragraphs}
<div class="comments">{_COMMENTS[story.language]}</div>
</article>
<aside class="newsletter"><p>{_LETTER[story.language]}</p><form><input name="mail"><button>OK</button></form></aside>
<section class="related"><h3>{_RELATED[story.language]}</h3><ul>{links}</ul></section>"""
    return _page(base, story.language, story.headline, content, _head(base, story, stories))


def _byline(story: Story) -> str:
    """Author and date as each edition shows them: the Arabic one shows neither."""
    if story.language == "en":
        moment = datetime.fromisoformat(story.published)
        shown = f'<time class="published" datetime="{story.published}">{moment:%d %B %Y, %H:%M}</time>'
        return f'<span class="byline">By {escape(story.author)}</span> {shown}'
    return f'<span class="byline">Par {escape(story.author)}</span>' if story.language == "fr" else ""


def _head(base: str, story: Story, stories: Sequence[Story]) -> str:
    lines = [f'<link rel="canonical" href="{url(base, story.path)}">']
    if story.language == "fr":
        declared = {
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "headline": story.headline,
            "datePublished": story.published,
            "author": {"@type": "Person", "name": story.author},
            "publisher": {"@type": "Organization", "name": NAMES["fr"]},
            "inLanguage": "fr",
            "articleSection": story.section,
            "isAccessibleForFree": True,
        }
        lines.append(f'<script type="application/ld+json">{json.dumps(declared, ensure_ascii=False)}</script>')
        twins = [item for item in stories if item.id == story.id]
        lines += [f'<link rel="alternate" hreflang="{t.language}" href="{url(base, t.path)}">' for t in twins]
    else:
        lines.append(f'<meta property="og:title" content="{escape(story.headline)}">')
        lines.append(f'<meta property="og:site_name" content="{NAMES[story.language]}">')
        lines.append('<meta property="og:type" content="article">')
        lines.append(f'<meta property="og:image" content="{base}/images/{story.image}.png">')
    lines.append(f'<meta name="description" content="{escape(story.summary)}">')
    return "\n".join(lines)


def front_page(base: str, language: str, stories: Sequence[Story]) -> str:
    """An edition's front page: stories, sections, the feed, a short link, a dead one and a forbidden one."""
    own = [story for story in stories if story.language == language]
    teasers = "".join(
        f'<div class="teaser"><h2><a href="{url("", item.path)}?utm_source=front">{escape(item.headline)}</a></h2>'
        f"<p>{escape(item.summary)}</p></div>"
        for item in reversed(own)
    )
    feed = feed_path(language)
    kind = "atom" if feed.endswith("atom") else "rss"
    extra = (
        f'<p><a href="/s/{language}/1004">/s/{language}/1004</a></p>'
        f'<p><a href="/stories/{language}/9999-the-page-that-went-away">…</a></p>'
        f'<p><a href="/private/{language}/2001-notes-for-the-editors-only">…</a></p>'
    )
    head = f'<link rel="alternate" type="application/{kind}+xml" href="{feed}">'
    return _page(base, language, NAMES[language], teasers + extra, head)


def section_page(base: str, language: str, section: str, page: int, stories: Sequence[Story]) -> str:
    """One page of a section, newest first, with a link to the next."""
    own = [story for story in reversed(stories) if story.language == language and story.section == section]
    shown = own[(page - 1) * PAGE_LENGTH : page * PAGE_LENGTH]
    items = "".join(f'<li><a href="{url("", item.path)}">{escape(item.headline)}</a></li>' for item in shown)
    more = len(own) > page * PAGE_LENGTH
    following = f'<a rel="next" href="/{language}/{section}?page={page + 1}">»</a>' if more else ""
    return _page(base, language, f"{section} – {NAMES[language]}", f"<ul>{items}</ul>{following}", "")


def not_found_page(base: str, language: str) -> str:
    """What the newspaper shows, with status 200, for a story that is gone."""
    return _page(
        base, language, "Page not found", "<h1>Page not found</h1><p>The page you asked for is not here.</p>", ""
    )


def _page(base: str, language: str, title: str, content: str, head: str) -> str:
    sections = "".join(f'<li><a href="/{language}/{name}">{name}</a></li>' for name in SECTIONS)
    editions = "".join(f'<li><a href="/{name}/">{NAMES[name]}</a></li>' for name in LANGUAGES)
    return f"""<!DOCTYPE html>
<html lang="{language}" dir="{_DIRECTIONS[language]}">
<head>
<meta charset="utf-8">
<title>{escape(title)} | {NAMES[language]}</title>
<link rel="stylesheet" href="/style.css">
{head}
</head>
<body>
<header><img class="emblem" src="/images/emblem.png" srcset="/images/emblem-large.png 2x" alt="">
<a href="/{language}/">{NAMES[language]}</a><nav><ul>{sections}</ul></nav></header>
<main>
{content}
</main>
<footer><ul>{editions}</ul><p>{NAMES[language]}, {base}</p></footer>
</body>
</html>
"""


def feed_path(language: str) -> str:
    """Where an edition's feed is."""
    return "/fr/rss.xml" if language == "fr" else f"/{language}/feed.atom"


def atom_feed(base: str, language: str, stories: Iterable[Story]) -> bytes:
    """The Atom feed of an edition (RFC 4287)."""
    entries = "".join(
        f"<entry><title>{escape(story.headline)}</title>"
        f'<link rel="alternate" href="{url(base, story.path)}"/><id>{url(base, story.path)}</id>'
        f"<published>{story.published}</published><updated>{story.published}</updated>"
        f"<author><name>{escape(story.author)}</name></author><summary>{escape(story.summary)}</summary></entry>\n"
        for story in stories
        if story.language == language
    )
    text = (
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language}">'
        f"<title>{NAMES[language]}</title><id>{base}/{language}/</id><updated>2026-01-07T09:05:00+02:00</updated>\n"
        f"{entries}</feed>\n"
    )
    return text.encode("utf-8")


def rss_feed(base: str, language: str, stories: Iterable[Story]) -> bytes:
    """The RSS 2.0 feed of an edition."""
    items = "".join(
        f"<item><title>{escape(story.headline)}</title><link>{url(base, story.path)}</link>"
        f"<guid>{url(base, story.path)}</guid>"
        f"<pubDate>{format_datetime(datetime.fromisoformat(story.published))}</pubDate>"
        f"<description>{escape(story.summary)}</description></item>\n"
        for story in stories
        if story.language == language
    )
    text = (
        f'<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel><title>{NAMES[language]}</title>'
        f"<link>{base}/{language}/</link><description>{NAMES[language]}</description>\n{items}</channel></rss>\n"
    )
    return text.encode("utf-8")


def sitemap_index(base: str) -> bytes:
    """The index that robots.txt names."""
    names = ("/news-sitemap.xml.gz", "/archive-sitemap.xml")
    entries = "".join(f"<sitemap><loc>{base}{name}</loc></sitemap>" for name in names)
    return _xml(f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</sitemapindex>')


def news_sitemap(base: str, stories: Iterable[Story]) -> bytes:
    """The news sitemap of all editions, gzipped."""
    entries = "".join(
        f"<url><loc>{url(base, story.path)}</loc><news:news><news:publication><news:name>{NAMES[story.language]}"
        f"</news:name><news:language>{story.language}</news:language></news:publication>"
        f"<news:publication_date>{story.published}</news:publication_date>"
        f"<news:title>{escape(story.headline)}</news:title></news:news></url>\n"
        for story in stories
    )
    spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    return gzip.compress(_xml(f"<urlset {spaces}>\n{entries}</urlset>"), mtime=0)


def archive_sitemap(base: str) -> bytes:
    """The sitemap of the back catalogue."""
    entry = (
        f"<url><loc>{base}/stories/en/0007-the-day-the-first-lamp-was-lit</loc><lastmod>2011-03-02</lastmod></url>"
    )
    return _xml(f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entry}</urlset>')


def _xml(text: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def robots_txt(base: str) -> bytes:
    """What crawlers may do."""
    return f"User-agent: *\nDisallow: /private/\n\nSitemap: {base}/sitemap_index.xml\n".encode()


def picture(name: str) -> bytes:
    """A plain PNG whose colour follows from its name (PNG specification, third edition)."""
    shade = zlib.crc32(name.encode()) & 0xFFFFFF
    pixel = shade.to_bytes(3, "big")
    width, height = 46, 30
    rows = (b"\x00" + pixel * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    packed = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)
