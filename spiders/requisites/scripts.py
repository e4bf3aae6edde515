"""What a script names in so many words: modules that it imports, data that it fetches. Nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from spiders.requisites.found import Requisite, RequisiteKind
from spiders.requisites.styles import resolved, unique

_MODULE = re.compile(
    rb"""\bimport\s*(?:[\w$*{}\s,]{1,500}?\bfrom\s*)?['"]((?:https?:)?\.{0,2}/[^'"\s\\]{1,2000})['"]
    |\bexport\s+[\w$*{}\s,]{1,500}?\bfrom\s*['"]((?:https?:)?\.{0,2}/[^'"\s\\]{1,2000})['"]
    |\bimport\s*\(\s*['"]((?:https?:)?\.{0,2}/[^'"\s\\]{1,2000})['"]""",
    re.X,
)
_DATA = re.compile(rb"""\b(?:fetch|new\s+URL|importScripts)\s*\(\s*['"`]([^'"`\s\\$]{1,2000})['"`]""")


def script_requisites(script: bytes, url: str, page: str) -> list[Requisite]:
    """What a script at `url` names; addresses of modules are relative to it, those of data to its `page`."""
    return unique(chain(_modules(script, url), _data(script, page)))


def _modules(script: bytes, url: str) -> Iterator[Requisite]:
    for match in _MODULE.finditer(script):
        named = next(group for group in match.groups() if group)
        yield from resolved(named.decode("utf-8", "replace"), url, RequisiteKind.SCRIPT)


def _data(script: bytes, page: str) -> Iterator[Requisite]:
    for match in _DATA.finditer(script):
        yield from resolved(match[1].decode("utf-8", "replace"), page)
