"""Which URLs are articles, sections, or neither; and the normal form of each URL."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qsl, unquote_plus, urljoin, urlsplit, urlunsplit

import tldextract
from courlan.filters import is_navigation_page, is_not_crawlable
from w3lib.url import safe_url_string

from spiders.left_out import LeftOut
from spiders.shapes import UNKNOWN, Shapes
from spiders.site import Site
from spiders.url_identity import is_session

LONGEST_ADDRESS = 2000
"""Maximum length of a URL that is requested."""

_LONGEST_TEXT = 1 << 16
"""Letters of what may become an address when its tracking is cut out."""
_LONGEST_HOST = 254
_LONGEST_LABEL = 63
_UNREAD = "\ufffd"
"""Stands for a letter that could not be read: the address is another one than the site meant."""
_ROUTE = re.compile(r"!|/\w")
"""A fragment that names a page to the site's scripts."""
_SCHEME = re.compile(r"[\t\n\r ]*([A-Za-z][A-Za-z0-9+.-]*):")
_STARTS = frozenset({"", "/", "/index.html", "/index.htm", "/index.php"})
"""Paths at which scripts begin that show any page of a site."""
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
_KEY_NAME = re.compile(
    r"(?i)(?:[a-z]+[_-]?)?(?:id|idx|idxno|uid|guid|uuid|no|nr|num|seq)|article|artikel|articulo|noticia|nota|story|post|news|read(?:more)?|item"
)
_OTHER_KEY = re.compile(
    r"(?i)(?:page|pg|cat|category|c|s|sec|section|tag|topic|author|user|u|member|group|g|forum|f|menu|m|lang|l|item|issue|parent"
    r"|session|client|visitor|media|img|image|photo|video|file|attachment|ad|banner|campaign|region|city|poll)[_-]?"
    r"(?:id|idx|idxno|uid|guid|uuid|no|nr|num|seq)"
)
"""Keys of what is no article; Joomla's ``Itemid`` is one of a menu."""
_NEWS_VALUE = re.compile(
    r"(?i)(?:show_?|view_?|read_?|full_?)?(?:article|news|story|stories|post|node)s?(?:_?(?:view|read|detail))?"
)
"""Value of a parameter by which a script shows an article: what then has a number is its key."""
_NUMBER = re.compile(r"\d{3,}", re.A)
_OTHER_NUMBER = re.compile(
    r"(?i)y|year|m|month|d|day|date|page|pg|p|start|limit(?:start)?|offset|size|from|to|w|h|width|height|v|ver|t|_"
)
"""Names of numbers that are no key."""
_OTHER_WORDS = re.compile(
    r"(?i)tag|topic|cat|category|section|author|user|s|q|query|search|keywords?|ref|referrer|from|source|back|next|campaign"
    r"|return(?:_?to|_?url)?|redirect(?:_?to|_?url|_?uri)?|url|u|token|session|v|ver"
)
"""Names of words that are no title."""
_STORY_OR_SECTION = "sid"
"""Names a story where the script shows an article, as in PHP-Nuke; else a section or a session."""
_KEY_VALUE = re.compile(r"(?=[^\d]*\d)[\w:.-]{1,64}", re.A)
_LIST = re.compile(r"(?i)(?:categor(?:y|ies)|sections?|tags?|archives?|list|search|login|register|print|rss|feed)")
_POST = "p"
"""WordPress's short form of an article's address, on the front page alone: elsewhere it numbers pages of a list."""
_FRONTS = frozenset({"", "/index.php"})
_WORDS_OF_SLUG = 4
_MAX_SECTION_DEPTH = 2

_suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
# The bundled public suffix list only: nothing is fetched for it.


def clean_address(url: str, charset: str = "utf-8") -> str | None:
    """One form for each address: safe characters, no fragment, no tracking. None if it can't be fetched.

    What is requested is what the site wrote, but for parameters of tracking and sessions, which are cut out.
    `charset` is that of the page that links to it: letters of the query that are not ASCII are sent in it, as
    browsers do (WHATWG URL, section 4.2, "query state"). No text raises.
    """
    return _form(url, charset)[0]


def address_flaw(url: str) -> LeftOut | None:
    """Why `clean_address` gives none."""
    return _form(url, "utf-8")[1]


def _form(url: str, charset: str) -> tuple[str | None, LeftOut | None]:
    """The form of an address, or why there is none."""
    if not url.strip():
        return None, LeftOut.NO_ADDRESS
    if len(url) > _LONGEST_TEXT:
        return None, LeftOut.TOO_LONG
    safe = _safe(url.strip(), charset)
    if safe is None or not _is_web_address(safe) or _UNREAD in url:
        return None, LeftOut.UNFIT
    parts = urlsplit(safe)
    if _ROUTE.match(parts.fragment) and parts.path.lower() in _STARTS and not parts.query:
        return None, LeftOut.IN_FRAGMENT
    default = {"http": ":80", "https": ":443"}[parts.scheme]
    host = parts.netloc.lower().removesuffix(default)
    address = urlunsplit((parts.scheme, host, parts.path or "/", _lasting(parts.query), ""))
    return (address, None) if len(address) <= LONGEST_ADDRESS else (None, LeftOut.TOO_LONG)


def _safe(url: str, charset: str) -> str | None:
    """The address in characters that may be sent."""
    for encoding in (charset, "utf-8"):
        try:
            return safe_url_string(_in_charset(url, encoding), encoding=encoding)
        except (ValueError, LookupError):
            continue  # no charset of that name; or nothing can be made of the address
    return None


def _in_charset(url: str, charset: str) -> str:
    """An address whose query has letters of a charset alone: for others stand references, as browsers send them
    (WHATWG URL, section 1.3, "percent-encode after encoding").
    """
    way, mark, query = url.partition("?")
    if charset == "utf-8" or not mark or url.isascii():
        return url
    known = query.encode(charset, "xmlcharrefreplace").decode(charset)
    if known == query:
        return url
    # What is a reference only now stands for a letter; each of its own marks is sent encoded
    letters = (letter if _fits(letter, charset) else f"%26%23{ord(letter)}%3B" for letter in query)
    return f"{way}?{''.join(letters)}"


def _fits(letter: str, charset: str) -> bool:
    try:
        letter.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def _lasting(query: str) -> str:
    """A query without the parameters that tell of the visit; the others stay as they were written."""
    parameters = query.split("&")
    kept = [part for part in parameters if not _is_passing(*map(unquote_plus, part.partition("=")[::2]))]
    return query if len(kept) == len(parameters) else "&".join(kept)


def _is_passing(name: str, value: str) -> bool:
    """Whether a parameter tells of the visit, not of the article."""
    return bool(_TRACKING.match(name)) or is_session(name, value)


def joined(base: str, address: str) -> str:
    """An address as it is meant on a page or in a source; one that can't be joined stays as it is. No text raises."""
    try:
        return urljoin(base, with_slashes(address.strip()))
    except ValueError:
        return address  # such as brackets that do not close: whoever requests it says so


def with_slashes(address: str) -> str:
    """An address with slashes for backslashes before its query, as browsers read it (WHATWG URL, section 4.4, of
    schemes that are special). One of another scheme stays as it is.
    """
    if "\\" not in address:
        return address
    way, mark, rest = re.split(r"([?#]|\Z)", address, maxsplit=1)
    scheme = _SCHEME.match(way)
    is_web = scheme is None or scheme[1].lower() in ("http", "https")
    return way.replace("\\", "/") + mark + rest if is_web else address


def is_fetchable(url: str) -> bool:
    """Whether an address that a site names can be requested at all: http or https, a host, no user, not too long."""
    return len(url) <= LONGEST_ADDRESS and _is_web_address(url)


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and "@" not in parts.netloc and _is_host(parts.hostname or "")


def _is_host(host: str) -> bool:
    """Whether a host's name has letters that may be sent, and no more of them than names have (RFC 1035, 2.3.4)."""
    labels = host.removesuffix(".").split(".")
    return bool(host) and host.isascii() and len(host) <= _LONGEST_HOST and max(map(len, labels)) <= _LONGEST_LABEL


@lru_cache(maxsize=4096)
def registered_domain(host: str) -> str:
    """The registered domain of a host; the host itself for an IP address or a single label."""
    found = _suffixes(host)
    return f"{found.domain}.{found.suffix}" if found.suffix else host


def domain_of(url: str) -> str:
    """The registered domain of an address. Raises ValueError for text that is none."""
    return registered_domain(urlsplit(url).hostname or "")


def same_site(url: str, site: Site) -> bool:
    """Whether an address lies on the site's registered domain. No text raises."""
    try:
        return domain_of(url) == registered_domain(site.host)
    except ValueError:
        return False


def is_denied(url: str, site: Site) -> bool:
    """Whether the site's definition denies a URL."""
    return any(re.search(pattern, url) for pattern in site.urls.deny)


def is_article(url: str, site: Site, *, announced: bool, shapes: Shapes = UNKNOWN) -> bool:
    """Whether to fetch a URL as an article (see `why_left_out`)."""
    return why_left_out(url, site, announced=announced, shapes=shapes) is None


def why_left_out(url: str, site: Site, *, announced: bool, shapes: Shapes = UNKNOWN) -> LeftOut | None:
    """Why not to fetch a URL as an article; None if it should be fetched.

    `announced` tells that a feed or news sitemap lists it, which is taken at its word as long as the
    definition does not deny it; a link on a page is judged by the definition's patterns, by what the site's pages
    have shown of its form (`shapes`), or else by the form itself.
    """
    if is_denied(url, site):
        return LeftOut.DENIED
    if not same_site(url, site):
        return LeftOut.OFF_SITE
    if site.urls.allow:
        return None if any(re.search(pattern, url) for pattern in site.urls.allow) else LeftOut.NOT_ALLOWED
    if announced:
        return None
    known = shapes.judge(url)
    if looks_like_article(url) if known is None else known:
        return None
    return LeftOut.ASSET if _ASSET.search(urlsplit(url).path) else LeftOut.NOT_AN_ARTICLE


def looks_like_article(url: str) -> bool:
    """Whether an address has the form of an article's: a date, a number, a slug of words, a key in its query."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if _ASSET.search(path) or _NO_ARTICLE.search(path):
        return False
    if _names_article(path, parts.query):
        return True
    if not path or is_not_crawlable(url) or is_navigation_page(url):
        return False
    last = _PAGE_FILE.sub("", path.rsplit("/", 1)[-1])
    words = [word for word in re.split(r"[-_]|%20", last) if word]
    slug = len(words) >= _WORDS_OF_SLUG
    dated = bool(_DATED.search(path)) and len(last) > 2
    numbered = bool(_NUMBERED.search(path)) and (len(words) > 1 or path.count("/") > 1)
    page = bool(_PAGE_FILE.search(path)) and len(words) > 1
    return slug or dated or numbered or page


def _names_article(path: str, query: str) -> bool:
    """Whether a query names an article, and no list: by a key, such as ``?p=12``, ``?id=12`` or ``?idxno=12``; by a
    number beside ``?file=article``; by the words of a title; or by a path of its own, such as ``?q=node/1234``.
    """
    parameters = [(name, value) for name, value in parse_qsl(query) if not _is_passing(name, value)]
    if any(_LIST.fullmatch(value) for _, value in parameters):
        return False
    shows_article = any(_NEWS_VALUE.fullmatch(value) for _, value in parameters)
    return any(
        (not _OTHER_KEY.fullmatch(name) or (shows_article and name.lower() == _STORY_OR_SECTION))
        and (
            (bool(_KEY_VALUE.fullmatch(value)) and _is_key(name, path))
            or (shows_article and bool(_NUMBER.fullmatch(value)) and not _OTHER_NUMBER.fullmatch(name))
            or (_is_slug(value) and not _OTHER_WORDS.fullmatch(name))
            or (path in _FRONTS and _is_way_to_article(value))
        )
        for name, value in parameters
    )


def _is_key(name: str, path: str) -> bool:
    return bool(_KEY_NAME.fullmatch(name)) or (name == _POST and path in _FRONTS)


def _is_slug(value: str) -> bool:
    words = value.split("-")
    return len(words) >= _WORDS_OF_SLUG and all(word.isalnum() for word in words)


def _is_way_to_article(value: str) -> bool:
    """Whether a value is a path, as of programs whose server rewrites no addresses, and that of an article."""
    return "/" in value and "://" not in value and looks_like_article(f"/{value.lstrip('/')}")


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
