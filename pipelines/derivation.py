"""From a capture to an article record or a page outcome.

One function for the live crawl and for every later run, so that the same capture, extractor and
configuration give the same result.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from archive.article import Article, ExtractionFacts, HttpFacts, RenderingAddress, WarcAddress
from archive.captures import Capture
from archive.content_coding import BodyTooLarge
from archive.derived import Derivation
from archive.exchange import CaptureOutcome
from archive.http1 import BadMessage, ResponseHead
from archive.outcomes import PageOutcome
from archive.rendering import DOCUMENT_TYPE
from pipelines.capture_batch import MOST_OF_PAGE
from pipelines.extract.article import EXTRACTION_TOOL, Rejected, extract
from pipelines.extract.document import UnreadableDocument, parse_document
from pipelines.generation import EXTRACTOR_GENERATION, text_mark
from pipelines.outcome_lines import outcome_line, saved_page_outcome
from pipelines.rules import ExtractionRules

MAX_BODY = 32 << 20
"""Maximum size of a decoded page that is extracted, in bytes."""

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml", "application/xml", "text/xml", ""})


def derive(capture: Capture, configuration: bytes, warc_key: str) -> Derivation:
    """Derive the outcome of a captured page, and its article if there is one.

    `configuration` is the canonical JSON of the extraction rules in force, as the segment keeps it; `warc_key`
    is the segment's WARC below the archive's root. Never raises for what a page contains.
    """
    rules = _rules(configuration)
    try:
        made = _article(capture, rules)
    except Exception as error:  # noqa: BLE001 - a page that breaks the extractor must not stop a crawl
        made = Rejected(PageOutcome.EXTRACTION_FAILED, f"{type(error).__name__}: {error}"[:300])
    if isinstance(made, Rejected):
        return Derivation(outcome_line(capture, made.outcome, made.detail))
    record = _with_provenance(made, capture, rules, warc_key)
    said, _, before = capture.discovery.previous_text.rpartition(" ")
    if said and (said == _said(record) or said == _said_by_all(capture, rules)):
        return Derivation(outcome_line(capture, PageOutcome.UNCHANGED_TEXT, f"the text of record {before}"))
    return Derivation.of(outcome_line(capture, PageOutcome.RECORD), record)


def _said(article: Article) -> str:
    return text_mark(article).rpartition(" ")[0]


def _said_by_all(capture: Capture, rules: ExtractionRules) -> str:
    """What the page says with all that recurs on the site, as a record said that was made before this was known."""
    if not rules.recurring:
        return ""
    whole = _article(capture, rules.model_copy(update={"recurring": ()}))
    return _said(whole) if isinstance(whole, Article) else ""


def derive_page(page: bytes, file: Path, configuration: bytes) -> Derivation:
    """Derive the outcome of a saved page outside any WARC. Never raises because of its content.

    Its URL is the canonical one that it declares, or else that of its file. `configuration` is as in `derive`.
    """
    rules = _rules(configuration)
    try:
        made = extract(page, _own_address(page) or file.absolute().as_uri(), rules=rules)
    except Exception as error:  # noqa: BLE001 - as above
        made = Rejected(PageOutcome.EXTRACTION_FAILED, f"{type(error).__name__}: {error}"[:300])
    if isinstance(made, Rejected):
        return Derivation(saved_page_outcome(file, made.outcome, made.detail))
    record = made.model_copy(update={"extraction": _extraction_facts(rules)})
    return Derivation.of(saved_page_outcome(file, PageOutcome.RECORD), record)


def _own_address(page: bytes) -> str | None:
    """What the page's ``link rel=canonical`` or ``og:url`` says, where it is a full address."""
    try:
        root = parse_document(page, "").root
    except UnreadableDocument:
        return None
    claims = [
        *root.xpath("//link[@rel='canonical']/@href"),
        *root.xpath("//meta[@property='og:url']/@content"),
    ]
    return next(
        (str(claim).strip() for claim in claims if str(claim).strip().startswith(("http://", "https://"))), None
    )


@lru_cache(maxsize=256)
def _rules(configuration: bytes) -> ExtractionRules:
    return ExtractionRules.model_validate_json(configuration) if configuration else ExtractionRules()


def _article(capture: Capture, rules: ExtractionRules) -> Article | Rejected:
    if not capture.response:
        return Rejected(PageOutcome.NO_RESPONSE, f"{capture.outcome.value}: {capture.fact('detail')}".rstrip(": "))
    if capture.revisit:
        return Rejected(PageOutcome.UNCHANGED, f"the bytes of capture {capture.refers_to}")
    try:
        head = capture.head()
        refusal = _unfit(capture, head)
        return refusal or _extracted(capture, head, rules)
    except BadMessage as error:
        return Rejected(PageOutcome.HTTP_ERROR, str(error))
    except BodyTooLarge as error:
        return Rejected(PageOutcome.UNDECODABLE, str(error))


def _unfit(capture: Capture, head: ResponseHead) -> Rejected | None:
    if 300 <= head.status < 400 and head.status != 304:
        return Rejected(PageOutcome.REDIRECTED, f"to {head.first('location')}")
    if not 200 <= head.status < 300:
        return Rejected(PageOutcome.HTTP_ERROR, f"status {head.status} {head.reason}".rstrip())
    # Of our own captures the crawl has seen whether the page is whole though its message is not
    if capture.truncated and capture.fact("outcome") != CaptureOutcome.OK:
        return Rejected(PageOutcome.TRUNCATED, f"cut short: {capture.truncated}")
    mime = head.first("content-type").split(";", 1)[0].strip().lower()
    if mime not in _HTML_TYPES:
        return Rejected(PageOutcome.NOT_HTML, f"content type {mime}")
    size = len(capture.response) + capture.left
    if capture.rendered is not None:
        size = len(capture.rendered.document) + capture.rendered.left
    if size > MOST_OF_PAGE:
        return Rejected(PageOutcome.TOO_COMPLEX, f"more than {MOST_OF_PAGE:,} bytes")
    return None


def _extracted(capture: Capture, head: ResponseHead, rules: ExtractionRules) -> Article | Rejected:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers]
    if capture.rendered is not None:
        page = capture.rendered.document
        headers = [pair for pair in headers if pair[0].lower() != "content-type"]
        headers.append(("Content-Type", DOCUMENT_TYPE))
    else:
        decoded = capture.body(MAX_BODY)
        if decoded.flaw and not _may_be_text(decoded.body):
            return Rejected(PageOutcome.UNDECODABLE, decoded.flaw)
        page = decoded.body
    return extract(
        page,
        capture.url,
        headers=headers,
        fetched_at=capture.date,
        discovery=capture.discovery,
        rules=rules,
    )


def _may_be_text(body: bytes) -> bool:
    """Whether bytes that did not follow their coding can be a page all the same."""
    return b"<" in body[:1024] and b"\x00" not in body[:1024]


def _with_provenance(article: Article, capture: Capture, rules: ExtractionRules, warc_key: str) -> Article:
    head = capture.head()
    return article.model_copy(
        update={
            "id": capture.record_id,
            "duplicate_of": capture.duplicate_of,
            "warc": WarcAddress(
                file=warc_key,
                offset=capture.offset,
                length=capture.length,
                record_id=capture.record_id,
                payload_digest=capture.payload_digest,
                date=capture.date,
            ),
            "http": HttpFacts(
                status=head.status,
                content_type=head.first("content-type") or None,
                etag=head.first("etag") or None,
                last_modified=head.first("last-modified") or None,
            ),
            "extraction": _extraction_facts(rules),
            **_rendering_facts(capture, warc_key),
        }
    )


def _rendering_facts(capture: Capture, warc_key: str) -> dict[str, object]:
    rendered = capture.rendered
    if rendered is None:
        return {}
    address = RenderingAddress(
        file=warc_key,
        offset=rendered.offset,
        length=rendered.length,
        record_id=rendered.record_id,
        date=rendered.date,
    )
    return {"rendered_from": address, "rendered_by": capture.fact("renderedBy") or None}


def _extraction_facts(rules: ExtractionRules) -> ExtractionFacts:
    return ExtractionFacts(tool=EXTRACTION_TOOL, version=EXTRACTOR_GENERATION, config_hash=rules.digest())
