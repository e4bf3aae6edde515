"""The index that grows beside a segment is the same however much of it fits into memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.cdxj import IndexBuffer, IndexEntry, index_text

ENTRIES = st.lists(
    st.builds(
        lambda path, offset: IndexEntry(
            f"http://example.org/{path}",
            "2026-01-01T00:00:00.000Z",
            "text/html",
            200,
            "sha256:00",
            1,
            offset,
            "warc/x",
        ),
        st.text("abcé/", max_size=6),
        st.integers(min_value=0, max_value=99),
    ),
    max_size=60,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ENTRIES, st.sampled_from([1, 300, 2000, 1 << 18]))
def test_runs_on_disk_give_the_same_index(tmp_path: Path, entries: list[IndexEntry], in_memory: int) -> None:
    buffer = IndexBuffer(tmp_path, in_memory)
    for entry in entries:
        buffer.add(entry)
    assert b"".join(buffer.sorted_lines()) == index_text(entries)
    buffer.close()


def test_lines_stay_in_memory_while_the_disk_refuses(tmp_path: Path) -> None:
    buffer = IndexBuffer(tmp_path / "missing", 1)
    entry = IndexEntry("http://x.example/", "2026-01-01T00:00:00.000Z", "text/html", 200, "sha256:00", 1, 0, "warc/x")
    for _ in range(3):
        buffer.add(entry)
    assert len(list(buffer.sorted_lines())) == 3
    with pytest.raises(StopIteration):
        next(iter(IndexBuffer(tmp_path).sorted_lines()))
