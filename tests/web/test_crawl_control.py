"""Crawls that are started and stopped from the page and by the API: real ones, of a newspaper on loopback."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.demo.server import DemoServer
from crawler.keeping.run_lock import turn
from crawler.web.roles import Role
from tests.web.asking import Server, serving
from tests.web.captured import captured as make_captured
from tests.web.elements import Elements, require_harmless

DEFINITION = """
name = "The Harbour"
url = "{base}/"
[[sources]]
kind = "feed"
url = "{base}/en/feed.atom"
"""


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An operator's server, of a site that takes a while."""
    place = tmp_path_factory.mktemp("operated")
    archive = make_captured(place).place
    with DemoServer() as newspaper:
        (place / "sites" / "xx").mkdir(parents=True)
        (place / "sites" / "xx" / "harbour.toml").write_text(DEFINITION.format(base=newspaper.base))
        settings = {
            "archive": str(archive),
            "sites": [str(place / "sites")],
            "allow_hosts": [newspaper.base.removeprefix("http://")],
            "contact": "tests@example.org",
            "delay": 1.5,
        }
        config = place / "newswarc.toml"
        config.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()))
        with serving(
            archive, ["--config", str(config)], web_anyone=tuple(Role), sites=(str(place / "sites"),)
        ) as server:
            yield server


def until(server: Server, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The API's answer on the crawl, once it is as wanted."""
    for _ in range(1200):
        told: dict[str, Any] = json.loads(server.ask("/api/v1/crawl").body)
        if wanted(told):
            return told
        time.sleep(0.05)
    raise AssertionError(told)


def forms(page: str) -> set[str]:
    return {attributes.get("action") or "" for tag, attributes in Elements(page).found if tag == "form"}


def test_a_crawl_is_started_told_and_stopped(operated: Server) -> None:
    page = operated.ask("/crawls").text
    assert "/crawls/start" in forms(page)
    assert 'value="xx/harbour"' in page
    require_harmless(page)
    begun = operated.post("/crawls/start", [("site", "xx/harbour")])
    assert (begun.status, begun.headers["location"]) == (303, "/crawls")
    assert operated.post("/crawls/start").status == 409, "one at a time"
    running = until(operated, lambda told: bool(told["isRunning"] and told["process"]))
    assert running["sites"] == ["xx/harbour"]
    page = operated.ask("/crawls").text
    assert f"process {running['process']}" in page
    assert forms(page) & {"/crawls/start", "/crawls/stop"} == {"/crawls/stop"}
    assert operated.post("/api/v1/crawl/start").status == 409
    time.sleep(2)  # it has fetched something by then, or not yet: it ends in order in either case
    stopped = operated.post("/api/v1/crawl/stop")
    assert stopped.status == 200, stopped.body
    again = operated.post("/crawls/stop")
    assert again.status == 409, "a second signal would end it at once"
    until(operated, lambda told: not told["isRunning"])
    assert operated.post("/crawls/stop").status == 409
    until(operated, lambda _told: not Path(f"/proc/{running['process']}").exists())  # it was waited for, too
    told = json.loads(operated.ask("/api/v1/runs").body)["runs"]
    assert [(run["code"], run["sites"], run["isRunning"]) for run in told] == [(130, ["xx/harbour"], False)]
    page = operated.ask("/runs").text
    assert "stopped" in page
    require_harmless(page)
    assert "started from the web by 127.0.0.1" in operated.ask("/crawls").text, "the end of the log is shown"
    acts = [line["act"] for line in reversed(operated.services.audit.newest(20).lines)]
    assert acts[:2] == ["crawl started", "crawl started"]
    assert acts.count("crawl stopped") == 3
    assert acts.count("crawl not stopped") == 2


@pytest.mark.parametrize("site", ["--config=/etc/passwd", "http://127.0.0.1/", "xx/harbour; id", "us/nowhere", "-v"])
def test_nothing_but_what_is_offered_is_started(operated: Server, site: str) -> None:
    assert operated.post("/crawls/start", [("site", site)]).status == 400
    assert operated.post("/api/v1/crawl/start", [("site", site)]).status == 400
    assert operated.post("/api/v1/crawl/start", [("to", "/tmp")]).status == 400
    assert not operated.services.operation.crawls.is_starting


def test_a_run_that_was_started_elsewhere_is_respected(operated: Server) -> None:
    with turn(operated.services.configuration.state_directory) as is_ours:
        assert is_ours
        answer = operated.post("/crawls/start")
        assert answer.status == 409
        assert "a crawl is running" in answer.text
    answer = operated.post("/crawls/stop")
    assert (answer.status, "no crawl is running" in answer.text) == (409, True)


def test_only_operators_start_and_stop(operated: Server) -> None:
    place = Path(operated.services.configuration.archive)
    with serving(place, web_anyone=("read", "download", "curate")) as server:
        for path in ("/crawls/start", "/crawls/stop", "/api/v1/crawl/start", "/api/v1/crawl/stop"):
            assert server.post(path).status == 403
            assert server.ask(path).status in (404, 405)
        assert forms(server.ask("/crawls").text).isdisjoint({"/crawls/start", "/crawls/stop"})
        assert json.loads(server.ask("/api/v1/crawl").body)["sites"] == []
        assert "started from the web" not in server.ask("/crawls").text
    for path in ("/crawls/start", "/crawls/stop", "/api/v1/crawl/start", "/api/v1/crawl/stop"):
        assert operated.post(path, Sec_Fetch_Site="cross-site").status == 403


def test_a_stop_file_keeps_crawls_from_starting(operated: Server, tmp_path: Path) -> None:
    (tmp_path / "stop").touch()
    crawls = operated.services.operation.crawls
    usual = crawls._configuration
    crawls._configuration = usual.model_copy(update={"stop_file": str(tmp_path / "stop")})
    try:
        assert operated.post("/crawls/start").status == 409
    finally:
        crawls._configuration = usual
