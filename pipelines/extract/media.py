"""Images of the article with captions and credit, links of its body, its other editions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import cast
from urllib.parse import unquote, urlsplit

from lxml import etree, html

from archive.article import Alternate, Image, Link
from pipelines.extract.blocks import blocks_of
from pipelines.extract.document import Document, text_of
from pipelines.extract.language import normal_tag
from pipelines.extract.structured import Structured, texts

_SMALLEST = 80
_MOST_IMAGES = 100
_MOST_LINKS = 500
_SLUG = re.compile(r"(?:\w+-){2}\w+|\d{4}")
"""What an article's last step of an address has, and a section's has not."""
_INDEX = re.compile(r"(?<=/)(?:(?:index|default|home)\.(?:[sx]?html?|php|aspx?|jsp)|index|home|home-?page)$", re.I)
_LANGUAGE_ALONE = re.compile(r"/[a-z]{2}(?:[-_][a-z]{2})?", re.I)
_UNFILLED = re.compile(
    r"/(?:undefined|null|none|nan)(?:/|$)|//[^/]*/(?:404|error|not-?found)(?:\.\w{2,5})?/?$"
    r"|[{}\[\]]|%[57][bd]|%(?![0-9a-f]{2})",
    re.I,
)
"""What a template leaves where it knew no value, and pages that say so."""
_OF_CAMPAIGN = re.compile(r"(?:utm_\w+|[a-z]*clid|ref|source|lang)(?:=[^&]*)?(?:&|$)", re.I)
_LISTING = re.compile(
    r"/(?:(?:category|categories|tags?|topics?|authors?|search|rubrik|kategorie)/[^/]+|page/\d{1,3})$", re.I
)
"""Addresses of lists of articles."""
_WORD_OF_SECTION = re.compile(r"[^\W\d]{2,24}(?:-[^\W\d]{2,24})?")
_PORTRAIT = re.compile(
    r"(?:^|[\s_-])(?:avatar|gravatar|author|byline|autor|auteur)(?:$|[\s_-])|author(?:Image|Photo|Pic)", re.I
)
_PORTRAIT_WITHIN = 3
_CREDITS = etree.XPath(
    ".//*[contains(@class, 'credit') or contains(@class, 'copyright') or contains(@class, 'photographer')"
    " or contains(@itemprop, 'copyright')]"
)
_ICON = re.compile(r"(?:^|[\s_-])(?:icon|emoji|logo|spacer|pixel|tracker)(?:$|[\s_-])", re.I)
_LAZY = ("data-src", "data-original", "data-lazy-src", "data-lazy", "data-url", "data-image", "data-full-src")
"""Where pages keep the address of an image that is loaded when the reader comes near (no standard names one)."""
_PIXELS = re.compile(r"\s*(\d{1,4})(?:\.\d+)?(?:px)?\s*$")
_STYLED = re.compile(r"(?:^|;)\s*(?:width|height)\s*:\s*(\d{1,4})px|display\s*:\s*none", re.I)
_OUTSIDE = frozenset({"nav", "header", "footer", "aside"})


def article_element(document: Document, holders: Sequence[html.HtmlElement]) -> html.HtmlElement:
    """The element that holds the article as the page lays it out, given the elements that hold its paragraphs."""
    if not holders:
        return next(iter(document.elements("article", "main")), document.root)
    return _with_headline(_common_ancestor(holders))


def _common_ancestor(elements: Sequence[html.HtmlElement]) -> html.HtmlElement:
    paths = [[*reversed(list(element.iterancestors())), element] for element in elements]
    common = paths[0][0]
    for level in zip(*paths, strict=False):
        if any(element is not level[0] for element in level):
            break
        common = level[0]
    if common.tag in ("p", "li", "td", "blockquote") and common.getparent() is not None:
        common = common.getparent()
    return common


def _with_headline(element: html.HtmlElement) -> html.HtmlElement:
    """One step out when that reaches the article element or the headline, between which the main image stands."""
    for ancestor in element.iterancestors():
        if ancestor.tag == "article" or (
            ancestor.tag in ("div", "main", "section") and ancestor.find("h1") is not None
        ):
            return ancestor
    return element


def images_in(document: Document, article: html.HtmlElement) -> dict[html.HtmlElement, Image]:
    """The images of the article by their elements, in order."""
    found: dict[html.HtmlElement, Image] = {}
    for element in article.iter("img", "amp-img"):
        image = _image(document, element)
        if image is not None and not _is_outside(element, article):
            found[element] = image
    return found


def images_of(
    document: Document, shown: Iterable[Image], structured: Structured
) -> tuple[Image | None, tuple[Image, ...]]:
    """The main image, and all images of the article in order, each once."""
    found: dict[str, Image] = {}
    for image in shown:
        found.setdefault(image.url, image)
    declared = next(
        (
            address
            for text in [
                *structured.meta.get("og:image", ()),
                *texts(structured.article_value("image")),
                *structured.meta.get("twitter:image", ()),
            ]
            if (address := document.absolute(text))
        ),
        None,
    )
    images = tuple(found.values())[:_MOST_IMAGES]
    if declared is None:
        return (images[0] if images else None), images
    return found.get(declared, Image(url=declared)), images


def _image(document: Document, element: html.HtmlElement) -> Image | None:
    address = document.absolute(element.get("src"))
    if address is None or _is_placeholder(element):
        lazy = next(filter(None, map(element.get, _LAZY)), "") or (element.get("data-srcset") or "").split(" ")[0]
        address = document.absolute(lazy) or address or document.absolute(_of_set(element))
    if address is None or _is_tiny(element) or _is_portrait(element):
        return None
    figure = next(element.iterancestors("figure"), None)
    caption = _first_text(figure, "figcaption") if figure is not None else None
    credit = None
    if figure is not None:
        for mark in cast("list[html.HtmlElement]", _CREDITS(figure)):
            credit = text_of(mark) or None
            if caption and credit and caption.endswith(credit):
                caption = caption.removesuffix(credit).strip(" -–—|·") or None
            break
    return Image(url=address, caption=caption or _alternative_text(element), credit=credit)


def _alternative_text(element: html.HtmlElement) -> str | None:
    """The alternative text, unless it only names the file."""
    text = " ".join((element.get("alt") or "").split())
    stem = stem_of(urlsplit(element.get("src") or "").path)
    return text if text and text.casefold() != stem.casefold() else None


def stem_of(path: str) -> str:
    """The name of a file without its last suffix, given its path."""
    name = path.rstrip("/").rpartition("/")[2]
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name


def _is_placeholder(element: html.HtmlElement) -> bool:
    source = element.get("src") or ""
    return source.startswith("data:") or any(
        word in source.lower() for word in ("placeholder", "blank.", "spacer", "lazy")
    )


def _is_tiny(element: html.HtmlElement) -> bool:
    sizes = [match[1] for name in ("width", "height") if (match := _PIXELS.match(element.get(name) or ""))]
    sizes += [match[1] or "0" for match in _STYLED.finditer(element.get("style") or "")]
    return any(int(size) < _SMALLEST for size in sizes) or _ICON.search(element.get("class") or "") is not None


def _of_set(element: html.HtmlElement) -> str:
    """The first address of an image's ``srcset``, or of the ``source`` elements beside it (WHATWG HTML, 4.8.1)."""
    picture = next(element.iterancestors("picture"), None)
    beside = picture.iter("source") if picture is not None else ()
    sets = (one.get("srcset") or one.get("data-srcset") or "" for one in (element, *beside))
    return next((words[0].rstrip(",") for words in map(str.split, sets) if words), "")


def _is_portrait(element: html.HtmlElement) -> bool:
    """Whether an image shows the author: it, or one of the next elements around it, says so; no figure's does."""
    for around in (element, *islice(element.iterancestors(), _PORTRAIT_WITHIN)):
        if around.tag in ("figure", "article", "main", "body"):
            return False
        if _PORTRAIT.search(f"{around.get('class') or ''} {around.get('id') or ''}"):
            return True
    return False


def _is_outside(element: html.HtmlElement, article: html.HtmlElement) -> bool:
    """Whether something stands between them that is none of the article."""
    nearest = next(element.iterancestors(*_OUTSIDE), None)
    return nearest is not None and nearest is not article and article in nearest.iterancestors(article.tag)


def _first_text(element: html.HtmlElement, tag: str) -> str | None:
    found = element.find(f".//{tag}")
    return " ".join(block.text for block in blocks_of(found)) or None if found is not None else None


def links_of(document: Document, article: html.HtmlElement, body: str) -> tuple[Link, ...]:
    """Links whose words stand in the body, in order."""
    found: dict[str, Link] = {}
    for anchor in article.iter("a"):
        text = text_of(anchor)
        if not text or text not in body or next(anchor.iterancestors("p", "li", "blockquote"), None) is None:
            continue
        if address := document.absolute(anchor.get("href")):
            found.setdefault(address, Link(url=address, text=text))
    return tuple(found.values())[:_MOST_LINKS]


def alternates_of(document: Document) -> Iterator[Alternate]:
    """Editions declared by ``link rel=alternate hreflang`` (WHATWG HTML, section 4.6.7.1)."""
    for element in document.related("alternate", "link"):
        if language := element.get("hreflang"):
            address = document.absolute(element.get("href"))
            if address and address != document.url:
                yield Alternate(href=address, hreflang=normal_tag(language) or language.strip())


def canonical_of(document: Document) -> str | None:
    """The address that the page names as its own, when it lies on the same site and is no front page or section."""
    named = _all_related(document, "canonical", "link")
    return next((one for one in named if not _is_above(one, document.url) and not _UNFILLED.search(one)), None)


def next_page_of(document: Document) -> str | None:
    """The address that the page names as the one after it (WHATWG HTML, section 4.6.7.22), on the same site."""
    following = _related(document, "next", "link", "a")
    return following if following != document.url else None


def _related(document: Document, relation: str, *tags: str) -> str | None:
    return next(_all_related(document, relation, *tags), None)


def _all_related(document: Document, relation: str, *tags: str) -> Iterator[str]:
    for element in document.related(relation, *tags):
        address = document.absolute(element.get("href"))
        if address and _site(address) == _site(document.url):
            yield address


def _is_above(address: str, own: str) -> bool:
    """Whether an address is that of the front page, a section or a list of articles, and not the page's own."""
    above, below = urlsplit(address), urlsplit(own)
    path, whole = _INDEX.sub("", above.path).rstrip("/"), below.path.rstrip("/")
    if _OF_CAMPAIGN.sub("", above.query) or path == whole:
        return False
    if _LANGUAGE_ALONE.fullmatch(path) or (_LISTING.search(path) and not _LISTING.search(whole)):
        return True
    step, own_step = path.rpartition("/")[2], whole.rpartition("/")[2]
    if f"{whole}/".startswith(f"{path}/"):
        rest = whole[len(path) :].strip("/").split("/")[-1]
        return not path or (_SLUG.search(rest) is not None and _SLUG.search(step) is None)
    steps = unquote(path).strip("/").split("/")
    return _SLUG.search(own_step) is not None and all(map(_WORD_OF_SECTION.fullmatch, steps))  # another section


def _site(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.").removeprefix("m.").removeprefix("amp.")
