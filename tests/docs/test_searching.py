"""The page on searching does what it says: its commands and its program are run as they stand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from archive.search.query import parse
from crawler.demo.server import DemoServer
from tests.crawler.test_due import crawl
from tests.support.processes import PROGRAM, ROOT, environment

PAGE = (ROOT / "docs" / "how-to" / "search.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("reader")
    with DemoServer() as server:
        crawl(server, place)
    return place


def test_a_reader_comes_to_the_end(place: Path) -> None:
    commands = "".join(text for kind, text in BLOCK.findall(PAGE) if kind == "sh")
    assert commands.count("newswarc ") >= 12
    variables = environment(PATH=f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}")
    done = subprocess.run(
        ["bash", "-e", "-c", commands], cwd=place, env=variables, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Night ferry returns" in done.stdout
    found = json.loads((place / "found.json").read_text())
    ids = {json.loads(line)["id"] for line in (place / "articles.jsonl").read_text().splitlines()}
    assert {hit["id"] for hit in found["hits"]} == ids != set()
    assert {json.loads(line)["id"] for line in (place / "records.jsonl").read_text().splitlines()} == ids
    program = "".join(text for kind, text in BLOCK.findall(PAGE) if kind == "python")
    shown = subprocess.run(
        [sys.executable, "-c", program],
        cwd=place,
        env={**variables, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert shown.returncode == 0, shown.stderr
    assert "[harbour]" in shown.stdout


def test_every_query_of_the_table_can_be_read() -> None:
    cells = re.findall(r"^\| (`.*?) \|", PAGE, re.M)
    queries = [query for cell in cells for query in re.findall(r"`([^`]+)`", cell)]
    assert len(queries) >= 15
    for query in queries:
        parse(query)
