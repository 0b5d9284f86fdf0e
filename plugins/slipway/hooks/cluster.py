"""The cluster of a stage, behind Airflow's Kubernetes connection."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook
from airflow.sdk.exceptions import AirflowNotFoundException
from kubernetes.client import V1Namespace, V1ObjectMeta
from kubernetes.client.exceptions import ApiException

from slipway.hooks.faults import NoAccess, NoConnection


class ClusterHook(KubernetesHook):
    """Talk to the cluster of a stage, as the account of its connection.

    :param kubernetes_conn_id: connection of type ``kubernetes``: with a kubeconfig as text (``kube_config``),
        as a path (``kube_config_path``), or ``in_cluster``.
    """

    @contextmanager
    def kubeconfig(self) -> Iterator[list[str]]:
        """Give the flags that let Helm use this connection, as long as the block lasts."""
        if self._get_field("in_cluster"):
            yield []
            return
        context = self._get_field("cluster_context")
        chosen = ["--kube-context", context] if context else []
        # A file of the user's own stays where it is: it may name certificates beside it.
        if own_file := self._get_field("kube_config_path"):
            yield ["--kubeconfig", own_file, *chosen]
            return
        with TemporaryDirectory(prefix="slipway-") as folder:
            path = Path(folder) / "kubeconfig"
            path.touch(mode=0o600)
            path.write_text(self._kubeconfig_text())
            yield ["--kubeconfig", str(path), *chosen]

    def _kubeconfig_text(self) -> str:
        config = self._get_field("kube_config")
        if not config:
            raise NoAccess(
                f"Connection '{self.conn_id}' has no kubeconfig. Put it into the connection's extra field "
                "'kube_config', or a path into 'kube_config_path'."
            )
        return config if isinstance(config, str) else json.dumps(config)

    @classmethod
    def get_connection(cls, conn_id: str) -> Any:
        """Return the connection; one that is missing may still be on its way from the publisher.

        :raises NoConnection: when there is none.
        """
        try:
            return super().get_connection(conn_id)
        except AirflowNotFoundException as error:
            raise NoConnection(
                f"There is no Airflow connection '{conn_id}' to the cluster of this stage. The publisher makes it; on "
                "a cluster of your own make it from what `./slipway cluster grant PROJECT STAGE` prints."
            ) from error

    @cached_property
    def address(self) -> str:
        """The address of the cluster's API, for messages."""
        return str(self.api_client.configuration.host)

    def ensure_namespace(self, namespace: str, pull_secrets: Sequence[str] = ()) -> None:
        """Make the namespace if it is missing, and let its pods pull with the named secrets.

        :raises NoAccess: when it is missing and the account may not make it.
        """
        core = self.core_v1_client
        try:
            core.read_namespace(namespace)
        except ApiException as error:
            if error.status not in (403, 404):
                raise
            self._create_namespace(namespace)
        if pull_secrets:
            secrets = [{"name": name} for name in pull_secrets]
            core.patch_namespaced_service_account("default", namespace, {"imagePullSecrets": secrets})

    def _create_namespace(self, namespace: str) -> None:
        try:
            self.core_v1_client.create_namespace(V1Namespace(metadata=V1ObjectMeta(name=namespace)))
        except ApiException as error:
            if error.status == 409:
                return
            if error.status in (401, 403):
                raise NoAccess(
                    f"Namespace '{namespace}' is missing at {self.address}, and the account of connection "
                    f"'{self.conn_id}' may not make it. Run `./slipway cluster grant` for this project and stage, "
                    "or let an administrator make the namespace."
                ) from error
            raise

    def request(self, call: Any, *args: Any, **kwargs: Any) -> Any:
        """Make an API call and turn 404 into None; anything else is raised."""
        try:
            return call(*args, **kwargs)
        except ApiException as error:
            if error.status == 404:
                return None
            raise
