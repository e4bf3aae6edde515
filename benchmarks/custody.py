"""What the log of custody costs: appending, signing, proving, auditing; and how many requests on S3.

python -m benchmarks.custody --segments 100000 --report docs/measurements/custody.md
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from archive.clock_and_ids import FixedClockAndIds, SystemClockAndIds
from archive.custody.audit import audit
from archive.custody.notes import Checkpoint
from archive.custody.proofs import tlog_proof
from archive.custody.sequencer import CHECKPOINT_KEY, Sequencer
from archive.custody.signing import create_key, verifier_key
from archive.custody.tiles import Tiles
from archive.holdings import HoldingEntry, entry_key, note_manifest
from archive.layout import SegmentName
from archive.manifests import Manifest, StoredFile
from archive.storage.local import LocalStorage
from archive.storage.s3 import S3Storage
from archive.storage.s3_options import S3Options
from tests.support.seaweed import Seaweed

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

_ORIGIN = "measured.example/custody"
_ONE_BY_ONE = 200


def _manifest(number: int) -> tuple[str, bytes]:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=5 * number)
    name = SegmentName.new("measured", number % 100_000, FixedClockAndIds(moment, seed=str(number)))
    digest = hashlib.sha256(b"%d" % number).hexdigest()
    manifest = Manifest(
        segment=name.text,
        warc=StoredFile(key=name.warc_key, size=1 << 30, sha256=digest),
        cdxj=StoredFile(key=name.cdxj_key, size=1 << 20, sha256=digest),
        opened="2026-01-01T00:00:00.000Z",
        closed="2026-01-01T01:00:00.000Z",
        exchanges=20_000,
        outcomes={"ok": 20_000},
        sites={"xx/measured": 20_000},
        software="newswarc",
        records=60_001,
        records_root=digest,
    )
    return name.manifest_key, manifest.to_bytes()


def _fill(root: Path, segments: int) -> None:
    """Manifests and inventory as a crawl leaves them, without its fsyncs."""
    before = ""
    for number in range(1, segments + 1):
        key, data = _manifest(number)
        digest = hashlib.sha256(data).hexdigest()
        holding = HoldingEntry(writer="fixed", number=number, key=key, sha256=digest, before=before).to_bytes()
        before = hashlib.sha256(holding).hexdigest()
        for name, content in ((key, data), (entry_key("fixed", number), holding)):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of processor time and by the clock."""
    processor, clock = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - processor, time.perf_counter() - clock


def measure(segments: int) -> dict[str, str]:
    """Figures by what was measured."""
    with tempfile.TemporaryDirectory(prefix="newswarc-measured-") as place:
        root = Path(place, "archive")
        storage, key = LocalStorage(root), create_key(Path(place, "key"), b"")
        _fill(root, segments)
        work = Sequencer(storage, [key], SystemClockAndIds(), seen=Path(place, "seen"))
        adopted = _timed(lambda: work.begin(_ORIGIN, adopted=segments))
        one = []
        for number in range(segments + 1, segments + 1 + _ONE_BY_ONE):
            manifest_key, data = _manifest(number)
            storage.put_if_absent(manifest_key, data)
            note_manifest(storage, "fixed", manifest_key, data)
            one.append(_timed(lambda: work.run(["fixed"])))
        note = (root / CHECKPOINT_KEY).read_text()
        size, tiles = Checkpoint.parse(note).size, Tiles(storage)
        proofs, lengths = [], []
        for index in range(1, size, max(1, size // 300)):
            proofs.append(_timed(lambda index=index: lengths.append(len(tlog_proof(tiles, index, note)))))  # type: ignore[misc]
        trusted = [verifier_key(_ORIGIN, key)]
        audited = _timed(lambda: audit(storage, trusted=trusted, kept=[("kept", note)]))
        stored = sum(path.stat().st_size for path in (root / "custody").rglob("*") if path.is_file())
        return {
            f"adopting {segments:,} segments": _seconds(adopted),
            "one more segment: claim, tiles, signature, checkpoint": _milliseconds(one),
            "proof of an entry": f"{_milliseconds(proofs)}; {statistics.mean(lengths):.0f} bytes",
            f"auditing {size:,} entries": _seconds(audited),
            "the log on disk": f"{stored / size:,.0f} bytes a segment",
        }


def measure_s3(segments: int) -> dict[str, str]:
    """What is asked of a SeaweedFS server on loopback, by what was done."""
    with tempfile.TemporaryDirectory(prefix="newswarc-measured-") as place, Seaweed(Path(place)) as server:
        root, key = Path(place, "filled"), create_key(Path(place, "key"), b"")
        _fill(root, segments)
        with server.in_environment():
            storage, counts = S3Storage(server.s3.bucket, "", S3Options(endpoint=server.s3.endpoint)), Requests()
            for path in sorted(path for path in root.rglob("*") if path.is_file()):
                storage.put_if_absent(path.relative_to(root).as_posix(), path.read_bytes())
            storage._client.meta.events.register("before-send.s3", counts.count)
            work = Sequencer(storage, [key], SystemClockAndIds(), seen=Path(place, "seen"))
            rows = {f"adopting {segments:,} segments": counts.of(lambda: work.begin(_ORIGIN, adopted=segments))}
            manifest_key, data = _manifest(segments + 1)
            storage.put_if_absent(manifest_key, data)
            note_manifest(storage, "fixed", manifest_key, data)
            rows["one more segment"] = counts.of(lambda: work.run(["fixed"]))
            with storage.open_range(CHECKPOINT_KEY) as stream:
                note = stream.read().decode()
            rows["proof of an entry"] = counts.of(lambda: tlog_proof(Tiles(storage), segments // 2, note))
            trusted = [verifier_key(_ORIGIN, key)]
            rows[f"auditing {segments + 2:,} entries and as many manifests"] = counts.of(
                lambda: audit(storage, trusted=trusted, kept=[("kept", note)])
            )
            return rows


class Requests:
    """Counts what is sent to the service, by method."""

    def __init__(self) -> None:
        self._counts = Counter[str]()

    def count(self, request: AWSPreparedRequest, **_: object) -> None:
        """See one request."""
        self._counts[request.method] += 1

    def of(self, work: Callable[[], object]) -> str:
        """What some work sends."""
        self._counts.clear()
        work()
        return ", ".join(f"{count:,} {method}" for method, count in sorted(self._counts.items()))


def _seconds(times: tuple[float, float]) -> str:
    return f"{times[0]:.1f} s of processor time, {times[1]:.1f} s by the clock"


def _milliseconds(times: list[tuple[float, float]]) -> str:
    processor, clock = (statistics.median(part) * 1e3 for part in zip(*times, strict=True))
    return f"{processor:.2f} ms of processor time, {clock:.2f} ms by the clock (median of {len(times)})"


def _table(what: str, rows: dict[str, str]) -> str:
    return (
        "\n".join([f"| what | {what} |", "|---|---|", *(f"| {name} | {row} |" for name, row in rows.items())]) + "\n"
    )


def main() -> None:
    """Measure, print, and write the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--segments", type=int, default=100_000)
    parser.add_argument("--s3-segments", type=int, default=1_000)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    text = "# The log of custody\n\n`make custody`: on a directory in memory, with Ed25519, on a busy machine.\n\n"
    text += _table("cost", measure(options.segments))
    text += "\nOn S3 (SeaweedFS on loopback), the requests:\n\n"
    text += _table("requests", measure_s3(options.s3_segments))
    print(text)
    if options.report:
        options.report.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
