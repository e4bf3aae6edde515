"""What the files for other machines call exists: commands, options, variables, paths."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from crawler.cli.main import COMMANDS, load_command
from crawler.config import Configuration, load_configuration
from tests.support.processes import PROGRAM, ROOT
from tests.support.seaweed import WEED

PACKAGING = ROOT / "packaging"
UNITS = sorted((PACKAGING / "systemd").glob("*.service"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
KNOWN_ELSEWHERE = ("AWS_", "POSTGRES_", "PYTHON", "XDG_")
TEXTS = ["packaging/README.md", "CONTRIBUTING.md", "SECURITY.md", "packaging/Containerfile", "packaging/compose.yaml"]


def require_command(words: list[str]) -> None:
    """Hold a command line of newswarc against the program."""
    name, *rest = words
    assert name in COMMANDS, f"{name} is no command"
    command = load_command(name)
    if hasattr(command, "commands"):
        assert rest[0] in command.commands, f"{name} {rest[0]} is no command"
        command, rest = command.commands[rest[0]], rest[1:]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for word in rest:
        if word.startswith("-"):
            assert word in known, f"{name} has no {word}"


def require_variable(name: str) -> None:
    if name.startswith("NEWSWARC_"):
        assert name == "NEWSWARC_CONFIG" or name.removeprefix("NEWSWARC_").lower() in Configuration.model_fields, name
    else:
        assert name.startswith((*KNOWN_ELSEWHERE, "PATH")), name


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", " ", (PACKAGING / "Containerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def composed() -> dict[str, Any]:
    loaded = yaml.safe_load((PACKAGING / "compose.yaml").read_text())
    assert isinstance(loaded, dict)
    return loaded


def test_the_image_is_made_from_what_is_here() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for kind, words in instructions():
        if kind == "COPY" and "--from" not in words:
            for source in words.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert f"!{source.split('/')[0]}" in ignored, f"{source} does not reach the build"
    copied = " ".join(words for kind, words in instructions() if kind == "COPY")
    for package in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        assert f"{package} {package}" in copied


def test_the_image_runs_without_rights() -> None:
    found = {kind: words for kind, words in instructions() if kind not in ("COPY", "RUN", "FROM", "ARG")}
    user = found["USER"].partition(":")[0]
    assert user.isdigit()
    assert int(user) > 0
    assert any(kind == "RUN" and f"--uid {user}" in words for kind, words in instructions())
    assert found["VOLUME"] == found["WORKDIR"] == "/data"
    variables = dict(word.split("=", 1) for word in shlex.split(found["ENV"]))
    for name, value in variables.items():
        require_variable(name)
        if name in ("XDG_CACHE_HOME", "NEWSWARC_ARCHIVE", "NEWSWARC_STATE"):
            assert value.startswith("/data/"), "the root is read-only"
    settings = {name: value for name, value in variables.items() if name.startswith("NEWSWARC_")}
    assert load_configuration(environment=settings).archive == "/data/archive"


def test_the_image_calls_commands_that_exist() -> None:
    found = dict(instructions())
    assert json.loads(found["ENTRYPOINT"]) == list(PROJECT["project"]["scripts"])
    program, *words = json.loads(found["HEALTHCHECK"].partition("CMD ")[2])
    assert program == "newswarc"
    require_command(words)


def test_what_runs_in_an_image_is_pinned() -> None:
    """The versions that were tested, by hash, and no address of an index."""
    everything, runtime = (
        (ROOT / place).read_text() for place in ("requirements.lock", "packaging/requirements.lock")
    )
    pinned = set(re.findall(r"^([a-z0-9._-]+==\S+)", everything, re.M))
    wanted = set(re.findall(r"^([a-z0-9._-]+==\S+)", runtime, re.M))
    assert wanted
    assert wanted <= pinned, "make lock"
    assert "://" not in runtime
    assert not [name for name in wanted if name.startswith(("pytest", "hypothesis", "seaweedfs"))]
    names = {
        re.split(r"[<>=;\[ ]", requirement)[0].lower().replace("_", "-")
        for requirement in PROJECT["project"]["dependencies"]
    }
    assert names <= {name.partition("==")[0].replace("_", "-") for name in wanted}


def test_composed_services_call_commands_that_exist() -> None:
    services = composed()["services"]
    assert {"worker", "watch", "database", "storage"} <= services.keys()
    for name in ("worker", "watch"):
        require_command(services[name]["command"])
        assert services[name]["read_only"]
        assert services[name]["volumes"] == ["state:/data"]
    for service in services.values():
        for name in service["environment"]:
            require_variable(name)
        for volume in service["volumes"]:
            assert volume.partition(":")[0] in composed()["volumes"]
        for needed in service.get("depends_on", ()):
            assert "healthcheck" in services[needed]
        if "build" in service:
            assert (PACKAGING / service["build"]["context"] / service["build"]["dockerfile"]).is_file()


def test_composed_settings_are_settings() -> None:
    given = composed()["services"]["worker"]["environment"]
    settings = {name: re.sub(r"\$\{[^}]*\}", "x", value) for name, value in given.items()}
    configuration = load_configuration(environment=settings)
    assert configuration.archive_address.bucket == "news"
    assert configuration.s3_endpoint == "http://storage:8333"
    storage = composed()["services"]["storage"]
    assert f"-bucket={configuration.archive_address.bucket}" in storage["command"]
    assert "-s3.port=8333" in storage["command"]
    assert storage["environment"]["AWS_ACCESS_KEY_ID"] == given["AWS_ACCESS_KEY_ID"]


def test_the_storage_knows_its_options() -> None:
    done = subprocess.run([WEED, "mini", "-h"], capture_output=True, text=True, timeout=60)
    known = set(re.findall(r"^\s+-([\w.]+)", done.stdout + done.stderr, re.M))
    assert known
    command = composed()["services"]["storage"]["command"]
    assert command[0] == "mini"
    for word in command[1:]:
        assert word.removeprefix("-").partition("=")[0] in known, word


def unit(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(path)
    return parser


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_call_commands_that_exist(path: Path) -> None:
    service = unit(path)["Service"]
    program, *words = service["ExecStart"].split()
    assert Path(program).name == "newswarc"
    require_command([word for word in words if not word.startswith("$")])
    user = (PACKAGING / "systemd" / "newswarc.sysusers").read_text().split()
    assert user[:2] == ["u", service["User"]]
    assert service["WorkingDirectory"] == user[-1] == f"/var/lib/{service['StateDirectory']}"
    assert service["Environment"] == f"XDG_CACHE_HOME=/var/cache/{service['CacheDirectory']}"
    for name in ("NoNewPrivileges", "ProtectSystem", "ProtectHome", "PrivateTmp", "SystemCallFilter"):
        assert service[name] not in ("no", ""), name


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    for path in (PACKAGING / "systemd").glob("newswarc-*"):
        text = path.read_text().replace("/opt/newswarc/bin/newswarc", str(PROGRAM))
        (tmp_path / path.name).write_text(text.replace("Documentation=man:newswarc(1)\n", ""))
    units = sorted(str(path) for path in tmp_path.iterdir())
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=60)
    wrong = [line for line in (done.stdout + done.stderr).splitlines() if "newswarc" in line]
    assert wrong == []


def test_a_timer_starts_what_is_there() -> None:
    timers = sorted((PACKAGING / "systemd").glob("*.timer"))
    assert timers
    for path in timers:
        assert path.with_suffix(".service") in UNITS
        assert unit(path)["Install"]["WantedBy"] == "timers.target"


@pytest.mark.parametrize("name", TEXTS)
def test_commands_in_texts_exist(name: str) -> None:
    text = re.sub(r"\\\n\s*#?\s*", " ", (ROOT / name).read_text())
    for line in text.splitlines():
        for found in re.findall(r"(?:^|[/ (`])newswarc ((?:[a-z]+|--version)[^`#)]*)", line):
            words = found.split()
            if words[0] in COMMANDS:
                require_command(words)
            elif re.match(r"\s+\S*(podman|newswarc)", line):
                pytest.fail(f"{name}: {line.strip()}")
    for target in re.findall(r"(?:^ {4}|`)make ([a-z-]+)", text, re.M) if name.endswith(".md") else ():
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M), f"make {target}"
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert ((ROOT / name).parent / link).exists(), link


def test_hooks_call_targets_that_exist() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    entries = [hook["entry"] for repository in hooks["repos"] for hook in repository["hooks"]]
    assert {repository["repo"] for repository in hooks["repos"]} == {"local"}
    for entry in entries:
        program, target = entry.split()
        assert program == "make"
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M)


def test_the_container_for_development_is_there() -> None:
    folder = ROOT / ".devcontainer"
    facts = json.loads((folder / "devcontainer.json").read_text())
    made = (folder / facts["build"]["dockerfile"]).read_text()
    assert f"useradd --create-home --shell /bin/bash {facts['remoteUser']}" in made
    assert re.search(rf"^{facts['postCreateCommand'].split()[1]}:", (ROOT / "Makefile").read_text(), re.M)


def test_what_is_cited_is_this_version() -> None:
    facts = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert facts["version"] == PROJECT["project"]["version"]
    assert facts["license"] == PROJECT["project"]["license"]
    assert facts["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= facts.keys()


def test_no_registry_is_named() -> None:
    files = [PACKAGING / "Containerfile", PACKAGING / "compose.yaml", ROOT / ".devcontainer" / "Containerfile"]
    for path in [*files, ROOT / ".pre-commit-config.yaml", PACKAGING / "requirements.lock"]:
        for image in re.findall(r"(?:^FROM |image: )(\S+)", path.read_text(), re.M):
            assert "." not in image.split("/")[0].split(":")[0], image
        assert "--index" not in path.read_text()
