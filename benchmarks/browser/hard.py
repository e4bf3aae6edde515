"""Pages that are hard to capture with a browser: whether all is exact, and whether anything gets out.

    python -m benchmarks.browser.hard [--report FILE]

It runs in a network of its own (namespace) where it may make one, so that all packets there are of this run.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import fcntl
import os
import socket
import struct
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.support.measuring import say
from benchmarks.support.reporting import deliver
from crawler.browser.plan import BrowserPlan
from tests.browser.chromium import browsing, missing, processes_of, shown
from tests.browser.hard import ends, transfers, views
from tests.browser.hard.run import CASES, Result, run
from tests.browser.hard.server import HardSite, NamesOfTest
from tests.browser.hard.watching import CallWatch, PacketCounter
from tests.browser.outlet import WireOutlet

_NEW_NETWORK = 0x40000000
_UP = 0x8914, 0x41
_HOSTILE = frozenset("within rebound peer peer-of-a-frame transport socket names files plain-socket prefetch".split())


def main() -> int:
    """Run all cases. Exit code 1 if one is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    if lacks := missing():
        sys.stderr.write(f"{lacks}\n")
        return 2
    is_alone = _own_network()
    with tempfile.TemporaryDirectory(prefix="newswarc-hard-") as scratch:
        say(f"{len(CASES)} cases")
        began = time.monotonic()
        with PacketCounter() as counter:
            result = run(CASES, _made(Path(scratch) / "namespace"))
        seconds = time.monotonic() - began
        say("the hostile ones, with the browser's own settings alone")
        some = [case for case in CASES if case.name in _HOSTILE]
        with PacketCounter() as counter_of_flags:
            flags = run(some, _made(Path(scratch) / "flags"), BrowserPlan(isolation="flags"))
        say("the hostile ones, watched by strace")
        calls = asyncio.run(_called(Path(scratch)))
    packets = [counter.packets, counter_of_flags.packets] if is_alone else []
    deliver(_report(result, flags, calls, packets, seconds), options.report)
    return 1 if result.amiss or flags.within or flags.packets else 0


def _own_network() -> bool:
    """Move this process into a network of its own; whether that is allowed."""
    if os.geteuid() or ctypes.CDLL(None).unshare(_NEW_NETWORK):
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _UP[0], struct.pack("16sh", b"lo", _UP[1]))
    return True


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


async def _called(scratch: Path) -> Counter[str]:
    """What a browser that shows hostile pages asks the kernel for."""
    if not CallWatch.is_possible() or os.geteuid():
        return Counter()
    cases = [case for case in CASES if case.name in _HOSTILE]
    directory = _made(scratch / "strace")
    with HardSite(cases, directory) as site:
        async with browsing() as browser:
            with CallWatch(processes_of(browser.pid), scratch / "calls") as watch:
                await asyncio.sleep(1)
                for case in cases:
                    outlet = WireOutlet(site.allowed, ca_file=site.authorities, resolver=NamesOfTest())
                    await shown(browser, outlet, site.url(case), site.page(case), seconds=60)
    return watch.places


def _report(result: Result, flags: Result, calls: Counter[str], packets: list[Counter[str]], seconds: float) -> str:
    kinds = (
        ("what a reader has to do or wait for", views),
        ("requests of every kind", transfers),
        ("misbehaving", ends),
    )
    lines = [
        "# Hard pages in a browser",
        "",
        f"Written by `make browser`. {len(CASES)} pages (`tests/browser/hard/`), each hard in one way, shown to",
        "Chromium in namespaces of its own on two processors shared with the servers, two at a time, in",
        f"{seconds:.0f} s. What was captured was written to a WARC file, read back, and compared with what the",
        "servers had sent.",
        "",
        "| | |",
        "|---|---|",
        *(f"| pages: {name} | {len(module.CASES)} |" for name, module in kinds),
        f"| pages that came out as they should | {sum(not came.faults for came in result.cases)} |",
        f"| responses in the WARC file, byte for byte as sent | {result.exact} |",
        f"| responses that differ | {len(result.altered)} |",
        f"| requests that servers got and the WARC file does not have | {len(result.escaped)} |",
        f"| connections to the service within | {result.within} |",
        f"| datagrams that came to the STUN port | {result.packets} |",
        "",
        "## What gets out",
        "",
    ]
    lines += _packet_lines(packets)
    if calls:
        refused = Counter[str]()
        for place, count in calls.items():
            _, where, outcome = place.split(" ", 2)
            kind = "of loopback in its own network" if where.startswith("127.") else "beyond"
            refused[f"{kind}: {outcome}"] += count
        lines += ["Where the browser's processes wanted to connect or send to (`strace`, the hostile pages):", ""]
        lines += [f"- addresses {name}: {count}" for name, count in sorted(refused.items())] + [""]
    lines += [
        f'With `browser_isolation = "flags"`, the {len(flags.cases)} hostile pages made {flags.within} connections',
        f"to the service within, and {flags.packets} datagrams came to the STUN port.",
        "",
        f"Not as it should be: {'; '.join(result.amiss) or 'nothing'}.",
        "",
    ]
    return "\n".join(lines)


def _packet_lines(packets: list[Counter[str]]) -> list[str]:
    if not packets:
        return ["The packets were not counted: that needs root.", ""]
    lines = ["All packets of the network that the crawl ran in, of which the browser's own network is no part:", ""]
    lines += ["| isolation | packets |", "|---|---|"]
    for name, counts in zip(("namespace", "flags"), packets, strict=True):
        shown = ", ".join(f"{kind}: {count}" for kind, count in counts.most_common())
        lines.append(f"| `{name}` | {shown} |")
    return [*lines, ""]


if __name__ == "__main__":
    sys.exit(main())
