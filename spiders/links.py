"""Which addresses are articles, sections, or neither; and one form for each address."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import tldextract
from courlan.filters import is_navigation_page, is_not_crawlable
from w3lib.url import safe_url_string

from spiders.shapes import UNKNOWN, Shapes
from spiders.site import Site
from spiders.url_identity import is_session

_TRACKING = re.compile(
    r"(?i)^(?:utm_\w+|fbclid|gclid|dclid|msclkid|mc_[ce]id|igshid|yclid|_ga|ns_\w+|at_(?:medium|campaign|custom\d|link\w*)"
    r"|xtor|cmpid|cmp|ocid|spm|ftag|ref_src|wt_\w+|traffic_source)$"
)
_DATED = re.compile(r"/(?:19|20)\d{2}[/-]?(?:0?[1-9]|1[0-2])(?:[/-]?\d{1,2})?(?=[/_.-])")
_NUMBERED = re.compile(r"\d{4,}")
_PAGE_FILE = re.compile(r"\.(?:s?html?|php|aspx?|cms|jsp|ece|story)$", re.I)
_ASSET = re.compile(
    r"\.(?:jpe?g|png|gif|webp|svg|ico|css|js|json|pdf|zip|gz|mp[34]|avi|mov|wav|ogg|woff2?|ttf|xml|rss|atom|exe|apk)$",
    re.I,
)
_NO_ARTICLE = re.compile(
    r"(?i)/(?:tags?|topics?|categor(?:y|ies)|authors?|search|login|signin|sign-in|register|subscribe|newsletters?|about|about-us"
    r"|contact|contact-us|privacy|terms|cookies?|imprint|impressum|jobs|careers|feed|feeds|rss|page|comments?|account|user|users"
    r"|wp-json|wp-login|cart|shop|games|podcasts?|schedule|programme|weather|archive|sitemap|advertise)(?:/|$)"
)
_WORDS_OF_SLUG = 4
_MAX_LENGTH = 2000
_MAX_SECTION_DEPTH = 2

_suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
# The bundled public suffix list only: nothing is fetched for it.


def clean_address(url: str) -> str | None:
    """One form for each address: safe characters, no fragment, no tracking. None if it can't be fetched."""
    try:
        parts = urlsplit(safe_url_string(url.strip()))
        if not is_fetchable(urlunsplit(parts)) or len(url) > _MAX_LENGTH:
            return None
        pairs = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return None
    query = parts.query
    if any(_is_passing(name) for name, _ in pairs):
        query = urlencode([(name, value) for name, value in pairs if not _is_passing(name)])
    default = {"http": ":80", "https": ":443"}[parts.scheme]
    return urlunsplit((parts.scheme, parts.netloc.lower().removesuffix(default), parts.path or "/", query, ""))


def _is_passing(name: str) -> bool:
    """Whether a parameter tells of the visit, not of the article."""
    return bool(_TRACKING.match(name)) or is_session(name)


def is_fetchable(url: str) -> bool:
    """Whether an address that a site names can be asked for at all: http or https, a host, no user, not too long."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and "@" not in parts.netloc
        and len(url) <= _MAX_LENGTH
    )


@lru_cache(maxsize=4096)
def registered_domain(host: str) -> str:
    """The registered domain of a host; the host itself for an IP address or a single label."""
    found = _suffixes(host)
    return f"{found.domain}.{found.suffix}" if found.suffix else host


def same_site(url: str, site: Site) -> bool:
    """Whether an address lies on the site's registered domain."""
    return registered_domain(urlsplit(url).hostname or "") == registered_domain(site.host)


def is_denied(url: str, site: Site) -> bool:
    """Whether the site's definition forbids an address."""
    return any(re.search(pattern, url) for pattern in site.urls.deny)


def is_article(url: str, site: Site, *, announced: bool, shapes: Shapes = UNKNOWN) -> bool:
    """Whether an address is to be fetched as an article.

    `announced` tells that a feed or news sitemap lists it, which is taken at its word as long as the
    definition does not deny it; a link on a page is judged by the definition's patterns, by what the site's pages
    have shown of its form (`shapes`), or else by the form itself.
    """
    if is_denied(url, site) or not same_site(url, site):
        return False
    if site.urls.allow:
        return any(re.search(pattern, url) for pattern in site.urls.allow)
    if announced:
        return True
    known = shapes.judge(url)
    return looks_like_article(url) if known is None else known


def looks_like_article(url: str) -> bool:
    """Whether an address has the form of an article's: a date, a number or a slug of several words."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if (
        not path
        or _ASSET.search(path)
        or _NO_ARTICLE.search(path)
        or is_not_crawlable(url)
        or is_navigation_page(url)
    ):
        return False
    last = _PAGE_FILE.sub("", path.rsplit("/", 1)[-1])
    words = [word for word in re.split(r"[-_]|%20", last) if word]
    slug = len(words) >= _WORDS_OF_SLUG
    dated = bool(_DATED.search(path)) and len(last) > 2
    numbered = bool(_NUMBERED.search(path)) and (len(words) > 1 or path.count("/") > 1)
    page = bool(_PAGE_FILE.search(path)) and len(words) > 1
    return slug or dated or numbered or page


def looks_like_section(url: str, site: Site) -> bool:
    """Whether an address has the form of a section's front page: short words, not deep, on the site's own host."""
    parts = urlsplit(url)
    path = parts.path.strip("/")
    words = path.split("/")
    return (
        bool(path)
        and parts.hostname == site.host
        and not parts.query
        and len(words) <= _MAX_SECTION_DEPTH
        and not _ASSET.search(path)
        and not _PAGE_FILE.search(path)
        and not re.search(
            r"(?i)(?:login|sign|subscri|contact|about|privacy|terms|cookie|impress|imprint|job|search|newsletter)",
            path,
        )
        and not looks_like_article(url)
        and not is_denied(url, site)
    )
