"""Conditions choose the rows that they say, and never pass over a row group that holds one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.datasets import shards
from archive.datasets.conditions import parse_condition
from archive.datasets.rows import row_of
from archive.errors import BadAddress
from tests.datasets.making import BEGIN, record

RELATED = {"version": 1, "versions": 1, "duplicateOf": None, "clusterId": "x"}
ROWS = [
    row_of(record(number, datePublished=None) if number % 9 == 0 else record(number), RELATED)
    for number in range(200)
]


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shard") / "x.parquet"
    usual, shards.GROUP = shards.GROUP, 20
    with shards.ShardWriter(path, None) as writer:
        writer.add(ROWS)
    shards.GROUP = usual
    return path


def chosen(shard: Path, text: str) -> tuple[set[str], int]:
    """Ids of the rows, and how many row groups were not read."""
    condition = parse_condition(text)
    with pq.ParquetFile(shard) as file:
        groups = condition.row_groups(file.metadata)
        table = file.read_row_groups(groups, columns=["id", *condition.columns]) if groups else None
        ids = table.filter(condition.expression())["id"].to_pylist() if table is not None else []
        return set(ids), file.metadata.num_row_groups - len(groups)


COMPARE = {"=": lambda a, b: a == b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b,
           ">=": lambda a, b: a >= b, "!=": lambda a, b: a != b}  # fmt: skip


@settings(deadline=None, max_examples=80)
@given(st.sampled_from(sorted(COMPARE)), st.integers(-10, 210), st.sampled_from(["en", "ar", "xx"]))
def test_the_same_rows_as_by_looking_at_each(shard: Path, sign: str, hours: int, language: str) -> None:
    moment = BEGIN + timedelta(hours=hours)
    found, _ = chosen(shard, f"datePublished {sign} '{moment.isoformat()}' and lang != '{language}'")
    expected = {
        row["id"] for row in ROWS
        if row["datePublished"] is not None and COMPARE[sign](row["datePublished"], moment) and row["language"] != language
    }  # fmt: skip
    assert found == expected


def test_what_statistics_exclude_is_not_read(shard: Path) -> None:
    found, passed_over = chosen(shard, "datePublished >= '2026-01-08'")
    assert found
    assert passed_over >= 5
    assert chosen(shard, "site = 'elsewhere.org'") == (set(), 10)


def test_other_forms(shard: Path) -> None:
    assert len(chosen(shard, "language in ('ar', 'fr') and wordCount > 1")[0]) == 133
    assert len(chosen(shard, "datePublished is null")[0]) == 23
    assert len(chosen(shard, "datePublished is not null")[0]) == 177
    assert chosen(shard, "headline = 'Story 7'")[0] == {ROWS[7]["id"]}
    assert chosen(shard, "headline = 'it''s'")[0] == set()
    assert len(chosen(shard, "isAccessibleForFree = true")[0]) == 0
    assert parse_condition("date >= '2026-02'").comparisons[0].values == (datetime(2026, 2, 1, tzinfo=UTC),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "incomplete"),
        ("nothing = 1", "no column 'nothing'"),
        ("language = ar", "not a valid value"),
        ("language ~ 'ar'", "can't be read"),
        ("language = 'ar' or site = 'x'", "expected 'and'"),
        ("wordCount > 'many'", "not a valid value"),
        ("datePublished > 'soon'", "not a valid value"),
        ("authors = 'x'", "is a list"),
        ("language in ('ar' 'fr')", "expected ')'"),
        ("language in ('ar'", "incomplete"),
        ("language like 'a'", "is not a comparison"),
    ],
)
def test_mistakes_are_explained(text: str, said: str) -> None:
    with pytest.raises(BadAddress, match="--where") as caught:
        parse_condition(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("lang = 'pt'", ["pt", "pt-BR", "PT-pt"]),
        ("language in ('pt-br', 'sv')", ["pt-BR", "sv"]),
        ("lang != 'pt'", ["pta", "sv"]),
    ],
)
def test_languages_are_meant_with_what_is_below_them(condition: str, wanted: list[str]) -> None:
    table = pa.table({"language": ["pt", "pt-BR", "PT-pt", "pta", "sv", None]})
    assert table.filter(parse_condition(condition).expression())["language"].to_pylist() == wanted
