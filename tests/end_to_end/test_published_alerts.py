"""Alert rules of published projects in the real Prometheus, and their way through the real Alertmanager."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from slipway_cluster.monitoring import PROMETHEUS_URL, MonitoringFailed, install
from slipway_cluster.monitoring_values import ScrapeTarget
from slipway_cluster.target import embedded_target
from slipway_core.alerting.project import Watched
from slipway_core.alerting.routes import PATH, AlertRoute
from slipway_core.alerting.rules import Rule
from slipway_core.keptn.event import Scope
from slipway_local.airflow import LocalAirflow
from slipway_local.monitoring import scrape_targets
from slipway_local.monitoring_command import configure_monitoring

from tests.end_to_end.conftest import within

PROJECT, OTHER = "e2ealerts", "e2eneighbour"
OURS, THEIRS = f"runner {PROJECT}-dev alerts", f"runner {OTHER}-dev alerts"
FILES = {
    "shipyard.yaml": """\
apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
metadata: {name: any}
spec:
  stages:
    - name: dev
      sequences: [{name: announce, tasks: [{name: release}]}]
""",
    "runner/slo.yaml": 'objectives: [{sli: speed, pass: [{criteria: ["<=600"]}]}]\ntotal_score: {pass: 90%}\n',
    "runner/prometheus/sli.yaml": "indicators: {speed: 'max_over_time(m{job=\"$STAGE\"}[$DURATION_SECONDS])'}\n",
    "runner/remediation.yaml": (
        "apiVersion: spec.keptn.sh/0.1.4\nkind: Remediation\nmetadata: {name: any}\nspec: {remediations: []}\n"
    ),
}


def write(folder: Path) -> Path:
    """Write a project with alert rules."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def groups() -> dict[str, list[dict[str, Any]]]:
    """Return the rules that Prometheus works with, by their group."""
    answer = httpx.get(f"{PROMETHEUS_URL}/api/v1/rules", trust_env=False).json()
    return {group["name"]: group["rules"] for group in answer["data"]["groups"]}


def neighbour(expression: str = "m>1") -> list[ScrapeTarget]:
    """Return a service of another project, with a rule."""
    return scrape_targets([Watched(Scope(OTHER, "dev", "runner"), (Rule("speed", expression),))])


@pytest.fixture
def other(cluster: None) -> Iterator[None]:
    """Give another owner rules of its own."""
    install(embedded_target(), neighbour(), owner=OTHER)
    yield
    install(embedded_target(), [], owner=OTHER)


def test_rules_come_change_and_go_with_their_project(airflow: LocalAirflow, sources: Path, other: None) -> None:
    """Those of another project stay, all the time."""
    folder = write(sources / PROJECT)
    try:
        assert within(120, lambda: OURS in groups()), groups()
        [rule] = groups()[OURS]
        assert ("speed", 'max_over_time(m{job="dev"}[3m]) > 600') == (rule["name"], rule["query"])
        assert (600, "webhook", PROJECT) == (rule["duration"], rule["labels"]["severity"], rule["labels"]["project"])
        assert "Pod name {{ $labels.pod_name }}" == rule["annotations"]["descriptions"]
        (folder / "slipway.yaml").write_text("stages: {dev: {monitoring: {for: 30s}}}\n")
        assert within(120, lambda: groups()[OURS][0]["duration"] == 30), groups()
    finally:
        shutil.rmtree(folder)
    assert within(120, lambda: OURS not in groups()), groups()
    assert THEIRS in groups()


def test_a_query_that_prometheus_would_refuse_changes_nothing(other: None) -> None:
    """promtool finds it before anything is installed."""
    with pytest.raises(MonitoringFailed, match="nothing is changed"):
        install(embedded_target(), neighbour("m{>1"), owner=OTHER)
    assert "m > 1" == groups()[THEIRS][0]["query"]


class Inbox(HTTPServer):
    """Stands in for Airflow: takes what Alertmanager sends."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, dict[str, Any]]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Inbox

    def do_POST(self) -> None:
        """Keep address, right and body."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.got.append((self.path, self.headers["Authorization"], body))
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """Listen on this machine's loopback, as Airflow does."""
    with Inbox() as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def test_an_alert_reaches_an_airflow_on_loopback_soon_and_so_does_its_end(other: None, inbox: Inbox) -> None:
    """With the project's token; it fires and is over within seconds of the rule."""
    over = int(time.time()) + 75
    route = AlertRoute(OTHER, f"http://127.0.0.1:{inbox.server_port}", "slipway_e2e")
    install(embedded_target(), neighbour(f"vector(time())<{over}"), routes=[route], owner=OTHER)

    def told(status: str) -> list[tuple[str, str, dict[str, Any]]]:
        return [one for one in inbox.got if one[2]["status"] == status]

    assert within(60, lambda: told("firing") != []), inbox.got
    path, right, body = told("firing")[0]
    assert (PATH, "Bearer slipway_e2e") == (path, right)
    [alert] = body["alerts"]
    assert "runner" == alert["labels"]["service"]
    assert within(over - time.time() + 30, lambda: told("resolved") != []), inbox.got


def test_files_for_somebody_else_s_prometheus_pass_the_real_tools(cluster: None, tmp_path: Path) -> None:
    """promtool and amtool read them; a broken query is named, and nothing is written."""
    folder = write(tmp_path / PROJECT)
    words = [str(folder), "--airflow", "https://airflow.example.com", "--output", str(tmp_path / "out")]
    good = CliRunner().invoke(configure_monitoring, words)
    assert 0 == good.exit_code, good.output
    assert 3 == len(list((tmp_path / "out").iterdir()))
    (folder / "runner" / "prometheus" / "sli.yaml").write_text("indicators: {speed: 'rate(m['}\n")
    words[-1] = str(tmp_path / "none")
    bad = CliRunner().invoke(configure_monitoring, words)
    assert (1, False) == (bad.exit_code, (tmp_path / "none").exists())
    assert OURS in bad.output
