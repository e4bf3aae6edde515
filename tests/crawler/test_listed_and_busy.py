"""Pages of a list whose site another run is crawling are told, and left alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

from crawler.demo.server import DemoServer
from crawler.frontier.presence import Alone
from tests.support.processes import newswarc


def test_pages_of_a_site_that_another_run_crawls_are_told(tmp_path: Path) -> None:
    with DemoServer() as server:
        host = server.base.removeprefix("http://")
        mine = f"{server.base}/stories/en/1001-night-ferry-returns-after-two-winters"
        other = mine.replace("127.0.0.1", "localhost")
        (tmp_path / "list.txt").write_text(f"{mine}\n{other}\n")
        arguments = ("crawl", "--urls", "list.txt", "--json")
        settings = {"NEWSWARC_DELAY": "0", "NEWSWARC_ALLOW_HOSTS": f"{host},{host.replace('127.0.0.1', 'localhost')}"}
        run = Alone(tmp_path / "newswarc-data" / "state" / "sites")
        (tmp_path / "newswarc-data" / "state" / "sites").mkdir(parents=True)
        try:
            assert asyncio.run(run.at_sites([host])) == []
            done = newswarc(*arguments, cwd=tmp_path, **settings)
        finally:
            run.leave()
        assert done.code == 1
        (line,) = [problem for problem in done.json()["problems"] if mine in problem]
        assert "another run is crawling its site; try again when that run has finished" in line
        assert server.counts()["/stories/en/1001-night-ferry-returns-after-two-winters"] == 1, "the other's alone"
        again = newswarc(*arguments, cwd=tmp_path, **settings)
        assert again.code == 0, again.err
        assert server.counts()["/stories/en/1001-night-ferry-returns-after-two-winters"] > 1
