"""The definition of a site. Strict: an unknown key is an error."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from archive.exchange import Role
from pipelines.rules import EarlierRules, ExtractionRules, Heed, PageRules, Patterns, known_timezone
from spiders.page_steps import page_steps

_DURATION = re.compile(r"(\d+)([smhd])")
_HOST_PATTERN = re.compile(r"(?:\*\.)?[A-Za-z0-9.:\[\]-]+")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""Name of a header or a cookie (RFC 9110, section 5.6.2; RFC 6265, section 4.1.1)."""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(text: str) -> int:
    """Seconds of a text such as ``30m`` or ``7d``. Raises ValueError."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write a number and s, m, h or d, such as '30m'")
    return int(match[1]) * _SECONDS[match[2]]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class SourceKind(StrEnum):
    """The kind of a source of new articles."""

    FEED = "feed"
    SITEMAP = "sitemap"
    SECTION = "section"

    @property
    def role(self) -> Role:
        """What a source of this kind is fetched as."""
        return Role(self.value)

    @property
    def announces(self) -> bool:
        """Whether what it lists counts as announced, rather than as linked."""
        return self is not SourceKind.SECTION


ANNOUNCING = frozenset(kind.role for kind in SourceKind if kind.announces)
"""Roles of sources, and values of `Discovery.via`, that announce articles."""


def _web_address(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is not a URL; write https://host/path")
    try:
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"{url!r}: {error}; write https://host/path") from error
    if "@" in parts.netloc:
        raise ValueError("a URL with a password would be kept in the archive; put the login under [access]")
    return url.strip()


class Source(_Part):
    """One feed, sitemap or section page."""

    kind: SourceKind
    """`feed`, `sitemap` or `section`."""
    url: str
    """Its address."""

    _is_web_address = field_validator("url")(_web_address)


class UrlRules(_Part):
    """Which URLs of the site are articles. Regular expressions, searched for anywhere in the URL."""

    allow: Patterns = ()
    """An article's URL matches one of these. Default: URLs are judged by their form."""
    deny: Patterns = ()
    """A URL that matches one of these is never fetched."""


class Floors(_Part):
    """The minimum that a healthy run finds."""

    articles: int = Field(default=0, ge=0)
    """Minimum number of articles that the sources list. With fewer, the run exits with code 1."""


class Access(_Part):
    """What a login or a consent page requires. A value `env:NAME` is read from the environment and not kept."""

    headers: dict[str, str] = Field(default_factory=dict)
    """Request headers by name."""
    cookies: dict[str, str] = Field(default_factory=dict)
    """Cookies by name."""
    verify_certificates: bool = True
    """Whether a bad TLS certificate ends an attempt; if not, the archive says so."""

    @field_validator("headers", "cookies")
    @classmethod
    def _can_be_sent(cls, values: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        is_cookie = info.field_name == "cookies"
        for name, value in values.items():
            if not _TOKEN.fullmatch(name):
                raise ValueError(f"{name!r} is not a name that can be sent")
            if not value.isprintable() or (is_cookie and ";" in value):
                what = "a line break, a semicolon" if is_cookie else "a line break"
                raise ValueError(f"the value of {name} has {what} or another letter that can't be sent")
        return values

    profile: str = Field(default="", pattern=r"^[\w.-]*$")
    """Name of a browser profile, made by `newswarc browser login`: the site's pages are opened with the cookies and
    the local storage of that login, whose values are not kept."""


class Site(_Part):
    """The definition of one site."""

    id: str = Field(pattern=r"^[\w./:\[\]-]+$")
    """`cc/name`, from the file's place; for a site without a file its host."""
    name: str
    """The publication's name."""
    url: str
    """URL of its front page."""
    language: str = ""
    """BCP 47 tag of its articles."""
    timezone: str = ""
    """IANA name: the zone of dates given without one."""
    delay: float | None = Field(default=None, ge=0)
    """Seconds between two requests; unset: the operator's setting."""
    ignore_robots_because: str = ""
    """Why robots.txt is not obeyed here, such as a legal deposit law; empty: it is obeyed. Kept in each WARC file."""
    recapture: tuple[str, ...] | None = None
    """Ages at which an article is fetched again (as `1h`, `7d`); unset: the operator's setting."""
    requisites: bool | None = None
    """Whether to capture what its pages need to display properly (styles, pictures, scripts, fonts); unset: the
    operator's setting."""
    requisite_hosts: tuple[str, ...] = ()
    """Hosts beside its own from which requisites are taken, such as `static.example.net` or
    `*.example.net`; `*`: any."""
    browser: Literal["", "never", "fallback", "always"] = ""
    """Which pages are rendered in a browser: `never` any, as a `fallback` those whose text is found nowhere else, or
    `always` all pages and sections; unset: the operator's setting."""
    steps: tuple[str, ...] = ()
    """What a browser does on a page, in order: `quiet`, `consent`, `expand`, `lazy`, `scroll`, `gallery`,
    `wait: SELECTOR`, `click: SELECTOR`, `remove: SELECTOR`; `usual` stands for what is done when this is unset."""
    frequency: str = ""
    """Longest time between two looks at its sources (a number and `s`, `m`, `h` or `d`); unset: as they bring."""
    sources: tuple[Source, ...] = ()
    """Where its articles are announced; without any, they are searched for from the front page."""
    urls: UrlRules = UrlRules()
    """Which URLs are articles."""
    extraction: ExtractionRules = ExtractionRules()
    """Rules for its pages."""
    floors: Floors = Floors()
    """The minimum that a healthy run finds."""
    access: Access = Access()
    """What a login or a consent page requires."""
    evidence: tuple[str, ...] = ()
    """Where the URLs in this definition come from."""
    verified: bool = False
    """Whether a live check has seen its sources."""

    _is_web_address = field_validator("url")(_web_address)

    _timezone_exists = field_validator("timezone")(known_timezone)

    @field_validator("frequency")
    @classmethod
    def _is_duration(cls, text: str) -> str:
        if text:
            duration(text)
        return text

    @field_validator("steps")
    @classmethod
    def _are_steps(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        page_steps(texts)
        return texts

    @field_validator("recapture")
    @classmethod
    def _are_durations(cls, texts: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for text in texts or ():
            duration(text)
        return texts

    @field_validator("requisite_hosts")
    @classmethod
    def _are_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if host != "*" and not _HOST_PATTERN.fullmatch(host):
                raise ValueError(f"{host!r} is not a host; write static.example.net, *.example.net or *")
        return tuple(host.lower() for host in hosts)

    @property
    def frequency_seconds(self) -> int:
        """`frequency` in seconds; 0 when it is unset."""
        return duration(self.frequency) if self.frequency else 0

    @property
    def host(self) -> str:
        """Host of the front page."""
        return urlsplit(self.url).hostname or ""

    def extraction_rules(self) -> ExtractionRules:
        """The rules in force: the definition's, with language, zone and name filled in."""
        now = self.extraction
        return now.model_copy(
            update={**self._filled(now), "earlier": tuple(self._fill(former) for former in now.earlier)}
        )

    def knowing(self, recurring: tuple[str, ...]) -> Site:
        """The site with the paragraphs that are known to recur on its pages."""
        return self.model_copy(update={"extraction": self.extraction.model_copy(update={"recurring": recurring})})

    def definition(self) -> bytes:
        """What the site's file says, as JSON: without what was learned of the site."""
        said = self.model_dump(mode="json", exclude={"extraction": {"recurring"}})
        return json.dumps(said, ensure_ascii=False, sort_keys=True).encode()

    def heeding(self, heed: tuple[Heed, ...]) -> Site:
        """The site with what its pages may not want and no record is made for, where it says nothing of it itself."""
        now = self.extraction
        if not heed or now.heed is not None:
            return self
        return self.model_copy(update={"extraction": now.model_copy(update={"heed": heed})})

    def _fill(self, rules: EarlierRules) -> EarlierRules:
        return rules.model_copy(update=self._filled(rules))

    def _filled(self, rules: PageRules) -> dict[str, object]:
        return {
            "language": rules.language or self.language,
            "timezone": rules.timezone or self.timezone,
            "site_names": rules.site_names or ((self.name,) if self.name != self.host else ()),
        }


def site_of_address(url: str) -> Site:
    """A site without a definition: everything is found from this address on. Raises ValueError."""
    address = _web_address(url)
    parts = urlsplit(address)
    return Site(id=parts.netloc.rpartition("@")[2].lower(), name=parts.hostname or "", url=address)
