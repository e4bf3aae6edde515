"""The audit log is read from its end, a part at a time, and tells all of it so."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.web import audit
from crawler.web.audit import AuditLog, _last_lines
from crawler.web.roles import READERS, Visitor
from tests.web.asking import Server, serving

NOW = datetime(2026, 11, 24, tzinfo=UTC)
WHO = Visitor("Ines", READERS, "192.0.2.1")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=90), max_size=25), st.integers(1, 9), st.integers(1, 300))
def test_parts_are_the_whole_backwards(
    tmp_path_factory: pytest.TempPathFactory, acts: list[str], count: int, step: int
) -> None:
    log, usual = AuditLog(tmp_path_factory.mktemp("log")), audit._STEP
    for act in acts:
        log.note(WHO, act, NOW)
    audit._STEP = step
    try:
        found: list[object] = []
        part = log.newest(count)
        while True:
            assert len(part.lines) <= count
            found += [line["act"] for line in part.lines]
            if not part.start:
                break
            part = log.newest(count, part.start)
    finally:
        audit._STEP = usual
    assert found == acts[::-1]


def test_what_is_damaged_or_not_written_to_its_end_is_left_out(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    assert log.newest(5).lines == []
    log.note(WHO, "one", NOW)
    with log.path.open("ab") as file:
        file.write(b"\xff not JSON\n[1]\n")
    log.note(WHO, "two", NOW)
    with log.path.open("ab") as file:
        file.write(b'{"act": "thr')
    assert [line["act"] for line in log.newest(5).lines] == ["two", "one"]


class _Counting(BytesIO):
    """A file that tells how much of it was read."""

    read_bytes = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.read_bytes += len(data)
        return data


def test_of_a_long_log_only_the_end_is_read() -> None:
    line = json.dumps({"act": "long ago", "date": NOW.isoformat()}).encode() + b"\n"
    file = _Counting(line * 100_000)
    lines, start = _last_lines(file, len(line) * 100_000, 100)
    assert lines == [line] * 100
    assert start == len(line) * 99_900
    assert file.read_bytes < 2 * audit._STEP


def test_the_page_leads_to_older_ones(captured: Any) -> None:
    with serving(captured.place, web_anyone=("read", "curate")) as server:
        for number in range(250):
            server.services.audit.note(WHO, f"act {number}.", NOW)
        page, seen = "/audit", 0
        while page:
            text = server.ask(page).text
            seen += sum(f"act {number}." in text for number in range(250))
            page = _older(text)
        assert seen == 250
        for wrong in ("x", "-1", "9" * 20, "1.5"):
            assert server.ask(f"/audit?before={wrong}").status == 400
        assert server.ask("/audit?before=7").status == 200


def _older(text: str) -> str:
    before, found, _ = text.partition('" rel="next"')
    return before.rpartition('href="')[2] if found else ""


def test_it_is_for_those_who_change_things(server: Server) -> None:
    assert server.ask("/audit").status == 403
