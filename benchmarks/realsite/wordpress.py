"""The site: set up in a directory of its own, seeded, changed, ended; on loopback and on a socket alone."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from tests.support.processes import environment

_PACKAGED = Path("/usr/share/wordpress")
_HERE = Path(__file__).parent
_PATIENCE = 60.0
_THEME = "twentytwentyone"
_CONFIGURATION = """<?php
define('DB_NAME', 'paper');
define('DB_USER', 'paper');
define('DB_PASSWORD', '{password}');
define('DB_HOST', 'localhost:{socket}');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
define('AUTH_KEY', '{password}');
define('WP_HOME', '{address}');
define('WP_SITEURL', '{address}');
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
$table_prefix = 'wp_';
if (!defined('ABSPATH')) {{ define('ABSPATH', __DIR__ . '/'); }}
require_once ABSPATH . 'wp-settings.php';
"""


@dataclass(frozen=True)
class Post:
    """One post."""

    slug: str
    title: str
    content: str
    """HTML."""
    date: str
    """``YYYY-MM-DD hh:mm:ss`` in the site's zone."""
    category: str


class WordPress:
    """A context manager: the site is there while it is entered."""

    def __init__(self, directory: Path, port: int) -> None:
        """`directory` is made and filled."""
        self.address = f"http://127.0.0.1:{port}"
        self._root = directory / "site"
        self._data = directory / "database"
        self._socket = directory / "database.sock"
        self._password = secrets.token_hex(8)
        self._port = port
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self._root.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(_PACKAGED, self._root, symlinks=False, ignore_dangling_symlinks=True)
        shutil.copy(_HERE / "router.php", self._root)
        configuration = _CONFIGURATION.format(password=self._password, socket=self._socket, address=self.address)
        (self._root / "wp-config.php").write_text(configuration, encoding="utf-8")
        self._start_database()
        return self

    def __exit__(self, *exc: object) -> None:
        for process in reversed(self._running):
            process.terminate()
            process.wait()

    def install(self, name: str, posts: Sequence[Post]) -> int:
        """Set the site up with posts, and begin to serve; how many posts it shows."""
        count = self._seed("install", {"name": name, "theme": _THEME, "posts": [asdict(post) for post in posts]})
        command = ["php", "-d", "opcache.enable_cli=1", "-S", f"127.0.0.1:{self._port}", "router.php"]
        variables = environment(PHP_CLI_SERVER_WORKERS="2")
        self._start(command, cwd=self._root, env=variables)
        _wait(lambda: _answers(self.address))
        return count

    def change(self, posts: Sequence[Post]) -> int:
        """Correct posts, and publish those that are new; how many posts it shows then."""
        return self._seed("correct", {"posts": [asdict(post) for post in posts]})

    def _seed(self, action: str, plan: object) -> int:
        file = self._root.parent / "plan.json"
        file.write_text(json.dumps(plan), encoding="utf-8")
        command = ["php", str(_HERE / "seed.php"), action, str(file)]
        variables = {**environment(), "NEWSWARC_SITE": self.address}
        done = subprocess.run(command, cwd=self._root, env=variables, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{action}: {done.stdout[-500:]}{done.stderr[-1500:]}")
        return int(done.stdout.split()[-1])

    def _start_database(self) -> None:
        common = ["--no-defaults", f"--datadir={self._data}"]
        user = ["--user=root"] if os.geteuid() == 0 else []
        subprocess.run(
            ["mariadb-install-db", *common, *user, "--auth-root-authentication-method=normal"],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        small = ["--skip-networking", "--innodb-buffer-pool-size=64M", f"--socket={self._socket}"]
        self._start(["mariadbd", *common, *user, *small, f"--pid-file={self._data}/pid"])
        statements = (
            f"CREATE DATABASE paper; CREATE USER paper@localhost IDENTIFIED BY '{self._password}';"
            "GRANT ALL ON paper.* TO paper@localhost;"
        )
        client = ["mariadb", "--no-defaults", f"--socket={self._socket}", "-u", "root"]
        _wait(lambda: subprocess.run([*client, "-e", "SELECT 1"], capture_output=True, check=False).returncode == 0)
        subprocess.run([*client, "-e", statements], check=True)

    def _start(self, command: list[str], **options: object) -> None:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._running.append(subprocess.Popen(command, **quiet, **options))  # type: ignore[call-overload]


def missing() -> list[str]:
    """Programs and files of Debian's packages that are not there."""
    programs = [name for name in ("php", "mariadbd", "mariadb", "mariadb-install-db") if shutil.which(name) is None]
    return programs + [
        str(path) for path in (_PACKAGED, _PACKAGED / "wp-content" / "themes" / _THEME) if not path.exists()
    ]


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=20) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _wait(ready: object) -> None:
    end = time.monotonic() + _PATIENCE
    while not ready():  # type: ignore[operator]
        if time.monotonic() > end:
            raise RuntimeError("the site does not start")
        time.sleep(0.2)
