"""``LocustOperator``: makes load on a service with Locust, in the cluster of its stage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipway_core.keptn import names
from slipway_core.keptn.problems import InvalidFile
from slipway_core.keptn.project_files import ProjectFiles
from slipway_core.keptn.workload import NoWorkload, Workload, choose_workload

from slipway import reports
from slipway.hooks.faults import LoadFailed
from slipway.hooks.load_job import LoadJob
from slipway.hooks.load_results import LoadResults
from slipway.links import LoadReportLink, LoadStatisticsLink
from slipway.operators.helm import outcomes
from slipway.operators.task import TaskFailed, TaskOperator, TaskReport

if TYPE_CHECKING:
    from slipway.hooks.locust import LocustHook

IMAGE = "ghcr.io/slipway/locust:2.47.0"


class LocustOperator(TaskOperator):
    """Run a service's Locust script as a Job beside the service, and judge by its own statistics.

    The script and its settings are the service's ``locust/locustfile.py`` and ``locust/locust.conf``, or what
    ``locust/locust.conf.yaml`` names for the payload's test strategy. The target is the deployment's URI.

    :param files: folder of the project.
    :param kubernetes_conn_id: Airflow connection to the stage's cluster (templated);
        ``kubernetes_<project>_<stage>`` when nothing is said.
    :param image: image with Locust and Slipway's runner.
    :param accepted_failure_ratio: share of requests, 0 to 1, that may fail; the workload's own when None.
    :param longest_run: seconds after which the Job is ended, whatever its settings say.
    """

    template_fields: Sequence[str] = (*TaskOperator.template_fields, "kubernetes_conn_id", "image")
    operator_extra_links = (LoadReportLink(), LoadStatisticsLink())

    def __init__(
        self,
        *,
        files: Path | str | None = None,
        kubernetes_conn_id: str = "",
        image: str = IMAGE,
        accepted_failure_ratio: float | None = None,
        longest_run: float = 3600.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.files = files
        self.kubernetes_conn_id = kubernetes_conn_id
        self.image = image
        self.accepted_failure_ratio = accepted_failure_ratio
        self.longest_run = longest_run
        self._job: LoadJob | None = None

    @cached_property
    def hook(self) -> LocustHook:
        """Locust, on the cluster of the stage."""
        from slipway.hooks.cluster import ClusterHook  # late: every task start parses this file
        from slipway.hooks.locust import LocustHook

        return LocustHook(cluster=ClusterHook(kubernetes_conn_id=self.kubernetes_conn_id))

    def perform(self, payload: dict[str, Any], context: Any) -> TaskReport:
        """Make the load; report times, requests, failures and percentiles."""
        workload = self._workload(payload)
        name = self._block_name
        if isinstance(workload, NoWorkload):
            return TaskReport(message=workload.why, data={name: {}})
        if not self.kubernetes_conn_id:
            self.kubernetes_conn_id = names.connection_id(payload["project"], payload["stage"])
        self._job = job = self._plan_job(payload, workload, context)
        try:
            self.hook.submit(job)
            self.hook.follow(job, self.log.info)
            results = self.hook.results(job)
        except LoadFailed as error:
            self.hook.delete(job)
            raise TaskFailed(str(error)) from error
        except Exception:
            # An earlier try leaves its Job to the next one; after the last one nobody would stop the load.
            if context["ti"].try_number > context["ti"].max_tries:
                with suppress(Exception):
                    self.hook.delete(job)
            raise
        self._keep_report(results, context)
        self.hook.delete(job)
        return self._judge(results, workload)

    def on_kill(self) -> None:
        """Stop the load."""
        super().on_kill()
        if self._job:
            self.hook.delete(self._job)

    @property
    def _block_name(self) -> str:
        return self.seat.name if self.seat else "test"

    def _workload(self, payload: Mapping[str, Any]) -> Workload | NoWorkload:
        files = ProjectFiles(Path(str(self.files)), payload["stage"], payload["service"])
        strategy = (payload.get("test") or {}).get("teststrategy") or ""
        try:
            return choose_workload(files, str(strategy))
        except InvalidFile as error:
            raise TaskFailed(str(error)) from error

    def _plan_job(self, payload: Mapping[str, Any], workload: Workload, context: Any) -> LoadJob:
        ti, run = context["ti"], context["dag_run"]
        # The same try of the same run finds its Job again after a fault; a cleared task makes load anew.
        seed = f"{ti.dag_id}/{ti.run_id}/{ti.task_id}/{getattr(run, 'clear_number', 0)}"
        return LoadJob(
            name=f"load-{hashlib.sha256(seed.encode()).hexdigest()[:16]}",
            namespace=names.namespace(payload["project"], payload["stage"]),
            service=payload["service"],
            image=self.image,
            host=_told_address(payload) or self._deployed_address(payload),
            script=workload.script,
            conf=workload.conf,
            longest_run=self.longest_run,
        )

    def _deployed_address(self, payload: Mapping[str, Any]) -> str:
        """Return the address of what runs in the stage: it is loaded by a sequence without a deployment."""
        from slipway.hooks.helm import HelmHook
        from slipway.hooks.release import Release

        helm = HelmHook(cluster=self.hook.cluster)
        with outcomes():
            release = Release.find(helm, payload["project"], payload["stage"], payload["service"])
            there = helm.history(release.name, namespace=release.namespace)
            objects = helm.manifest(release.name, namespace=release.namespace) if there else []
        for uri in (*release.public_uris(objects), *release.local_uris(objects, payload["service"])):
            self.log.info("Nobody named an address: the load goes to release %s, %s", release.name, uri)
            return uri
        raise TaskFailed(
            "The payload names no deployment.deploymentURIsPublic or deploymentURIsLocal, and there is no release "
            f"'{release.name}' with a Service in {release.namespace}: there is nothing to load. Put a task "
            "'deployment' before this one, or give the address with the run."
        )

    def _keep_report(self, results: LoadResults, context: Any) -> None:
        ti = context["ti"]
        stats = json.dumps(results.stats, indent=1).encode()
        address = reports.store(ti.dag_id, ti.run_id, ti.task_id, "load.json", stats)
        ti.xcom_push(key="load_statistics", value=address)
        if results.html:
            address = reports.store(ti.dag_id, ti.run_id, ti.task_id, "load.html", results.html)
            ti.xcom_push(key="load_report", value=address)
            self.log.info("Locust's report: %s", address)

    def _judge(self, results: LoadResults, workload: Workload) -> TaskReport:
        accepted = workload.accepted_failure_ratio
        if self.accepted_failure_ratio is not None:
            accepted = self.accepted_failure_ratio
        stats = results.stats
        requests, failures = int(stats["requests"]), int(stats["failures"])
        block = {key: value for key, value in stats.items() if key != "endpoints"}
        data = {self._block_name: block}
        if not requests:
            return TaskReport("fail", "Locust made no request at all; is the target right?", data)
        figures = f"{failures} of {requests} requests failed"
        if failures / requests > accepted:
            figures = f"{figures}, {failures / requests:.2%}; accepted are {accepted:.2%}"
            return TaskReport("fail", f"{figures}.\n{results.table()}", data)
        if why := _spoiled(stats):
            return TaskReport("fail", f"{why}; {figures}.\n{results.table()}", data)
        return TaskReport("pass", f"{figures}.\n{results.table()}", data)


def _spoiled(stats: Mapping[str, Any]) -> str:
    """Return why a load must not pass although its requests went well; "" when nothing speaks against it."""
    if stats.get("stopped"):
        return "The load was ended before its time"
    if exceptions := stats.get("exceptions"):
        first = exceptions[0]
        return f"The script itself raised errors, such as {first['message']} ({first['occurrences']} times)"
    # Locust's exit code also speaks of failed requests (accepted here); without those, the script has set it.
    if stats.get("exit_code") and not stats["failures"]:
        return f"The script ended with exit code {stats['exit_code']}"
    return ""


def _told_address(payload: Mapping[str, Any]) -> str:
    """Return the address that an earlier task, or the sender of the event, has named."""
    deployment = payload.get("deployment") or {}
    own = names.namespace(payload["project"], payload["stage"])
    if deployment.get("uri") and deployment.get("namespace") == own:
        return str(deployment["uri"])
    uris = [uri for key in ("deploymentURIsPublic", "deploymentURIsLocal") for uri in deployment.get(key) or []]
    return str(next(iter(uris), ""))
