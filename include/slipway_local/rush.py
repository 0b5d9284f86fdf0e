"""Visitors of a service, as many as one likes: a Locust Job in the cluster, beside what Airflow does."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slipway.hooks.load_job import LoadJob

GRACE = 60.0  # seconds in which a load that is over must have ended; then the cluster ends it


@contextmanager
def rush(folder: Path, namespace: str, service: str, visitors: int, seconds: int) -> Iterator[None]:
    """Make load on a service with `rush.py` of `folder`; what still runs at the end is deleted.

    :param namespace: the service's; the load is made there too.
    :param visitors: how many there are.
    :param seconds: for so long at most.
    :raises NoCluster: when the cluster refuses it.
    """
    from slipway_cluster.kubectl import apply, kubectl
    from slipway_cluster.target import current_target

    with tempfile.TemporaryDirectory(prefix="slipway-rush-") as scratch:
        # Apart from the files beside it: Locust reads a locust.conf there whether it is named or not.
        script, conf = shutil.copy(folder / "rush.py", scratch), Path(scratch, "rush.conf")
        conf.write_text(f"users = {visitors}\nspawn-rate = {visitors}\nrun-time = {seconds}s\nstop-timeout = 2\n")
        job = _job(Path(script), conf, namespace, service, seconds)
        files = job.files()
    target, place = current_target(), f"--namespace={namespace}"
    gone = ("delete", "job,configmap", job.name, place, "--ignore-not-found", "--cascade=foreground")
    kubectl(target, *gone)  # of a demo that was broken off
    named = {"name": job.name, "namespace": namespace}
    manifest = job.manifest()
    apply(
        target,
        [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": named, **files},
            {"apiVersion": "batch/v1", "kind": "Job", **manifest, "metadata": manifest["metadata"] | named},
        ],
    )
    try:
        yield
    finally:
        kubectl(target, *gone)


def _job(script: Path, conf: Path, namespace: str, service: str, seconds: int) -> LoadJob:
    from slipway_cluster.sample_images import locust_name

    return LoadJob(
        name=f"rush-{service}",
        namespace=namespace,
        service=service,
        image=locust_name(),
        host=f"http://{service}.{namespace}",
        script=script,
        conf=conf,
        longest_run=seconds + GRACE,
    )
