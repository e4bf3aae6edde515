"""What style sheets name: other sheets, pictures, fonts (CSS Syntax Level 3, CSS Cascade Level 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urldefrag, urljoin

import tinycss2

from spiders.links import is_fetchable
from spiders.requisites.found import Requisite, RequisiteKind

_DEEPEST = 40
"""Blocks within blocks; deeper ones are skipped."""
_URL_FUNCTIONS = frozenset({"url", "src"})
_IMAGE_SETS = frozenset({"image-set", "-webkit-image-set"})


def style_requisites(sheet: bytes, url: str) -> list[Requisite]:
    """What a style sheet at `url` names, in its order, each once."""
    rules, _ = tinycss2.parse_stylesheet_bytes(sheet, skip_comments=True, skip_whitespace=True)
    return unique(_named(rules, url, 0))


def inline_requisites(style: str, base: str) -> list[Requisite]:
    """What the text of a ``style`` element or attribute names; addresses are resolved against `base`."""
    return unique(_named(tinycss2.parse_component_value_list(style), base, 0))


def resolved(reference: str, base: str, kind: RequisiteKind = RequisiteKind.OTHER) -> Iterator[Requisite]:
    """The requisite that a reference means, if it is one that can be requested."""
    named = reference.strip()
    try:
        address = urldefrag(urljoin(base, named)).url
    except ValueError:
        return
    if named and not named.startswith("#") and is_fetchable(address):
        yield Requisite(address, kind)


def unique(found: Iterable[Requisite]) -> list[Requisite]:
    """Each address once, in order."""
    return list({requisite.url: requisite for requisite in found}.values())


def _named(nodes: Iterable[Any], base: str, depth: int) -> Iterator[Requisite]:
    """Addresses in a list of rules or component values."""
    if depth > _DEEPEST:
        return
    is_import = False
    for node in nodes:
        if node.type == "at-rule":
            yield from _of_rule(node, base, depth)
        elif node.type == "at-keyword":
            is_import = node.lower_value == "import"
        elif node.type == "url" or (node.type == "string" and is_import):
            kind = RequisiteKind.STYLE if is_import else RequisiteKind.OTHER
            yield from resolved(node.value, base, kind)
            is_import = False
        elif node.type == "function":
            yield from _of_function(node, base, depth)
        else:
            yield from _within(node, base, depth)


def _of_rule(rule: Any, base: str, depth: int) -> Iterator[Requisite]:
    if rule.lower_at_keyword == "import":
        for node in rule.prelude:
            if node.type in ("url", "string"):
                yield from resolved(node.value, base, RequisiteKind.STYLE)
                return
            if node.type == "function" and node.lower_name in _URL_FUNCTIONS:
                yield from resolved(_first_string(node), base, RequisiteKind.STYLE)
                return
        return
    if rule.lower_at_keyword != "namespace":
        yield from _within(rule, base, depth)


def _of_function(function: Any, base: str, depth: int) -> Iterator[Requisite]:
    if function.lower_name in _URL_FUNCTIONS:
        yield from resolved(_first_string(function), base)
    elif function.lower_name in _IMAGE_SETS:
        for node in function.arguments:
            if node.type == "string":
                yield from resolved(node.value, base)
        yield from _named(function.arguments, base, depth + 1)
    else:
        yield from _named(function.arguments, base, depth + 1)


def _within(node: Any, base: str, depth: int) -> Iterator[Requisite]:
    """What stands inside a block or a rule."""
    for part in (getattr(node, "prelude", None), getattr(node, "content", None)):
        if part:
            yield from _named(part, base, depth + 1)


def _first_string(function: Any) -> str:
    return next((str(node.value) for node in function.arguments if node.type == "string"), "")
