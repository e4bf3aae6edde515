"""Pages for researchers: search, an article, what changed between two versions, citations."""

from __future__ import annotations

import shlex
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from babel import Locale, UnknownLocaleError
from starlette.responses import PlainTextResponse, Response

from archive.article import Article
from archive.errors import ObjectMissing
from archive.search.engine import SearchUnavailable
from archive.search.query import BadQuery, Node, written
from archive.search.searching import Facet, Order, SearchResult
from crawler.replay.start_page import replay_address
from crawler.web.answering import Asked
from crawler.web.citation import bibtex, csl, ris
from crawler.web.plot import plot_of
from crawler.web.query_form import MOST_HITS, PAGE, QueryForm, default_order
from crawler.web.reading import article_named
from crawler.web.timeline import Timeline, timeline
from crawler.web.words_changed import compared

_FACETS = {"site": Facet.SITE, "lang": Facet.LANGUAGE, "section": Facet.SECTION, "author": Facet.AUTHOR}
_MOST_VALUES = 60
_FEWEST = 2
"""Values of a facet below which it narrows nothing."""


def search_page(asked: Asked) -> Response:
    """The start page: a query, its hits, what they are counted by, and their share over time."""
    values: dict[str, Any] = {"form": QueryForm(), "facet_names": _facet_names(asked), "problem": "", "result": None}
    try:
        values["form"] = form = QueryForm.of(asked.parameters)
        node = form.node()
        result = asked.reader.search(
            node,
            limit=PAGE,
            offset=(form.page - 1) * PAGE,
            order=_order(form, node),
            facets=(Facet.DAY, *_FACETS.values()),
            folded=form.is_folded,
        )
    except (BadQuery, SearchUnavailable) as error:
        status = HTTPStatus.BAD_REQUEST if isinstance(error, BadQuery) else HTTPStatus.SERVICE_UNAVAILABLE
        values["form"] = _only_words(asked)
        return asked.page("search.html", status, **{**values, "problem": str(error)})
    over_time = timeline(result.facets["day"], _every_day(asked, form, node))
    values |= {
        "result": result,
        "timeline": over_time,
        "plot": plot_of(over_time),
        "plot_caption": _caption(asked, over_time),
        "facets": _values(form, result),
        "in_time": _in_time(form),
        "first": (form.page - 1) * PAGE + 1,
        "last_page": min(-(-result.count // PAGE), MOST_HITS // PAGE),
        "language_name": lambda tag: language_name(tag, asked.language),
        "written_query": written(node),
        "shell_query": shlex.quote(written(node)),
    }
    return asked.page("search.html", **values)


def article_page(asked: Asked) -> Response:
    """An article: its text, what is known of it and from where, its versions and copies."""
    article = _article(asked, "id")
    versions, copies = asked.reader.versions(article), asked.reader.copies(article)
    known = [(name, value, article.fields.get(field)) for name, field, value in _known(asked, article) if value]
    place = capture_place(article)
    link = ""
    if article.warc is not None and asked.replay:
        link = replay_address(asked.replay, article.url, f"{article.warc.date:%Y%m%d%H%M%S}")
    return asked.page(
        "article.html",
        article=article,
        versions=versions,
        copies=copies,
        similar=asked.reader.similar(article),
        known=known,
        capture=place,
        replay_link=link,
    )


def comparison_page(asked: Asked) -> Response:
    """What changed from one record to another."""
    before, after = _article(asked, "before"), _article(asked, "after")
    headline, paragraphs = compared(before, after)
    generations = [one.extraction.version if one.extraction else "" for one in (before, after)]
    return asked.page(
        "compare.html",
        before=before,
        after=after,
        headline=headline,
        paragraphs=paragraphs,
        generations=generations[0] != generations[1],
    )


_CITATIONS = {
    "bib": (bibtex, "application/x-bibtex"),
    "ris": (ris, "application/x-research-info-systems"),
    "json": (csl, "application/vnd.citationstyles.csl+json"),
}


def citation(asked: Asked) -> Response:
    """An article as a citation, to be saved."""
    form = asked.path("form")
    if form not in _CITATIONS:
        raise ObjectMissing(f"there are citations as {', '.join(_CITATIONS)}")
    write, kind = _CITATIONS[form]
    article = _article(asked, "id")
    named = {"Content-Disposition": f'attachment; filename="{article.id}.{form}"'}
    return Response(write(article).encode("utf-8", "replace"), media_type=f"{kind}; charset=utf-8", headers=named)


def markdown(asked: Asked) -> Response:
    """An article as Markdown."""
    text = _article(asked, "id").markdown()
    return PlainTextResponse(text.encode("utf-8", "replace"), media_type="text/markdown; charset=utf-8")


def capture_place(article: Article) -> str:
    """Path of the page on the capture of an article; empty when the record names none."""
    if article.warc is None:
        return ""
    segment = article.warc.file.rpartition("/")[2].removesuffix(".warc.gz")
    return f"/capture/{segment}/{article.warc.offset}"


@lru_cache(4096)
def language_name(tag: str, language: str) -> str:
    """What a language is called in another one."""
    try:
        return str(Locale.parse(tag.replace("-", "_")).get_display_name(language) or tag)
    except (UnknownLocaleError, ValueError, TypeError):
        return tag


def _article(asked: Asked, name: str) -> Article:
    return article_named(asked.reader, asked.path(name))


def _only_words(asked: Asked) -> QueryForm:
    """What was asked for, as far as it can be shown again."""
    return QueryForm(q=asked.parameters.get("q", "")[:4000])


def _order(form: QueryForm, node: Node) -> Order:
    return Order(form.sort) if form.sort else default_order(node)


def _every_day(asked: Asked, form: QueryForm, node: Node) -> dict[str, int] | None:
    """All articles by day, as narrowed down: what those that are meant are a share of; None when all are meant."""
    background = form.background()
    if background == node:
        return None
    return asked.reader.days(background)


def _values(form: QueryForm, result: SearchResult) -> dict[str, list[tuple[str, int]]]:
    """What the hits can be narrowed down by."""
    found = {}
    for name, facet in _FACETS.items():
        values = list(result.facets[facet.value].items())
        if len(values) >= _FEWEST and name not in form.narrowed:
            found[name] = values[:_MOST_VALUES]
    return found


def _in_time(form: QueryForm) -> str:
    """Where the same is found in a time that follows; made once, for the rows of a long table."""
    others = form.with_(since="", until="").query_string()
    return f"/?{others}&" if others else "/?"


def _caption(asked: Asked, over_time: Timeline) -> str:
    gettext = asked.gettext
    counts = {
        "day": gettext("Articles by day of publication"),
        "week": gettext("Articles by week of publication"),
        "month": gettext("Articles by month of publication"),
        "year": gettext("Articles by year of publication"),
    }
    shares = {
        "day": gettext("Share of all articles, by day of publication"),
        "week": gettext("Share of all articles, by week of publication"),
        "month": gettext("Share of all articles, by month of publication"),
        "year": gettext("Share of all articles, by year of publication"),
    }
    return (shares if over_time.is_share else counts)[over_time.unit.value]


def _facet_names(asked: Asked) -> dict[str, str]:
    gettext = asked.gettext
    return {
        "site": gettext("Site"),
        "lang": gettext("Language"),
        "section": gettext("Section"),
        "author": gettext("Author"),
        "since": gettext("Published from"),
        "until": gettext("Published up to"),
    }


def _known(asked: Asked, article: Article) -> list[tuple[str, str, str]]:
    """Name, field and value of what a record says of its article."""
    gettext = asked.gettext
    warc, http, extraction = article.warc, article.http, article.extraction
    return [
        (gettext("Headline"), "headline", article.headline),
        (gettext("Text"), "articleBody", _words_told(asked, article)),
        (gettext("Published"), "datePublished", article.date_published or ""),
        (gettext("Modified"), "dateModified", article.date_modified or ""),
        (gettext("Authors"), "authors", ", ".join(author.name for author in article.authors)),
        (gettext("Agencies"), "agencies", ", ".join(article.agencies)),
        (gettext("Publisher"), "publisher", article.publisher or ""),
        (gettext("Language"), "inLanguage", article.in_language or ""),
        (gettext("Section"), "articleSection", article.article_section or ""),
        (gettext("Keywords"), "keywords", ", ".join(article.keywords)),
        (gettext("Canonical address"), "canonicalUrl", article.canonical_url or ""),
        (gettext("Paywall"), "paywall", article.paywall or ""),
        (gettext("Licence"), "license", article.license or ""),
        (
            gettext("Found by"),
            "",
            f"{article.discovery.via} {article.discovery.source_url or ''}" if article.discovery else "",
        ),
        (gettext("HTTP status"), "", str(http.status) if http else ""),
        (gettext("Captured"), "", f"{warc.date:%Y-%m-%d %H:%M:%S} UTC" if warc else ""),
        (gettext("Payload digest"), "", warc.payload_digest if warc else ""),
        (gettext("Record"), "", str(article.id)),
        (gettext("Extracted by"), "", f"{extraction.tool} ({extraction.version})" if extraction else ""),
    ]


def _words_told(asked: Asked, article: Article) -> str:
    count = asked.ngettext("%(count)s word", "%(count)s words", article.word_count)
    return count % {"count": f"{article.word_count:,}"}
