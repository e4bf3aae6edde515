"""The start page: sites, their days, the articles of a day; a search by address. Pure text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from html import escape
from urllib.parse import quote, urlencode

from archive.counted import counted
from crawler.replay.listing import ListedPage

_STYLE = """body { font-family: system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }
a { color: #0b5394; text-decoration: none } a:hover { text-decoration: underline }
li { margin: .4em 0; list-style: none } ul { padding: 0 } small { color: #666 }
form { margin: 1.5em 0 } input, button { font: inherit; padding: .4em }
input { width: 32em; max-width: 70% }
"""


def sites_page(title: str, days: dict[str, Counter[str]]) -> str:
    """All sites, each with its newest days."""
    rows = []
    for site, counts in sorted(days.items()):
        newest = sorted(counts, reverse=True)
        links = " · ".join(_link({"site": site, "day": day}, day) for day in newest[:5])
        more = f" · {_link({'site': site}, f'all {len(newest)} days')}" if len(newest) > 5 else ""
        rows.append(
            f"<li><b>{escape(site)}</b> <small>{counted(counts.total(), 'capture')}</small><br>{links}{more}</li>"
        )
    return _page(title, f"<h1>{escape(title)}</h1>{_search()}<ul>{''.join(rows)}</ul>")


def days_page(site: str, counts: Counter[str]) -> str:
    """All days of a site."""
    rows = [
        f"<li>{_link({'site': site, 'day': day}, day)} <small>{counted(counts[day], 'capture')}</small></li>"
        for day in sorted(counts, reverse=True)
    ]
    return _page(site, f"<h1>{escape(site)}</h1>{_home()}<ul>{''.join(rows)}</ul>")


def articles_page(site: str, day: str, pages: Iterable[ListedPage], replay: str) -> str:
    """The pages of a site and a day, each a link into the replay at `replay`."""
    rows = [_row(page, replay) for page in sorted(pages, key=lambda page: (page.captured, page.url))]
    items = "".join(rows) or "<li>no pages; captures of other kinds are found by their URL</li>"
    heading = f"<h1>{escape(site)}, {escape(day)}</h1>"
    return _page(f"{site}, {day}", f"{heading}{_home()}{_search()}<ul>{items}</ul>")


def withheld_page(url: str, told: list[str]) -> str:
    """Which access rules withhold captures of an address."""
    items = "".join(f"<li>{escape(line)}</li>" for line in told) or "<li>no access rule names it</li>"
    return _page("Withheld", f"<h1>{escape(url)}</h1><ul>{items}</ul>{_home()}")


def replay_address(replay: str, url: str, stamp: str) -> str:
    """The address of a capture in the replay; `stamp` has fourteen digits, or is ``*`` for its calendar."""
    return f"{replay}{stamp}/{quote(url, safe=_URL_LETTERS)}"


_URL_LETTERS = ":/?#[]@!$&'()*+,;=%~-._"


def _row(page: ListedPage, replay: str) -> str:
    opened = escape(replay_address(replay, page.url, f"{page.captured:%Y%m%d%H%M%S}"))
    calendar = escape(replay_address(replay, page.url, "*"))
    language = f' lang="{escape(page.language)}"' if page.language else ""
    facts = " · ".join(escape(fact) for fact in (page.published, f"captured {page.captured:%Y-%m-%d %H:%M}") if fact)
    return (
        f'<li><a class="article" dir="auto"{language} href="{opened}">{escape(page.title or page.url)}</a><br>'
        f'<small>{facts} · <a href="{calendar}">all captures</a></small></li>'
    )


def _link(query: dict[str, str], text: str) -> str:
    return f'<a href="/?{escape(urlencode(query))}">{escape(text)}</a>'


def _home() -> str:
    return '<p><a href="/">all sites</a></p>'


def _search() -> str:
    return (
        '<form action="/search"><input name="url" placeholder="https://… an address, or its beginning with *">'
        " <button>Search</button></form>"
    )


def _page(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>{escape(title)}</title><style>{_STYLE}</style></head>'
        f"<body>{body}</body></html>\n"
    )
