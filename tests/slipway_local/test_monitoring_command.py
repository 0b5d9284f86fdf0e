"""`slipway configure-monitoring`: what it finds, writes and installs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from slipway_cluster import monitoring, monitoring_checks, target
from slipway_core.keptn.problems import InvalidFile
from slipway_local import alert_tokens, monitoring_command
from slipway_local.monitoring_command import configure_monitoring

FILES = {
    "shipyard.yaml": """\
apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
metadata: {name: shop}
spec:
  stages:
    - {name: qa, sequences: [{name: delivery, tasks: [{name: evaluation}]}]}
    - {name: prod, sequences: [{name: delivery, tasks: [{name: evaluation}]}]}
""",
    "carts/slo.yaml": 'objectives: [{sli: speed, pass: [{criteria: ["<=600"]}]}]\ntotal_score: {pass: 90%}\n',
    "carts/prometheus/sli.yaml": "indicators: {speed: Q}\n",
    "stages/prod/carts/remediation.yaml": (
        "apiVersion: spec.keptn.sh/0.1.4\nkind: Remediation\nmetadata: {name: any}\nspec: {remediations: []}\n"
    ),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project that has alert rules in production only."""
    for name, text in FILES.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "shop"


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Stand in for promtool and amtool, which find no fault; return what they were shown."""
    shown: list[Any] = []
    monkeypatch.setattr(monitoring_checks, "refused_groups", lambda groups: shown.append(list(groups)) or {})
    monkeypatch.setattr(monitoring_checks, "check_configuration", shown.append)
    return shown


def run(project: Path, *words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(configure_monitoring, [str(project), *words, "--airflow", "https://airflow.example.com/"])


def test_files_are_written_for_a_prometheus_of_somebody_else(project: Path, tmp_path: Path, checked: list[Any]) -> None:
    """Once the tools have seen them as Prometheus and Alertmanager would."""
    result = run(project, "--output", str(tmp_path / "out"))
    assert 0 == result.exit_code, result.output
    written = {path.name: yaml.safe_load(path.read_text()) for path in (tmp_path / "out").iterdir()}
    jobs = written["slipway-shop.scrape.yml"]["scrape_configs"]
    assert ["carts-shop-qa", "carts-shop-prod"] == [job["job_name"] for job in jobs]
    assert ("5s", "3s", "/metrics") == tuple(
        jobs[0][key] for key in ("scrape_interval", "scrape_timeout", "metrics_path")
    )
    [group] = written["slipway-shop.rules.yml"]["groups"]
    assert ("carts shop-prod alerts", "Q>600") == (group["name"], group["rules"][0]["expr"])
    _, receiver = written["slipway-shop.alertmanager.yml"]["receivers"]
    assert "https://airflow.example.com/slipway/alerts" == receiver["webhook_configs"][0]["url"]
    assert ["slipway-shop.rules.yml"] == yaml.safe_load(checked[1]["prometheus.yml"])["rule_files"]


def test_files_of_another_project_are_not_touched(project: Path, tmp_path: Path, checked: list[Any]) -> None:
    """Each project has its own."""
    other = tmp_path / "out" / "slipway-blog.rules.yml"
    other.parent.mkdir()
    other.write_text("groups: []")
    assert 0 == run(project, "--output", str(tmp_path / "out")).exit_code
    assert "groups: []" == other.read_text()


def test_a_service_without_rules_says_why(project: Path, tmp_path: Path, checked: list[Any]) -> None:
    """And one with rules shows them."""
    lines = run(project, "--output", str(tmp_path / "out")).output.splitlines()
    assert ["qa", "carts", "none:", "has", "no", "remediation.yaml"] == lines[1].split()
    assert ["prod", "carts", "speed:", "Q>600"] == lines[2].split()


def test_refused_rules_are_named_and_nothing_is_changed(
    project: Path, tmp_path: Path, checked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what promtool says."""
    monkeypatch.setattr(monitoring_checks, "refused_groups", lambda groups: {"carts shop-prod alerts": "parse error"})
    result = run(project, "--output", str(tmp_path / "out"))
    assert (1, False) == (result.exit_code, (tmp_path / "out").exists())
    assert "carts shop-prod alerts:\n  parse error" in result.output


def test_a_broken_project_is_refused_with_file_and_line(project: Path, checked: list[Any]) -> None:
    """As when it is published."""
    (project / "carts" / "slo.yaml").write_text("objectives: 1\n")
    with pytest.raises(InvalidFile, match=r"shop/carts/slo\.yaml, line 1"):
        CliRunner().invoke(configure_monitoring, [str(project)], catch_exceptions=False)


@pytest.mark.parametrize("embedded", [True, False])
def test_only_the_embedded_cluster_is_changed(
    project: Path, checked: list[Any], monkeypatch: pytest.MonkeyPatch, embedded: bool
) -> None:
    """Without an owner, so that nothing of anybody goes. For another cluster it says what to do."""
    installed: list[Any] = []
    monkeypatch.setattr(target, "current_target", lambda: SimpleNamespace(embedded=embedded))
    monkeypatch.setattr(monitoring, "install", lambda _, targets, **more: installed.append((targets, more)))
    monkeypatch.setattr(monitoring_command, "kept_airflow", lambda: SimpleNamespace(address="http://127.0.0.1:8080"))
    monkeypatch.setattr(alert_tokens, "recorded_alert_tokens", lambda _, renew: lambda name: f"token of {name}")
    result = run(project)
    if embedded:
        [(targets, more)] = installed
        assert [None, "carts shop-prod alerts"] == [one.alerts and one.alerts["name"] for one in targets]
        assert "owner" not in more
        [route] = more["routes"]
        assert ("shop", "https://airflow.example.com", "token of shop") == (route.project, route.address, route.token)
        assert "scrapes: 2. Alert rules of them: 1." in result.output
    else:
        assert ([], 1) == (installed, result.exit_code)
        assert "--output FOLDER" in result.output
