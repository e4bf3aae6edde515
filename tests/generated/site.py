"""A site as it is drawn: its articles, its sources, and the flaws that are planted in them."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from spiders.left_out import LeftOut
from tests.generated.table import article_fates, source_fates

CLOSED = "/closed"
"""What robots.txt denies, where there is one."""
DENIED = "/never"
"""What the definition denies."""
GIVEN = ("given", "marked", "moved", "gated")
"""Forms of a robots.txt that denies one directory: as it should be, with a byte order mark, behind a redirect, behind a
redirect to itself that sets a cookie."""
HOLDS = frozenset({"429", "503"})
"""Answers after which the whole host is left alone."""
OPERATOR = frozenset({"forbidden", "client_error", "tls_failure", "robots_denied", "address_refused", "redirect"})
"""Outcomes of which a site's operator hears when every article ends so."""
_NEEDS_ROBOTS = frozenset({"closed", "moved to closed"})
_NEEDS_QUERY = frozenset({"reordered"})
FORMS = {
    "feed": ("plain", "tracking", "spaces", "relative", "fragment", "upper case", "undated", "far date"),
    "news": ("plain", "tracking", "spaces", "twice escaped", "relative", "fragment", "upper case", "far date"),
    "plain": ("plain", "tracking", "spaces", "twice escaped", "relative", "fragment", "upper case"),
    "index": ("plain", "tracking", "spaces", "twice escaped", "relative", "fragment", "upper case"),
    "section": ("plain", "tracking", "relative", "fragment", "upper case"),
}
"""How an entry may be written that is an article's all the same."""
_DATELESS = ("undated", "far date")
_NO_PAGES = frozenset(
    {"elsewhere", "ampersand", "entity", "prefix", "cut", "marked", "wrong type", "packed", "wide", "message"}
)
"""Flaws of a document that a section, which is a page itself, does not have."""
_NO_SITEMAPS = frozenset({"wrong type"})


@dataclass(frozen=True)
class Article:
    """An article that sources announce."""

    number: int
    answer: str
    """A row of the table of articles."""
    query: bool = False

    @property
    def path(self) -> str:
        """Path and query, as the address is asked for."""
        closed = CLOSED if self.answer == "closed" else ""
        query = f"?id={self.number + 100}&ed=2" if self.query or self.answer in _NEEDS_QUERY else ""
        return f"{closed}/2026/11/03/the-ferry-to-the-islands-{self.number}{query}"

    @property
    def is_told_apart(self) -> bool:
        """Whether nothing else of the site keeps it from ending as the table says."""
        return self.answer not in HOLDS


@dataclass(frozen=True)
class Source:
    """A feed, a sitemap or a section."""

    number: int
    kind: str
    """``feed``, ``news`` or ``plain`` (sitemaps), ``index`` (of one sitemap), ``section``."""
    flaw: str
    """A row of the table of sources."""
    entries: tuple[tuple[int, str], ...]
    """Number of each article and the form of its entry."""
    oddities: tuple[LeftOut, ...]
    """Entries that are not asked for."""

    @property
    def path(self) -> str:
        """Where it is asked for."""
        name = {"feed": "feed", "section": "part"}.get(self.kind, "map")
        ending = "" if self.kind == "section" else ".xml"
        return f"{CLOSED if self.flaw == 'closed' else ''}/{name}-{'abc'[self.number]}{ending}"

    @property
    def is_read(self) -> bool:
        """Whether its entries are seen."""
        return source_fates()[self.flaw].articles == "read"


@dataclass(frozen=True)
class Site:
    """One site."""

    is_named: bool
    """Whether a definition names its sources; else they are found from the front page."""
    robots: str
    """``given`` (`GIVEN` has its forms), ``absent``, ``shut`` (all is denied) or ``failing``."""
    articles: tuple[Article, ...]
    sources: tuple[Source, ...]

    @property
    def is_open(self) -> bool:
        """Whether robots.txt lets anything be asked for."""
        return self.robots in (*GIVEN, "absent")

    @property
    def announced(self) -> list[Article]:
        """The articles that sources announce which can be read."""
        numbers = {number for source in self.sources if source.is_read for number, _ in source.entries}
        return [article for article in self.articles if article.number in numbers] if self.is_open else []

    @property
    def holds(self) -> bool:
        """Whether an answer makes the rest of the host wait."""
        return any(article.answer in HOLDS for article in self.announced)

    @property
    def left_out(self) -> dict[str, int]:
        """Entries that are not asked for, by reason."""
        counts: dict[str, int] = {}
        for source in self.sources if self.is_open else ():
            if source.is_read:
                for reason in source.oddities:
                    counts[reason.value] = counts.get(reason.value, 0) + 1
            elif source.flaw == "elsewhere":
                key = LeftOut.OFF_SITE.value
                counts[key] = counts.get(key, 0) + len(source.entries)
        return counts

    @property
    def needs_operator(self) -> bool:
        """Whether somebody has to act, so that the run's exit code is 1."""
        if not self.announced:
            return True
        # What an index leads to is not named
        named = [
            source_fates()[source.flaw].operator == "if named"
            for source in self.sources
            if self.is_named and (source.kind, source.flaw) != ("index", "elsewhere")
        ]
        fates = [article_fates()[article.answer] for article in self.announced]
        return any(named) or all(fate.kind == "waiting" and fate.name in OPERATOR for fate in fates)


@st.composite
def sites(draw: st.DrawFn) -> Site:
    """Any site."""
    is_named = draw(st.booleans())
    robots = draw(st.sampled_from(["given"] * 4 + [*GIVEN] + ["absent"] * 3 + ["shut", "failing"]))
    answers = sorted(article_fates())
    if robots not in GIVEN:
        answers = [answer for answer in answers if answer not in _NEEDS_ROBOTS]
    articles = tuple(
        Article(number, draw(st.just("page") | st.sampled_from(answers)), draw(st.booleans()))
        for number in range(draw(st.integers(1, 5)))
    )
    articles = _with_companions(articles)
    holds = any(article.answer in HOLDS for article in articles)
    # Where the host is left alone, which of several sources was read before is a matter of time
    count = 1 if holds else draw(st.integers(1, 3))
    sources = tuple(draw(_sources(number, articles, is_named, robots, holds)) for number in range(count))
    return Site(is_named, robots, articles, sources)


def _with_companions(articles: tuple[Article, ...]) -> tuple[Article, ...]:
    """The articles, with one that the others may redirect to, or have the bytes of."""
    last = Article(len(articles), "page")
    return (
        (*articles, last) if any(article.answer in ("to another", "same bytes") for article in articles) else articles
    )


@st.composite
def _sources(
    draw: st.DrawFn, number: int, articles: tuple[Article, ...], is_named: bool, robots: str, holds: bool
) -> Source:
    declares = is_named or robots in GIVEN  # sitemaps that no definition names are found through robots.txt
    maps = ["news", "plain", *([] if holds else ["index"])] if declares else []
    kind = draw(st.sampled_from(["feed", "feed", "section", *maps]))
    flaws = sorted(source_fates())
    if robots not in GIVEN:
        flaws.remove("closed")
    unfit = _NO_PAGES if kind == "section" else _NO_SITEMAPS if kind != "feed" else frozenset()
    flaw = draw(st.just("well") | st.sampled_from([flaw for flaw in flaws if flaw not in unfit]))
    chosen = draw(st.lists(st.sampled_from(articles), min_size=1, unique=True))
    needed = [article for article in chosen if article.answer in ("to another", "same bytes")]
    if needed and articles[-1] not in chosen:
        chosen.append(articles[-1])
    # What a definition names is taken without a date
    fit = FORMS[kind] + (_DATELESS if kind == "plain" and is_named else ())
    if flaw != "elsewhere":
        chosen += draw(st.lists(st.sampled_from(chosen), max_size=2))  # some are listed twice
    entries = tuple((article.number, draw(st.sampled_from(fit))) for article in chosen)
    return Source(number, kind, flaw, entries, () if flaw == "elsewhere" else draw(_oddities(kind, is_named)))


def _oddities(kind: str, is_named: bool) -> st.SearchStrategy[tuple[LeftOut, ...]]:
    reasons = [LeftOut.NO_ADDRESS, LeftOut.UNFIT, LeftOut.TOO_LONG, LeftOut.OFF_SITE, LeftOut.IN_FRAGMENT]
    if is_named:
        reasons.append(LeftOut.DENIED)
    if kind in ("plain", "index"):
        reasons += [
            LeftOut.OLD,
            LeftOut.NOT_AN_ARTICLE,
            LeftOut.ASSET,
            *(() if is_named and kind == "plain" else (LeftOut.UNDATED, LeftOut.UNREADABLE_DATE)),
        ]
    few = st.lists(st.sampled_from(reasons), max_size=3)
    return st.just(()) if kind == "section" else few.map(tuple)
