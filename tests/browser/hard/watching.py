"""Watching from outside whether anything gets out: packets on the wire, and what the browser asks the kernel for."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

_ALL_PROTOCOLS = 3
_IPV4, _IPV6 = 0x0800, 0x86DD
_TCP = 6
_CONNECTED = re.compile(
    r'(connect|sendto|sendmsg)\(.*?sin6?_port=htons\((\d+)\).*?(?:inet_addr\("|inet_pton\(AF_INET6, ")([^"]+)"'
)
_FAILED = re.compile(r"= -1 (E\w+)")


@dataclass
class PacketCounter:
    """Counts the packets of this network by protocol and port; for root alone."""

    packets: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ALL_PROTOCOLS))
        self._socket.settimeout(0.2)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _count(self) -> None:
        while not self._over.is_set():
            with suppress(TimeoutError):
                data, (_, kind, *_rest) = self._socket.recvfrom(128)
                self.packets[_protocol(kind, data)] += 1


def _protocol(kind: int, data: bytes) -> str:
    if kind == _IPV4 and len(data) > 20:
        number, start = data[9], (data[0] & 15) * 4
    elif kind == _IPV6 and len(data) > 40:
        number, start = data[6], 40
    else:
        return f"ethernet type {kind:#x}"
    if number == _TCP:
        return "TCP"
    port = int.from_bytes(data[start + 2 : start + 4], "big")
    return f"UDP to port {port}" if number == socket.IPPROTO_UDP else f"protocol {number}"


@dataclass
class CallWatch:
    """Notes where processes, and those that they start, want to connect or send to (``strace``)."""

    pids: Sequence[int]
    file: Path
    places: Counter[str] = field(default_factory=Counter)

    @staticmethod
    def is_possible() -> bool:
        return shutil.which("strace") is not None

    def __enter__(self) -> Self:
        watched = [argument for pid in self.pids for argument in ("-p", str(pid))]
        self._process = subprocess.Popen(
            ["strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o", str(self.file), *watched],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        self._process.wait()
        self._read(self.file.read_text(errors="replace").splitlines() if self.file.exists() else [])

    def _read(self, lines: Sequence[str]) -> None:
        begun: dict[str, str] = {}
        for line in lines:
            pid = line.partition(" ")[0]
            if found := _CONNECTED.search(line):
                begun[pid] = f"{found[1]} {found[3]}:{found[2]}"
            if pid in begun and not line.endswith("<unfinished ...>"):
                failure = _FAILED.search(line)
                outcome = failure[1] if failure and failure[1] != "EINPROGRESS" else "let through"
                self.places[f"{begun.pop(pid)} {outcome}"] += 1
