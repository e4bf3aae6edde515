"""The index in a bucket: built by one, read by any number, each with copies of its own."""

from __future__ import annotations

import json
from pathlib import Path

from archive.opening import open_archive
from archive.search.building import complete_index
from archive.storage.opening import open_storage
from archive.storage.s3_options import S3Options
from tests.datasets.making import store
from tests.search.making import numbers, searcher, story
from tests.support.seaweed import S3Server


def test_searchers_follow_a_bucket(s3_environment: S3Server, tmp_path: Path) -> None:
    s3 = s3_environment
    address = f"s3://{s3.bucket}/paper"
    options = S3Options(endpoint=s3.endpoint)
    storage = open_storage(address, options)
    store(storage, [[story(1, "The quay.")], [story(2, "The ferry.")]], tmp_path / "scratch")
    complete_index(storage, "test")
    with (
        searcher(storage, tmp_path / "one") as one,
        searcher(open_storage(address, options), tmp_path / "two") as two,
    ):
        assert numbers(one, "*") == numbers(two, "*") == {"1", "2"}
        store(storage, [[story(3, "The tide.")]], tmp_path / "scratch", first=2)
        complete_index(storage, "test")
        assert numbers(two, "*") == {"1", "2", "3"}
        copies = list((tmp_path / "two" / "search" / "splits").rglob("*.term"))
        assert copies
        assert not [path for path in copies if path.is_symlink()]
    with open_archive(address, options, cache=tmp_path / "kept") as archive:
        result = archive.search("quay OR tide", order="newest", facets=["site"])
        assert [hit.article.url[-1] for hit in result.hits] == ["3", "1"]
        assert json.dumps(result.facets) == '{"site": {"paper0.com": 1, "paper1.com": 1}}'
        assert {article.url[-1] for article in archive.matching("-tide")} == {"1", "2"}
