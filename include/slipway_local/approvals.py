"""Open approvals, seen and answered from outside through Airflow's REST API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import httpx

from slipway_local.api import AirflowApi, Json
from slipway_local.errors import ApiError, LocalError

APPROVE, DECLINE = "Approve", "Decline"
_OPERATOR = "ApprovalSensor"
OPEN_COLUMNS = ("DAG", "run", "service", "image", "since")
DECIDED_COLUMNS = ("DAG", "run", "service", "image", "decision", "by", "how", "when", "why")


class NoSuchApproval(LocalError):
    """No open approval is meant, or more than one."""


@dataclass(frozen=True)
class OpenApproval:
    """A release that waits for a person. `service` and `image` are empty when its task has stored no payload."""

    dag_id: str
    run_id: str
    task_id: str
    service: str
    stage: str
    image: str
    since: datetime

    @property
    def question(self) -> str:
        """Path of what was asked, below /api/v2."""
        return f"dags/{self.dag_id}/dagRuns/{self.run_id}/taskInstances/{self.task_id}/-1/hitlDetails"


def open_approvals(api: AirflowApi, dag_id: str = "~", run_id: str = "~") -> list[OpenApproval]:
    """Return the open approvals, those that wait longest first.

    :param dag_id: only of this DAG.
    :param run_id: only of this run.
    """
    # Without the state, Airflow also lists those that somebody has marked.
    wanted = {"response_received": False, "state": "awaiting_input", "order_by": "created_at"}
    asked = api.pages(f"dags/{dag_id}/dagRuns/{run_id}/hitlDetails", "hitl_details", **wanted)
    return [_open_approval(api, one) for one in asked if one["task_instance"]["operator_name"] == _OPERATOR]


def _open_approval(api: AirflowApi, asked: Json) -> OpenApproval:
    task = asked["task_instance"]
    place = (task["dag_id"], task["dag_run_id"], task["task_id"])
    payload = api.xcom(*place, "triggered") or {}
    values = (payload.get("configurationChange") or {}).get("values") or {}
    image = values.get("image") or (payload.get("deployment") or {}).get("image")
    service, stage, image = (str(text or "") for text in (payload.get("service"), payload.get("stage"), image))
    return OpenApproval(*place, service, stage, image, datetime.fromisoformat(asked["created_at"]))


def open_rows(api: AirflowApi) -> list[tuple[str, ...]]:
    """Return the open approvals as rows under `OPEN_COLUMNS`."""
    return [(one.dag_id, one.run_id, one.service, one.image, _shown(one.since)) for one in open_approvals(api)]


def decided_rows() -> list[tuple[str, ...]]:
    """Return the approvals that were decided last, the newest questions first, as rows under `DECIDED_COLUMNS`.

    :raises RecordsUnavailable: when the records cannot be read.
    """
    from slipway_core.records import open_records

    return [
        (
            *(one.run.dag_id, one.run.run_id, one.service, str(one.evidence.get("image") or "")),
            *(made.choice, made.by, made.how, _shown(made.at), made.why),
        )
        for one in open_records().approvals.find(limit=200)
        if (made := one.decision)
    ]


def _shown(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def choose(found: Sequence[OpenApproval], service: str = "", stage: str = "") -> OpenApproval:
    """Return the one open approval of a service or a stage.

    :raises NoSuchApproval: when there is none, or more than one.
    """
    fitting = [one for one in found if service in ("", one.service) and stage in ("", one.stage)]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise NoSuchApproval("No such approval is open. `./slipway approvals` lists those that are.")
    lines = "".join(f"\n  {one.dag_id} {one.run_id}  {one.service} {one.image}" for one in fitting)
    raise NoSuchApproval(f"{len(fitting)} approvals are open; say which, by DAG and run:{lines}")


def approval_of_run(api: AirflowApi, dag_id: str, run_id: str) -> OpenApproval:
    """Return the open approval of a run.

    :raises NoSuchApproval: when it has none; with what became of it, when it had one.
    """
    found = open_approvals(api, dag_id, run_id)
    if found:
        return found[0]
    try:
        api.dag_run(dag_id, run_id)
    except ApiError as error:
        if error.status != httpx.codes.NOT_FOUND:
            raise
        raise NoSuchApproval(
            f"There is no run {run_id} of {dag_id}. `./slipway approvals` lists the open ones."
        ) from None
    asked = [
        one
        for one in api.pages(f"dags/{dag_id}/dagRuns/{run_id}/hitlDetails", "hitl_details")
        if one["task_instance"]["operator_name"] == _OPERATOR
    ]
    if not asked:
        raise NoSuchApproval(f"Run {run_id} of {dag_id} has asked nobody: it is not that far, or needs no approval.")
    raise NoSuchApproval(f"Run {run_id} of {dag_id} does not wait any more: {'; '.join(map(_fate, asked))}.")


def _fate(asked: Json) -> str:
    task = asked["task_instance"]
    if not asked["response_received"]:
        return f"'{task['task_id']}' was not answered, its state is {task['state']}"
    by = (asked.get("responded_by_user") or {}).get("name") or "expiry"
    return f"'{task['task_id']}' got {' '.join(asked['chosen_options'])} by {by} at {asked['responded_at']}"


def answer(api: AirflowApi, approval: OpenApproval, option: str, comment: str = "") -> None:
    """Answer an open approval.

    :param option: `Approve` or `Decline`.
    :raises ApiError: with what to do, when Airflow refuses.
    """
    try:
        form = {"comment": comment, "how": "command"}  # the second is for the record
        api.patch(approval.question, {"chosen_options": [option], "params_input": form})
    except ApiError as error:
        reasons: dict[int, str] = {
            httpx.codes.CONFLICT: "Somebody else was quicker; a second answer changes nothing.",
            httpx.codes.FORBIDDEN: f"User {api.user!r} may not answer it: the role does not allow it, or others are "
            "named as approvers.",
            httpx.codes.NOT_FOUND: "It is gone: the run was deleted, or the task was cleared. "
            "`./slipway approvals` lists what is open.",
        }
        if error.status not in reasons:
            raise
        text = f"{approval.dag_id} {approval.run_id}: {reasons[error.status]}\n{error}"
        raise ApiError(text, error.status) from error
