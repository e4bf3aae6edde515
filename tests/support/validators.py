"""Other people's validators, run on our WARC files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from archive.captures import iterate_records
from archive.http1 import BadMessage, parse_head
from tests.support.processes import ROOT, Finished, run

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
    return run(sys.executable, "-c", _WARCVALID, warc, cwd=ROOT)


def cdxj_indexer(warc: Path) -> Finished:
    return run(BIN / "cdxj-indexer", warc, cwd=ROOT)


def warcio_failures(warc: Path) -> set[str]:
    """Record ids that ``warcio check`` complains of."""
    done = subprocess.run([str(BIN / "warcio"), "check", "-v", str(warc)], capture_output=True, text=True)
    failed: set[str] = set()
    current = ""
    for line in done.stdout.splitlines():
        if match := re.search(r"WARC-Record-ID <urn:uuid:([0-9a-f-]+)>", line):
            current = match[1]
        elif "failed" in line:
            failed.add(current)
    assert current, f"warcio read no record: {done.stderr}"
    return failed


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
