"""A real S3 server: SeaweedFS, started for the tests on loopback and ended with them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3

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

    def keys(self, prefix: str) -> dict[str, bytes]:
        """All objects below a prefix, with their bytes."""
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
        )
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        names = [item["Key"] for page in pages for item in page.get("Contents", ())]
        return {
            name.removeprefix(prefix): client.get_object(Bucket=self.bucket, Key=name)["Body"].read()
            for name in names
        }


@contextmanager
def running(directory: Path) -> Iterator[S3Server]:
    ports = free_ports(8)
    options = {
        "dir": directory,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.telemetry": "false",
        "admin.ui": "false",
        "webdav": "false",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "bucket": "archive",
        "s3.port": ports[0],
        "master.port": ports[1],
        "volume.port": ports[2],
        "filer.port": ports[3],
        "admin.port": ports[4],
        "webdav.port": ports[5],
    }
    server = S3Server(f"http://127.0.0.1:{ports[0]}", "archive")
    with (directory / "weed.log").open("wb") as log:
        process = subprocess.Popen(
            [str(WEED), "mini", *(f"-{name}={value}" for name, value in options.items())],
            cwd=directory,
            env=environment(GOMEMLIMIT="512MiB", **server.variables()),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _await_ready(process, server, directory / "weed.log")
            yield server
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


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
