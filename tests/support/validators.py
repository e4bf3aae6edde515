"""Other people's validators, run on our WARC files."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from archive.captures import iterate_records
from archive.http1 import BadMessage, parse_head
from tests.support.processes import ROOT, Finished, run

_RECORD_ID = re.compile(r"urn:uuid:([0-9a-f-]+)")
BIN = Path(sys.executable).parent

# warctools knows WARC 1.0 only, and breaks while it says so; the bytes it checks are those on disk
_WARCVALID = """
from hanzo import warcvalid
from hanzo.warctools.warc import WarcParser
WarcParser.KNOWN_VERSIONS = {b"1.0", b"1.1"}
warcvalid.run()
"""


def gzip_test(warc: Path) -> Finished:
    return run("gzip", "-t", warc, cwd=ROOT)


def warcvalid(warc: Path) -> Finished:
    # Some damage makes it go round in circles
    return run("timeout", "20", sys.executable, "-c", _WARCVALID, warc, cwd=ROOT)


def cdxj_indexer(warc: Path) -> Finished:
    return run(BIN / "cdxj-indexer", warc, cwd=ROOT)


# warcio cannot decode br beside a current brotli, and breaks; without brotli it leaves such bodies as they are
_WARCIO = """
import sys
sys.modules["brotli"] = sys.modules["brotlicffi"] = None
from warcio.cli import main
main(["check", "-v", sys.argv[1]])
"""


def warcio_failures(warc: Path) -> set[str]:
    """Record ids that ``warcio check`` complains of."""
    done = run(sys.executable, "-c", _WARCIO, warc, cwd=ROOT)
    assert "WARC-Record-ID" in done.out, f"warcio read no record: {done.err}"
    assert "Traceback" not in done.err, done.err
    return _failed_by_warcio(done.out)


def chunked_responses(warc: Path) -> set[str]:
    """Ids of the response records with a chunked body, whose payload digest warcio takes over the chunks."""
    found: set[str] = set()
    with warc.open("rb") as stream:
        for record in iterate_records(stream):
            if record.kind == "response":
                try:
                    head = parse_head(record.block)
                except BadMessage:
                    continue
                if head.chunked:
                    found.add(str(record.record_id))
    return found


Validator = Callable[[Path], Finished]


def fastwarc_failures(warc: Path, *, payloads: bool) -> set[str]:
    """Record ids that ``fastwarc check`` complains of."""
    found = warc.with_suffix(".fastwarc")
    options = ["-q", "-o", found, *(["-p"] if payloads else [])]
    done = run(BIN / "fastwarc", "check", *options, warc, cwd=ROOT)
    assert "Error" not in done.err, done.err
    lines = found.read_text().splitlines()
    assert lines, "fastwarc read no record"
    return {match[1] for line in lines if "FAIL" in line and (match := _RECORD_ID.search(line))}


def exit_codes(warc: Path) -> dict[str, int]:
    """What each validator ends with; 0 where it is content."""
    found = warc.with_suffix(".fastwarc")
    return {
        "warcio": run(sys.executable, "-c", _WARCIO, warc, cwd=ROOT).code,
        "fastwarc": run(BIN / "fastwarc", "check", "-p", "-q", "-o", found, warc, cwd=ROOT).code,
        "warcvalid": warcvalid(warc).code,
        "gzip": gzip_test(warc).code,
    }


def _failed_by_warcio(text: str) -> set[str]:
    failed: set[str] = set()
    current = ""
    for line in text.splitlines():
        if match := re.search(r"WARC-Record-ID <urn:uuid:([0-9a-f-]+)>", line):
            current = match[1]
        elif "failed" in line:
            failed.add(current)
    return failed
