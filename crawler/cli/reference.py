"""Generating pages of the documentation: ``python -m crawler.cli.reference docs/reference``.

A test compares the generated pages, so no command, setting, field or outcome is ever undocumented.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import typer.core

from archive.article import article_schema
from archive.exchange import CaptureOutcome
from archive.faults import FaultKind
from archive.outcomes import PageOutcome
from crawler.cli.about import CONFIGURATION_PAGE
from crawler.cli.main import COMMANDS, load_command
from crawler.cli.reference_python import python_page
from crawler.config import configuration_table
from crawler.watching.concerns import Concern, ConcernKind
from crawler.watching.metrics import described_metrics
from spiders.left_out import LeftOut
from spiders.remedies import REMEDIES, lasts

_KINDS: dict[Any, str] = {int: "NUMBER", float: "NUMBER", Path: "PATH"}


def pages() -> dict[str, str]:
    """All generated pages by file name."""
    return {
        "configuration.md": CONFIGURATION_PAGE + configuration_table() + "\n",
        "command-line.md": command_line_page(),
        "outcomes.md": outcomes_page(),
        "record.md": record_page(),
        "metrics.md": metrics_page(),
        "python-api.md": python_page(),
    }


def command_line_page() -> str:
    """Every command with its arguments and options."""
    parts = [
        "# Command line\n",
        "Every command has a `--help` option. Exit codes: 0, success; 1, the work was done, but something needs "
        "attention; 2, wrong usage or configuration, and nothing was done; 130, interrupted, and everything "
        "captured is kept.\n",
    ]
    for name in COMMANDS:
        parts += _command(f"newswarc {name}", load_command(name))
    return "\n".join(parts)


def _command(name: str, command: Any) -> Iterator[str]:
    yield f"## {name}\n" if name.count(" ") == 1 else f"### {name}\n"
    yield inspect.cleandoc(command.help or "") + "\n"
    for below, child in getattr(command, "commands", {}).items():
        yield from _command(f"{name} {below}", child)
    rows = [_parameter(parameter) for parameter in command.params if parameter.name != "help"]
    if rows:
        yield "| argument or option | meaning |\n|---|---|\n" + "\n".join(rows) + "\n"


def described_parameter(parameter: Any) -> tuple[str, str]:
    """An argument or option as one writes it, and what it means."""
    if isinstance(parameter, typer.core.TyperArgument):
        shown = parameter.metavar or str(parameter.name).upper()
    else:
        names = ", ".join([*parameter.opts, *parameter.secondary_opts])
        takes_none = parameter.is_flag or parameter.count
        kind = "" if takes_none else parameter.metavar or _KINDS.get(parameter.type_descriptor.annotation, "VALUE")
        shown = f"{names} {kind}".strip()
    return shown, parameter.help or ""


def _parameter(parameter: Any) -> str:
    shown, meaning = described_parameter(parameter)
    return f"| `{_cell(shown)}` | {_cell(meaning)} |"


def outcomes_page() -> str:
    """How attempts and pages end, what can be wrong with an archive, and what needs a person."""
    traits = ["| outcome | meaning | server sent the page | archive has a record |", "|---|---|---|---|"]
    meanings = documented(PageOutcome)
    for outcome in PageOutcome:
        facts = outcome.traits
        marks = " | ".join("yes" if fact else "no" for fact in (facts.is_captured, facts.has_record))
        traits.append(f"| `{outcome.value}` | {_cell(meanings[outcome.name])} | {marks} |")
    return "\n".join(
        [
            "# Outcomes\n",
            "Every attempt to fetch a page ends in exactly one capture outcome, and every captured page has "
            "exactly one page outcome. Both are counted and kept in the archive.\n",
            "## Capture outcomes\n",
            *_capture_outcomes(),
            "\nIf a source named in a site's definition ends in a lasting outcome, the run exits with code 1, even "
            "if other sources yielded articles. A temporary outcome leads to exit code 1 only if the site yielded "
            "nothing at all. `newswarc failures` lists the articles. [What happens to an announced "
            "article](announced-articles.md) has a table of everything that a server may do.",
            "\n## Page outcomes\n",
            *traits,
            "\n## Announced articles that are not requested\n",
            "`newswarc crawl` reports their number by site and reason (`left out`).\n",
            "| reason | meaning |",
            "|---|---|",
            *(f"| `{reason.value}` | {_cell(reason.sentence)} |" for reason in LeftOut),
            "\n## Faults reported by `newswarc verify`\n",
            _table(FaultKind, "fault"),
            "\n## Alarms of `newswarc health` and `newswarc watch`\n",
            *_alarms(),
            "",
        ]
    )


def _capture_outcomes() -> list[str]:
    """What each means, what to do about it, and whether it passes by itself."""
    meanings = documented(CaptureOutcome)
    rows = ["| outcome | meaning | what to do | lasting |", "|---|---|---|---|"]
    for outcome in CaptureOutcome:
        remedy = REMEDIES.get(outcome, "nothing")
        rows.append(
            f"| `{outcome.value}` | {_cell(meanings[outcome.name])} | {_cell(f'{remedy[0].upper()}{remedy[1:]}.')} "
            f"| {'yes' if lasts(outcome) else 'no'} |"
        )
    return rows


def _alarms() -> Iterator[str]:
    """When each is sent, and what to do then."""
    yield "Shares are computed from ten attempts or pages a day on.\n"
    yield "| alarm | condition | what to do |"
    yield "|---|---|---|"
    for name, condition in documented(ConcernKind).items():
        remedy = Concern(ConcernKind[name], site="", detail="").remedy
        yield f"| `{ConcernKind[name].value}` | {_cell(condition)} | {_cell(f'{remedy[0].upper()}{remedy[1:]}.')} |"


def record_page() -> str:
    """The fields of an article record."""
    schema = article_schema()
    parts = [
        "# Article record\n",
        "One JSON object per line. The JSON Schema is `docs/schema/article.schema.json`, also printed by "
        "`newswarc schema`. Fields are named as in schema.org's NewsArticle where it has them.\n",
        *_fields(schema),
    ]
    for name, part in sorted(schema.get("$defs", {}).items()):
        if "properties" in part:
            parts += [f"\n## {name}\n", part.get("description", ""), "", *_fields(part)]
    return "\n".join([*parts, ""])


def metrics_page() -> str:
    """Metrics of ``newswarc watch --metrics``."""
    rows = [
        f"| `{name}` | {', '.join(labels) or ' '} | {_cell(text)} |" for name, labels, text in described_metrics()
    ]
    return "\n".join(
        [
            "# Metrics\n",
            "`newswarc watch --metrics HOST:PORT` serves these metrics to Prometheus. All are gauges, computed on "
            "each request; "
            "times are seconds since 1970. `docs/prometheus/` holds alert rules and a Grafana dashboard.\n",
            "| metric | labels | meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def documented(kind: type[Enum]) -> dict[str, str]:
    """The docstring of each member of an enumeration, by name."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    found = dict.fromkeys(kind.__members__, "")
    for statement, following in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(statement, ast.Assign)
            and isinstance(statement.targets[0], ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
        ):
            found[statement.targets[0].id] = " ".join(str(following.value.value).split())
    return found


def _table(kind: type[Enum], heading: str) -> str:
    rows = [f"| `{kind[name].value}` | {_cell(text)} |" for name, text in documented(kind).items()]
    return "\n".join([f"| {heading} | meaning |", "|---|---|", *rows])


def _fields(schema: dict[str, Any]) -> list[str]:
    rows = ["| field | type | meaning |", "|---|---|---|"]
    for name, field in schema.get("properties", {}).items():
        rows.append(f"| `{name}` | {_cell(_type(field))} | {_cell(' '.join(field.get('description', '').split()))} |")
    return rows


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if "anyOf" in field:
        return " or ".join(_type(part) for part in field["anyOf"])
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    return str(field.get("format") or field.get("type") or field.get("const") or "any")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main(directory: str) -> None:
    """Write all pages into a directory."""
    for name, text in pages().items():
        Path(directory, name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
