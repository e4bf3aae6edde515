"""The API: its answers are what its description says, for right parameters and for wrong ones."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from archive.search.query import BadQuery
from crawler.web.openapi import description
from crawler.web.query_form import QueryForm
from tests.datasets.making import record
from tests.web.asking import Answer, Server
from tests.web.captured import QUAY, Captured

BASE = "/api/v1"
READ = sorted(path for path, operations in description()["paths"].items() if "get" in operations)


def number(of: int) -> str:
    return str(record(of)["id"])


def check(path: str, answer: Answer) -> Any:
    """An answer as the description of its operation has it."""
    (operation,) = (one["responses"] for one in description()["paths"][path].values())
    kind = "application/json" if answer.status == 200 else "application/problem+json"
    described = operation["200" if answer.status == 200 else f"{answer.status // 100}XX"]
    assert answer.headers["content-type"] == kind, (path, answer.status, answer.body[:200])
    schema = {**described["content"][kind]["schema"], "components": description()["components"]}
    told = json.loads(answer.body)
    Draft202012Validator(schema).validate(told)
    return told


def test_the_description_is_served_and_well_formed(server: Server) -> None:
    told = json.loads(server.ask(f"{BASE}/openapi.json").body)
    assert told == json.loads(json.dumps(description()))
    assert told["openapi"].startswith("3.1")
    names = [one["operationId"] for operations in told["paths"].values() for one in operations.values()]
    assert len(names) == len(set(names))
    assert "$defs" not in json.dumps(told)
    for schema in told["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_operation_answers_as_described(server: Server) -> None:
    for path in READ:
        query = "?url=www.paper1.com&match=host" if path.endswith("/captures") else ""
        check(path, server.ask(f"{path.replace('{id}', number(1))}{query}"))


def test_a_search_gives_excerpts_counts_and_facets(server: Server) -> None:
    told = check(f"{BASE}/search", server.ask(f"{BASE}/search?q=%22harbour+master%22&sort=newest&all=true"))
    assert told["count"] == len(told["hits"]) == 4
    hit = told["hits"][0]
    (start, end), *_ = hit["excerpt"]["marks"]
    assert hit["excerpt"]["text"][start:end].lower() == "harbour master"
    assert told["facets"]["site"]["paper1.com"] == 2
    folded = check(f"{BASE}/search", server.ask(f"{BASE}/search?q=%22harbour+master%22"))
    assert len(folded["hits"]) == 2
    second = check(f"{BASE}/search", server.ask(f"{BASE}/search?sort=oldest&all=1&limit=1&offset=1"))
    every = check(f"{BASE}/search", server.ask(f"{BASE}/search?sort=oldest&all=1"))
    assert second["hits"][0]["id"] == every["hits"][1]["id"]


@pytest.mark.parametrize(
    "since", ["", "2026", "2026-01", "2026-01-01", "2026-01-01T00", "2026-01-01T00:30", "2026-01-01T00:30:00Z"]
)
def test_a_date_is_as_exact_as_it_is_known(server: Server, since: str) -> None:
    told = check(f"{BASE}/search", server.ask(f"{BASE}/search?all=1&since={since}"))
    assert 1 <= told["count"] <= 8


def test_a_timeline_gives_shares(server: Server) -> None:
    told = check(f"{BASE}/timeline", server.ask(f"{BASE}/timeline?q=quay"))
    assert sum(point["found"] for point in told["points"]) == 4
    assert all(point["found"] <= point["all"] for point in told["points"])
    assert all(point["share"] == pytest.approx(point["found"] / point["all"]) for point in told["points"])


def test_an_article_with_its_versions_and_copies(server: Server) -> None:
    assert check(f"{BASE}/articles/{{id}}", server.ask(f"{BASE}/articles/{number(1)}"))["headline"] == "Quay closed"
    path = f"{BASE}/articles/{{id}}/versions"
    versions = check(path, server.ask(path.replace("{id}", number(1))))["articles"]
    assert [one["id"] for one in versions] == [number(1), number(7)]
    path = f"{BASE}/articles/{{id}}/copies"
    assert [one["id"] for one in check(path, server.ask(path.replace("{id}", number(2))))["articles"]] == [number(8)]


def test_captures_lead_to_their_bytes(kept: Server, captured: Captured) -> None:
    told = check(f"{BASE}/captures", kept.ask(f"{BASE}/captures?url={QUAY}&limit=1"))
    assert told["isCut"]
    assert told["captures"][0]["page"] == captured.page(QUAY)
    assert kept.ask(f"{told['captures'][0]['page']}/response").status == 200


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/search", "limit=101"),
        ("/search", "limit=-1"),
        ("/search", "offset=99999"),
        ("/search", "limit=x"),
        ("/search", "sort=random"),
        ("/search", "q=%28"),
        ("/search", "nope=1"),
        ("/search", "q=a&q=b"),
        ("/search", "since=yesterday"),
        ("/search", f"site={'a' * 301}"),
        ("/search", "site=a.example+b.example"),
        ("/search", "lang=en+OR+ar"),
        ("/captures", ""),
        ("/captures", "url="),
        ("/captures", "url=http://["),
        ("/captures", "url=a.example&match=some"),
        ("/sites", "all=1"),
        ("", "x=1"),
    ],
)
def test_wrong_parameters_are_explained(server: Server, path: str, query: str) -> None:
    answer = server.ask(f"{BASE}{path}?{query}")
    assert answer.status == 400
    assert check(f"{BASE}{path}", answer)["detail"]


def test_what_the_guard_refuses_is_described_too(server: Server) -> None:
    for answer in (server.ask(f"{BASE}/sites?{'a' * 9000}"), server.ask(f"{BASE}/sites", host="evil.example")):
        assert answer.status in (414, 421)
        check(f"{BASE}/sites", answer)


PARAMETER = st.one_of(st.text(max_size=30), st.integers().map(str), st.sampled_from(["newest", "true", "2026", "*"]))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(READ),
    st.dictionaries(
        st.one_of(st.sampled_from(["q", "site", "lang", "since", "sort", "limit", "offset", "url", "match"]), st.text(max_size=5)),
        PARAMETER, max_size=4,
    ),
    st.one_of(st.uuids().map(str), st.text(min_size=1, max_size=10)),
)  # fmt: skip
def test_whatever_is_asked_the_answer_is_described(
    server: Server, path: str, query: dict[str, str], record_id: str
) -> None:
    encoded = urlencode(query, errors="surrogatepass")
    answer = server.ask(f"{path.replace('{id}', quote(record_id, safe='', errors='surrogatepass'))}?{encoded}")
    assert answer.status < 500, answer.body
    if answer.status != 404:  # a part that is no name of a record may be another path
        check(path, answer)


@given(
    st.dictionaries(st.sampled_from(["site", "lang", "section", "author", "since", "until"]), st.text(max_size=40))
)
def test_what_narrows_a_query_never_becomes_another_query(values: dict[str, str]) -> None:
    """A value is a value: nothing in it widens what it narrows."""
    form = QueryForm.of(values)
    try:
        node = form.node()
    except BadQuery:
        return
    assert node == form.background()
    assert QueryForm.of(form.parameters()) == form
