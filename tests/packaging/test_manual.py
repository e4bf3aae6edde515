"""The manual page and shell completion are the program's."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from crawler.cli.main import COMMANDS
from crawler.cli.manual import manual_page
from crawler.config import Configuration
from tests.support.processes import PROGRAM, ROOT, environment, newswarc


def test_the_manual_leaves_nothing_out() -> None:
    page = manual_page().replace("\\-", "-")
    for command in COMMANDS:
        assert f".SS newswarc {command}\n" in page
    for setting in Configuration.model_fields:
        assert f".B NEWSWARC_{setting.upper()}\n" in page
    assert page.isascii()
    assert "`" not in page


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_reads_the_manual_without_a_warning() -> None:
    page = ROOT / "packaging" / "man" / "newswarc.1"
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", page], capture_output=True, timeout=60)
    assert done.stderr == b""
    assert "NAME" in done.stdout.decode()


def completed(shell: str, line: str, directory: Path) -> list[str]:
    """What a shell is offered for a command line, as its script asks the program."""
    words = line.split(" ")
    if shell == "bash":
        script = (
            'source <("$PROGRAM" completion bash); PATH="$(dirname "$PROGRAM"):$PATH"; '
            f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _newswarc_completion newswarc; "
            "printf '%s\\n' \"${COMPREPLY[@]}\""
        )
        command: list[str | Path] = ["bash", "-c", script]
        variables = {"PROGRAM": str(PROGRAM)}
    else:
        command = [PROGRAM]
        variables = {
            "_NEWSWARC_COMPLETE": f"complete_{shell}",
            "_TYPER_COMPLETE_ARGS": line,
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        }
    done = subprocess.run(
        command, cwd=directory, env=environment(**variables), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_command_lines_are_completed(tmp_path: Path, shell: str) -> None:
    def offered(line: str) -> str:
        return "\n".join(completed(shell, line, tmp_path))

    assert "rebuild" in offered("newswarc re")
    assert "verify" not in offered("newswarc re")
    assert "--allow-host" in offered("newswarc crawl --al")
    assert "presign" in offered("newswarc dataset pr")
    assert "fish" in offered("newswarc completion f")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_reads_its_script(tmp_path: Path, shell: str) -> None:
    done = newswarc("completion", shell, cwd=tmp_path)
    assert done.code == 0
    assert "_NEWSWARC_COMPLETE" in done.out
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_text(done.out)
    subprocess.run([program, "-n", tmp_path / "script"], check=True, timeout=60)


def test_a_wheel_brings_them(tmp_path: Path) -> None:
    python = PROGRAM.parent / "python"
    program = f"from hatchling.builders.wheel import WheelBuilder; print(*WheelBuilder({str(ROOT)!r}).build(directory={str(tmp_path)!r}))"
    subprocess.run([python, "-c", program], check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    inside = zipfile.ZipFile(wheel).namelist()
    for place in ("man/man1/newswarc.1", "bash-completion/completions/newswarc", "zsh/site-functions/_newswarc"):
        assert [name for name in inside if name.endswith(f"data/share/{place}")], place
