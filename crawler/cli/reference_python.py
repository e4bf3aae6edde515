"""Generating the reference page on the Python API: signatures and docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from typing import Any

_PUBLIC = {
    "Open an archive": (
        ("archive", "open_archive"),
        ("archive", "Archive"),
        ("archive.datasets.frames", "Articles"),
        ("archive.storage.opening", "open_storage"),
        ("archive.storage.s3_options", "S3Options"),
    ),
    "Search": (
        ("archive.search.searching", "SearchResult"),
        ("archive.search.searching", "Hit"),
        ("archive.search.snippets", "Snippet"),
        ("archive.search.query", "BadQuery"),
    ),
    "Records and pages": (
        ("archive.article", "Article"),
        ("archive.library", "articles"),
        ("archive.library", "RecordFilter"),
        ("archive.library", "outcomes"),
        ("archive.library", "read_page"),
        ("archive.library", "segments"),
    ),
    "What readers may have": (("archive.access", "AccessGate"),),
    "Captures of a URL": (
        ("archive.lookup", "Lookup"),
        ("archive.lookup", "Match"),
        ("archive.period", "Period"),
    ),
    "Extraction": (
        ("pipelines.extract", "extract"),
        ("pipelines.extract", "Rejected"),
        ("pipelines.rules", "ExtractionRules"),
    ),
}
_HEAD = """# Python API

These names keep their meaning from one version to the next; everything else may change without notice. Errors are
subclasses of `archive.errors.ArchiveError`. Fields of an `Article` are those of the [article record](record.md), in
snake_case. For examples, see [Use it from Python](../how-to/use-from-python.md).
"""


def python_page() -> str:
    """The page's text."""
    parts = [_HEAD]
    for title, names in _PUBLIC.items():
        parts.append(f"## {title}\n")
        for module, name in names:
            parts += _described(module, name)
    return "\n".join(parts).rstrip() + "\n"


def _described(module: str, name: str) -> Iterator[str]:
    thing = getattr(import_module(module), name)
    yield f"### {module}.{name}\n"
    if not hasattr(thing, "model_fields"):
        yield from _signature(name, thing)
    yield _markdown(thing) + "\n"
    if inspect.isclass(thing) and not issubclass(thing, Enum):
        for method, function in vars(thing).items():
            if inspect.isfunction(function) and not method.startswith("_") and inspect.getdoc(function):
                yield from _signature(f"{name}.{method}", function)
                yield _markdown(function) + "\n"


def _signature(name: str, thing: Any) -> Iterator[str]:
    if inspect.isclass(thing) and issubclass(thing, Enum):
        yield f"```python\n{name}: {', '.join(repr(member.value) for member in thing)}\n```\n"
        return
    shown = inspect.signature(thing)
    parameters = [_plain(parameter) for name, parameter in shown.parameters.items() if name != "self"]
    shown = shown.replace(parameters=parameters, return_annotation=_annotation(shown.return_annotation))
    yield f"```python\n{name}{shown}\n```\n"


class _Verbatim:
    """A text that a signature shows without quotes."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _plain(parameter: inspect.Parameter) -> inspect.Parameter:
    default = parameter.default
    if isinstance(default, Enum):
        default = _Verbatim(f"{type(default).__name__}.{default.name}")
    elif default is not parameter.empty and not isinstance(default, (str, int, float, bool, tuple, type(None))):
        # Its own text may hold an address of memory, another one each time
        default = _Verbatim("…")
    return parameter.replace(annotation=_annotation(parameter.annotation), default=default)


def _annotation(annotation: Any) -> Any:
    return _Verbatim(annotation) if isinstance(annotation, str) else annotation


def _markdown(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").replace("``", "`")
