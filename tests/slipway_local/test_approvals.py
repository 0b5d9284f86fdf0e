"""Seeing and answering open approvals, with a stand-in for Airflow."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from slipway_core.records import Decision, NewApproval, TaskRun, open_records
from slipway_local import approvals, commands
from slipway_local.api import AirflowApi
from slipway_local.approvals import NoSuchApproval, answer, approval_of_run, choose, open_approvals
from slipway_local.errors import ApiError

DAG = "shop.production.delivery"


def asked(run_id: str, *, operator: str = "ApprovalSensor", **changes: Any) -> dict[str, Any]:
    """Return what Airflow's API says of a question."""
    task = {
        "dag_id": DAG,
        "dag_run_id": run_id,
        "task_id": "approval",
        "operator_name": operator,
        "state": "awaiting_input",
    }
    return {
        "task_instance": {**task, "state": changes.pop("state", "awaiting_input")},
        "created_at": "2026-11-23T20:15:30.123456Z",
        "response_received": False,
        **changes,
    }


class Airflow:
    """Holds questions and payloads, takes answers, and refuses with a status when told to."""

    def __init__(self, *questions: dict[str, Any]) -> None:
        self.questions = questions
        runs = [one["task_instance"]["dag_run_id"] for one in questions]
        self.payloads = dict(zip(runs, ["carts", "orders", "orders", "orders"], strict=False))
        self.runs = set(self.payloads)
        self.refuses = 0
        self.answered: list[tuple[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v2/")
        if path == "/auth/token":
            return httpx.Response(201, json={"access_token": "token"})
        if request.method == "PATCH":
            if self.refuses:
                return httpx.Response(self.refuses, json={"detail": "Airflow's own words"})
            self.answered.append((path, json.loads(request.content)))
            return httpx.Response(200, json={})
        if path.endswith("/hitlDetails"):
            found = list(self._asked(path.split("/")[3], dict(request.url.params)))
            return httpx.Response(200, json={"hitl_details": found, "total_entries": len(found)})
        if "xcomEntries" in path:
            service = self.payloads[path.split("/")[3]]
            values = {"values": {"image": f"{service}:1.1"}}
            payload = {"service": service, "stage": "production", "configurationChange": values}
            return httpx.Response(200, json={"value": payload})
        return httpx.Response(200 if path.split("/")[3] in self.runs else 404, json={"detail": "no such run"})

    def _asked(self, run_id: str, wanted: dict[str, str]) -> Any:
        for one in self.questions:
            task = one["task_instance"]
            if run_id not in ("~", task["dag_run_id"]) or wanted.get("state", task["state"]) != task["state"]:
                continue
            if wanted.get("response_received") == "false" and one["response_received"]:
                continue
            yield one


def client(airflow: Airflow) -> AirflowApi:
    """Return a client that asks the stand-in instead of the network."""
    return AirflowApi("http://127.0.0.1:1", "op", "geheim", transport=httpx.MockTransport(airflow))


MARKED = asked("run-3", state="success")
ANSWERED = asked(
    "run-4",
    state="failed",
    response_received=True,
    chosen_options=["Decline"],
    responded_by_user={"id": "7", "name": "alice"},
    responded_at="2026-11-23T20:20:00Z",
)


def test_open_approvals_show_what_waits_and_since_when() -> None:
    """Other people's questions, marked and answered ones are left out."""
    airflow = Airflow(asked("run-1"), asked("run-2", operator="HITLOperator"), MARKED, ANSWERED)
    (found,) = open_approvals(client(airflow))
    assert (DAG, "run-1", "approval") == (found.dag_id, found.run_id, found.task_id)
    assert ("carts", "production", "carts:1.1") == (found.service, found.stage, found.image)
    assert "2026-11-23T20:15:30.123456+00:00" == found.since.isoformat()


def test_one_is_chosen_by_service_or_stage() -> None:
    """When only one fits."""
    found = open_approvals(client(Airflow(asked("run-1"), asked("run-2"))))
    assert "run-2" == choose(found, "orders").run_id
    with pytest.raises(NoSuchApproval, match=r"2 approvals are open.*(?s:.*)run-1  carts carts:1\.1(?s:.*)run-2"):
        choose(found, stage="production")
    with pytest.raises(NoSuchApproval, match="No such approval is open"):
        choose(found, "payment")


@pytest.mark.parametrize(
    ("question", "run_id", "fate"),
    [
        (ANSWERED, "run-4", "got Decline by alice at 2026-11-23T20:20:00Z"),
        ({**ANSWERED, "responded_by_user": None}, "run-4", "got Decline by expiry"),
        (MARKED, "run-3", "was not answered, its state is success"),
        (asked("run-2", operator="HITLOperator"), "run-2", "has asked nobody"),
        (MARKED, "run-9", "There is no run run-9"),
    ],
)
def test_a_run_that_does_not_wait_says_what_became_of_it(question: dict[str, Any], run_id: str, fate: str) -> None:
    """Somebody may have been quicker."""
    with pytest.raises(NoSuchApproval, match=fate):
        approval_of_run(client(Airflow(question)), DAG, run_id)


def test_an_answer_goes_to_the_task_with_its_comment() -> None:
    """As the form in the UI sends it, and by which way."""
    airflow = Airflow(asked("run-1"))
    api = client(airflow)
    answer(api, approval_of_run(api, DAG, "run-1"), "Approve", "fine")
    path = f"dags/{DAG}/dagRuns/run-1/taskInstances/approval/-1/hitlDetails"
    form = {"comment": "fine", "how": "command"}
    assert [(path, {"chosen_options": ["Approve"], "params_input": form})] == airflow.answered


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (409, "Somebody else was quicker"),
        (403, "User 'op' may not answer it"),
        (404, "the run was deleted, or the task was cleared"),
        (500, "Airflow's own words"),
    ],
)
def test_a_refused_answer_says_why(status: int, text: str) -> None:
    """In our words where we know them, and in Airflow's."""
    airflow = Airflow(asked("run-1"))
    airflow.refuses = status
    api = client(airflow)
    with pytest.raises(ApiError, match=text) as refused:
        answer(api, open_approvals(api)[0], "Approve")
    assert status == refused.value.status
    assert "Airflow's own words" in str(refused.value)


class Local:
    """A local Airflow whose API is the stand-in's."""

    def __init__(self, airflow: Airflow) -> None:
        self.airflow = airflow

    def api(self, user: str = "admin") -> AirflowApi:
        return client(self.airflow)


def run(monkeypatch: pytest.MonkeyPatch, airflow: Airflow, *words: str) -> Result:
    """Run one of the commands."""
    monkeypatch.setattr(commands, "kept_airflow", lambda: Local(airflow))
    return CliRunner().invoke(getattr(commands, words[0]), words[1:])


def test_the_list_has_a_line_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """With ids that can be copied whole."""
    shown = run(monkeypatch, Airflow(asked("run-1" + "x" * 120)), "approvals").output
    assert all(text in shown for text in (DAG, "run-1" + "x" * 120, "carts:1.1", "2026-11-2"))
    assert "No approval is open." in run(monkeypatch, Airflow(), "approvals").output


def test_decided_approvals_come_from_the_records(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What, who, how, when and why; open ones are left out, and no Airflow is asked."""
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", f"sqlite:///{tmp_path / 'records.db'}")
    assert "No approval was decided." in run(monkeypatch, Airflow(), "approvals", "--decided").output
    records, asked_at = open_records().approvals, datetime(2026, 11, 23, 20, tzinfo=UTC)
    for run_id in ("run-1", "run-2"):
        place = {"context": "c", "project": "shop", "stage": "production", "service": "carts"}
        evidence = {"image": "carts:1.1"}
        task = TaskRun(DAG, run_id, "approval", "0")
        records.ask(NewApproval(**place, run=task, asked=asked_at, evidence=evidence))
    made = Decision("approve", "alice", asked_at, "mark", "looks [good]")
    records.decide(records.find()[0].id, made)
    shown = run(monkeypatch, Airflow(), "approvals", "--decided").output
    [line] = [line for line in shown.splitlines() if DAG in line]
    words = ("carts", "carts:1.1", "approve", "alice", "mark", "2026-11-2", "looks [good]")
    assert all(word in line for word in words)


def test_records_that_are_away_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a traceback, and without the password."""
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", "postgresql://slipway:geheim@127.0.0.1:1/slipway")
    done = run(monkeypatch, Airflow(), "approvals", "--decided")
    assert 1 == done.exit_code
    assert "cannot be used" in done.output
    assert "geheim" not in done.output


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("approve", DAG, "run-1", "--comment", "ok"), "Approve"),
        (("decline", "--service", "carts"), "Decline"),
        (("decline", "--stage", "production", "--service", "carts"), "Decline"),
    ],
)
def test_the_commands_answer(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], option: str) -> None:
    """By DAG and run, or by what is meant."""
    airflow = Airflow(asked("run-1"), asked("run-2"))
    done = run(monkeypatch, airflow, *words)
    assert 0 == done.exit_code, done.output
    assert "carts carts:1.1 http://127.0.0.1:1/dags/shop.production.delivery/runs/run-1" in done.output
    [(path, sent)] = airflow.answered
    assert "run-1" in path
    assert [option] == sent["chosen_options"]


@pytest.mark.parametrize("words", [(), (DAG,), (DAG, "run-1", "--service", "carts")])
def test_the_commands_want_one_way_of_naming(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    """Nothing is guessed."""
    done = run(monkeypatch, Airflow(asked("run-1")), "approve", *words)
    assert 2 == done.exit_code
    assert "DAG_ID and RUN_ID, or --service" in done.output


def test_a_command_that_cannot_answer_fails_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """One clear text, exit code 1."""
    done = run(monkeypatch, Airflow(), "approve", "--service", "carts")
    assert (1, "Error: No such approval is open. `./slipway approvals` lists those that are.\n") == (
        done.exit_code,
        done.output,
    )


def test_the_options_are_those_of_the_sensor() -> None:
    """Written twice, as neither room knows the other."""
    from slipway.sensors import approval

    assert (approval.APPROVE, approval.DECLINE) == (approvals.APPROVE, approvals.DECLINE)
    assert approval.ApprovalSensor.__name__ == approvals._OPERATOR
