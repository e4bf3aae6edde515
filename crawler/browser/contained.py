"""Starts the browser's process where nothing but the proxy can be reached: ``python -m crawler.browser.contained``.

With isolation ``namespace`` it makes new namespaces: of the network, with loopback alone; of processes, so that all
end together however the first ends; of mounts, with temporary files in memory, so that no profile is left behind; and
of shared memory. An ordinary user does so within a new namespace of users, root does so at once and then becomes an
ordinary user, for whom the program's own directories, and nothing else of root's, are made readable. The listening
socket of the proxy is made within and handed out; nothing else leads out.

With isolation ``flags`` the browser shares this machine's network and only its own settings keep it in.

Nothing is imported but the standard library: it runs before privileges are given up.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import fcntl
import json
import os
import pwd
import signal
import socket
import stat
import struct
import sys
from pathlib import Path
from typing import NoReturn

NAMESPACE = "namespace"
FLAGS = "flags"

_CLONE = 0x40000000 | 0x20000000 | 0x00020000 | 0x08000000
"""CLONE_NEWNET, NEWPID, NEWNS, NEWIPC (unshare(2))."""
_CLONE_NEWUSER = 0x10000000
_SIOCSIFFLAGS = 0x8914
_UP_AND_RUNNING = 0x1 | 0x40
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x2, 0x4, 0x8, 0x1000, 0x4000, 0x40000
_MNT_DETACH = 2
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_SCRATCH = "/dev/shm"  # noqa: S108 - a file system of its own, in a namespace of its own
_SCRATCH_SIZE = "2g"
_HIDDEN = ("/run", "/tmp")  # noqa: S108 - sockets of services, and others' files
_BACKLOG = 256
_EAGER_TO_DIE = b"600"
"""Where memory runs out, the browser ends before the crawl does (proc(5), oom_score_adj)."""

_libc = ctypes.CDLL(None, use_errno=True)


class Refused(Exception):
    """The system does not allow what is needed; the message says what."""


def main() -> NoReturn:
    """Contain this process, hand the listening socket out, and go on as the worker."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--channel", type=int, required=True)
    parser.add_argument("--isolation", choices=[NAMESPACE, FLAGS], required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--scratch", default="")
    parser.add_argument("worker", nargs="+")
    arguments = parser.parse_args()
    channel = socket.socket(fileno=arguments.channel)
    try:
        user = _ordinary(arguments.user)
        _end_with_parent()
        Path("/proc/self/oom_score_adj").write_bytes(_EAGER_TO_DIE)
        if arguments.isolation == NAMESPACE:
            _enter_namespaces()
        listener = loopback_listener()
    except (Refused, OSError) as error:
        channel.sendall(json.dumps({"refused": str(error)}).encode() + b"\n")
        sys.exit(1)
    socket.send_fds(channel, [b'{"listening": true}\n'], [listener.fileno()])
    listener.close()
    os.set_inheritable(channel.fileno(), True)
    command = [sys.executable, "-I", "-m", *arguments.worker, str(channel.fileno())]
    if arguments.isolation == FLAGS:
        _go_on(command, arguments.scratch)
    _first_process(command, user)


def loopback_listener() -> socket.socket:
    """A socket that listens on all addresses of loopback, and on no others. Raises OSError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
    listener.bind(("0.0.0.0", 0))  # noqa: S104 - of the loopback device alone
    listener.listen(_BACKLOG)
    return listener


def _ordinary(name: str) -> pwd.struct_passwd | None:
    """The user to become; None for one who is no other. Raises Refused."""
    if os.geteuid() != 0:
        return None
    try:
        user = pwd.getpwnam(name)
    except KeyError as error:
        raise Refused(f"there is no user {name!r} to run the browser as; name one with browser_user") from error
    if user.pw_uid == 0:
        raise Refused("the browser is not run as root; name an ordinary user with browser_user")
    return user


def _become(user: pwd.struct_passwd) -> None:
    """Give up root's privileges, without which the browser's own sandbox works."""
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    _libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
    _end_with_parent()  # forgotten with the change of user
    if not os.access(sys.executable, os.X_OK) or not os.access(__file__, os.R_OK):
        sys.stderr.write(f"{Path(__file__).parent} can't be read by user {user.pw_name!r}; see browser_user\n")
        os._exit(1)


def _end_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _enter_namespaces() -> None:
    uid, gid = os.getuid(), os.getgid()
    if _libc.unshare(_CLONE | (_CLONE_NEWUSER if uid else 0)):
        raise Refused(f"the system forbids new namespaces (unshare: {os.strerror(ctypes.get_errno())})")
    try:
        if uid:
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
            Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _UP_AND_RUNNING))
    except OSError as error:
        raise Refused(f"the system forbids setting up new namespaces ({error})") from error
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", _SCRATCH, "tmpfs", _MS_NOSUID | _MS_NODEV, f"size={_SCRATCH_SIZE},mode=1777")
    if not uid:
        _show_to_others()
    for place in _HIDDEN:
        if not _is_needed(place):
            _mount("tmpfs", place, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=64m,mode=1777")


def _needed() -> set[Path]:
    """Directories that the program is read from."""
    places = (sys.prefix, sys.base_prefix, str(Path(__file__).parents[2]), *sys.path)
    return {Path(place).resolve() for place in places if place and Path(place).is_dir()}


def _show_to_others() -> None:
    """Let others read the directories that are needed and lie where only root may look, and hide what is beside."""
    closed: dict[Path, list[Path]] = {}
    for place in _needed():
        above = [parent for parent in reversed(place.parents) if not parent.stat().st_mode & stat.S_IXOTH]
        if above:
            closed.setdefault(above[0], []).append(place)
    for root, places in closed.items():
        outermost = [place for place in places if not any(other in place.parents for other in places)]
        stages = [Path(_SCRATCH) / f"stage-{number}" for number in range(len(outermost))]
        for place, stage in zip(outermost, stages, strict=True):
            stage.mkdir()
            _mount(str(place), str(stage), None, _MS_BIND)
        _mount("tmpfs", str(root), "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,mode=0755")
        for place, stage in zip(outermost, stages, strict=True):
            place.mkdir(parents=True)
            _mount(str(stage), str(place), None, _MS_BIND)
            _libc.umount2(str(stage).encode(), _MNT_DETACH)
            stage.rmdir()


def _is_needed(place: str) -> bool:
    """Whether the program itself lies there."""
    return any(part.is_relative_to(place) for part in _needed())


def _mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    done = _libc.mount(
        source.encode(), target.encode(), kind.encode() if kind else None, flags, options.encode() or None
    )
    if done:
        raise Refused(f"the system forbids to mount {target} ({os.strerror(ctypes.get_errno())})")


def _first_process(command: list[str], user: pwd.struct_passwd | None) -> NoReturn:
    """Be the parent of the first process of the new namespace: with that one, all others end."""
    first = os.fork()
    if first == 0:
        _end_with_parent()
        if _libc.mount(b"proc", b"/proc", b"proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, None):
            sys.stderr.write(f"the system forbids to mount /proc: {os.strerror(ctypes.get_errno())}\n")
            os._exit(1)
        if user is not None:
            _become(user)
        _reap(command)
    _, status = os.waitpid(first, 0)
    sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _reap(command: list[str]) -> NoReturn:
    """Start the worker and collect what is orphaned, until the worker ends."""
    worker = os.fork()
    if worker == 0:
        _go_on(command, _SCRATCH)
    while True:
        try:
            ended, status = os.wait()
        except OSError as error:
            if error.errno == errno.EINTR:
                continue
            os._exit(1)
        if ended == worker:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _go_on(command: list[str], scratch: str) -> NoReturn:
    """Become the worker. A program that is started anew by an ordinary user has no privileges in the namespace."""
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.chdir(scratch)
    here = {"HOME": scratch, "TMPDIR": scratch, "XDG_RUNTIME_DIR": scratch}
    os.execve(command[0], command, {"PATH": os.defpath, "LANG": "C.UTF-8", **here})  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
