"""Prometheus and Alertmanager in the namespace `monitoring`, installed by Helm from our own chart.

Each service of each stage is one scrape job with one static target, its Service (evaluation.md 12): discovery of pods
would give several series where a query expects one.
"""

import json
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipway_cluster.images import locked
from slipway_cluster.places import CHECKOUT, state_dir
from slipway_cluster.target import Target, helm_argv, kubectl_argv

NAMESPACE = "monitoring"
PROMETHEUS_URL = "http://127.0.0.1:30090"
ALERTMANAGER_URL = "http://127.0.0.1:30093"
_RELEASE = "monitoring"
_CHART = CHECKOUT / "include" / "monitoring" / "chart"
_PROMETHEUS_API = f"/api/v1/namespaces/{NAMESPACE}/services/http:prometheus:9090/proxy"


class MonitoringFailed(RuntimeError):
    """Prometheus or Alertmanager could not be installed, or does not take its configuration."""


@dataclass(frozen=True, order=True)
class ScrapeTarget:
    """A service of a stage, as Prometheus sees it.

    :param service: name of the service, which is its release and its Service too
    :param project: name of the project
    :param stage: name of the stage
    """

    service: str
    project: str
    stage: str

    @property
    def job(self) -> str:
        """Name of the scrape job, which queries ask for."""
        return f"{self.service}-{self.project}-{self.stage}"

    @property
    def address(self) -> str:
        """Address of the Service, seen from Prometheus."""
        return f"{self.service}.{self.project}-{self.stage}:80"


def install(
    target: Target,
    scrape_targets: Sequence[ScrapeTarget],
    *,
    owner: str = "",
    keep: Iterable[ScrapeTarget] = (),
    timeout: float = 180.0,
) -> None:
    """Install or update monitoring so that it scrapes these services too; what it scrapes for others stays.

    :param target: the cluster
    :param scrape_targets: services to add; they need not be deployed yet
    :param owner: who adds them, such as the name of an Airflow; what it added before and wants no more is removed
    :param keep: services of this owner that stay if they are there
    :param timeout: seconds for the pods, and again until Prometheus knows these targets
    :raises MonitoringFailed: when Helm fails or the time is over
    """
    with locked(state_dir() / "monitoring.lock"):
        _mend(target)
        before = _values(target)
        values = with_scrape_targets(before, scrape_targets, owner, keep)
        _helm(
            target,
            ["upgrade", "--install", _RELEASE, str(_CHART), "--create-namespace", "--reset-values", "--values", "-"],
            ["--wait", "--timeout", f"{int(timeout)}s"],
            stdin=json.dumps(values),
        )
        # It reads its configuration again only when told: without this wait it would go on with the old one.
        _wait_for_jobs(target, {wanted.job for wanted in scrape_targets}, _jobs(before) - _jobs(values), timeout)


def uninstall(target: Target) -> None:
    """Remove monitoring with all it measured, and its namespace. Fine when there is none."""
    _helm(target, ["uninstall", _RELEASE, "--ignore-not-found"], ["--wait"])
    _run([*kubectl_argv(target), "delete", "namespace", NAMESPACE, "--ignore-not-found"], "delete its namespace")


def with_scrape_targets(
    values: Mapping[str, Any], targets: Iterable[ScrapeTarget], owner: str = "", keep: Iterable[ScrapeTarget] = ()
) -> dict[str, Any]:
    """Return the chart's values with one scrape job more for each new target; jobs that exist keep their place.

    Jobs of `owner` that are neither among the targets nor to be kept are left out.
    """
    targets = list(targets)
    wanted = {target.job for target in [*targets, *keep]}
    jobs = {
        job["name"]: job
        for job in values.get("scrapeJobs") or []
        if not owner or job.get("owner") != owner or job["name"] in wanted
    }
    for target in targets:
        jobs[target.job] = {
            "name": target.job,
            "target": target.address,
            "project": target.project,
            "owner": owner or jobs.get(target.job, {}).get("owner", ""),
        }
    return {**values, "scrapeJobs": list(jobs.values())}


def _jobs(values: Mapping[str, Any]) -> set[str]:
    return {job["name"] for job in values.get("scrapeJobs") or []}


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


def _wait_for_jobs(target: Target, wanted: set[str], unwanted: set[str], timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        known = _known_jobs(target)
        if known is not None and wanted <= known and not unwanted & known:
            return
        if time.monotonic() > deadline:
            raise MonitoringFailed(
                f"After {timeout:.0f} s, Prometheus scrapes {', '.join(sorted(known or ())) or 'nothing'} and not what "
                f"it was told to. Its log says why: kubectl --namespace {NAMESPACE} logs deployment/prometheus"
            )
        _reload(target)
        time.sleep(1)


def _known_jobs(target: Target) -> set[str] | None:
    """Return the names of the scrape jobs that run, or None while Prometheus does not answer."""
    done = _try([*kubectl_argv(target), "get", "--raw", f"{_PROMETHEUS_API}/api/v1/targets?state=active"])
    if done.returncode:
        return None
    return {known["labels"]["job"] for known in json.loads(done.stdout)["data"]["activeTargets"]}


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
