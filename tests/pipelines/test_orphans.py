"""Extraction processes end with whoever started them, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

OWNER = """
import asyncio, os, time
from pipelines.pool import ExtractionPool

async def main():
    pool = ExtractionPool(1, 1)
    print(await pool.run(os.getpid), flush=True)
    time.sleep(600)

if __name__ == "__main__":
    asyncio.run(main())
"""
_LONGEST = 30


def alive(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_workers_of_a_killed_owner_end(tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(OWNER)
    root = Path(__file__).parents[2]
    owner = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert owner.stdout is not None
    worker = int(owner.stdout.readline())
    assert alive(worker)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    deadline = time.monotonic() + _LONGEST
    while alive(worker):
        assert time.monotonic() < deadline, "it waits for ever"
        time.sleep(0.1)
