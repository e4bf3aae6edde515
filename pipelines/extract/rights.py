"""What a page declares about rights: paywall, robots, text and data mining, licence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from pipelines.extract.document import Document
from pipelines.extract.structured import Structured, texts
from pipelines.rules import Heed

_PAYWALL = re.compile(rb"paywall|piano-offer")
_PAID_TIERS = frozenset({"locked", "metered", "premium", "paid", "subscriber", "subscription"})
_FREE_TIERS = frozenset({"free", "open"})


@dataclass(frozen=True, slots=True)
class Rights:
    """The declarations, each as the record holds it."""

    is_accessible_for_free: bool | None
    paywall: str | None
    robots: tuple[str, ...]
    tdm: str | None
    license: str | None


def rights_of(document: Document, structured: Structured) -> Rights:
    """Collect what is declared."""
    free, evidence = _access(document, structured)
    return Rights(
        free,
        evidence,
        _robots(document, structured),
        _mining(document, structured),
        _license(document, structured),
    )


def reservation(document: Document, structured: Structured, heeded: Sequence[Heed]) -> str:
    """What a page declares of these; empty when it is none of them."""
    directives = _robots(document, structured)
    mining = _mining(document, structured) or ""
    said = {
        Heed.NOARCHIVE: "noarchive" in directives,
        Heed.NOINDEX: bool({"noindex", "none"} & set(directives)),
        Heed.NOAI: "noai" in directives,
        Heed.TDM: mining.startswith("tdm-reservation: 1"),
    }
    return next((heed.value for heed in heeded if said[heed]), "")


def _access(document: Document, structured: Structured) -> tuple[bool | None, str | None]:
    declared = next(
        (node["isAccessibleForFree"] for node in structured.articles if "isAccessibleForFree" in node), None
    )
    tier = (structured.meta_first("article:content_tier") or "").lower()
    mark = _paywall_mark(document)
    evidence = f"element with class or id {mark!r}" if mark else None
    if declared is not None:
        free = str(declared).strip().lower() in ("true", "1", "yes")
        return free, (None if free else "json-ld isAccessibleForFree")
    if tier in _PAID_TIERS:
        return False, f"article:content_tier {tier}"
    if tier in _FREE_TIERS:
        return True, None
    return None, evidence


def _paywall_mark(document: Document) -> str | None:
    """The class or id of the first element that is a paywall by its name.

    Most papers' programs speak of it on every page: then no element is looked at.
    """
    times = len(_PAYWALL.findall(document.source))
    scripts = (script.text or "" for script in document.elements("script"))
    if not times or times <= sum(text.count("paywall") + text.count("piano-offer") for text in scripts):
        return None
    for element in document.root.iter(etree.Element):
        css_class, name = element.get("class") or "", element.get("id") or ""
        if "paywall" in css_class or "paywall" in name or "piano-offer" in css_class:
            return css_class or name
    return None


def _robots(document: Document, structured: Structured) -> tuple[str, ...]:
    values = [*structured.meta.get("robots", ()), *document.header("X-Robots-Tag")]
    directives = [part.strip().lower() for value in values for part in value.split(",") if part.strip()]
    return tuple(dict.fromkeys(directives))


def _mining(document: Document, structured: Structured) -> str | None:
    """TDM Reservation Protocol (W3C community group report), header before meta; then the ``noai`` directives."""
    reserved = next(iter([*document.header("tdm-reservation"), *structured.meta.get("tdm-reservation", ())]), None)
    policy = next(iter([*document.header("tdm-policy"), *structured.meta.get("tdm-policy", ())]), None)
    if reserved is not None:
        return f"tdm-reservation: {reserved}" + (f"; tdm-policy: {policy}" if policy else "")
    return next(
        (directive for directive in _robots(document, structured) if directive in ("noai", "noimageai")), None
    )


def _license(document: Document, structured: Structured) -> str | None:
    for element in document.related("license", "link", "a"):
        return document.absolute(element.get("href")) or element.get("href")
    declared = texts(structured.article_value("license"))
    return declared[0] if declared else structured.meta_first("dc.rights.license", "dcterms.license")
