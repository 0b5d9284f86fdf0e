"""What runs in a stage now, in one line, for the person who decides what shall run there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from slipway_core.keptn import names

from slipway.hooks.faults import HelmFailed, NoAccess, NoConnection

if TYPE_CHECKING:
    from slipway.hooks.helm import HelmHook

PATIENCE = 10.0  # seconds for each question: a person is asked all the same when the cluster does not answer
NOTHING = "nothing yet"


def running_now(payload: Mapping[str, Any], kubernetes_conn_id: str = "", hook: HelmHook | None = None) -> str:
    """Return image and revision of the service's release in its stage; or why that cannot be known.

    :param payload: names project, stage and service.
    :param kubernetes_conn_id: Airflow connection to the stage's cluster; the stage's own when nothing is said.
    :param hook: another Helm to ask.
    """
    from slipway.hooks.release import Release

    project, stage, service = (str(payload[name]) for name in ("project", "stage", "service"))
    try:
        helm = hook or _helm(kubernetes_conn_id or names.connection_id(project, stage))
        release = Release.find(helm, project, stage, service)
        revisions = helm.history(release.name, namespace=release.namespace)
        if not revisions:
            return NOTHING
        image = Release.image(helm.manifest(release.name, namespace=release.namespace))
    except (HelmFailed, NoAccess, NoConnection) as error:
        return f"not known: {str(error).splitlines()[0]}"
    newest = revisions[-1]
    return f"{image or 'an unknown image'}, revision {newest['revision']} ({newest['status']})"


def _helm(conn_id: str) -> HelmHook:
    from slipway.hooks.cluster import ClusterHook
    from slipway.hooks.helm import HelmHook

    return HelmHook(cluster=ClusterHook(kubernetes_conn_id=conn_id), patience=PATIENCE)
