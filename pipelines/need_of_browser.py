"""Whether a page shows its text, or its links, only to a browser.

The rungs before a browser are the page as it came and the data in its scripts, both of which extraction reads. So
the question is what extraction makes of the page; it is asked only of those that have scripts and little text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from archive.outcomes import PageOutcome

if TYPE_CHECKING:
    from lxml import html

    from pipelines.extract.document import Document

SCRIPT_SHELL = "script_shell"
"""The page has hardly any text, and scripts that would write it."""

_MANY_WORDS = 250
"""Words from which a page is taken to show its text; an article has more, with all that is around it."""
_FEW_WORDS = 120
"""Words below which a page is a frame: navigation and imprint."""
_FEW_LINKS = 8
"""Links to pages of its own host below which a page leads nowhere."""
_LACKS_TEXT = frozenset({PageOutcome.NO_TEXT, PageOutcome.TOO_SHORT})
_MAY_BE_SHELL = frozenset({PageOutcome.NOT_AN_ARTICLE, PageOutcome.NO_HEADLINE, PageOutcome.SOFT_NOT_FOUND})
_DATA = re.compile(r"json|template|importmap|speculationrules", re.I)
_WORD = re.compile(r"\w+")

Headers = Sequence[tuple[str, str]]


def need_of_browser(page: bytes, url: str, headers: Headers, configuration: bytes, is_list: bool) -> str:
    """Why a browser is needed: a page outcome's name or `SCRIPT_SHELL`; empty if it is not.

    `page` is the body without codings; `configuration` the canonical JSON of the extraction rules. Of a page that
    lists articles (`is_list`) the links count, of others the text. Never raises for what a page contains.
    """
    # Only here: the crawl's own process does without the extractor
    from pipelines.extract.article import Rejected, extract
    from pipelines.extract.document import UnreadableDocument, parse_document
    from pipelines.rules import ExtractionRules

    try:
        document = parse_document(page, url, headers)
    except UnreadableDocument:
        return ""
    if not any(_is_program(script) for script in document.root.iter("script")):
        return ""
    words = _words_shown(document.root, _MANY_WORDS)
    if is_list:
        return SCRIPT_SHELL if words < _FEW_WORDS and _links(document) < _FEW_LINKS else ""
    if words >= _MANY_WORDS:
        return ""
    rules = ExtractionRules.model_validate_json(configuration) if configuration else ExtractionRules()
    try:
        made = extract(page, url, headers=headers, rules=rules)
    except Exception:  # noqa: BLE001 - derivation tells of pages that break the extractor
        return ""
    if not isinstance(made, Rejected):
        return ""
    if made.outcome in _LACKS_TEXT:
        return made.outcome.value
    return SCRIPT_SHELL if made.outcome in _MAY_BE_SHELL and words < _FEW_WORDS else ""


def _is_program(script: html.HtmlElement) -> bool:
    """Whether a script runs (HTML standard, section 4.12.1)."""
    return not _DATA.search(script.get("type") or "") and bool(script.get("src") or (script.text or "").strip())


def _words_shown(root: html.HtmlElement, enough: int) -> int:
    count = 0
    for text in root.xpath("//body//text()[not(ancestor::script or ancestor::style or ancestor::noscript)]"):
        count += len(_WORD.findall(text))
        if count >= enough:
            break
    return count


def _links(document: Document) -> int:
    addresses = {document.absolute(link.get("href")) for link in document.root.iter("a")}
    host = document.url.split("/")[2:3]
    return sum(1 for address in addresses if address and address.split("/")[2:3] == host)
