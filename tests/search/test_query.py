"""Queries: what each way of writing means, where a mistake is, and that nothing else is ever raised."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archive.search.query import (
    DEEPEST,
    BadQuery,
    Both,
    DateField,
    Dates,
    Either,
    Everything,
    Near,
    Node,
    Not,
    Value,
    ValueField,
    WordField,
    Words,
    parse,
    written,
)


def word(text: str, field: WordField = WordField.TEXT, *, is_prefix: bool = False) -> Words:
    return Words(field, text, ((0, text),), is_prefix=is_prefix)


def month(number: int) -> datetime:
    return datetime(2026, number, 1, tzinfo=UTC)


MEANINGS: list[tuple[str, Node]] = [
    ("", Everything()),
    ("  *  ", Everything()),
    ("ferry", word("ferry")),
    ("quay ferry", Both((word("quay"), word("ferry")))),
    ("quay AND ferry", Both((word("quay"), word("ferry")))),
    ("quay & ferry", Both((word("quay"), word("ferry")))),
    ("quay OR ferry toll", Either((word("quay"), Both((word("ferry"), word("toll")))))),
    ("(quay OR ferry) toll", Both((Either((word("quay"), word("ferry"))), word("toll")))),
    ("quay -ferry", Both((word("quay"), Not(word("ferry"))))),
    ("quay NOT ferry", Both((word("quay"), Not(word("ferry"))))),
    ("-ferry", Not(word("ferry"))),
    ("NOT -ferry", word("ferry")),
    ("quay quay", word("quay")),
    ("tol*", word("tol", is_prefix=True)),
    ("quay * ferry", Both((word("quay"), word("ferry")))),
    ('"toll bridge"', Words(WordField.TEXT, "toll bridge", ((0, "toll"), (1, "bridge")))),
    ("„toll bridge“", Words(WordField.TEXT, "toll bridge", ((0, "toll"), (1, "bridge")))),
    ('"toll bridge"~4', Words(WordField.TEXT, "toll bridge", ((0, "toll"), (1, "bridge")), slop=4)),
    ('"toll bri"*', Words(WordField.TEXT, "toll bri", ((0, "toll"), (1, "bri")), is_prefix=True)),
    ("toll-free", Words(WordField.TEXT, "toll-free", ((0, "toll"), (1, "free")))),
    ("title:Toll", Words(WordField.TITLE, "Toll", ((0, "toll"),))),
    ("author:moss", word("moss", WordField.AUTHOR)),
    ("quay NEAR/4 toll", Near(word("quay"), word("toll"), 4)),
    ("quay NEAR toll", Near(word("quay"), word("toll"), 10)),
    ("site:https://www.Lake.example/news", Value(ValueField.SITE, "lake.example")),
    ("lang:pt-BR", Value(ValueField.LANGUAGE, "pt-br")),
    ("kind:live_blog", Value(ValueField.KIND, "live_blog")),
    ("date:2026-01..2026-02", Dates(DateField.PUBLISHED, "2026-01..2026-02", parse("date:2026-01..2026-02").period)),  # type: ignore[union-attr]
    ("at 10:30", Both((word("at"), Words(WordField.TEXT, "10:30", ((0, "10"), (1, "30")))))),
    ("水", Words(WordField.TEXT, "水", ((0, "水"),), is_prefix=True)),
    ("水道局", Words(WordField.TEXT, "水道局", ((0, "水道"), (1, "道局")))),
    ('"水道 2026"', Words(WordField.TEXT, "水道 2026", ((0, "水道"), (1, "道"), (2, "2026")))),
    ('צה"ל', Words(WordField.TEXT, "צה ל", ((0, "צה"), (1, "ל")))),
]


@pytest.mark.parametrize(("text", "meant"), MEANINGS, ids=[text or "nothing" for text, _ in MEANINGS])
def test_what_is_written_has_one_meaning(text: str, meant: Node) -> None:
    assert parse(text) == meant


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("date:2026-01..2026-02", month(1), month(3)),
        ("date:2026-04", month(4), month(5)),
        ("date:2026-04..", month(4), None),
        ("date:..2026-04", None, month(5)),
        ("captured:2026-04-30", datetime(2026, 4, 30, tzinfo=UTC), month(5)),
    ],
)
def test_both_ends_of_a_range_belong_to_it(text: str, since: datetime | None, until: datetime | None) -> None:
    found = parse(text)
    assert isinstance(found, Dates)
    assert (found.period.since, found.period.until) == (since, until)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ('quay "toll', 5),
        ("(quay", 0),
        ("quay)", 4),
        ("OR quay", 0),
        ("quay -", 5),
        ("NOT", 0),
        ("NEAR/3 quay", 0),
        ("quay NEAR/0 toll", 5),
        ("site: quay", 0),
        ("kind:novel", 5),
        ("quay date:soon", 10),
        ("quay date:..", 10),
        ("(" * (DEEPEST + 1), DEEPEST),
        ("a " * 2100, 4000),
    ],
)
def test_a_mistake_has_its_place(text: str, position: int) -> None:
    if text == "quay -":
        assert parse(text) == word("quay"), "a dash that stands alone is no minus"
        return
    with pytest.raises(BadQuery) as raised:
        parse(text)
    assert raised.value.position == position
    assert f"character {position + 1}:" in str(raised.value)


PARTS = [
    "quay",
    "-",
    "NOT ",
    "OR",
    "AND ",
    "NEAR/3",
    "(",
    ")",
    '"',
    "“",
    "~2",
    "*",
    " ",
    ":",
    "site:",
    "date:",
    "2026",
    "..",
]
TEXTS = st.one_of(
    st.text(max_size=80), st.lists(st.sampled_from([*PARTS, "水", "ال", "\u0301", "\x00"]), max_size=25).map("".join)
)


@given(TEXTS)
@example("NOT NOT")
@example("-(OR)")
@example('title:"')
def test_one_error_alone_is_raised_and_a_query_reads_back(text: str) -> None:
    try:
        node = parse(text)
    except BadQuery as error:
        assert 0 <= error.position <= len(text)
        return
    assert written(parse(written(node))) == written(node)
