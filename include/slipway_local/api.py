"""A small client of Airflow's public REST API, version 2: what the demo, the publisher and the tests need of it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import httpx

from slipway_local.errors import ApiError, NotReady

Json = dict[str, Any]
_V2 = "/api/v2/"
ENDED = frozenset({"success", "failed"})


class AirflowApi:
    """Asks one Airflow as one user. The token is fetched at the first request, and again when it has expired.

    :param address: e.g. `http://127.0.0.1:8080`, without `/api/v2`.
    :param timeout: seconds for one request.
    :param transport: stands in for the network in tests.
    """

    def __init__(
        self,
        address: str,
        user: str,
        password: str,
        *,
        timeout: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.address = address.rstrip("/")
        self.user = user
        self._password = password
        # No proxy of the environment: it is our own machine that is asked.
        self._client = httpx.Client(base_url=self.address, timeout=timeout, transport=transport, trust_env=False)
        self._token = ""
        self._renewing = threading.Lock()

    def __repr__(self) -> str:
        return f"AirflowApi({self.address!r}, user={self.user!r})"

    def __enter__(self) -> AirflowApi:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    # DAGs and runs

    def dag(self, dag_id: str) -> Json:
        """Return a DAG; ApiError with status 404 when there is none."""
        return self.get(f"dags/{dag_id}")

    def wait_for_dag(self, dag_id: str, timeout: float = 120.0) -> Json:
        """Wait until Airflow knows a DAG; NotReady with the import errors when it does not within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                found = self.dag(dag_id)
            except ApiError as error:
                if error.status != httpx.codes.NOT_FOUND:
                    raise
            else:
                if not found.get("is_stale"):
                    return found
            if time.monotonic() > deadline:
                errors = "".join(f"\n{error['filename']}:\n{error['stack_trace']}" for error in self.import_errors())
                raise NotReady(
                    f"{self.address} has no DAG {dag_id} after {timeout:.0f} s. Import errors: {errors or 'none'}"
                )
            time.sleep(1)

    def trigger(
        self, dag_id: str, conf: Mapping[str, Any], run_id: str | None = None, *, note: str | None = None
    ) -> Json:
        """Start a run; ApiError with status 400 for a conf that its form refuses, 409 for a run id that exists."""
        body: Json = {"conf": dict(conf), "logical_date": None, "note": note}
        return self.post(f"dags/{dag_id}/dagRuns", body | ({"dag_run_id": run_id} if run_id else {}))

    def dag_run(self, dag_id: str, run_id: str) -> Json:
        """Return one run."""
        return self.get(f"dags/{dag_id}/dagRuns/{run_id}")

    def dag_runs(self, dag_id: str = "~", **parameters: Any) -> Iterator[Json]:
        """Yield a DAG's runs, the newest first (`~`: those of all DAGs); parameters as the API names them."""
        return self.pages(f"dags/{dag_id}/dagRuns", "dag_runs", order_by="-id", **parameters)

    def wait_for_run(self, dag_id: str, run_id: str, timeout: float = 600.0) -> Json:
        """Wait until a run ended, well or not, and return it; NotReady when it goes on after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while (run := self.dag_run(dag_id, run_id))["state"] not in ENDED:
            if time.monotonic() > deadline:
                tasks = ", ".join(f"{task['task_id']} {task['state']}" for task in self.task_instances(dag_id, run_id))
                raise NotReady(
                    f"Run {run_id} of {dag_id} is still {run['state']} after {timeout:.0f} s: {tasks}. "
                    f"Look at {self.run_page(dag_id, run_id)}"
                )
            time.sleep(1)
        return run

    def run_page(self, dag_id: str, run_id: str) -> str:
        """Return the address of a run's page in the UI."""
        return f"{self.address}/dags/{dag_id}/runs/{run_id}"

    # Tasks

    def task_instances(self, dag_id: str, run_id: str) -> list[Json]:
        """Return the tasks of a run, in the order in which they started; those that did not start come last."""
        found = self.pages(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances", "task_instances")
        return sorted(found, key=lambda task: (task["start_date"] is None, task["start_date"] or ""))

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        """Return a value that a task stored, or None when it stored none under `key`."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        try:
            value = self.get(path, deserialize=True)["value"]
        except ApiError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            raise
        return value

    def logs(self, dag_id: str, run_id: str, task_id: str, attempt: int = 1) -> str:
        """Return the log of one attempt of a task as text."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{attempt}"
        lines = self.get(path, full_content=True, map_index=-1)["content"]
        return "\n".join(_log_lines(lines))

    # The house around them

    def health(self) -> Json:
        """Return the health of the scheduler, the triggerer, the DAG processor and the database; needs no login."""
        return self._send("GET", "/api/v2/monitor/health", {}, None).json()

    def import_errors(self) -> list[Json]:
        """Return the errors of DAG files: `filename`, `stack_trace`, `timestamp`."""
        return list(self.pages("importErrors", "import_errors"))

    def put_connection(self, connection_id: str, conn_type: str, extra: Mapping[str, Any], **fields: Any) -> None:
        """Store a connection, new or over the one that is there.

        :param fields: host, port, login, password, schema, description.
        """
        body = {"connection_id": connection_id, "conn_type": conn_type, "extra": json.dumps(extra), **fields}
        try:
            self.post("connections", body)
        except ApiError as error:
            if error.status != httpx.codes.CONFLICT:
                raise
            self.patch(f"connections/{connection_id}", body)

    # Requests

    def get(self, path: str, **parameters: Any) -> Json:
        """GET a path below /api/v2."""
        return self.ask("GET", _V2 + path, parameters)

    def post(self, path: str, body: Mapping[str, Any]) -> Json:
        """POST to a path below /api/v2."""
        return self.ask("POST", _V2 + path, body=body)

    def patch(self, path: str, body: Mapping[str, Any], **parameters: Any) -> Json:
        """PATCH a path below /api/v2."""
        return self.ask("PATCH", _V2 + path, parameters, body)

    def delete(self, path: str) -> None:
        """DELETE a path below /api/v2."""
        self.ask("DELETE", _V2 + path)

    def pages(self, path: str, key: str, **parameters: Any) -> Iterator[Json]:
        """Yield what a collection holds under `key`, page by page."""
        offset = 0
        while True:
            page = self.get(path, limit=100, offset=offset, **parameters)
            yield from page[key]
            offset += len(page[key])
            if not page[key] or offset >= page["total_entries"]:
                return

    def ask(
        self, method: str, path: str, parameters: Mapping[str, Any] | None = None, body: Mapping[str, Any] | None = None
    ) -> Json:
        """Ask any path of the API server, logged in."""
        used = self._token or self._renew("")
        answer = self._send(method, path, parameters, body, used)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            answer = self._send(method, path, parameters, body, self._renew(used))
        self._require_success(answer)
        return answer.json() if answer.content else {}

    def _renew(self, used: str) -> str:
        """Fetch a token, unless another thread did so since `used` was refused."""
        with self._renewing:
            if self._token == used:
                answer = self._send("POST", "/auth/token", {}, {"username": self.user, "password": self._password})
                self._require_success(answer)
                self._token = answer.json()["access_token"]
            return self._token

    def _send(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
        token: str = "",
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            return self._client.request(method, path, params=parameters, json=body, headers=headers)
        except httpx.TransportError as error:
            raise ApiError(
                f"{method} {self.address}{path} got no answer: {error or type(error).__name__}. "
                "Does Airflow run? `./slipway status` says."
            ) from error

    def _require_success(self, answer: httpx.Response) -> None:
        if answer.is_success:
            return
        request = answer.request
        hint = f" (as user {self.user!r})" if answer.status_code in (401, 403) else ""
        raise ApiError(
            f"{request.method} {request.url} answered {answer.status_code}{hint}: {_reason(answer)}", answer.status_code
        )


def _log_lines(lines: Iterable[Any]) -> Iterator[str]:
    """Yield the text of a structured log: what was said, and the errors that were raised."""
    for line in lines:
        if isinstance(line, str):
            yield line
            continue
        yield str(line["event"])
        for error in line.get("error_detail") or ():
            yield f"{error['exc_type']}: {error['exc_value']}"


def _reason(answer: httpx.Response) -> str:
    """Return what Airflow gives as the reason, as one line."""
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return " ".join(answer.text.split())[:300] or answer.reason_phrase
    if isinstance(detail, list):  # of a body that does not fit the API's schema
        return "; ".join(f"{'.'.join(map(str, item.get('loc', [])))}: {item.get('msg')}" for item in detail)
    if isinstance(detail, dict):
        return "; ".join(f"{key}: {value}" for key, value in detail.items())
    return str(detail)
