"""Generating the manual page and the completion files: ``python -m crawler.cli.manual packaging`` (`make man`).

A test compares the generated files. Sources: man-pages(7) for the order of sections, groff_man(7).
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crawler.cli.completion import Shell, completion_script
from crawler.cli.main import COMMANDS, load_command
from crawler.cli.reference import described_parameter
from crawler.config import Configuration, software

_FILES = {
    "newswarc.toml": "Settings, read from the working directory. --config or NEWSWARC_CONFIG names another file.",
    "newswarc-data/": "The archive, unless `archive` or --to names another.",
    "newswarc-data/state/": "This machine's state: what it knows about URLs, and captures that are not stored yet.",
    "newswarc-state/": "The state for archives in S3 buckets.",
}
_STATUS = {
    "0": "Success.",
    "1": "The work was done, but something needs attention; standard error says what.",
    "2": "Wrong usage or configuration; nothing was done.",
    "130": "Interrupted. Everything captured is kept.",
}
_CODE = re.compile(r"`([^`]+)`")


def files() -> dict[str, str]:
    """All generated files by their path below ``packaging/``."""
    return {
        "man/newswarc.1": manual_page(),
        "completion/newswarc.bash": completion_script(Shell.BASH),
        "completion/_newswarc": completion_script(Shell.ZSH),
        "completion/newswarc.fish": completion_script(Shell.FISH),
    }


def manual_page() -> str:
    """newswarc(1)."""
    lines = [
        f'.TH NEWSWARC 1 "" "{software().replace("/", " ")}" "User Commands"',
        ".SH NAME",
        r"newswarc \- crawl newspapers into WARC files and article records",
        ".SH SYNOPSIS",
        r".B newswarc",
        r".I COMMAND",
        r"[\fIOPTION\fR]\&.\|.\|. [\fIARGUMENT\fR]\&.\|.\|.",
        ".SH DESCRIPTION",
        *_text(
            "newswarc finds the articles of newspapers, keeps everything it receives byte for byte in WARC files, "
            "in a directory or an S3 bucket, and extracts a record of each article, one JSON object per line. "
            "Every command has a --help option."
        ),
        ".SH COMMANDS",
    ]
    for name in COMMANDS:
        lines += _command(name, load_command(name))
    lines += _listed("EXIT STATUS", _STATUS)
    lines += _listed("ENVIRONMENT", dict(_variables()))
    lines += _listed("FILES", _FILES)
    return "\n".join(lines) + "\n"


def _command(name: str, command: Any) -> Iterator[str]:
    yield f".SS newswarc {_escaped(name)}"
    yield from _text(inspect.cleandoc(command.help or ""))
    for below, child in getattr(command, "commands", {}).items():
        yield from _command(f"{name} {below}", child)
    if hasattr(command, "commands"):
        return
    for parameter in command.params:
        if parameter.name != "help":
            label, meaning = described_parameter(parameter)
            yield ".TP"
            yield f".B {_escaped(label)}"
            yield from _text(meaning)


def _variables() -> Iterator[tuple[str, str]]:
    yield "NEWSWARC_CONFIG", "The configuration file."
    for name, field in Configuration.model_fields.items():
        yield f"NEWSWARC_{name.upper()}", " ".join((field.description or "").split())


def _listed(heading: str, entries: dict[str, str]) -> Iterator[str]:
    yield f".SH {heading}"
    for name, meaning in entries.items():
        yield from (".TP", f".B {_escaped(name)}", *_text(meaning))


def _text(text: str) -> Iterator[str]:
    """A text's paragraphs, what stands in backticks in bold."""
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            yield ".PP"
        line = _escaped(" ".join(paragraph.split()))
        yield _CODE.sub(lambda match: f"\\fB{match[1]}\\fR", line)


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\[rs]").replace("-", "\\-")
    text = "".join(letter if letter.isascii() else f"\\[u{ord(letter):04X}]" for letter in text)
    return f"\\&{text}" if text.startswith((".", "'")) else text


def main(directory: str) -> None:
    """Write the files."""
    for name, text in files().items():
        path = Path(directory) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
