"""``SlipwayApi``: what a task must ask of Airflow's own REST API, through the connection ``slipway_api``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from slipway.hooks.faults import NoConnection

CONNECTION = "slipway_api"
TIMEOUT = 10.0  # seconds for one request: a task asks, and does without when there is no answer
FORBIDDEN, NOT_FOUND, CONFLICT = 403, 404, 409


class ApiUnavailable(Exception):
    """Airflow's REST API did not answer, or refused; the text names the address."""


class SlipwayApi(BaseHook):
    """Ask Airflow's REST API as the user of a connection: ``host`` (or a whole URL there), ``login``, ``password``.

    The user must be allowed to read task instances, what people were asked, and the audit log; to clear tasks, where a
    run that has ended is taken up again; and to answer, where approvals supersede older ones.

    :param conn_id: the connection.
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
            raise NoConnection(
                f"There is no connection '{self.conn_id}' to Airflow's own API. Make one of type HTTP under Admin, "
                "Connections: host, login and password of a user that may read task instances and the audit log."
            ) from error

    @property
    def address(self) -> str:
        """Where the API is, such as ``http://airflow-apiserver:8080``."""
        host = str(self.connection.host or "")
        if "://" not in host:
            port = f":{self.connection.port}" if self.connection.port else ""
            host = f"{self.connection.schema or 'http'}://{host}{port}"
        return host.rstrip("/")

    @property
    def user(self) -> dict[str, str]:
        """Its user as Airflow's ``assigned_users`` wants it; where its id is not its name, extra ``user_id`` says."""
        name = str(self.connection.login or "")
        return {"id": str(self.connection.extra_dejson.get("user_id") or name), "name": name}

    def human_input(self, ti: Any) -> dict[str, Any]:
        """Return what people were asked by a task, and what they said (``hitlDetails``); empty when nothing was asked.

        :param ti: the task instance.
        :raises NoConnection: when the connection is missing.
        :raises ApiUnavailable: when there is no usable answer.
        """
        with self._client() as client:
            answer = client.get(f"{_task_path(ti.dag_id, ti.run_id, ti.task_id)}/{ti.map_index}/hitlDetails")
            return {} if answer.status_code == NOT_FOUND else dict(answer.raise_for_status().json())

    def answer(self, dag_id: str, run_id: str, task_id: str, option: str, comment: str) -> bool:
        """Answer what a task asked; return False when it got an answer before, or asks no more.

        :raises NoConnection: when the connection is missing.
        :raises ApiUnavailable: when there is no usable answer, or the task is only about to ask.
        """
        path = _task_path(dag_id, run_id, task_id)
        with self._client() as client:
            body = {"chosen_options": [option], "params_input": {"comment": comment}}
            answer = client.patch(f"{path}/-1/hitlDetails", json=body)
            if answer.status_code == NOT_FOUND:
                task = client.get(path)
                if task.status_code != NOT_FOUND and task.raise_for_status().json()["state"] == "running":
                    raise ApiUnavailable(f"Task '{task_id}' of {dag_id}, {run_id} cannot be answered yet.")
                return False
            if answer.status_code == CONFLICT:
                return False
            if answer.status_code == FORBIDDEN:  # it was asked when others were to answer
                self.log.warning("%s, %s: '%s' may only be answered by its approvers.", dag_id, run_id, task_id)
                return False
            answer.raise_for_status()
            return True

    def run_again(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Clear a task of a run, and all behind it.

        :raises NoConnection: when the connection is missing.
        :raises ApiUnavailable: when there is no usable answer.
        """
        wanted = {"dag_run_id": run_id, "task_ids": [task_id], "include_downstream": True, "only_failed": False}
        path = f"/api/v2/dags/{quote(dag_id, safe='')}/clearTaskInstances"
        with self._client() as client:
            client.post(path, json={**wanted, "dry_run": False, "reset_dag_runs": False}).raise_for_status()

    def audit_log(self, dag_id: str, events: Sequence[str], limit: int = 100) -> list[dict[str, Any]]:
        """Return what people did to a DAG, the newest first, as Airflow's ``eventLogs`` gives it.

        :param events: the kinds of events that are wanted.
        :raises NoConnection: when the connection is missing.
        :raises ApiUnavailable: when there is no usable answer.
        """
        wanted = {"dag_id": dag_id, "included_events": list(events), "order_by": "-event_log_id", "limit": limit}
        with self._client() as client:
            return list(client.get("/api/v2/eventLogs", params=wanted).raise_for_status().json()["event_logs"])

    @contextmanager
    def _client(self) -> Iterator[Any]:
        """Give a client that is logged in, and name the address in what goes wrong."""
        import httpx  # late: every task start parses this file

        try:
            # Airflow is asked directly: a proxy of the environment is for the world outside.
            with httpx.Client(
                base_url=self.address, timeout=TIMEOUT, transport=self.transport, trust_env=False
            ) as client:
                login = {"username": self.connection.login, "password": self.connection.password}
                given = client.post("/auth/token", json=login).raise_for_status().json()
                client.headers["Authorization"] = f"Bearer {given['access_token']}"
                yield client
        except httpx.HTTPStatusError as error:
            raise ApiUnavailable(
                f"{error.request.url} answered {error.response.status_code} to the user of '{self.conn_id}'."
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
            raise ApiUnavailable(f"{self.address} gave no usable answer: {error or type(error).__name__}") from error


def _task_path(dag_id: str, run_id: str, task_id: str) -> str:
    dag_id, run_id, task_id = (quote(part, safe="") for part in (dag_id, run_id, task_id))
    return f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
