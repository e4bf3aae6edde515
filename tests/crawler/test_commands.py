"""The commands beside each other: one list, the same options everywhere, help that does not wait for the program."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from crawler.cli.main import COMMANDS, load_command
from tests.support.processes import ROOT

HEAVY = ("scrapy", "twisted", "sqlalchemy", "trafilatura", "boto3", "numpy", "pyarrow", "lxml")
PRINTS_WHAT_IS_FIXED = {"schema", "completion"}
FETCHES = {"crawl", "schedule", "worker", "site add", "site check", "dataset rehydrate"}
READS_DEFINITIONS = {"crawl", "explain", "schedule", "fleet add", "site add", "site check", "sites", "browser login"}
KEEPS_TO_ONE_MACHINE = {
    "sites", "config", "fleet add", "fleet remove", "fleet list", "fleet lost", "failures retry", "failures forget"
}  # fmt: skip


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its whole name."""
    for name in COMMANDS:
        command = load_command(name)
        below = getattr(command, "commands", None)
        yield from ((f"{name} {part}", inner) for part, inner in below.items()) if below else [(name, command)]


LEAVES = dict(commands())


def options(command: Any) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_its_help_says(name: str) -> None:
    first_line = (load_command(name).help or "").splitlines()[0]
    said = first_line.split(". ")[0].rstrip(".") + "."
    assert COMMANDS[name][1] == said, "write it into the table of crawler/cli/main.py"


@pytest.mark.parametrize("name", sorted(LEAVES.keys() - PRINTS_WHAT_IS_FIXED))
def test_options_are_the_same_everywhere(name: str) -> None:
    given = options(LEAVES[name])
    assert {"--config", "--quiet", "-q", "--verbose", "-v"} <= given
    assert ("--contact" in given, "--allow-host" in given) == (name in FETCHES, name in FETCHES)
    assert ("--sites" in given) == (name in READS_DEFINITIONS)
    assert ("--endpoint-url" in given) == (name not in KEEPS_TO_ONE_MACHINE)


@pytest.mark.parametrize("name", sorted(LEAVES))
def test_an_option_has_one_meaning(name: str) -> None:
    """A short form stands for the same long one in every command, and each option says what it does."""
    short = {"-q": "--quiet", "-v": "--verbose", "-h": "--help", "-o": "--output"}
    for parameter in LEAVES[name].params:
        for option in parameter.opts:
            if option in short:
                assert short[option] in parameter.opts
            else:
                assert option.startswith("--") or parameter.param_type_name == "argument", option


@pytest.mark.parametrize(
    "arguments", [["--help"], ["crawl", "--help"], ["status", "-h"], ["dataset", "build", "--help"]]
)
def test_help_imports_nothing_that_takes_long(arguments: list[str]) -> None:
    program = f"import sys; from crawler.cli.main import run_program; run_program({arguments!r})\n"
    program += f"print('imported:', [name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "imported: []"
    assert "Usage" in done.stdout
