"""Status, health, alarms and metrics of a machine that crawls: every alarm by its real cause, once, and cleared."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import socketserver
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from archive.recovery import captures_of
from crawler.demo.server import DemoServer, Newspaper, Reply
from crawler.demo.stories import load_stories
from crawler.frontier.database import Database
from crawler.frontier.leases import Leases, holder_at, site_key
from crawler.scale.fleet import Fleet
from tests.support.postgres import Postgres
from tests.support.processes import PROGRAM, Finished, environment, free_ports, newswarc

HOUR, DAY = 3600, 86400
STORIES = frozenset(story.path for story in load_stories())


def crawl(place: Path, base: str, **variables: str) -> Finished:
    host = base.removeprefix("http://")
    return newswarc(
        "crawl", f"{base}/", "--json", "--allow-host", host,
        cwd=place, NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org", NEWSWARC_RETRIES="0", **variables,
    )  # fmt: skip


def crawled_with(place: Path, change: Callable[[Newspaper, str, Reply], Reply], **variables: str) -> Finished:
    usual = Newspaper.reply
    with pytest.MonkeyPatch.context() as patch, DemoServer() as server:
        patch.setattr(Newspaper, "reply", lambda self, target: change(self, target, usual(self, target)))
        return crawl(place, server.base, **variables)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A machine after a crawl, and the crawl's report."""
    place = tmp_path_factory.mktemp("healthy")
    with DemoServer() as server:
        done = crawl(place, server.base)
    assert done.code == 0, done.err
    return place, done.json()


@pytest.fixture
def place(healthy: tuple[Path, Any], tmp_path: Path) -> Path:
    """A copy of that machine, to be made ill."""
    shutil.copytree(healthy[0], tmp_path / "machine")
    return tmp_path / "machine"


def change(place: Path, *statements: str) -> None:
    with sqlite3.connect(place / "newswarc-data" / "state" / "frontier.sqlite") as frontier:
        for statement in statements:
            frontier.execute(statement)


def concerns(place: Path, **variables: str) -> list[str]:
    done = newswarc("health", "--json", cwd=place, **variables)
    found = [concern["kind"] for concern in done.json()]
    assert done.code == bool(found)
    return found


@contextmanager
def web_hook() -> Iterator[tuple[str, list[Any]]]:
    told: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", told
    finally:
        server.shutdown()
        server.server_close()


def alarms(place: Path, cure: Callable[[], None], **ill: str) -> tuple[list[str], list[str]]:
    """Kinds of the alarms that were told while it was ill, in two looks, and of those that had passed when it was cured."""
    with web_hook() as (address, told):
        for _ in range(2):
            done = newswarc("watch", "--once", cwd=place, NEWSWARC_ALARM_WEBHOOK=address, **ill)
            assert done.code == 0, done.err
        begun = [notice["kind"] for notice in told]
        assert not any(notice["passed"] for notice in told)
        cure()
        assert newswarc("watch", "--once", cwd=place, NEWSWARC_ALARM_WEBHOOK=address).code == 0
        return begun, [notice["kind"] for notice in told[len(begun) :] if notice["passed"]]


def a_day_later(place: Path) -> Callable[[], None]:
    return lambda: change(place, f"UPDATE outcomes SET hour = hour - {2 * DAY}")


def test_status_is_what_the_crawl_did(healthy: tuple[Path, Any]) -> None:
    place, report = healthy
    found = newswarc("status", "--json", cwd=place).json()
    (site,) = found["sites"].values()
    assert site["articles"] == sum(report["articles"].values()) + report["pages"].get("soft_not_found", 0)
    assert site["pages"] == report["pages"]
    counted = {one["outcome"]: one["count"] for one in found["totals"] if one["kind"] == "attempt"}
    assert counted == report["outcomes"]
    assert site["attempts"] == report["outcomes"]
    assert site["looked_at"] == pytest.approx(time.time(), abs=300)
    assert (found["waiting_segments"], found["open_segments"], found["is_crawling"]) == (0, 0, False)
    assert found["concerns"] == []
    shown = newswarc("status", cwd=place)
    assert "no run is in progress; 0 URLs waiting" in shown.out
    assert newswarc("health", cwd=place).code == 0


def test_a_crawl_that_stopped(place: Path) -> None:
    change(place, f"UPDATE sources SET looked_at = looked_at - {3 * HOUR}")
    cure = f"UPDATE sources SET looked_at = looked_at + {3 * HOUR}"
    assert alarms(place, lambda: change(place, cure)) == (["not_crawling"], ["not_crawling"])


def test_a_site_that_fell_silent(place: Path) -> None:
    change(
        place,
        *(
            f"INSERT INTO pages SELECT 'https://old.example/{number}', site, '{{}}', "
            f"first - {2 * DAY + number * HOUR}, last FROM pages LIMIT 1"
            for number in range(40)
        ),
        f"UPDATE pages SET first = first - {2 * DAY} WHERE url NOT LIKE 'https://old.example/%'",
    )
    cure = "UPDATE pages SET first = strftime('%s', 'now') WHERE rowid = (SELECT max(rowid) FROM pages)"
    assert alarms(place, lambda: change(place, cure)) == (["site_silent"], ["site_silent"])


def test_a_source_that_waits(place: Path) -> None:
    change(
        place,
        "INSERT OR REPLACE INTO schedules (url, articles, seconds, looked_at, due_at) "
        f"SELECT url, 1, 1, looked_at, looked_at - {9 * HOUR} FROM sources LIMIT 1",
    )
    assert alarms(place, lambda: change(place, "DELETE FROM schedules")) == (["site_overdue"], ["site_overdue"])


def test_a_site_that_refuses(tmp_path: Path) -> None:
    def refuse(paper: Newspaper, target: str, reply: Reply) -> Reply:
        return Reply(b"no", "text/plain", 403) if target in STORIES else reply

    crawled_with(tmp_path, refuse)
    # What is not captured waits until somebody acts, or the site gives in
    assert alarms(tmp_path, a_day_later(tmp_path)) == (["not_captured", "refused"], ["refused"])


def test_a_site_that_shuts_us_out(tmp_path: Path) -> None:
    def deny(paper: Newspaper, target: str, reply: Reply) -> Reply:
        robots = "".join(f"Disallow: {path}\n" for path in sorted(STORIES))
        return (
            dataclasses.replace(reply, body=f"User-agent: *\n{robots}".encode()) if target == "/robots.txt" else reply
        )

    crawled_with(tmp_path, deny)
    # What is not captured waits until somebody acts, or the site gives in
    assert alarms(tmp_path, a_day_later(tmp_path)) == (["not_captured", "robots_shut"], ["robots_shut"])


def test_pages_that_are_no_articles_any_more(tmp_path: Path) -> None:
    def empty(paper: Newspaper, target: str, reply: Reply) -> Reply:
        loading = f"<html><body><h1>Loading</h1><p>Please wait for {target}.</p></body></html>"
        return Reply(loading.encode()) if target in STORIES else reply

    crawled_with(tmp_path, empty)
    assert alarms(tmp_path, a_day_later(tmp_path)) == (["extraction_drift"], ["extraction_drift"])


def test_segments_that_cannot_be_stored(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    away = {
        "NEWSWARC_ARCHIVE": "s3://nowhere/news", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_DEFAULT_REGION": "us-east-1",
        "NEWSWARC_STATE": "state", "NEWSWARC_S3_ATTEMPTS": "1",
    }  # fmt: skip
    with DemoServer() as server:
        crawl(tmp_path, server.base, **away)
    spool = tmp_path / "state" / "spool"
    (manifest,) = spool.glob("*.manifest.json")
    assert concerns(tmp_path, **away) == []
    os.utime(manifest, (time.time() - 3 * HOUR,) * 2)
    with web_hook() as (address, told):
        for _ in range(2):
            newswarc("watch", "--once", cwd=tmp_path, NEWSWARC_ALARM_WEBHOOK=address, **away)
        manifest.rename(tmp_path / "elsewhere")
        newswarc("watch", "--once", cwd=tmp_path, NEWSWARC_ALARM_WEBHOOK=address, **away)
    assert [(notice["kind"], bool(notice["passed"])) for notice in told] == [
        ("upload_backlog", False),
        ("upload_backlog", True),
    ]


def test_a_disk_that_fills(place: Path) -> None:
    free = shutil.disk_usage(place).free
    assert alarms(place, lambda: None, NEWSWARC_LEAST_FREE=str(free // 2)) == (["disk_low"], ["disk_low"])


def test_a_clock_that_is_wrong(tmp_path: Path) -> None:
    """To a machine whose clock is ahead the servers seem to be behind."""
    usual = BaseHTTPRequestHandler.date_time_string

    def crawl_three(behind: float) -> None:
        with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
            patch.setattr(
                BaseHTTPRequestHandler, "date_time_string", lambda self, _=None: usual(self, time.time() - behind)
            )
            bases = [stack.enter_context(DemoServer()).base for _ in range(3)]
            (tmp_path / "pages.txt").write_text("\n".join(f"{base}/en/" for base in bases))
            done = newswarc(
                "crawl", "--urls", "pages.txt", "--json", cwd=tmp_path, NEWSWARC_DELAY="0",
                NEWSWARC_CONTACT="tests@example.org",
                NEWSWARC_ALLOW_HOSTS=",".join(base.removeprefix("http://") for base in bases),
            )  # fmt: skip
            assert done.code == 0, done.err

    crawl_three(600.0)
    assert alarms(tmp_path, lambda: crawl_three(0.0)) == (["clock_skew"], ["clock_skew"])


class _MailServer(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs that wants to be rid of a message (RFC 5321, section 4.1)."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                message = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.messages.append(message)  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return


def test_by_mail_and_by_command(place: Path, tmp_path: Path) -> None:
    change(place, f"UPDATE sources SET looked_at = looked_at - {3 * HOUR}")
    script = tmp_path / "note.py"
    script.write_text(f"import sys; open({str(tmp_path / 'noted')!r}, 'a').write(sys.stdin.read() + '\\n')")
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _MailServer) as server:
        server.messages = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        done = newswarc(
            "watch", "--once", cwd=place,
            NEWSWARC_ALARM_MAIL="operator@example.org",
            NEWSWARC_ALARM_SMTP=f"127.0.0.1:{server.server_address[1]}",
            NEWSWARC_ALARM_COMMAND=f"{sys.executable} {script}",
        )  # fmt: skip
        server.shutdown()
    assert done.code == 0, done.err
    assert "no source has been read for 3 hours" in done.err
    (message,) = server.messages  # type: ignore[attr-defined]
    assert b"Subject: newswarc: no source has been read for 3 hours" in message
    (noted,) = (tmp_path / "noted").read_text().splitlines()
    assert json.loads(noted)["kind"] == "not_crawling"


def test_metrics_as_prometheus_reads_them(healthy: tuple[Path, Any]) -> None:
    place, report = healthy
    (port,) = free_ports(1)
    command = [str(PROGRAM), "watch", "--metrics", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, cwd=place, env=environment(), stderr=subprocess.PIPE) as process:
        text = ""
        for _ in range(200):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
                    text = answer.read().decode()
                break
            except OSError:
                time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    values = {(sample.name, *sample.labels.values()): sample.value for sample in samples}
    assert values["newswarc_pages_30d", "record"] == report["pages"]["record"]
    assert values["newswarc_waiting_addresses",] == 0
    assert values["newswarc_concerns", "disk_low"] == 0
    assert values["newswarc_disk_free_bytes",] > 0


def test_status_that_stays_shows_what_has_changed(place: Path) -> None:
    command = [str(PROGRAM), "status", "--every", "0.5"]
    with subprocess.Popen(command, cwd=place, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        shown = iter(process.stdout.readline, "")
        assert any("no run is in progress" in line for line in shown)
        change(place, f"UPDATE sources SET looked_at = looked_at - {3 * HOUR}")
        assert any("not_crawling: no source has been read for 3 hours" in line for line in shown)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_mistakes(tmp_path: Path, place: Path) -> None:
    for where, arguments, said in (
        (tmp_path, ["status"], "no crawl has run from here"),
        (tmp_path, ["health"], "no crawl has run from here"),
        (place, ["watch", "--metrics", "9464"], "write HOST:PORT"),
    ):
        done = newswarc(*arguments, cwd=where)
        assert done.code == 2
        assert said in done.err
        assert "Traceback" not in done.err


def test_a_site_below_its_floor(tmp_path: Path) -> None:
    with DemoServer() as server:

        def crawl(floor: int) -> None:
            (tmp_path / "sites" / "xx").mkdir(parents=True, exist_ok=True)
            definition = f'name = "The Gazette"\nurl = "{server.base}/"\n[floors]\narticles = {floor}\n'
            (tmp_path / "sites" / "xx" / "gazette.toml").write_text(definition)
            done = newswarc(
                "crawl", "xx/gazette", "--quiet", "--sites", "sites", "--allow-host", server.base.removeprefix("http://"),
                cwd=tmp_path, NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org",
            )  # fmt: skip
            assert done.code == (1 if floor > 100 else 0), done.err

        crawl(1000)
        assert alarms(tmp_path, lambda: crawl(1)) == (["below_floor"], ["below_floor"])


def test_a_worker_that_is_not_heard_of(tmp_path: Path, postgres: Postgres) -> None:
    shared = {"NEWSWARC_FRONTIER": postgres.database()}
    database = Database(shared["NEWSWARC_FRONTIER"])
    Fleet(database).present(["machine:/slot-1", "machine:/slot-2"], "machine")
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE machines SET seen_at = seen_at - 1000 WHERE holder = 'machine:/slot-1'")
    assert Leases(database, holder_at("machine:/slot-2"), 600.0).take(site_key("fr/paper"))
    workers = newswarc("status", "--json", cwd=tmp_path, **shared).json()["workers"]
    assert {place: worker["sites"] for place, worker in workers.items()} == {
        "machine:/slot-1": [], "machine:/slot-2": ["fr/paper"],
    }  # fmt: skip
    assert 1000 <= workers["machine:/slot-1"]["silent"] < 1060
    assert "worker machine:/slot-2: crawling fr/paper; last seen" in newswarc("status", cwd=tmp_path, **shared).out
    with web_hook() as (address, told):
        for _ in range(2):
            assert newswarc("watch", "--once", cwd=tmp_path, NEWSWARC_ALARM_WEBHOOK=address, **shared).code == 0
        assert [(notice["kind"], bool(notice["passed"])) for notice in told] == [("worker_silent", False)]
        Fleet(database).present(["machine:/slot-1"], "machine")
        assert newswarc("watch", "--once", cwd=tmp_path, NEWSWARC_ALARM_WEBHOOK=address, **shared).code == 0
        assert [(notice["kind"], bool(notice["passed"])) for notice in told][1:] == [("worker_silent", True)]
    database.close()


def test_every_exchange_page_and_problem_is_a_line_of_the_event_log(tmp_path: Path) -> None:
    with DemoServer() as server:
        done = newswarc(
            "crawl", f"{server.base}/", "--json", "--allow-host", server.base.removeprefix("http://"),
            cwd=tmp_path, NEWSWARC_DELAY="0", NEWSWARC_CONTACT="tests@example.org", NEWSWARC_EVENT_LOG="log/events.jsonl",
        )  # fmt: skip
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in (tmp_path / "log" / "events.jsonl").read_text().splitlines()]
    counted = {
        kind: Counter(line["outcome"] for line in lines if line["event"] == kind) for kind in ("exchange", "page")
    }
    assert counted == {"exchange": Counter(done.json()["outcomes"]), "page": Counter(done.json()["pages"])}
    (warc,) = (tmp_path / "newswarc-data" / "warc").rglob("*.warc.gz")
    ids = {str(capture.record_id): capture.url for capture in captures_of(warc)}
    assert {line["record_id"]: line["url"] for line in lines if line["event"] == "exchange"} == ids
