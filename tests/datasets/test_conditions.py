"""Conditions choose the rows that they say, as DuckDB would, and never pass over a row group that holds one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.datasets import shards
from archive.datasets.condition_parsing import parse_condition
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
        ids = condition.filter(table)["id"].to_pylist() if table is not None else []
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
    assert len(chosen(shard, "date >= '2026-01-08T00'")[0]) == len(chosen(shard, "date >= '2026-01-08'")[0]) > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "incomplete"),
        ("nothing = 1", "no column 'nothing'"),
        ("language = ar", "not a valid value"),
        ("language ~ 'ar'", "can't be read"),
        ("language = 'ar' xor site = 'x'", "expected 'and' or 'or'"),
        ("(language = 'ar'", "incomplete"),
        ("not", "incomplete"),
        ("((((" * 30 + "language = 'ar'", "more than 100 levels"),
        ("headline like 5", "not a text"),
        ("wordCount like '5'", "like takes a text"),
        ("year(headline) = 2026", "takes a date"),
        ("lower(wordCount) = 'x'", "takes a text"),
        ("len(headline) = 1", "length() the characters"),
        ("md5(headline) = 'x'", "no function 'md5'"),
        ("date_trunc('week day', date) = '2026'", "is no unit"),
        ("regexp_matches(headline, '(')", "is not a regular expression"),
        ("list_contains(images, 'x')", "a list of texts"),
        ("contains(authors, 'x')", "list_contains()"),
        ("wordCount > 'many'", "not a valid value"),
        ("datePublished > 'soon'", "not a valid value"),
        ("authors = 'x'", "write list_contains(authors"),
        ("language in ('ar' 'fr')", "expected ')'"),
        ("language in ('ar'", "incomplete"),
        ("language near 'a'", "is not a comparison"),
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
        ("not lang in ('pt', 'sv')", ["pta"]),
        ("lang = '*'", ["pt", "pt-BR", "PT-pt", "pta", "sv", None]),
        ("lang like 'pt%'", ["pt", "pt-BR", "pta"]),
    ],
)
def test_languages_are_meant_with_what_is_below_them(condition: str, wanted: list[str]) -> None:
    table = pa.table({"language": ["pt", "pt-BR", "PT-pt", "pta", "sv", None]})
    assert parse_condition(condition).filter(table)["language"].to_pylist() == wanted


MOMENTS = [
    None
    if number % 7 == 0
    else datetime(2024 + number % 3, 1 + number % 12, 1 + number % 28, number % 24, number % 60, 30, number, UTC)
    for number in range(90)
]
TABLE = pa.table(
    {
        "place": pa.array(range(90)),
        "headline": pa.array(
            [None if n % 11 == 0 else f"Boat_{n}%\n{'Größe' if n % 5 else 'TIDE'} \\x" for n in range(90)]
        ),
        "wordCount": pa.array([None if n % 13 == 0 else n * 10 for n in range(90)], pa.int32()),
        "datePublished": pa.array(MOMENTS, pa.timestamp("us", tz="UTC")),
        "isAccessibleForFree": pa.array([(None, True, False)[n % 3] for n in range(90)]),
        "keywords": pa.array(
            [None if n % 17 == 0 else ["sea", "Hafen"][: n % 3] for n in range(90)], pa.list_(pa.string())
        ),
    }
)
"""Nulls in every column; texts with what patterns and lines are made of."""
LEAVES = st.sampled_from(
    [
        "wordCount > 300", "wordCount in (10, 20, 400)", "wordCount not in (10, 20)", "wordCount between 100 and 500",
        "wordCount not between 100 and 500", "wordCount <> 30", "wordCount is null", "headline is not null",
        "headline like 'Boat_1%'", "headline like '%TIDE%'", "headline not like '%\\x'", "headline ilike '%größe%'",
        "headline like 'Boat__\\%%'", "lower(headline) like '%tide%'", "length(headline) > 15", "contains(headline, '1%')",
        "starts_with(headline, 'Boat_2')", "ends_with(headline, 'x')", "regexp_matches(headline, 't_[3-5]')",
        "upper(headline) = 'BOAT'", "isAccessibleForFree", "not isAccessibleForFree", "isAccessibleForFree = false",
        "year(datePublished) = 2025", "month(datePublished) in (1, 5, 9)", "quarter(datePublished) = 2",
        "week(datePublished) > 20", "day(datePublished) < 9", "hour(datePublished) >= 12", "minute(datePublished) = 5",
        "dayofweek(datePublished) = 0", "isodow(datePublished) = 7", "dayofyear(datePublished) > 180",
        "date_trunc('month', datePublished) = '2025-02-01'", "date_trunc('week', datePublished) >= '2025-06-01'",
        "datePublished between '2024-03-01' and '2025-03-01'", "strftime(datePublished, '%Y-%m') = '2026-03'",
        "strftime(datePublished, '%d.%m. %H:%M:%S') like '%30'", "list_contains(keywords, 'Hafen')",
        "not list_contains(keywords, 'sea')", "len(keywords) = 0", "len(keywords) > 1",
    ]
)  # fmt: skip
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(lambda one: f"not ({one})"),
        st.tuples(inner, st.sampled_from(["and", "or", "AND"]), inner).map(
            lambda parts: f"{parts[0]} {parts[1]} {parts[2]}"
        ),
        inner.map(lambda one: f"({one})"),
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=100)
@given(CONDITIONS)
def test_a_condition_means_what_duckdb_says(condition: str) -> None:
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    database.register("articles", TABLE)
    expected = [
        row[0] for row in database.sql(f"SELECT place FROM articles WHERE {condition} ORDER BY place").fetchall()
    ]
    assert parse_condition(condition, TABLE.schema).filter(TABLE)["place"].to_pylist() == expected
