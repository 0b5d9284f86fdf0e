"""Locust as a Job in the cluster: scripts go in as a ConfigMap, progress and results come out of the pod's log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import urllib3.exceptions
from airflow.sdk import BaseHook
from kubernetes.client.exceptions import ApiException

from slipway.hooks import pods
from slipway.hooks.cluster import ClusterHook
from slipway.hooks.faults import LoadFailed
from slipway.hooks.load_job import LoadJob
from slipway.hooks.load_results import LoadResults, ResultsReader

POLL = 2.0
CONNECT, SILENCE = 10.0, 60.0  # seconds
HOPELESS_AFTER = 45.0
BACKGROUND = "Background"


@dataclass
class LocustHook(BaseHook):
    """Make load in the cluster of a Kubernetes connection.

    :param cluster: where the Job runs.
    """

    cluster: ClusterHook
    _readers: dict[str, ResultsReader] = field(default_factory=dict)
    _uids: dict[str, str] = field(default_factory=dict)

    def submit(self, job: LoadJob) -> None:
        """Start the Job; one of the same name that runs or has ended well is taken up again.

        :raises LoadFailed: when its scripts cannot be used.
        """
        files = job.files()
        batch, core = self.cluster.batch_v1_client, self.cluster.core_v1_client
        found = self.cluster.request(batch.read_namespaced_job, job.name, job.namespace)
        if found is not None and found.status.failed:
            self.delete(job, wait=True)
            found = None
        if found is not None:
            self.log.info("Going on with Job %s, which an earlier try has started", job.name)
        else:
            found = batch.create_namespaced_job(job.namespace, job.manifest())
        self._uids[job.name] = found.metadata.uid
        # Also for a Job that was found: the try that made it may have ended before it gave it its scripts.
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": job.name, "uid": found.metadata.uid}
        config_map = {"metadata": {"name": job.name, "ownerReferences": [owner]}, **files}
        try:
            core.create_namespaced_config_map(job.namespace, config_map)
        except ApiException as error:
            if error.status != 409:
                raise
            core.replace_namespaced_config_map(job.name, job.namespace, config_map)
        self.log.info("Job %s in %s sends load to %s", job.name, job.namespace, job.host)

    def follow(self, job: LoadJob, tell: Callable[[str, str], None]) -> None:
        """Pass on what Locust prints until the Job has ended.

        :param tell: gets a format and a line, as a logger's ``info`` does.
        :raises LoadFailed: when its pod cannot start, or is gone.
        """
        reader = self._readers[job.name] = ResultsReader()
        pod = self._wait_for_start(job)
        for line in self._lines(pod, job):
            if (shown := reader.take(line)) is not None:
                tell("%s", shown)

    def results(self, job: LoadJob) -> LoadResults:
        """Return what a Job that has ended has measured.

        :raises LoadFailed: when it has not come to results.
        """
        reader = self._readers[job.name]
        if not reader.complete:
            told = pods.describe(self.cluster, job.namespace, self._selector(job)) or "\n".join(reader.last_lines)
            raise LoadFailed(f"Locust ended without results.\n{told}")
        return reader.results()

    def delete(self, job: LoadJob, *, wait: bool = False) -> None:
        """Delete the Job with its pod and its scripts; one that is gone is fine."""
        batch = self.cluster.batch_v1_client
        self.cluster.request(batch.delete_namespaced_job, job.name, job.namespace, propagation_policy=BACKGROUND)
        while wait and self.cluster.request(batch.read_namespaced_job, job.name, job.namespace):
            time.sleep(POLL)

    def _wait_for_start(self, job: LoadJob) -> str:
        told, hopeless_since = "", time.monotonic()
        while True:
            found = self._pod(job)
            if found is not None and found.status.phase != "Pending":
                return str(found.metadata.name)
            waiting = pods.not_ready(self.cluster, job.namespace, self._selector(job))
            why = next(iter(waiting.values()), "no pod yet")
            if why != told:
                self.log.info("Waiting for Locust's pod: %s", why)
                told = why
            if not pods.is_hopeless(why):
                hopeless_since = time.monotonic()
            elif time.monotonic() - hopeless_since > HOPELESS_AFTER:
                raise LoadFailed(f"Locust's pod cannot start: {why}")
            self._check_job(job)
            time.sleep(POLL)

    def _pod(self, job: LoadJob) -> Any:
        core = self.cluster.core_v1_client
        found = core.list_namespaced_pod(job.namespace, label_selector=self._selector(job)).items
        return found[0] if found else None

    def _selector(self, job: LoadJob) -> str:
        """Return the labels of the Job's own pod: one of a deleted Job of the same name may still be ending."""
        return f"batch.kubernetes.io/controller-uid={self._uids[job.name]}"

    def _check_job(self, job: LoadJob) -> None:
        found = self.cluster.request(self.cluster.batch_v1_client.read_namespaced_job, job.name, job.namespace)
        if found is None:
            raise LoadFailed(f"Job {job.name} in {job.namespace} is gone: somebody deleted it.")
        for condition in found.status.conditions or []:
            if condition.type == "Failed" and condition.status == "True":
                raise LoadFailed(f"Job {job.name} failed: {condition.reason}: {condition.message}")

    def _lines(self, pod: str, job: LoadJob) -> Iterator[str]:
        """Yield the log's lines until the pod has ended; a broken stream is taken up where it broke."""
        seen = 0
        while True:
            # Asked before reading: the last reading must be one of a log that is whole.
            found = self._pod(job)
            if found is None:
                raise LoadFailed(f"Locust's pod {pod} in {job.namespace} is gone before its end.")
            try:
                for number, line in enumerate(self._stream(pod, job.namespace)):
                    if number >= seen:
                        seen += 1
                        yield line
            except urllib3.exceptions.HTTPError as error:
                self.log.info("The log stream broke (%s); taking it up again", error)
            else:
                if found.status.phase in ("Succeeded", "Failed"):
                    return
            time.sleep(POLL)

    def _stream(self, pod: str, namespace: str) -> Iterator[str]:
        core = self.cluster.core_v1_client
        # Locust prints every few seconds: a longer silence is a connection that died.
        response = core.read_namespaced_pod_log(
            pod, namespace, follow=True, _preload_content=False, _request_timeout=(CONNECT, SILENCE)
        )
        try:
            rest = b""
            for piece in response.stream(amt=65536):
                *lines, rest = (rest + piece).split(b"\n")
                yield from (line.decode("utf-8", "replace") for line in lines)
            if rest:
                yield rest.decode("utf-8", "replace")
        finally:
            response.release_conn()
