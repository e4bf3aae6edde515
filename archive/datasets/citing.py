"""Citing a version, or one of its articles: in words, as CITATION.cff (1.2.0), BibTeX and RIS.

No clock is read: a version is dated by its last capture.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive.datasets.manifest import DatasetManifest
from archive.period import moment_of

_NOBODY = "Compiler not stated"
_BIBTEX = str.maketrans(
    {
        "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "%": r"\%", "&": r"\&", "$": r"\$", "#": r"\#", "_": r"\_",
        "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\n": " ", "\r": " ",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Citation:
    """What is cited."""

    kind: str
    """``dataset`` or ``article``."""
    key: str
    title: str
    authors: tuple[str, ...]
    """People as ``Family, Given`` or as printed; organisations."""
    date: datetime | None
    publisher: str = ""
    version: str = ""
    doi: str = ""
    url: str = ""
    license: str = ""
    language: str = ""
    accessed: datetime | None = None
    """When the article was captured."""
    note: str = ""

    def plain(self) -> str:
        """In words."""
        year = f" ({self.date.year})" if self.date is not None else ""
        parts = [f"{'; '.join(self.authors)}{year}: " if self.authors else "", self.title]
        parts += [f", version {self.version}" if self.version else "", f". {self.note}" if self.note else ""]
        address = f"https://doi.org/{self.doi}" if self.doi else self.url
        return "".join(parts) + "." + (f" {address}" if address else "")


def digest_of(manifest: DatasetManifest) -> str:
    """SHA-256 of the lines of SHA256SUMS that name files of rows: the same for the same rows."""
    shards = [*manifest.shards(".parquet"), *manifest.shards(".jsonl.gz")]
    lines = sorted(f"{file.sha256}  {file.path}\n" for file in shards)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def set_citation(manifest: DatasetManifest) -> Citation:
    """Of a version."""
    about, chosen = manifest.about, manifest.selection
    origin = f", selected from rows with SHA-256 {chosen.digest}" if chosen is not None else ""
    return Citation(
        kind="dataset",
        key=f"{manifest.name}-{manifest.version}{'-selection' if chosen is not None else ''}",
        title=(about.title or manifest.name) + (" (selection)" if chosen is not None else ""),
        authors=about.creators,
        date=moment_of(manifest.statistics.last_capture),
        version=manifest.version,
        doi=about.doi,
        url=about.url,
        license=about.license,
        note=f"Built with {manifest.software}, SHA-256 {digest_of(manifest)}{origin}{_logged(manifest)}",
    )


def _logged(manifest: DatasetManifest) -> str:
    """The state of the log of custody that a version was built at."""
    if not manifest.checkpoint:
        return ""
    name, size, root = manifest.checkpoint.split("\n")[:3]
    return f", log {name} at {size} entries, root {root}"


def article_citation(row: Mapping[str, Any], manifest: DatasetManifest) -> Citation:
    """Of a row, with the version that it was taken from."""
    published = row.get("datePublished")
    return Citation(
        kind="article",
        key=f"article-{row['id']}",
        title=row.get("headline") or row["url"],
        authors=tuple(row.get("authors") or ()),
        date=published,
        publisher=row.get("publisher") or row.get("sourceName") or row.get("site") or "",
        url=row.get("canonicalUrl") or row["url"],
        language=row.get("language") or "",
        accessed=row["captured"],
        note=f"Captured {row['captured']:%Y-%m-%dT%H:%M:%SZ}, payload {row['payloadDigest']}, in "
        f"{manifest.name}, version {manifest.version}",
    )


def bibtex(cited: Citation) -> str:
    """As BibTeX with the fields of BibLaTeX; any reader of BibTeX takes it."""
    given = {
        "title": f"{{{_escaped(cited.title)}}}",
        "author": " and ".join(_bibtex_name(name) for name in cited.authors),
        "year": str(cited.date.year) if cited.date else "",
        "date": f"{cited.date:%Y-%m-%d}" if cited.date else "",
        "organization" if cited.kind == "article" else "publisher": _escaped(cited.publisher),
        "version": _escaped(cited.version),
        "doi": cited.doi,
        "url": re.sub(r"[{}\\\s]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), cited.url),
        "urldate": f"{cited.accessed:%Y-%m-%d}" if cited.accessed else "",
        "langid": cited.language,
        "note": _escaped(cited.note),
    }
    lines = [f"  {name} = {{{value}}}" for name, value in given.items() if value]
    key = re.sub(r"[^A-Za-z0-9.:_-]", "", cited.key)
    return f"@{'dataset' if cited.kind == 'dataset' else 'online'}{{{key},\n" + ",\n".join(lines) + "\n}\n"


def ris(cited: Citation) -> str:
    """As RIS (the tags of Zotero and EndNote)."""
    given: list[tuple[str, str]] = [("TY", "DATA" if cited.kind == "dataset" else "NEWS"), ("TI", cited.title)]
    given += [("AU", name) for name in cited.authors]
    if cited.date is not None:
        given += [("PY", str(cited.date.year)), ("DA", f"{cited.date:%Y/%m/%d}")]
    given += [("T2" if cited.kind == "article" else "PB", cited.publisher), ("ET", cited.version), ("DO", cited.doi)]
    given += [("UR", cited.url), ("LA", cited.language), ("N1", cited.note)]
    if cited.accessed is not None:
        given.append(("Y2", f"{cited.accessed:%Y/%m/%d}"))
    lines = [f"{tag}  - {' '.join(value.split())}" for tag, value in given if value]
    return "\n".join([*lines, "ER  - "]) + "\n"


def citation_cff(manifest: DatasetManifest) -> str:
    """CITATION.cff 1.2.0; its values are JSON, which is YAML (YAML 1.2, section 1.3)."""
    cited = set_citation(manifest)
    identifiers = [{"type": "other", "value": f"sha256:{digest_of(manifest)}", "description": "Digest of the rows"}]
    if manifest.checkpoint:
        name, size, root = manifest.checkpoint.split("\n")[:3]
        described = f"Root of the log of custody {name} at {size} entries"
        identifiers.append({"type": "other", "value": root, "description": described})
    if cited.doi:
        identifiers.insert(0, {"type": "doi", "value": cited.doi})
    given: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": "If you use this data set, please cite it as below.",
        "type": "dataset",
        "title": cited.title,
        "authors": [_cff_name(name) for name in cited.authors] or [{"name": _NOBODY}],
        "version": cited.version,
        "date-released": f"{cited.date:%Y-%m-%d}" if cited.date else "",
        "doi": cited.doi,
        "url": cited.url,
        "license": cited.license,
        "identifiers": identifiers,
    }
    return "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in given.items() if value)


def _cff_name(name: str) -> dict[str, str]:
    family, comma, given = name.partition(",")
    return {"family-names": family.strip(), "given-names": given.strip()} if comma else {"name": name}


def _escaped(text: str) -> str:
    return " ".join(text.translate(_BIBTEX).split())


def _bibtex_name(name: str) -> str:
    """A name that BibTeX would take apart stands in braces."""
    family, comma, given = name.partition(",")
    if comma and given.strip() and not re.search(r"\band\b", name, re.I):
        return f"{_escaped(family)}, {_escaped(given)}"
    return f"{{{_escaped(name)}}}"
