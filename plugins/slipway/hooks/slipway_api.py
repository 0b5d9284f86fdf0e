"""``SlipwayApi``: what a task must ask of Airflow's own REST API, through the connection ``slipway_api``."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from slipway.hooks.faults import NoConnection

CONNECTION = "slipway_api"
TIMEOUT = 10.0  # seconds for one request: a task asks, and does without when there is no answer


class ApiUnavailable(Exception):
    """Airflow's REST API did not answer, or refused; the text names the address."""


class SlipwayApi(BaseHook):
    """Ask Airflow's REST API as the user of a connection: ``host`` (or a whole URL there), ``login``, ``password``.

    :param conn_id: the connection; it needs no more than to read DAG runs and their tasks.
    :param transport: stands in for the network in tests.
    """

    def __init__(self, conn_id: str = CONNECTION, *, transport: Any = None) -> None:
        super().__init__()
        self.conn_id = conn_id
        self.transport = transport

    @cached_property
    def connection(self) -> Any:
        """The connection.

        :raises NoConnection: when there is none.
        """
        try:
            return self.get_connection(self.conn_id)
        except AirflowNotFoundException as error:
            raise NoConnection(f"There is no connection '{self.conn_id}' to Airflow's own API.") from error

    @property
    def address(self) -> str:
        """Where the API is, such as ``http://airflow-apiserver:8080``."""
        host = str(self.connection.host or "")
        if "://" not in host:
            port = f":{self.connection.port}" if self.connection.port else ""
            host = f"{self.connection.schema or 'http'}://{host}{port}"
        return host.rstrip("/")

    def human_input(self, ti: Any) -> dict[str, Any]:
        """Return what people were asked by a task, and what they said (``hitlDetails``); empty when nothing was asked.

        :param ti: the task instance.
        :raises NoConnection: when the connection is missing.
        :raises ApiUnavailable: when there is no usable answer.
        """
        dag_id, run_id, task_id = (quote(part, safe="") for part in (ti.dag_id, ti.run_id, ti.task_id))
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/{ti.map_index}/hitlDetails"
        return self._get(path)

    def _get(self, path: str) -> dict[str, Any]:
        import httpx  # late: every task start parses this file

        try:
            # Airflow is asked directly: a proxy of the environment is for the world outside.
            with httpx.Client(
                base_url=self.address, timeout=TIMEOUT, transport=self.transport, trust_env=False
            ) as client:
                login = {"username": self.connection.login, "password": self.connection.password}
                given = client.post("/auth/token", json=login).raise_for_status().json()
                answer = client.get(path, headers={"Authorization": f"Bearer {given['access_token']}"})
                if answer.status_code == httpx.codes.NOT_FOUND:
                    return {}
                return dict(answer.raise_for_status().json())
        except httpx.HTTPStatusError as error:
            raise ApiUnavailable(
                f"{error.request.url} answered {error.response.status_code} to the user of '{self.conn_id}'."
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
            raise ApiUnavailable(f"{self.address} gave no usable answer: {error or type(error).__name__}") from error
