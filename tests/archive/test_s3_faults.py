"""Every request to an S3 server fails once in every way; what is stored in the end is whole, and nothing is left over."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.derived import CompletedRecords, DerivedFiles
from archive.errors import DamagedArchive, ObjectExists, StorageError, StorageRefused, StorageUnavailable
from archive.library import articles, segments
from archive.publishing import publish_records, publish_segment
from archive.segment import ClosedSegment
from archive.storage.s3 import S3Storage
from archive.storage.s3_options import LEAST_PART, S3Options
from tests.archive.test_derived import derivation
from tests.archive.test_segment import exchange, writer
from tests.support import seaweed
from tests.support.faulty_line import Asked, Fault, FaultyLine, Refusal
from tests.support.seaweed import S3Server

PART = LEAST_PART
HASTE = 0.7
"""Seconds without an answer that are too many here; the line stalls for longer."""
TRIES = 6
FEW = (Fault.ANSWER_LOST, Fault.OVERLOAD, Fault.CUT_ANSWER, Fault.CUT_REQUEST)
FAULTS = [fault if fault in FEW else pytest.param(fault, marks=pytest.mark.long) for fault in Fault]


@dataclass(frozen=True)
class Goods:
    """A closed segment of several parts, and its records."""

    closed: ClosedSegment
    completed: CompletedRecords

    def publish(self, storage: S3Storage) -> None:
        publish_segment(storage, self.closed)
        publish_records(storage, self.closed.name, self.completed)

    @property
    def digests(self) -> dict[str, str]:
        manifest, completion = self.closed.manifest, self.completed.manifest
        files = (manifest.warc, manifest.cdxj, completion.records, completion.outcomes)
        return {file.key: file.sha256 for file in files}


@pytest.fixture(scope="module")
def goods(tmp_path_factory: pytest.TempPathFactory) -> Goods:
    return goods_of(tmp_path_factory.mktemp("goods"), PART + 1000)


def goods_of(directory: Path, size: int) -> Goods:
    segment = writer(directory)
    noise = random.Random(1).randbytes(size)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    segment.append(exchange(head % len(noise) + noise))
    closed = segment.close()
    derived = DerivedFiles(directory, closed.name, "g0001")
    derived.add(derivation(1))
    return Goods(closed, derived.complete())


@pytest.fixture
def line(s3_environment: S3Server) -> Iterator[FaultyLine]:
    with FaultyLine(s3_environment.endpoint) as made:
        yield made


def through(line: FaultyLine, server: S3Server, prefix: str, *, patience: float = 30.0) -> S3Storage:
    options = S3Options(line.endpoint, part_size=PART, attempts=1, read_timeout=patience)
    return S3Storage(server.bucket, prefix, options)


def persistently(goods: Goods, storage: S3Storage) -> list[StorageError]:
    """Publish as a crawl does: again and again until it is done. What went wrong meanwhile."""
    troubles: list[StorageError] = []
    for _ in range(TRIES):
        try:
            goods.publish(storage)
        except StorageError as error:
            troubles.append(error)
        else:
            return troubles
    raise AssertionError(f"not stored after {TRIES} tries: {troubles}")


def parts_in(asked: list[Asked]) -> list[str]:
    return [request.target for request in asked if "partNumber=" in request.target]


def stored_digests(server: S3Server, prefix: str) -> dict[str, str]:
    return {
        key: hashlib.sha256(data).hexdigest()
        for key, data in server.keys(f"{prefix}/").items()
        if not key.endswith(".json")
    }


@pytest.mark.parametrize("fault", FAULTS)
def test_every_request_may_fail(
    goods: Goods, line: FaultyLine, s3_environment: S3Server, tmp_path: Path, fault: Fault
) -> None:
    goods.publish(through(line, s3_environment, f"{tmp_path.name}/sound"))
    requests = len(line.asked)
    assert len(parts_in(line.asked)) == 2
    harmed = 0
    for number in range(requests):
        line.asked.clear()
        line.plan = lambda asked, number=number: fault if asked.number == number else None  # type: ignore[misc]
        prefix = f"{tmp_path.name}/{number}"
        storage = through(line, s3_environment, prefix, patience=HASTE)
        troubles = persistently(goods, storage)
        harmed += bool(troubles)
        assert all(isinstance(trouble, StorageUnavailable | StorageRefused) for trouble in troubles), troubles
        assert stored_digests(s3_environment, prefix) == goods.digests
        assert storage.tidy(datetime.now(UTC) + timedelta(days=1)) == 0, "no upload is left unfinished"
        assert [manifest.segment for manifest in segments(storage)] == [goods.closed.name.text]
    # A slow answer is an answer, in an empty one there is nothing to cut, and not everyone may list unfinished uploads
    spared = {Fault.SLOW: requests, Fault.CUT_ANSWER: requests - 1, Fault.DENIED: 1}.get(fault, 0)
    assert requests - spared <= harmed <= requests


@pytest.mark.parametrize("fault", FAULTS)
def test_every_request_of_a_reader_may_fail(
    goods: Goods, line: FaultyLine, s3_environment: S3Server, tmp_path: Path, fault: Fault
) -> None:
    options = S3Options(line.endpoint, part_size=PART, attempts=3, read_timeout=HASTE)
    storage = S3Storage(s3_environment.bucket, f"{tmp_path.name}/read", options)
    goods.publish(storage)

    def read() -> tuple[int, str, int]:
        copy = storage.fetch(goods.closed.manifest.warc.key, tmp_path)
        with storage.open_range(goods.closed.manifest.warc.key, 10, PART) as part:
            length = len(part.read())
        return len(list(articles(storage))), hashlib.sha256(copy.read_bytes()).hexdigest(), length

    line.asked.clear()
    expected = read()
    assert expected == (1, goods.closed.manifest.warc.sha256, PART)
    requests = len(line.asked)
    if fault is Fault.DENIED:
        line.plan = lambda asked: fault
        with pytest.raises(StorageRefused):
            read()
        return
    for number in range(requests):
        line.asked.clear()
        line.plan = lambda asked, number=number: fault if asked.number == number else None  # type: ignore[misc]
        assert read() == expected
        assert len(line.asked) > requests or fault in (Fault.SLOW, Fault.CUT_ANSWER)


def test_an_upload_goes_on_where_it_ended(tmp_path: Path) -> None:
    """The server is killed in the middle of an upload in parts, and started again."""
    goods = goods_of(tmp_path / "goods", 2 * PART + 1000)
    with seaweed.Seaweed(tmp_path) as server, FaultyLine(server.s3.endpoint) as line, server.in_environment():
        storage = through(line, server.s3, "killed")

        def kill_at_third_part(asked: Asked) -> None:
            if "partNumber=3" in asked.target:
                deadline = time.monotonic() + 30
                while len(parts_in(line.answered)) < 2 and time.monotonic() < deadline:
                    time.sleep(0.05)
                server.kill()

        line.plan = kill_at_third_part
        warc = goods.closed.manifest.warc
        with pytest.raises(StorageUnavailable):
            storage.put(warc.key, goods.closed.warc, warc.sha256)
        with pytest.raises(StorageUnavailable):
            storage.put(warc.key, goods.closed.warc, warc.sha256)
        server.start()
        line.plan = lambda _: None
        line.asked.clear()
        assert persistently(goods, storage) == []
        assert len(parts_in(line.asked)) == 1, "parts that the server had are not sent again"
        assert stored_digests(server.s3, "killed") == goods.digests


def test_what_is_there_already_is_not_sent_again(
    goods: Goods, line: FaultyLine, s3_environment: S3Server, tmp_path: Path
) -> None:
    storage = through(line, s3_environment, tmp_path.name)
    goods.publish(storage)
    line.asked.clear()
    goods.publish(storage)
    assert {asked.method for asked in line.asked} <= {"HEAD", "GET"}


def lacking(header: str) -> Refusal | None:
    return Refusal(501, b"NotImplemented") if header else None


@pytest.mark.parametrize("feature", ["If-None-Match", "x-amz-checksum-sha256"])
def test_what_a_server_lacks_is_done_without(
    goods: Goods,
    line: FaultyLine,
    s3_environment: S3Server,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    feature: str,
) -> None:
    line.plan = lambda asked: lacking(asked.headers.get(feature, ""))
    storage = through(line, s3_environment, tmp_path.name)
    goods.publish(storage)
    assert stored_digests(s3_environment, tmp_path.name) == goods.digests
    assert len([record for record in caplog.records if "the service does not support" in record.message]) == 1
    with pytest.raises(ObjectExists):
        storage.put_if_absent(goods.closed.name.manifest_key, b"another")


def test_a_server_without_checksums_that_stores_something_else_is_found_out(
    line: FaultyLine, s3_environment: S3Server, tmp_path: Path
) -> None:
    """What a server says of an object after it was stored is believed no further than its digests go."""
    file = tmp_path / "file"
    file.write_bytes(b"as it should be")
    other = through(line, s3_environment, tmp_path.name)

    def exchange_it(asked: Asked) -> Refusal | None:
        if asked.method == "PUT" and "x-amz-checksum-sha256" not in asked.headers:
            line.plan = lambda _: None
            other._client.put_object(Bucket="archive", Key=f"{tmp_path.name}/x", Body=b"as it should BE")
            return Refusal(200, b"")
        return lacking(asked.headers.get("x-amz-checksum-sha256", ""))

    line.plan = exchange_it
    with pytest.raises(DamagedArchive):
        through(line, s3_environment, tmp_path.name).put("x", file, hashlib.sha256(b"as it should be").hexdigest())


def test_unfinished_uploads_are_ended_when_they_are_old(s3_environment: S3Server, tmp_path: Path) -> None:
    storage = S3Storage(s3_environment.bucket, tmp_path.name)
    storage._client.create_multipart_upload(Bucket=s3_environment.bucket, Key=f"{tmp_path.name}/warc/lost")
    assert storage.tidy(datetime.now(UTC) - timedelta(days=7)) == 0
    assert storage.tidy(datetime.now(UTC) + timedelta(minutes=1)) == 1
    assert storage.tidy(datetime.now(UTC) + timedelta(minutes=1)) == 0


def test_settings_reach_the_objects(goods: Goods, s3_environment: S3Server, tmp_path: Path) -> None:
    options = S3Options(
        s3_environment.endpoint,
        encryption="AES256",
        storage_class="STANDARD_IA",
        lock_mode="GOVERNANCE",
        lock_days=3,
        part_size=PART,
    )
    plain = S3Storage("locked", tmp_path.name)
    plain._client.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    goods.publish(S3Storage("locked", tmp_path.name, options))
    for key in (*goods.digests, goods.closed.name.manifest_key):
        head = plain._client.head_object(Bucket="locked", Key=f"{tmp_path.name}/{key}")
        assert head["ServerSideEncryption"] == "AES256"
        assert head["StorageClass"] == "STANDARD_IA"
        assert head["ObjectLockMode"] == "GOVERNANCE"
        left = head["ObjectLockRetainUntilDate"] - datetime.now(UTC)
        assert timedelta(days=2, hours=23) < left < timedelta(days=3, minutes=1)


def test_a_bucket_that_cannot_lock_is_refused(goods: Goods, s3_environment: S3Server, tmp_path: Path) -> None:
    options = S3Options(s3_environment.endpoint, lock_mode="GOVERNANCE", lock_days=3)
    with pytest.raises(StorageRefused, match="check the bucket"):
        goods.publish(S3Storage(s3_environment.bucket, tmp_path.name, options))
