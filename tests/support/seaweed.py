"""A real S3 server: SeaweedFS, started for the tests on loopback and ended with them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import boto3
import pytest

from tests.support.processes import environment, free_ports

WEED = Path(sys.executable).parent / "weed"


@dataclass(frozen=True)
class S3Server:
    """A running server with one bucket."""

    endpoint: str
    bucket: str
    access_key: str = "testkey"
    secret_key: str = "testsecret123"

    def variables(self) -> dict[str, str]:
        """What a program needs to find the server."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.endpoint,
        }

    def client(self) -> Any:
        """A client of boto3."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
        )

    def keys(self, prefix: str) -> dict[str, bytes]:
        """All objects below a prefix, with their bytes."""
        client = self.client()
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        names = [item["Key"] for page in pages for item in page.get("Contents", ())]
        return {
            name.removeprefix(prefix): client.get_object(Bucket=self.bucket, Key=name)["Body"].read()
            for name in names
        }


class Seaweed:
    """A server that can be killed and started again, on the same data and ports."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ports = free_ports(8)
        self._process: subprocess.Popen[bytes] | None = None
        self.s3 = S3Server(f"http://127.0.0.1:{self._ports[0]}", "archive")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._end(signal.SIGTERM)

    def start(self) -> None:
        """Start, and wait until it answers."""
        log = self._directory / "weed.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(WEED), "mini", *(f"-{name}={value}" for name, value in self._options().items())],
                cwd=self._directory,
                env=environment(GOMEMLIMIT="512MiB", **self.s3.variables()),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        _await_ready(self._process, self.s3, log)

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(signal.SIGKILL)

    @contextmanager
    def in_environment(self) -> Iterator[None]:
        """This process set up to find the server."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.s3.variables().items():
                patch.setenv(name, value)
            yield

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _options(self) -> dict[str, object]:
        return {
            "dir": self._directory,
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "master.telemetry": "false",
            "admin.ui": "false",
            "webdav": "false",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "bucket": self.s3.bucket,
            "s3.port": self._ports[0],
            "master.port": self._ports[1],
            "volume.port": self._ports[2],
            "filer.port": self._ports[3],
            "admin.port": self._ports[4],
            "webdav.port": self._ports[5],
        }


def _await_ready(process: subprocess.Popen[bytes], server: S3Server, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the S3 server ended: {log.read_text(errors='replace')[-2000:]}")
        try:
            server.keys("")
        except Exception:  # noqa: BLE001 - anything may go wrong while a server starts
            time.sleep(0.3)
        else:
            return
    raise RuntimeError(f"the S3 server did not get ready: {log.read_text(errors='replace')[-2000:]}")
