"""More visitors than a service is made for: a Locust Job in the cluster, beside what Airflow does."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slipway.hooks.load_job import LoadJob

LONGEST = 300.0  # seconds; the script's own settings end it before


@contextmanager
def rush(folder: Path, namespace: str, service: str, visitors: int) -> Iterator[None]:
    """Make load on a service with `rush.py` and `rush.conf` of `folder`; what still runs at the end is deleted.

    :param namespace: the service's; the load is made there too.
    :param visitors: how many there are; the settings' own number is for people who start it by hand.
    :raises NoCluster: when the cluster refuses it.
    """
    from slipway_cluster.kubectl import apply, kubectl
    from slipway_cluster.target import current_target

    with tempfile.TemporaryDirectory(prefix="slipway-rush-") as scratch:
        job = _job(folder, Path(scratch), namespace, service, visitors)
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


def _job(folder: Path, scratch: Path, namespace: str, service: str, visitors: int) -> LoadJob:
    from slipway_cluster.sample_images import locust_name

    script, conf = scratch / "rush.py", scratch / "rush.conf"
    shutil.copy(folder / script.name, script)
    # Of two settings of one name, Locust takes the last.
    conf.write_text(f"{(folder / conf.name).read_text()}users = {visitors}\nspawn-rate = {visitors}\n")
    return LoadJob(
        name=f"rush-{service}",
        namespace=namespace,
        service=service,
        image=locust_name(),
        host=f"http://{service}.{namespace}",
        script=script,
        conf=conf,
        longest_run=LONGEST,
    )
