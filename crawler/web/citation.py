"""An article as a citation: BibTeX, RIS and CSL-JSON. Pure.

All three name the article by its address and say which capture is meant: the moment, the record's id and the digest
of its payload, by which it can be found in this archive and checked in any copy of it.
"""

from __future__ import annotations

import json
import re
from datetime import datetime

from archive.article import Article
from archive.period import span_of

_BIBTEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
    }
)


def bibtex(article: Article) -> str:
    """An entry of BibLaTeX's type ``online``."""
    published, captured = _published(article), _captured(article)
    facts = {
        "title": f"{{{_tex(article.headline)}}}",
        "author": " and ".join(f"{{{_tex(author.name)}}}" for author in article.authors),
        "organization": _tex(article.publisher or ""),
        "date": published,
        "urldate": f"{captured:%Y-%m-%d}" if captured else "",
        "url": re.sub(r"[{}\\\s]", lambda found: f"%{ord(found[0]):02X}", article.url),
        "langid": _tex(article.in_language or ""),
        "note": _tex(_note(article)),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in facts.items() if value]
    return "\n".join([f"@online{{{_key(article)},", *lines, "}", ""])


def ris(article: Article) -> str:
    """A reference of type NEWS (RIS has one tag a line)."""
    captured = _captured(article)
    lines = [("TY", "NEWS"), ("TI", article.headline)]
    lines += [("AU", author.name) for author in article.authors]
    lines += [
        ("PB", article.publisher or ""),
        ("DA", _published(article).replace("-", "/")),
        ("UR", article.url),
        ("LA", article.in_language or ""),
        ("Y2", f"{captured:%Y/%m/%d}" if captured else ""),
        ("N1", _note(article)),
        ("ID", _key(article)),
    ]
    told = [f"{tag}  - {_one_line(value)}" for tag, value in lines if value]
    return "\r\n".join([*told, "ER  - ", ""])


def csl(article: Article) -> str:
    """An item of CSL-JSON, in the list that programs expect."""
    captured = _captured(article)
    facts = {
        "id": _key(article),
        "type": "article-newspaper",
        "title": article.headline,
        "author": [{"literal": author.name} for author in article.authors],
        "container-title": article.publisher or "",
        "issued": _date_parts(_published(article)),
        "accessed": _date_parts(f"{captured:%Y-%m-%d}") if captured else None,
        "URL": article.url,
        "language": article.in_language or "",
        "note": _note(article),
    }
    return json.dumps([{name: value for name, value in facts.items() if value}], ensure_ascii=False, indent=1)


def _note(article: Article) -> str:
    if article.warc is None:
        return ""
    warc = article.warc
    moment = f"{warc.date:%Y-%m-%dT%H:%M:%SZ}"
    return f"captured {moment}, WARC record urn:uuid:{warc.record_id}, payload {warc.payload_digest}"


def _captured(article: Article) -> datetime | None:
    return article.warc.date if article.warc is not None else None


def _published(article: Article) -> str:
    """The day, month or year of publication, as far as it is known."""
    text = article.date_published or ""
    return text[:10] if span_of(text) is not None else ""


def _date_parts(day: str) -> dict[str, list[list[int]]] | None:
    parts = [int(part) for part in day.split("-") if part.isdigit()]
    return {"date-parts": [parts]} if parts else None


def _key(article: Article) -> str:
    return f"newswarc-{article.id}"


def _tex(text: str) -> str:
    return _one_line(text).translate(_BIBTEX)


def _one_line(text: str) -> str:
    return " ".join(text.split())
