"""How the address of an archive is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import BadAddress
from archive.storage.addresses import parse_address

BUCKETS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
PREFIXES = st.lists(st.from_regex(r"[A-Za-z0-9?%&=+_.-]{1,8}", fullmatch=True), max_size=3).map("/".join)


@given(BUCKETS, PREFIXES)
def test_an_address_is_spelled_in_one_way(bucket: str, prefix: str) -> None:
    address = parse_address(f"s3://{bucket}/{prefix}/")
    assert (address.bucket, address.prefix) == (bucket, prefix)
    assert parse_address(str(address)) == address


@given(st.text(min_size=1, max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        address = parse_address(text)
    except BadAddress as error:
        assert "\n" not in str(error).replace(text, "")
    else:
        assert (address.directory is None) == bool(address.bucket)


@pytest.mark.parametrize(
    ("text", "directory"),
    [
        ("news", "news"),
        ("./s3:/news", "s3:/news"),
        ("per%20cent", "per%20cent"),
        ("a?b", "a?b"),
        ("2026:11", "2026:11"),
        ("file:///srv/news?a", "/srv/news?a"),
        ("file://localhost/srv/news", "/srv/news"),
    ],
)
def test_directories(text: str, directory: str) -> None:
    assert parse_address(text).directory == Path(directory)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "give a directory or s3://bucket/prefix"),
        ("s3:/news", "write s3://news"),
        ("s3:news/x", "write s3://news/x"),
        ("S3://news", "write s3://news"),
        ("file:/srv", "write file:///srv"),
        ("file://srv/news", "write file:///srv/news"),
        ("https://news.example/", "give a directory or s3://bucket/prefix"),
        ("gs://news", "give a directory or s3://bucket/prefix"),
        ("s3://", "no bucket"),
        ("s3://-news/x", "is not a valid bucket name"),
        ("s3://ne..ws", "is not a valid bucket name"),
        ("s3://10.0.0.1/x", "is not a valid bucket name"),
        ("s3://ne:ws/x", "is not a valid bucket name"),
        ("~nobody-of-this-name/x", "write the full path"),
    ],
)
def test_mistakes_say_what_to_write(text: str, remedy: str) -> None:
    with pytest.raises(BadAddress) as caught:
        parse_address(text)
    assert remedy in str(caught.value)
