"""More visitors than a service is made for: a Locust Job in the cluster, beside what Airflow does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slipway.hooks.load_job import LoadJob

LONGEST = 300.0  # seconds; the script's own settings end it before


@contextmanager
def rush(folder: Path, namespace: str, service: str) -> Iterator[None]:
    """Make load on a service, as `rush.py` and `rush.conf` in `folder` say; what still runs at the end is deleted.

    :param namespace: the service's; the load is made there too.
    :raises NoCluster: when the cluster refuses it.
    """
    from slipway_cluster.kubectl import apply, kubectl
    from slipway_cluster.sample_images import locust_name
    from slipway_cluster.target import current_target

    job = LoadJob(
        name=f"rush-{service}",
        namespace=namespace,
        service=service,
        image=locust_name(),
        host=f"http://{service}.{namespace}",
        script=folder / "rush.py",
        conf=folder / "rush.conf",
        longest_run=LONGEST,
    )
    target, place = current_target(), f"--namespace={namespace}"
    gone = ("delete", "job,configmap", job.name, place, "--ignore-not-found", "--cascade=foreground")
    kubectl(target, *gone)  # of a demo that was broken off
    named = {"name": job.name, "namespace": namespace}
    manifest = job.manifest()
    apply(
        target,
        [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": named, **job.files()},
            {"apiVersion": "batch/v1", "kind": "Job", **manifest, "metadata": manifest["metadata"] | named},
        ],
    )
    try:
        yield
    finally:
        kubectl(target, *gone)
