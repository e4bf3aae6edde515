"""The alert rules and the dashboard that are shipped: Prometheus takes them, and they speak of metrics that exist."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from crawler.watching.metrics import registry_of
from tests.support.processes import ROOT, run
from tests.watching.test_concerns import status

SHIPPED = ROOT / "docs" / "prometheus"
RULES = SHIPPED / "alerts.yml"
DASHBOARD: dict[str, Any] = json.loads((SHIPPED / "grafana.json").read_text())
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="needs promtool (Debian: prometheus)")


def expressions() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def test_they_speak_of_metrics_that_exist() -> None:
    known = {metric.name for metric in registry_of(status).collect()}
    for text in (RULES.read_text(), *expressions()):
        assert set(re.findall(r"newswarc_\w+", text)) <= known


def test_the_dashboard_can_be_read() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    places = [tuple(panel["gridPos"][name] for name in "xy") for panel in DASHBOARD["panels"]]
    assert len(set(places)) == len(places)
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {"${source}"}


@needs_promtool
def test_prometheus_takes_the_rules(tmp_path: Path) -> None:
    done = run(PROMTOOL, "check", "rules", RULES, cwd=tmp_path)
    assert done.code == 0, done.out + done.err


@needs_promtool
def test_each_alert_fires_by_its_cause_and_ends(tmp_path: Path) -> None:
    tests = (Path(__file__).parent / "data" / "alerts_test.yml").read_text().replace("RULES", str(RULES))
    (tmp_path / "tests.yml").write_text(tests)
    done = run(PROMTOOL, "test", "rules", tmp_path / "tests.yml", cwd=tmp_path)
    assert done.code == 0, done.out + done.err
    named = set(re.findall(r"alert: (\w+)", RULES.read_text()))
    assert named == set(re.findall(r"alertname: (\w+)", tests)), "each has a test"


@needs_promtool
def test_prometheus_takes_what_the_dashboard_asks(tmp_path: Path) -> None:
    rules = [{"record": f"asked:{number}", "expr": text} for number, text in enumerate(expressions())]
    (tmp_path / "asked.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = run(PROMTOOL, "check", "rules", tmp_path / "asked.yml", cwd=tmp_path)
    assert done.code == 0, done.out + done.err
