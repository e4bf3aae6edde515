"""`extract`: from a page to an article, or the reason why there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from lxml.html import Element, HtmlElement

from archive.article import Alternate, Article, FieldFacts, Image, RecordDiscovery
from archive.body import BodyBlock, Paragraph, paragraphs_of
from archive.exchange import Discovery
from archive.outcomes import PageOutcome
from pipelines.extract import dates, media
from pipelines.extract.agencies import agencies_of, dateline_of
from pipelines.extract.authors import authors_of
from pipelines.extract.date_texts import parse_date
from pipelines.extract.document import (
    Document,
    DocumentTooComplex,
    Headers,
    UnreadableDocument,
    parse_document,
    text_of,
)
from pipelines.extract.fingerprint import content_sha256, simhash64, words_of
from pipelines.extract.furniture import edition_links, image_labels, is_furniture, recurs
from pipelines.extract.headline import headline_of, squeeze, words
from pipelines.extract.interstitials import interstitial, is_gone, leads_elsewhere, leads_on
from pipelines.extract.json_reading import read_json
from pipelines.extract.judgement import Models, shipped_models
from pipelines.extract.kind import kind_of, why_no_article
from pipelines.extract.language import language_of, script_of
from pipelines.extract.payloads import payload_of
from pipelines.extract.rights import reservation, rights_of
from pipelines.extract.structure import structure_of
from pipelines.extract.structured import Structured, plain, read_structured, texts
from pipelines.extract.tables import DataTables
from pipelines.extract.text import TOOL, BodyText, body_of, votes_of
from pipelines.extract.visible_dates import date_beside_heading, date_elsewhere
from pipelines.extract.written_days import names as names_of_months
from pipelines.rules import ExtractionRules

EXTRACTION_TOOL = TOOL
_NOT_FOUND = re.compile(
    r"(?:\b404\b|(?:page|article|story) (?:not found|does not exist|no longer exists)|not found$|page introuvable"
    r"|n'existe (?:pas|plus)|seite nicht gefunden|p[aá]gina no encontrada|الصفحة غير موجودة|страница не найдена)",
    re.I,
)
_MOST_KEYWORDS = 50
_ADDRESS = re.compile(r"(?:https?:)?//|/[\w-]+/|www\.", re.I)
_CODE = re.compile(r"[\w-]*[_:=][\w:=/.-]*|[0-9a-f]{8,}(?:-[0-9a-f]{4,}){0,4}|urn:.*", re.A | re.I)
"""What programs call something, where it has figures: words joined by other marks than a hyphen, digests."""
_AROUND_KEYWORD = " \t\"'“”„«»"
_NO_VALUE = frozenset(("undefined", "null", "nan", "[object object]"))
_YEAR = re.compile(r"(?:19|20)\d\d", re.A)
_LONGEST_NAME = 5
"""Words of the longest name of a site that may be a heading of the page as well."""
_CONFIDENCE_OF_PAYLOAD = 0.8
_A_LINE_OR_TWO = 60
"""Words below which a page that leads to another at once is no more than the way there."""
_SHORTEST_PAGE = "<html><body><article><p>A word or two.</p></article></body></html>"
_SHORT = 200
"""Words below which a page that speaks of a missing page is taken at its word."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A page that has no article."""

    outcome: PageOutcome
    """Why not; never `PageOutcome.RECORD`."""
    detail: str = ""
    """One line for a person."""


@dataclass(frozen=True, slots=True)
class _Page:
    document: Document
    structured: Structured
    rules: ExtractionRules
    discovery: Discovery | None
    fetched_at: datetime | None
    names: tuple[str, ...]
    body: BodyText
    element: HtmlElement
    """The element that contains the article."""
    images: dict[HtmlElement, Image]
    """The article's images by their elements."""


@dataclass(frozen=True, slots=True)
class _Text:
    blocks: tuple[BodyBlock, ...]
    paragraphs: tuple[str, ...]
    whole: str
    words: list[str]
    editions: tuple[Alternate, ...]
    """The editions that link-only lines lead to."""


def extract(
    html: bytes | str,
    url: str,
    *,
    headers: Headers = (),
    fetched_at: datetime | None = None,
    discovery: Discovery | None = None,
    rules: ExtractionRules | None = None,
    models: Models | None = None,
) -> Article | Rejected:
    """Extract the article from a page.

    `html` is the body without transfer and content coding, `url` its address, `headers` the response's.
    Dates later than `fetched_at` (aware) are refused. `discovery` lends what the source said, `rules` what is known
    of the site; `models` judge the text, by default the program's own. The same arguments give the same result: no
    clock, network or file but those models is read. Never raises for what a page contains.
    """
    try:
        document = parse_document(html, url, headers)
    except DocumentTooComplex as error:
        return Rejected(PageOutcome.TOO_COMPLEX, str(error))
    except UnreadableDocument as error:
        return Rejected(PageOutcome.UNDECODABLE, str(error))
    rules = (rules or ExtractionRules()).at(fetched_at)
    structured = read_structured(document)
    names = _site_names(document, structured, rules)
    body = _with_payload(body_of(document, structured, rules, models), document, structured)
    element = media.article_element(document, body.holders)
    images = media.images_in(document, element)
    page = _Page(document, structured, rules, discovery, fetched_at, names, body, element, images)
    announced = discovery.source_title if discovery else ""
    headline, headline_facts = headline_of(document, structured, rules, names, announced)
    text = _text(page, headline)
    refusal = _refusal(page, headline, text)
    if refusal is not None:
        return refusal
    assert headline is not None
    return _article(page, headline, headline_facts, text)


def warm_up() -> None:
    """Read the models and tables that are read only once: seconds, otherwise spent on a process's first page."""
    shipped_models()
    names_of_months()
    for day in ("21 पुस 2082", "16 رجب 1447"):
        parse_date(day)
    language_of("a word or two, often enough to be told by " * 10, Element("html"), [], "")
    votes_of(parse_document(_SHORTEST_PAGE, ""))  # of so short a page trafilatura asks justext, which reads its words


def _text(page: _Page, headline: str | None) -> _Text:
    raw = list(page.body.paragraphs)
    links = list(edition_links(page.document, page.body.blocks, lambda: script_of("\n".join(raw))))
    lines = {line for line, _ in links}
    labels = image_labels(page.document)
    out = is_furniture(raw, headline, labels, lines, page.rules.remove_paragraphs)
    tables = DataTables()
    of_table = [tables.around(block.place) is not None for block in page.body.kept] or [False] * len(raw)
    out = [is_out and not is_cell for is_out, is_cell in zip(out, of_table, strict=True)]
    left = [number for number, is_out in enumerate(out) if not is_out]
    again = recurs([raw[number] for number in left], page.rules.recurring)
    left = [number for number, is_known in zip(left, again, strict=True) if not is_known]
    blocks = _blocks(page, left)
    paragraphs = paragraphs_of(blocks)
    whole = "\n".join(paragraphs)
    return _Text(blocks, paragraphs, whole, words_of(whole), tuple(alternate for _, alternate in links))


def _blocks(page: _Page, left: Sequence[int]) -> tuple[BodyBlock, ...]:
    """The blocks of the record: of the text's paragraphs those with these numbers, and what stands between them."""
    body = page.body
    if not body.kept:
        return tuple(Paragraph(text=body.paragraphs[number]) for number in left)
    of_page = body.kept if body.source == "rules" else body.blocks
    kept = [body.kept[number] for number in left]
    return structure_of(of_page, kept, body.media, page.images, page.document.absolute)


def _with_payload(body: BodyText, document: Document, structured: Structured) -> BodyText:
    """The body, or where the blocks gave none or a stub, what stands in the page's scripts."""
    payload = payload_of(document, structured, body.paragraphs) if body.source != "rules" else None
    if payload is None:
        return body
    confidence = _CONFIDENCE_OF_PAYLOAD
    return replace(
        body, paragraphs=payload.paragraphs, source=payload.source, confidence=confidence, kept=(), holders=()
    )


def _refusal(page: _Page, headline: str | None, text: _Text) -> Rejected | None:
    count = len(text.words)
    said = [headline or "", *(text_of(element) for element in page.document.elements("title", "h1"))]
    missing = next((line for line in said if _NOT_FOUND.search(line)), None)
    if missing and not page.structured.articles and count < _SHORT and (not text.paragraphs or leads_on(text.whole)):
        return Rejected(PageOutcome.SOFT_NOT_FOUND, f"the page calls itself {missing!r}")
    if page.body.source != "rules" and (refusal := _in_place_of_article(page, text)):
        return refusal
    if not text.paragraphs:
        return Rejected(PageOutcome.NO_TEXT, "no body text found")
    if count < page.rules.minimum_words:
        return Rejected(PageOutcome.TOO_SHORT, f"{count} words; the rules ask for {page.rules.minimum_words}")
    if headline is None:
        return Rejected(PageOutcome.NO_HEADLINE, f"{count} words, but no headline")
    if reason := why_no_article(page.document, page.structured, page.body):
        return Rejected(PageOutcome.NOT_AN_ARTICLE, reason)
    if declared := reservation(page.document, page.structured, page.rules.heed or ()):
        return Rejected(PageOutcome.RESERVED, f"the page declares {declared}")
    return None


def _in_place_of_article(page: _Page, text: _Text) -> Rejected | None:
    count = len(text.words)
    if gone := is_gone(page.document, page.structured, count):
        return Rejected(PageOutcome.SOFT_NOT_FOUND, f"the page calls itself {gone!r}")
    if count < _A_LINE_OR_TWO and (target := leads_elsewhere(page.document)):
        return Rejected(PageOutcome.NOT_AN_ARTICLE, f"the page leads to {target}")
    if why := interstitial(page.document, page.structured, text.paragraphs, count):
        return Rejected(PageOutcome.NOT_AN_ARTICLE, f"the page {why}")
    return None


def _article(
    page: _Page,
    headline: str,
    headline_facts: FieldFacts | None,
    text: _Text,
) -> Article:
    document, structured, rules = page.document, page.structured, page.rules
    authors, authors_facts = authors_of(
        document, structured, rules, page.names, page.discovery, [block.text for block in page.body.blocks]
    )
    tag, tag_facts = language_of(text.whole, document.root, _declared_languages(structured), rules.language)
    when, when_facts = _dates(page, headline, tag)
    provenance = {
        "headline": headline_facts,
        "articleBody": FieldFacts(source=page.body.source, confidence=round(page.body.confidence, 2)),
        "inLanguage": tag_facts,
        "authors": authors_facts,
        **when_facts,
    }
    article = Article(
        url=document.url,
        headline=headline,
        article_body=text.whole,
        paragraphs=text.paragraphs,
        blocks=text.blocks,
        in_language=tag,
        word_count=len(text.words),
        content_sha256=content_sha256(text.whole),
        simhash64=simhash64(text.words),
        authors=authors,
        agencies=agencies_of(structured, [author.name for author in authors], text.paragraphs),
        dateline=dateline_of(structured, text.paragraphs),
        **when,
        fields={name: fact for name, fact in provenance.items() if fact is not None},
    )
    return _with_surroundings(article, page, text.editions)


def _dates(page: _Page, headline: str, language: str | None) -> tuple[dict[str, Any], dict[str, FieldFacts | None]]:
    """The fields of an article that are dates, and where they are from."""
    day, day_facts, claims = dates.published(
        page.document,
        page.structured,
        page.rules,
        page.discovery,
        page.fetched_at,
        lambda: date_beside_heading(page.body.blocks, headline, language),
        lambda: date_elsewhere(page.body.blocks, language),
    )
    changed, changed_facts = dates.modified(page.structured, page.rules, day, page.fetched_at)
    found = {"date_published": day, "date_modified": changed, "date_candidates": claims}
    return found, {"datePublished": day_facts, "dateModified": changed_facts}


def _boilerplate_share(body: BodyText, text: str) -> float:
    whole = body.left_out + sum(len(block.text) for block in body.blocks)
    return round(max(0.0, 1 - len(text) / whole), 3) if whole else 0.0


def _with_surroundings(article: Article, page: _Page, editions: tuple[Alternate, ...]) -> Article:
    """The article with what the page around its text says: class, media, links, rights."""
    document, structured = page.document, page.structured
    main_image, images = media.images_of(document, page.images.values(), structured)
    rights = rights_of(document, structured)
    return article.model_copy(
        update={
            "canonical_url": media.canonical_of(document),
            "next_page": media.next_page_of(document),
            "boilerplate_share": _boilerplate_share(page.body, article.article_body),
            "requested_url": (page.discovery.requested_url or None) if page.discovery else None,
            "description": _description(structured),
            "publisher": page.names[0] if page.names else None,
            "article_section": _section(structured),
            "keywords": _keywords(structured),
            "breadcrumbs": tuple(_breadcrumb_names(structured)),
            "main_image": main_image,
            "images": images,
            "links": media.links_of(document, page.element, article.article_body),
            "alternates": _unique([*media.alternates_of(document), *editions]),
            "kind": kind_of(structured, rights, article.word_count, document.url),
            "is_accessible_for_free": rights.is_accessible_for_free,
            "paywall": rights.paywall,
            "robots": rights.robots,
            "tdm": rights.tdm,
            "license": rights.license,
            "discovery": _discovery(page.discovery),
        }
    )


def _unique(alternates: list[Alternate]) -> tuple[Alternate, ...]:
    by_address: dict[str, Alternate] = {}
    for alternate in alternates:
        by_address.setdefault(alternate.href, alternate)
    return tuple(by_address.values())


def _site_names(document: Document, structured: Structured, rules: ExtractionRules) -> tuple[str, ...]:
    """Names of the site: the page's own first, then the rules', then the host's."""
    publisher = structured.resolve(structured.article_value("publisher"))
    declared = [*structured.meta.get("og:site_name", ())[:1], *texts(publisher)[:1]]
    headings = {squeeze(text_of(element)) for element in document.elements("h1")}
    declared = [plain(name) for name in declared if not name.startswith("http")]
    # Some pages give their own title as the site's name
    declared = [name for name in declared if len(words(name)) <= _LONGEST_NAME or squeeze(name) not in headings]
    host = (urlsplit(document.url).hostname or "").removeprefix("www.")
    own = [*declared, *rules.site_names] or _name_in_title(document, host)
    return tuple(dict.fromkeys(name for name in [*own, *([host] if own else [])] if name))


def _name_in_title(document: Document, host: str) -> list[str]:
    """The part of the title that is also the host's name."""
    title = document.title
    parts = re.split(r"\s+[|\-–—:»•·]\s+", text_of(title)) if title is not None else []
    label = host.split(".")[0]
    return [part for part in parts[-1:] if len(parts) > 1 and "".join(words(part)) == label]


def _description(structured: Structured) -> str | None:
    found = structured.meta_first("og:description", "description", "twitter:description")
    declared = texts(structured.article_value("description"))
    return plain(found or (declared[0] if declared else "")) or None


def _declared_languages(structured: Structured) -> list[str]:
    return [
        *texts(structured.article_value("inLanguage"))[:1],
        *(
            value
            for name in ("og:locale", "content-language", "language", "dc.language")
            for value in structured.meta.get(name, ())
        ),
    ]


def _section(structured: Structured) -> str | None:
    declared = [
        *texts(structured.article_value("articleSection")),
        *structured.meta.get("article:section", ()),
    ]
    return next((section for text in declared if _is_word(section := plain(text))), None)


def _keywords(structured: Structured) -> tuple[str, ...]:
    declared = texts(structured.article_value("keywords"))
    values = [*declared, *structured.meta.get("article:tag", ()), *structured.meta.get("news_keywords", ())]
    values = [part for value in values or structured.meta.get("keywords", []) for part in _listed(value)]
    parts = [part.strip(_AROUND_KEYWORD) for value in values for part in re.split(r"[,;،、|]", plain(value))]
    unique: dict[str, str] = {}
    for part in parts:
        if _is_word(part):
            unique.setdefault(part.casefold(), part)
    return tuple(unique.values())[:_MOST_KEYWORDS]


def _listed(value: str) -> list[str]:
    """The texts of a list that is written as JSON within a text; the text itself where it is none."""
    if value.startswith("[") and value.endswith("]"):
        return [text for found in read_json(value) for text in texts(found)]
    return [value]


def _is_word(text: str) -> bool:
    """Whether a keyword or section is one for readers: no address, number or name that programs give."""
    if text.casefold() in _NO_VALUE or _ADDRESS.match(text) or not any(map(str.isalpha, text)):
        return _YEAR.fullmatch(text) is not None
    return not (_CODE.fullmatch(text) and any(map(str.isdecimal, text)))


def _breadcrumb_names(structured: Structured) -> Iterator[str]:
    for node in structured.nodes:
        if "BreadcrumbList" not in str(node.get("@type")) or not isinstance(node.get("itemListElement"), list):
            continue
        for step in node["itemListElement"]:
            names = texts(step.get("name") or step.get("item")) if isinstance(step, dict) else []
            if names and not names[0].startswith("http"):
                yield plain(names[0])
        return


def _discovery(discovery: Discovery | None) -> RecordDiscovery | None:
    if discovery is None or not discovery.via:
        return None
    return RecordDiscovery(
        via=discovery.via,
        source_url=discovery.source_url or None,
        source_date=discovery.source_date or None,
        seen_at=discovery.seen_at or None,
    )
