"""What the API takes and gives. The OpenAPI description is made from these. Names in JSON are in camelCase."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from archive.address_match import Match

_TIME = r"T([01]\d|2[0-3])(:[0-5]\d(:[0-5]\d)?)?Z?"
DateText = Annotated[
    str, StringConstraints(pattern=rf"^([1-9]\d{{3}}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])({_TIME})?)?)?)?$")
]
"""ISO 8601, as exact as it is known: ``2026``, ``2026-11``, ``2026-11-24``, ``2026-11-24T10:30``; UTC."""
MOST_HITS_AT_ONCE = 100
MOST_CAPTURES_AT_ONCE = 1_000


class Part(BaseModel):
    """Base of what is given."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, use_attribute_docstrings=True
    )


class Parameters(BaseModel):
    """Base of what is taken: an unknown parameter is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class NoParameters(Parameters):
    """Takes none."""


class Narrowing(Parameters):
    """Which articles are meant."""

    q: str = Field(default="", max_length=4000)
    """A query; see the query language of `newswarc search`."""
    site: str = Field(default="", max_length=300, pattern=r'^[^\s"()]*$')
    """A host, with those below it."""
    lang: str = Field(default="", max_length=100, pattern=r"^([A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*)?$")
    """A language tag; `en` takes `en-GB` too."""
    section: str = Field(default="", max_length=300)
    """Words of the section."""
    author: str = Field(default="", max_length=300)
    """Words of an author's name."""
    since: DateText = ""
    """Published at or after this date."""
    until: DateText = ""
    """Published up to this date, itself included."""


class SortOrder(StrEnum):
    """Which hits come first."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"


class SearchParameters(Narrowing):
    """A search."""

    sort: SortOrder | Literal[""] = ""
    """Empty: by relevance if there are words to judge by, else newest first."""
    all: bool = False
    """Whether each version of an address and each copy of a text is given by itself."""
    limit: int = Field(default=20, ge=0, le=MOST_HITS_AT_ONCE)
    """Hits to give."""
    offset: int = Field(default=0, ge=0, le=9_900)
    """Hits to pass over; downloads give all."""


class CaptureParameters(Parameters):
    """Which captures are meant."""

    url: str = Field(min_length=1, max_length=4000)
    """An address; its scheme may be left out."""
    match: Match = Match.EXACT
    """Which addresses it means."""
    since: DateText = ""
    """Captured at or after this date."""
    until: DateText = ""
    """Captured up to this date, itself included."""
    limit: int = Field(default=MOST_CAPTURES_AT_ONCE, ge=1, le=MOST_CAPTURES_AT_ONCE)
    """Captures to give."""


class ArticleBrief(Part):
    """What is told of an article in a list."""

    id: UUID
    """Of its record; `/api/v1/articles/{id}` gives all of it."""
    url: str
    headline: str
    date_published: str | None
    publisher: str | None
    authors: tuple[str, ...]
    section: str | None
    language: str | None
    word_count: int
    captured: datetime | None


class Excerpt(Part):
    """A stretch of an article's text."""

    text: str
    marks: tuple[tuple[int, int], ...]
    """Where in it is what was looked for: first character, and the one behind the last."""


class FoundArticle(ArticleBrief):
    """A hit."""

    excerpt: Excerpt
    versions: int
    """Records of its address, itself among them."""
    copies: int
    """Records of other addresses with the same text."""


class SearchAnswer(Part):
    """What a search found."""

    query: str
    """In its plainest form."""
    index: str
    """Digest of what answered: the same query over the same index gives the same answer."""
    count: int
    """Articles that are meant, each version and copy by itself."""
    hits: tuple[FoundArticle, ...]
    facets: dict[str, dict[str, int]]
    """Counts by site, language, section, author."""
    not_indexed: int
    """Stored segments that are not in the index yet."""


class TimelinePoint(Part):
    """A stretch of time."""

    first: date
    last: date
    found: int
    """Articles that are meant."""
    all: int
    """Articles in all."""
    share: float


class TimelineAnswer(Part):
    """Articles over time."""

    unit: str
    """`day`, `week`, `month` or `year`."""
    points: tuple[TimelinePoint, ...]


class ArticlesAnswer(Part):
    """Articles."""

    articles: tuple[ArticleBrief, ...]


class CaptureBrief(Part):
    """A capture."""

    url: str
    captured: datetime
    status: int
    """0: none."""
    mime: str
    digest: str
    segment: str
    offset: int
    length: int
    """Bytes of the response's gzip member."""
    page: str
    """Path of the page on it, below which its bytes are."""


class CapturesAnswer(Part):
    """Captures, oldest first for each address."""

    captures: tuple[CaptureBrief, ...]
    is_cut: bool
    """Whether there are more."""
    withheld: int
    """How many access rules withhold."""


class SiteBrief(Part):
    """A site."""

    site: str
    captures: int
    """Attempts."""
    days: int
    """With captures."""
    first: date
    last: date


class SitesAnswer(Part):
    """The sites."""

    sites: tuple[SiteBrief, ...]


class CollectionBrief(Part):
    """A collection."""

    name: str
    version: int
    title: str
    sites: tuple[str, ...]
    addresses: tuple[str, ...]
    captured_since: datetime | None
    captured_until: datetime | None
    dublin_core: dict[str, tuple[str, ...]]


class CollectionsAnswer(Part):
    """The collections."""

    collections: tuple[CollectionBrief, ...]


class SiteState(Part):
    """What this machine does for a site. Moments are in seconds since 1970; 0 is never."""

    site: str
    articles: int
    newest: float
    looked_at: float
    waiting: int
    failing: int
    given_up: int
    listed: int
    floor: int
    overdue: float
    """Seconds."""


class ConcernBrief(Part):
    """What needs attention."""

    kind: str
    site: str
    detail: str
    remedy: str


class StatusAnswer(Part):
    """This machine's crawls."""

    at: float
    is_crawling: bool
    sites: tuple[SiteState, ...]
    concerns: tuple[ConcernBrief, ...]
    open_segments: int
    waiting_segments: int
    spool_bytes: int
    disk_free: int


class CrawlAnswer(Part):
    """The crawl that goes on."""

    is_running: bool
    since: float
    """Seconds since 1970; 0 when none runs, or it is not known."""
    process: int
    """Number of its process; 0 when none runs, or it is not known."""
    is_starting: bool
    """One was started here and has not taken its turn yet."""
    is_ending: bool
    """It was asked from here to end."""
    sites: tuple[str, ...]
    """What can be started, for those with the role `operate`."""


class CrawlSites(Parameters):
    """What to crawl."""

    site: tuple[str, ...] = Field(default=(), max_length=1_000)
    """A site of those that can be started, as often as wanted; none: all of them."""


class RunsParameters(Parameters):
    """Which runs are meant."""

    limit: int = Field(default=20, ge=1, le=100)
    before: str = Field(default="", max_length=100, pattern=r"^(\d{1,15}(\.\d{1,20})?:[0-9a-f]{32})?$")
    """`next` of the answer before."""


class RunBrief(Part):
    """A run. Moments are seconds since 1970."""

    id: str
    begun: float
    ended: float
    """0: it has not reported."""
    is_running: bool
    """As far as can be told on this machine."""
    is_due: bool
    """Only sources that were due were read."""
    code: int
    """Exit code, once it has ended."""
    sites: tuple[str, ...]
    outcomes: dict[str, int]
    """Attempts by capture outcome."""
    pages: dict[str, int]
    """Pages by page outcome."""
    articles: dict[str, int]
    """New records by site."""
    received: int
    """Bytes of responses."""
    failed_sites: tuple[str, ...]
    problems: tuple[str, ...]
    """Left out while access rules withhold anything."""


class RunsAnswer(Part):
    """Runs, the newest first."""

    runs: tuple[RunBrief, ...]
    next: str
    """`before` for older ones; empty: there are none."""


class IndexAnswer(Part):
    """Where things are."""

    archive: str
    software: str
    links: dict[str, str]


class Problem(Part):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
