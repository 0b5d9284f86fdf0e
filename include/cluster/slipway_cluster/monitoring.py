"""Prometheus and Alertmanager in the namespace `monitoring`, installed by Helm from our own chart.

Each service of each stage is one scrape job with one static target, its Service (evaluation.md 12): discovery of pods
would give several series where a query expects one. Nothing is installed that promtool or amtool refuses.
"""

import base64
import json
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from slipway_cluster.images import locked
from slipway_cluster.monitoring_checks import MonitoringFailed, check_configuration
from slipway_cluster.monitoring_values import AlertRoute, ScrapeTarget, Values, jobs_of, with_services
from slipway_cluster.places import CHECKOUT, state_dir
from slipway_cluster.target import Target, helm_argv, kubectl_argv

NAMESPACE = "monitoring"
PROMETHEUS_URL = "http://127.0.0.1:30090"
ALERTMANAGER_URL = "http://127.0.0.1:30093"
_RELEASE = "monitoring"
_CHART = CHECKOUT / "include" / "monitoring" / "chart"
_PROMETHEUS_API = f"/api/v1/namespaces/{NAMESPACE}/services/http:prometheus:9090/proxy"


def install(
    target: Target,
    scrape_targets: Sequence[ScrapeTarget],
    *,
    routes: Iterable[AlertRoute] = (),
    owner: str = "",
    keep: Iterable[ScrapeTarget] = (),
    timeout: float = 180.0,
) -> None:
    """Install or update monitoring so that it watches these services too; what it does for others stays.

    :param target: the cluster
    :param scrape_targets: services to add, with their alert rules; they need not be deployed yet
    :param routes: where the alerts of their projects go
    :param owner: who adds them, such as the name of an Airflow; what it added before and wants no more is removed
    :param keep: services of this owner that stay if they are there
    :param timeout: seconds for the pods, and again until Prometheus does as it is told
    :raises MonitoringFailed: when promtool or amtool refuses the outcome, Helm fails or the time is over
    """
    with locked(state_dir() / "monitoring.lock"):
        _mend(target)
        before = _values(target)
        values = with_services(before, scrape_targets, routes, owner, keep)
        files = _rendered(target, values)
        if values != with_services(before, []):
            check_configuration(files)
        _helm(
            target,
            ["upgrade", "--install", _RELEASE, str(_CHART), "--create-namespace", "--reset-values", "--values", "-"],
            ["--wait", "--timeout", f"{int(timeout)}s"],
            stdin=json.dumps(values),
        )
        # It reads its configuration again only when told: without this wait it would go on with the old one.
        wanted = {wanted.job for wanted in scrape_targets}
        _wait_until_read(target, files, wanted, jobs_of(before) - jobs_of(values), timeout)


def uninstall(target: Target) -> None:
    """Remove monitoring with all it measured, and its namespace. Fine when there is none."""
    _helm(target, ["uninstall", _RELEASE, "--ignore-not-found"], ["--wait"])
    _run([*kubectl_argv(target), "delete", "namespace", NAMESPACE, "--ignore-not-found"], "delete its namespace")


def _values(target: Target) -> dict[str, Any]:
    """Return the values that the release was last given; none when there is no release."""
    done = _try([*helm_argv(target), "get", "values", _RELEASE, "--namespace", NAMESPACE, "--output", "json"])
    if done.returncode == 0:
        return json.loads(done.stdout) or {}
    if "not found" in done.stderr:
        return {}
    raise _failure("read what is monitored already", done)


def _mend(target: Target) -> None:
    """Put away what a Helm that was killed left half done; Helm itself would wait for that for ever."""
    done = _try([*helm_argv(target), "status", _RELEASE, "--namespace", NAMESPACE, "--output", "json"])
    if done.returncode or not json.loads(done.stdout)["info"]["status"].startswith("pending"):
        return
    if json.loads(done.stdout)["version"] == 1:
        _helm(target, ["uninstall", _RELEASE], ["--wait"])
    else:
        _helm(target, ["rollback", _RELEASE], ["--wait"])


def _rendered(target: Target, values: Values) -> dict[str, str]:
    """Return the files that Prometheus and Alertmanager would be given, by their names; without tokens."""
    done = _try([*helm_argv(target), "template", _RELEASE, str(_CHART), "--values", "-"], json.dumps(values))
    if done.returncode:
        raise _failure("render its chart", done)
    made = {one["kind"]: one["data"] for one in yaml.safe_load_all(done.stdout) if one and "data" in one}
    secret = base64.b64decode(made["Secret"]["alertmanager.yml"]).decode()
    return {**made["ConfigMap"], "alertmanager.yml": secret}


def _wait_until_read(
    target: Target, files: Mapping[str, str], wanted: set[str], unwanted: set[str], timeout: float
) -> None:
    # Each state of the rules has its own name there (see the chart): the rules themselves are shown rewritten only.
    state = yaml.safe_load(files["prometheus.yml"])["rule_files"][-1]
    deadline = time.monotonic() + timeout
    while True:
        known = _known_jobs(target)
        if known is not None and wanted <= known and not unwanted & known and state in _configuration(target):
            return
        if time.monotonic() > deadline:
            raise MonitoringFailed(
                f"After {timeout:.0f} s, Prometheus scrapes {', '.join(sorted(known or ())) or 'nothing'} and not what "
                f"it was told to, or goes on with old rules. Its log says why: "
                f"kubectl --namespace {NAMESPACE} logs deployment/prometheus"
            )
        _reload(target)
        time.sleep(1)


def _known_jobs(target: Target) -> set[str] | None:
    """Return the names of the scrape jobs that run, or None while Prometheus does not answer."""
    data = _asked(target, "targets?state=active")
    return None if data is None else {known["labels"]["job"] for known in data["activeTargets"]}


def _configuration(target: Target) -> str:
    """Return the configuration that Prometheus works with, nothing while it does not answer."""
    return str((_asked(target, "status/config") or {}).get("yaml", ""))


def _asked(target: Target, path: str) -> dict[str, Any] | None:
    done = _try([*kubectl_argv(target), "get", "--raw", f"{_PROMETHEUS_API}/api/v1/{path}"])
    return None if done.returncode else json.loads(done.stdout)["data"]


def _reload(target: Target) -> None:
    """Have Prometheus read its configuration again; errors show as targets that do not come."""
    # The kubelet looks after mounted ConfigMaps about once a minute, and at once when the pod itself changes.
    pods = ["annotate", "pods", "--selector", "app.kubernetes.io/name=prometheus", "--overwrite"]
    _try([*kubectl_argv(target), "--namespace", NAMESPACE, *pods, f"slipway/reloaded={time.time():.0f}"])
    _try([*kubectl_argv(target), "create", "--raw", f"{_PROMETHEUS_API}/-/reload", "--filename", "-"])


def _helm(target: Target, words: Sequence[str], more: Sequence[str], stdin: str = "") -> None:
    # Helm would go on alone after we were killed.
    argv = ["setpriv", "--pdeathsig", "TERM", *helm_argv(target), *words, "--namespace", NAMESPACE, *more]
    _run(argv, f"{words[0]} it with Helm", stdin)


def _run(argv: Sequence[str], purpose: str, stdin: str = "") -> None:
    done = _try(argv, stdin)
    if done.returncode:
        raise _failure(purpose, done)


def _try(argv: Sequence[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)


def _failure(purpose: str, done: subprocess.CompletedProcess[str]) -> MonitoringFailed:
    last = "\n  ".join(done.stderr.strip().splitlines()[-10:])
    return MonitoringFailed(f"Monitoring: cannot {purpose} (exit code {done.returncode}).\n  {last}")
