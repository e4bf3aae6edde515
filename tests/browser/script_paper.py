"""A newspaper whose pages are shells: scripts fetch front page and stories as JSON and write them into the page."""

from __future__ import annotations

import json
import re
import socket
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.support.exchanges import counted
from tests.support.wire import ByteServer

SHELL = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>The Ferry Post</title>
<script src="/app.js" defer></script></head><body><div id="app"></div>
<noscript>Please enable JavaScript to read this page.</noscript></body></html>"""

APP = """
const app = document.getElementById('app');
const element = (name, text) => { const made = document.createElement(name); made.textContent = text; return made; };
const front = (stories) => { for (const story of stories) {
  const link = element('a', story.headline); link.href = story.path; const item = element('h2', ''); item.append(link);
  app.append(item); } };
const show = (story) => {
  document.title = story.headline + ' - The Ferry Post';
  const article = element('article', ''); article.append(element('h1', story.headline));
  const time = element('time', story.date); time.dateTime = story.date; article.append(time);
  story.paragraphs.forEach((text, number) => {
    const paragraph = element('p', text);
    if (number < 3) { article.append(paragraph); return; }
    if (number === 3) {
      const more = element('button', 'Read more');
      more.onclick = async () => { more.remove(); article.append(paragraph);
        for (const text of story.paragraphs.slice(4)) article.append(element('p', text)); };
      article.append(more); } });
  const picture = element('img', ''); picture.loading = 'lazy'; picture.src = '/pictures' + location.pathname + '.png';
  picture.style = 'margin-top:4000px'; picture.width = picture.height = 10; article.append(picture);
  app.append(article); };
const path = location.pathname;
fetch(path === '/' ? '/api/front' : '/api/story?path=' + encodeURIComponent(path))
  .then((answer) => answer.json()).then(path === '/' ? front : show);
if (path !== '/') fetch('/private/who', {method: 'POST', body: 'reader'}).catch(() => 0);
"""

WORDS = (
    "harbour ferry council engine winter timetable island crew repair budget mayor passengers quay storm signal "
    "inspector cargo lighthouse channel depth survey keel pilot anchor freight bridge ticket deck rescue coast"
).split()


@dataclass
class Story:
    """What the newspaper says on one page."""

    path: str
    headline: str
    date: str
    paragraphs: list[str]

    def as_json(self) -> bytes:
        return json.dumps(self.__dict__).encode()


def story(number: int) -> Story:
    place = WORDS[number % len(WORDS)]

    def sentence(at: int) -> str:
        words = [WORDS[(number * 7 + at * 5 + step * (at + 3)) % len(WORDS)] for step in range(12)]
        return f"On the {place} side the {' '.join(words)} were discussed again, it was said on day {at + 1}."

    paragraphs = [" ".join(sentence(at * 3 + step) for step in range(3)) for at in range(6)]
    path = f"/news/2026/11/2{number % 8}/{place}-and-what-came-of-it-{number}"
    return Story(
        path, f"What the {place} brought in week {number}", f"2026-11-2{number % 8}T08:0{number % 8}:00Z", paragraphs
    )


@dataclass
class ScriptPaper:
    """Serves it."""

    stories: dict[str, Story] = field(default_factory=lambda: {made.path: made for made in map(story, range(3))})
    asked: Counter[str] = field(default_factory=Counter)

    def server(self, port: int = 0) -> ByteServer:
        return ByteServer(self._answer, port=port)

    @property
    def hydrated(self) -> Story:
        """The story whose page brings its text along as data for its scripts."""
        return list(self.stories.values())[-1]

    def _answer(self, connection: socket.socket, request: bytes) -> None:
        target = request.split(b" ", 2)[1].decode()
        parts = urlsplit(target)
        self.asked[f"{request.split(b' ', 1)[0].decode()} {target}"] += 1
        connection.sendall(self._response(parts.path, parts.query))

    def _response(self, path: str, query: str) -> bytes:
        html = b"Content-Type: text/html; charset=utf-8"
        if path == "/robots.txt":
            return counted(b"User-agent: *\nDisallow: /private/\n", b"Content-Type: text/plain")
        if path == "/app.js":
            return counted(APP.encode(), b"Content-Type: text/javascript")
        if path == "/api/front":
            listed = [{"path": made.path, "headline": made.headline} for made in self.stories.values()]
            return counted(json.dumps(listed).encode(), b"Content-Type: application/json")
        if path == "/api/story":
            wanted = re.sub("%2F", "/", query.partition("=")[2])
            return counted(self.stories[wanted].as_json(), b"Content-Type: application/json")
        if path == self.hydrated.path:
            return counted(self._with_data(self.hydrated).encode(), html)
        if path == "/list":  # for those who don't run scripts
            stories = list(self.stories.values())
            links = "".join(f'<h2><a href="{made.path}">{made.headline}</a></h2>' for made in reversed(stories))
            return counted(f"<title>The Ferry Post</title><body>{links}</body>".encode(), html)
        if path == "/" or path in self.stories:
            return counted(SHELL.encode(), html, b'ETag: "shell"')
        if path.startswith("/pictures/"):
            return counted(b"\x89PNG", b"Content-Type: image/png")
        return counted(b"none", b"Content-Type: text/plain", status=b"404 Not Found")

    def _with_data(self, made: Story) -> str:
        body = "".join(f"<p>{text}</p>" for text in made.paragraphs)
        data = {"props": {"article": {"title": made.headline, "body": body, "datePublished": made.date}}}
        script = f'<script id="__NEXT_DATA__" type="application/json">{json.dumps(data)}</script>'
        return SHELL.replace("<title>The Ferry Post", f"<title>{made.headline}").replace(
            "</body>", f"{script}</body>"
        )
