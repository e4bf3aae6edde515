"""Worker processes: forked from a server that has imported the extractor, each with a socket to its owner.

The server is a fork of its owner where that has no other threads, so that they share what both have imported; else
it is a new interpreter. It imports the extractor when it is asked for the first worker: an owner that never asks has
paid for a fork alone. A worker takes one call after the other, and ends when its owner closes the socket; when the
owner is killed, the server ends all workers, whatever they are doing.

Calls and answers are pickled, with their length before them.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from archive.errors import ArchiveError
from pipelines.allocator import KEPT_BY_WORKERS, bound_allocator, collect_seldom

_LENGTH = struct.Struct("<Q")
_FORK, _END = b"f", b"e"
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
    "from pipelines.worker_server import serve_alone; serve_alone(int(sys.argv[1]), sys.argv[3])"
)


class CallLost(ArchiveError):
    """The worker died during this call."""


class CallNotBegun(ArchiveError):
    """The worker died during an earlier call. This one can be made again."""


class WorkerServer:
    """The process that workers are forked from, as its owner sees it."""

    def __init__(self, cache: Path | None = None) -> None:
        """Fork it, if this process has no other threads; else it is started when it is first needed.

        `cache` is a directory for what can be made again, such as the unpacked language model.
        """
        self._cache = cache
        self._control: socket.socket | None = None
        self._process = 0
        if threading.active_count() == 1:
            self._fork()

    def worker(self) -> socket.socket:
        """A new worker's socket. Raises OSError."""
        ours, theirs = socket.socketpair()
        with theirs:
            if self._control is None:
                self._start()
            try:
                self._ask_for(theirs)
            except (BrokenPipeError, ConnectionResetError):
                self.close()
                self._start()
                self._ask_for(theirs)
        return ours

    def close(self) -> None:
        """End it, after the workers whose sockets are closed have done what they are doing."""
        if self._control is None:
            return
        with self._control, suppress(OSError):
            self._control.sendall(_END)
        self._control = None
        with suppress(ChildProcessError):
            os.waitpid(self._process, 0)

    def _ask_for(self, theirs: socket.socket) -> None:
        assert self._control is not None
        socket.send_fds(self._control, [_FORK], [theirs.fileno()])

    def _fork(self) -> None:
        collect_seldom()  # what exists by now is shared as long as the collector leaves it alone
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        ours, theirs = socket.socketpair()
        with _deaf_to_interrupts():
            self._process = os.fork()
        if self._process == 0:
            _serve_as_fork(theirs, self._cache)
        theirs.close()
        self._control = ours

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        arguments = (str(theirs.fileno()), json.dumps(sys.path), str(self._cache or ""))
        with theirs, _deaf_to_interrupts():
            process = subprocess.Popen(  # noqa: S603 - this program itself
                [sys.executable, "-c", _PROGRAM, *arguments], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )
        self._process, self._control = process.pid, ours
        process.returncode = 0  # it is waited for by its number, as one that was forked


class Worker(asyncio.Protocol):
    """A worker as its owner sees it. `connected` makes one."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._transport: asyncio.Transport | None = None
        self._calls: deque[asyncio.Future[Any]] = deque()
        self._received = bytearray()
        self.is_lost = False

    @classmethod
    async def connected(cls, connection: socket.socket) -> Worker:
        """The worker behind a socket that the server gave."""
        loop = asyncio.get_running_loop()
        _, worker = await loop.create_unix_connection(lambda: cls(connection), sock=connection)
        return worker

    @property
    def calls(self) -> int:
        """Calls that it has not answered yet."""
        return len(self._calls)

    async def call(self, function: Callable[..., Any], arguments: tuple[object, ...]) -> Any:
        """What a function gives there. Raises what it raises, CallLost or CallNotBegun."""
        if self._transport is None or self.is_lost:
            raise CallNotBegun("the worker is gone")
        message = pickle.dumps((function, arguments), pickle.HIGHEST_PROTOCOL)
        answer = asyncio.get_running_loop().create_future()
        self._calls.append(answer)
        self._transport.write(_LENGTH.pack(len(message)) + message)
        return await answer

    def end(self) -> None:
        """Let it end after what it is doing."""
        self.is_lost = True
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._received += data
        while len(self._received) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._received)
            ends = _LENGTH.size + length
            if len(self._received) < ends:
                return
            has_result, value = pickle.loads(bytes(self._received[_LENGTH.size : ends]))  # noqa: S301 - from our own process
            del self._received[:ends]
            answer = self._calls.popleft()
            if answer.done():  # nobody waits for it any more
                continue
            if has_result:
                answer.set_result(value)
            else:
                answer.set_exception(value)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Called by asyncio."""
        self.is_lost = True
        error: type[ArchiveError] = CallLost
        while self._calls:
            answer = self._calls.popleft()
            if not answer.done():
                answer.set_exception(error("the worker died"))
            error = CallNotBegun


def serve_alone(control: int, cache: str) -> None:
    """The server in an interpreter of its own."""
    _serve(socket.socket(fileno=control), Path(cache) if cache else None)


def _serve_as_fork(control: socket.socket, cache: Path | None) -> NoReturn:
    """The server in a fork of its owner. None of the owner's files, locks and connections stays open here."""
    code = 1
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        # Covered, not closed: objects of the owner still have these numbers
        for number in {int(entry.name) for entry in Path("/dev/fd").iterdir()} - {1, 2, control.fileno(), nothing}:
            with suppress(OSError):
                os.dup2(nothing, number)
        _serve(control, cache)
        code = 0
    finally:
        os._exit(code)


def _serve(control: socket.socket, cache: Path | None) -> None:
    """Fork workers until the owner says that it is enough; if it is gone without a word, end them at once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of the terminal; the owner decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    workers: set[int] = set()
    message, descriptors = _heard(control)
    if message == _FORK:
        _import_extractor(cache)
    while message == _FORK:
        workers -= set(_ended(os.WNOHANG))
        process = os.fork()
        if process == 0:
            _work_and_exit(control, socket.socket(fileno=descriptors[0]))
        workers.add(process)
        os.close(descriptors[0])
        message, descriptors = _heard(control)
    if message != _END:
        for process in workers - set(_ended(os.WNOHANG)):
            os.kill(process, signal.SIGKILL)
    for _ in _ended(0):
        pass


def _heard(control: socket.socket) -> tuple[bytes, list[int]]:
    try:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
    except ConnectionResetError:
        return b"", []
    return message, descriptors


def _ended(options: int) -> Iterator[int]:
    """Processes that were forked here and have ended."""
    with suppress(ChildProcessError):
        while (process := os.waitpid(-1, options)[0]) != 0:
            yield process


def _import_extractor(cache: Path | None) -> None:
    if cache is not None:
        import_module("pipelines.language_model").map_language_model(cache)
    import_module("pipelines.preloaded")
    collect_seldom()


def _work_and_exit(control: socket.socket, owner: socket.socket) -> NoReturn:
    code = 1
    try:
        control.close()
        bound_allocator(KEPT_BY_WORKERS)
        _work(owner)
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


def _work(owner: socket.socket) -> None:
    """Answer one call after the other until there are no more."""
    while True:
        head = _received(owner, _LENGTH.size)
        if len(head) < _LENGTH.size:
            return
        (length,) = _LENGTH.unpack(head)
        answer = _answer(_received(owner, length))
        try:
            owner.sendall(_LENGTH.pack(len(answer)) + answer)
        except (BrokenPipeError, ConnectionResetError):
            return


def _answer(call: bytes) -> bytes:
    try:
        function, arguments = pickle.loads(call)  # noqa: S301 - from our own process
        return pickle.dumps((True, function(*arguments)), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller is told
        try:
            return pickle.dumps((False, error), pickle.HIGHEST_PROTOCOL)
        except Exception:  # noqa: BLE001 - an error of any kind may hold what can't be pickled
            return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")), pickle.HIGHEST_PROTOCOL)


def _received(owner: socket.socket, length: int) -> bytes:
    """So many bytes, or fewer where the owner has gone."""
    received = bytearray()
    with suppress(ConnectionResetError):
        while len(received) < length and (part := owner.recv(length - len(received), socket.MSG_WAITALL)):
            received += part
    return bytes(received)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """What is started within this context inherits that it does not hear Ctrl-C; this process hears it afterwards."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
