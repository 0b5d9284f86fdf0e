"""Each way to approve and to decline, on a running Airflow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from slipway_cluster import processes
from slipway_core.records import Approval, open_records
from slipway_local import commands, sessions
from slipway_local.airflow import LocalAirflow
from slipway_local.api import AirflowApi
from slipway_local.approvals import OpenApproval, answer, approval_of_run, open_approvals
from slipway_local.errors import ApiError

from tests.end_to_end.conftest import within

PROJECT = "e2eapproval"
DELIVERY, MENDING = f"{PROJECT}.production.delivery", f"{PROJECT}.production.mending"
CHOSEN, NEWEST, BRIEF = (
    f"{PROJECT}.{stage}.delivery" for stage in ("chosen", "newest", "brief")
)  # dags/strict_approvals
# Nothing in it touches a cluster.
SHIPYARD = f"""\
apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
metadata:
  name: {PROJECT}
spec:
  stages:
    - name: production
      sequences:
        - name: delivery
          tasks:
            - name: approval
              properties:
                pass: automatic
                warning: automatic
            - name: release
        - name: mending
          triggeredOn:
            - event: production.delivery.finished
              selector:
                match:
                  result: fail
          tasks:
            - name: release
"""
SHIPYARD += "".join(
    f"""\
    - name: {stage}
      sequences:
        - name: delivery
          tasks:
            - name: approval
            - name: release
"""
    for stage in ("chosen", "newest", "brief")
)
SETTINGS = """\
services: [runner, walker]
stages:
  chosen: {approval: {approvers: [op]}}
  newest: {approval: {approvers: [op], supersede: true}}
  brief: {approval: {expiresAfter: 5s}}
"""
# Airflow loses a task now and then that is answered the moment it begins to wait.
SETTLED = 3.0


@pytest.fixture(scope="module")
def airflow(bare_airflow: LocalAirflow) -> LocalAirflow:
    """Return an Airflow; no cluster is needed."""
    return bare_airflow


@pytest.fixture(scope="module")
def api(airflow: LocalAirflow) -> Iterator[AirflowApi]:
    """Return a client of it, as admin."""
    with airflow.api() as client:
        yield client


@pytest.fixture(scope="module", autouse=True)
def project(api: AirflowApi, sources: Path) -> None:
    """Publish a project that has a stage for each kind of approval."""
    for service in ("runner", "walker"):
        (sources / PROJECT / service).mkdir(parents=True, exist_ok=True)
        (sources / PROJECT / service / "values.yaml").write_text("")
    (sources / PROJECT / "slipway.yaml").write_text(SETTINGS)
    (sources / PROJECT / "shipyard.yaml").write_text(SHIPYARD)
    api.wait_for_dag(DELIVERY)
    api.wait_for_dag(MENDING)
    api.wait_for_dag(CHOSEN)


@pytest.fixture(scope="module")
def prepared(api: AirflowApi, project: None) -> dict[str, list[OpenApproval]]:
    """Begin deliveries by hand, which always ask (R57), all at once: waiting for each on its own would take minutes."""
    runs = {dag_id: [begin(api, dag_id) for _ in range(number)] for dag_id, number in ((DELIVERY, 10), (CHOSEN, 5))}
    return {dag_id: [waits(api, dag_id, run_id) for run_id in started] for dag_id, started in runs.items()}


@pytest.fixture
def waiting(prepared: dict[str, list[OpenApproval]]) -> OpenApproval:
    """Return an approval that waits for anybody."""
    return prepared[DELIVERY].pop()


@pytest.fixture
def choosy(prepared: dict[str, list[OpenApproval]]) -> OpenApproval:
    """Return an approval that waits for the user `op`."""
    return prepared[CHOSEN].pop()


def begin(api: AirflowApi, dag_id: str, service: str = "runner") -> str:
    """Start a run, and return its id."""
    return str(api.trigger(dag_id, {"service": service, "image": f"ghcr.io/org/{service}:1.0"})["dag_run_id"])


def waits(api: AirflowApi, dag_id: str, run_id: str) -> OpenApproval:
    """Return the approval of a run, when it has waited for a while."""
    assert within(120, lambda: open_approvals(api, dag_id, run_id) != [])
    found = approval_of_run(api, dag_id, run_id)
    time.sleep(max(0.0, SETTLED - (datetime.now(UTC) - found.since).total_seconds()))
    return found


def say(api: AirflowApi, approval: OpenApproval, option: str, comment: str) -> None:
    """Answer as the form in the UI does."""
    api.patch(approval.question, {"chosen_options": [option], "params_input": {"comment": comment}})


def record(airflow: LocalAirflow, approval: OpenApproval) -> Approval:
    """Return what our own tables say of an approval."""
    records = open_records((airflow.folder / "records-url").read_text())
    found = records.approvals.last_of_task(approval.dag_id, approval.run_id, "approval")
    assert found
    return found


def decision(airflow: LocalAirflow, approval: OpenApproval) -> tuple[str, str, str, str]:
    """Return what was decided, by whom, how and why."""
    made = record(airflow, approval).decision
    assert made
    assert made.at >= record(airflow, approval).asked.replace(microsecond=0)  # answers are kept to the second
    return made.choice, made.by, made.how, made.why


def mark(api: AirflowApi, approval: OpenApproval, state: str, task_id: str = "approval") -> None:
    """Mark a task as the UI does."""
    path = f"dags/{approval.dag_id}/dagRuns/{approval.run_id}/taskInstances/{task_id}"
    api.patch(path, {"new_state": state, "note": "by hand"})


def ended(api: AirflowApi, approval: OpenApproval) -> tuple[str, dict[str, str]]:
    """Return the state of an approval's run, and those of its tasks, when it has ended."""
    run = api.wait_for_run(approval.dag_id, approval.run_id, timeout=120)
    tasks = api.task_instances(approval.dag_id, approval.run_id)
    return run["state"], {task["task_id"]: task["state"] for task in tasks}


def mended(api: AirflowApi, approval: OpenApproval) -> list[str]:
    """Return the runs that followed the failure of an approval's run."""
    runs = ((run["dag_run_id"], (run["conf"] or {}).get("slipway") or {}) for run in api.dag_runs(MENDING))
    return [run_id for run_id, handover in runs if handover.get("parent", {}).get("run_id") == approval.run_id]


def assert_approved(api: AirflowApi, approval: OpenApproval) -> None:
    """The release ran with result pass, and nothing was mended."""
    state, tasks = ended(api, approval)
    assert (state, tasks["approval"], tasks["release"]) == ("success", "success", "success")
    assert api.xcom(DELIVERY, approval.run_id, "release", "triggered")["result"] == "pass"
    assert mended(api, approval) == []


def assert_declined(api: AirflowApi, approval: OpenApproval) -> None:
    """Nothing ran behind it, the run failed, and what follows a failure was started (R58)."""
    state, tasks = ended(api, approval)
    assert (state, tasks["approval"], tasks["release"]) == ("failed", "failed", "upstream_failed")
    assert len(mended(api, approval)) == 1


def test_an_answer_approves_once(airflow: LocalAirflow, api: AirflowApi, waiting: OpenApproval) -> None:
    """Who, when and why are kept; a second answer changes nothing."""
    assert (waiting.service, waiting.image) == ("runner", "ghcr.io/org/runner:1.0")
    say(api, waiting, "Approve", "looks good")
    with pytest.raises(ApiError, match="Somebody else was quicker"):
        answer(api, waiting, "Decline")
    assert_approved(api, waiting)
    given = api.xcom(DELIVERY, waiting.run_id, "approval", "approval")
    assert (given["decision"], given["by"], given["comment"]) == ("Approve", "admin", "looks good")
    assert given["at"]
    assert decision(airflow, waiting) == ("approve", "admin", "answer", "looks good")
    assert "ghcr.io/org/runner:1.0" in record(airflow, waiting).evidence["body"]


def test_an_answer_declines_for_good(airflow: LocalAirflow, api: AirflowApi, waiting: OpenApproval) -> None:
    """Airflow does not try again, and the report says who and why."""
    say(api, waiting, "Decline", "too slow")
    assert_declined(api, waiting)
    report = api.xcom(DELIVERY, waiting.run_id, "approval", "finished")
    assert (report["status"], report["result"]) == ("succeeded", "fail")
    assert report["message"].startswith("Declined by admin at ")
    assert report["message"].endswith(": too slow")
    assert decision(airflow, waiting) == ("decline", "admin", "answer", "too slow")


@pytest.mark.parametrize(
    ("state", "check", "choice"), [("success", assert_approved, "approve"), ("failed", assert_declined, "decline")]
)
def test_a_mark_decides_like_an_answer(
    airflow: LocalAirflow,
    api: AirflowApi,
    waiting: OpenApproval,
    state: str,
    check: Callable[[AirflowApi, OpenApproval], None],
    choice: str,
) -> None:
    """It leaves no XCom: the state of the task is the truth, and the audit log knows who it was."""
    with airflow.api("user") as user:
        mark(user, waiting, state)
    check(api, waiting)
    assert api.xcom(DELIVERY, waiting.run_id, "approval", "finished") is None
    assert decision(airflow, waiting) == (choice, "user", "mark", "by hand")


def test_a_mark_overrules_an_earlier_answer(airflow: LocalAirflow, api: AirflowApi, waiting: OpenApproval) -> None:
    """The run goes on to a good end, and the record keeps both."""
    answer(api, waiting, "Decline", "too slow")
    assert_declined(api, waiting)
    mark(api, waiting, "success")
    assert within(60, lambda: ended(api, waiting)[0] == "success")
    assert api.xcom(DELIVERY, waiting.run_id, "slipway_result", "finished")["outcome"]["result"] == "pass"
    assert decision(airflow, waiting) == ("approve", "admin", "mark", "by hand")
    assert [one.why for one in record(airflow, waiting).overruled] == ["too slow"]


@pytest.mark.parametrize(("command", "check"), [("approve", assert_approved), ("decline", assert_declined)])
def test_the_command_line_answers(
    monkeypatch: pytest.MonkeyPatch,
    airflow: LocalAirflow,
    api: AirflowApi,
    waiting: OpenApproval,
    command: str,
    check: Callable[[AirflowApi, OpenApproval], None],
) -> None:
    """What waits is listed, is answered by its run, and is listed no more."""
    monkeypatch.setattr(commands, "kept_airflow", lambda: airflow)
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", (airflow.folder / "records-url").read_text())
    assert waiting.run_id in CliRunner().invoke(commands.approvals).output
    words = [DELIVERY, waiting.run_id, "--comment", "by command"]
    done = CliRunner().invoke(getattr(commands, command), words)
    assert done.exit_code == 0, done.output
    check(api, waiting)
    assert decision(airflow, waiting) == (command, "admin", "command", "by command")
    assert waiting.run_id not in CliRunner().invoke(commands.approvals).output
    shown = CliRunner().invoke(commands.approvals, ["--decided"]).output
    assert any(waiting.run_id in line and "by command" in line for line in shown.splitlines())


def test_a_viewer_may_not_answer(airflow: LocalAirflow, api: AirflowApi, waiting: OpenApproval) -> None:
    """The role decides; the approval stays open."""
    with airflow.api("viewer") as viewer, pytest.raises(ApiError, match="User 'viewer' may not answer it"):
        answer(viewer, waiting, "Approve")
    assert approval_of_run(api, DELIVERY, waiting.run_id) == waiting
    answer(api, waiting, "Decline")
    assert_declined(api, waiting)


def test_a_restart_while_it_waits_loses_nothing(airflow: LocalAirflow, api: AirflowApi, waiting: OpenApproval) -> None:
    """Scheduler and triggerer go and come; the question is the same, and the answer counts."""
    for part in ("scheduler", "triggerer"):
        leader = sessions.recorded(part, airflow.folder)
        processes.stop(part, airflow.folder)
        sessions.end_session(leader)
    assert approval_of_run(api, DELIVERY, waiting.run_id) == waiting
    airflow.up(print)
    assert approval_of_run(api, DELIVERY, waiting.run_id) == waiting
    answer(api, waiting, "Approve", "after the restart")
    assert_approved(api, waiting)
    assert api.xcom(DELIVERY, waiting.run_id, "approval", "approval")["comment"] == "after the restart"


def test_only_an_approver_may_answer(airflow: LocalAirflow, api: AirflowApi, choosy: OpenApproval) -> None:
    """Not even an admin."""
    with pytest.raises(ApiError, match="others are named as approvers"):
        answer(api, choosy, "Approve")
    with airflow.api("op") as op:
        say(op, choosy, "Approve", "mine to say")
    assert ended(api, choosy)[0] == "success"
    assert decision(airflow, choosy) == ("approve", "op", "answer", "mine to say")


def test_a_mark_by_an_approver_holds(airflow: LocalAirflow, api: AirflowApi, choosy: OpenApproval) -> None:
    """The next task found out who it was."""
    with airflow.api("op") as op:
        mark(op, choosy, "success")
    assert ended(api, choosy)[0] == "success"
    assert decision(airflow, choosy) == ("approve", "op", "mark", "by hand")


@pytest.mark.parametrize("marked", [("approval",), ("release", "approval")])
def test_a_mark_by_somebody_else_is_recorded_and_refused(
    airflow: LocalAirflow, api: AirflowApi, choosy: OpenApproval, marked: tuple[str, ...]
) -> None:
    """By the next task; when that is marked too, by the sequence's result."""
    for task_id in marked:
        mark(api, choosy, "success", task_id)
    assert_refused(api, choosy, "marked as success by 'admin', but only op may approve")
    assert decision(airflow, choosy) == ("approve", "admin", "mark", "by hand")


def test_a_mark_that_nobody_can_be_named_for_is_refused(
    airflow: LocalAirflow, api: AirflowApi, choosy: OpenApproval
) -> None:
    """Airflow's bulk marks are not in its audit log."""
    entity = {"task_id": "approval", "new_state": "success", "dag_id": CHOSEN, "dag_run_id": choosy.run_id}
    bulk = {"actions": [{"action": "update", "entities": [entity]}]}
    api.patch(f"dags/{CHOSEN}/dagRuns/{choosy.run_id}/taskInstances", bulk)
    assert_refused(api, choosy, "somebody whom Airflow's audit log does not name")
    assert decision(airflow, choosy) == ("approve", "unknown", "mark", "")


def assert_refused(api: AirflowApi, approval: OpenApproval, why: str) -> None:
    """The run failed, and its result says why."""
    assert ended(api, approval)[0] == "failed"
    result = api.xcom(CHOSEN, approval.run_id, "slipway_result", "finished")
    assert result["outcome"]["result"] == "fail"
    assert why in result["data"]["message"]


def test_a_newer_approval_declines_the_older_ones(airflow: LocalAirflow, api: AirflowApi) -> None:
    """Of the same service only; their runs end, and the records say by which they were replaced."""
    begun = [begin(api, NEWEST), begin(api, NEWEST, "walker")]
    older, elsewhere = (waits(api, NEWEST, run_id) for run_id in begun)
    newer = waits(api, NEWEST, begin(api, NEWEST))
    state, tasks = ended(api, older)
    assert (state, tasks["approval"], tasks["release"]) == ("failed", "failed", "upstream_failed")
    assert decision(airflow, older)[2] == "superseded"
    assert record(airflow, older).superseded_by == record(airflow, newer).id
    assert approval_of_run(api, NEWEST, elsewhere.run_id) == elsewhere
    with airflow.api("op") as op:
        say(op, newer, "Approve", "")
    assert ended(api, newer)[0] == "success"


def test_an_approval_expires(airflow: LocalAirflow, api: AirflowApi) -> None:
    """Nobody has answered in time: it is declined."""
    waiting = waits(api, BRIEF, begin(api, BRIEF))
    state, tasks = ended(api, waiting)
    assert (state, tasks["approval"]) == ("failed", "failed")
    assert decision(airflow, waiting) == ("decline", "expiry", "expired", "")


def test_a_cleared_approval_asks_again(airflow: LocalAirflow, api: AirflowApi, waiting: OpenApproval) -> None:
    """Whatever was said before, it is a new question."""
    say(api, waiting, "Decline", "not yet")
    assert_declined(api, waiting)
    body = {"dag_run_id": waiting.run_id, "task_ids": ["approval"], "include_downstream": True}
    api.post(f"dags/{DELIVERY}/clearTaskInstances", {**body, "only_failed": False, "dry_run": False})
    again = waits(api, DELIVERY, waiting.run_id)
    time.sleep(SETTLED)  # Airflow keeps the time of the first question
    say(api, again, "Approve", "now")
    assert ended(api, waiting)[0] == "success"
    assert decision(airflow, waiting) == ("approve", "admin", "answer", "now")
