"""Rows as Markdown (CommonMark 0.31): an article is a section, with its columns as a list and its text below."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from archive.datasets.cells import cell
from archive.datasets.exporting import Selected, Written, open_text

_HEADING, _TEXT = "headline", "text"
_ANYWHERE = re.compile(r"([\\`*_\[\]<&~|$])")
_FIRST = re.compile(r"^(\d*)([#>+=.)-])")
"""Punctuation that means something, anywhere or as the first of a line; a backslash before it makes it a letter like
others (section 2.4).
"""


def write_markdown(selected: Selected, target: Path) -> Written:
    """One file with all articles."""
    with open_text(target) as stream:
        stream.write(f"# {escaped(selected.made.name)}, version {escaped(selected.made.version)}\n".encode())
        for row in selected.rows():
            stream.write(_section(row).encode())
    return Written([])


def _section(row: dict[str, Any]) -> str:
    title = row.get(_HEADING) or row.get("url") or row.get("id") or ""
    facts = {name: cell(value) for name, value in row.items() if name not in (_HEADING, _TEXT)}
    lines = [f"- {name}: {_told(value)}" for name, value in facts.items() if value is not None and value != ""]
    paragraphs = [escaped(line) for line in (row.get(_TEXT) or "").splitlines() if line.strip()]
    return "\n".join(["", f"## {escaped(title)}", "", *lines, "", *("\n".join((one, "")) for one in paragraphs)])


def _told(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return escaped(value) if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def escaped(text: str) -> str:
    """A text as one line of Markdown that shows just that text."""
    return _FIRST.sub(r"\1\\\2", _ANYWHERE.sub(r"\\\1", " ".join(text.split())))
