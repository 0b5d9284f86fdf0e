"""Each way to approve and to decline, on a running Airflow."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from slipway_cluster import processes
from slipway_local import commands, sessions
from slipway_local.airflow import LocalAirflow
from slipway_local.api import AirflowApi
from slipway_local.approvals import OpenApproval, answer, approval_of_run, open_approvals
from slipway_local.errors import ApiError

from tests.end_to_end.conftest import within

PROJECT = "e2eapproval"
DELIVERY, MENDING = f"{PROJECT}.production.delivery", f"{PROJECT}.production.mending"
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
# Airflow loses a task now and then that is answered the moment it begins to wait.
SETTLED = 3.0


@pytest.fixture(scope="module", autouse=True)
def project(api: AirflowApi, sources: Path) -> None:
    """Publish a project of one stage."""
    (sources / PROJECT / "runner").mkdir(parents=True, exist_ok=True)
    (sources / PROJECT / "runner" / "values.yaml").write_text("")
    (sources / PROJECT / "shipyard.yaml").write_text(SHIPYARD)
    api.wait_for_dag(DELIVERY)
    api.wait_for_dag(MENDING)


@pytest.fixture
def waiting(api: AirflowApi) -> OpenApproval:
    """Start a delivery by hand, which always asks, and wait until it does (R57)."""
    run_id = api.trigger(DELIVERY, {"service": "runner", "image": "ghcr.io/org/runner:1.0"})["dag_run_id"]
    assert within(60, lambda: open_approvals(api, DELIVERY, run_id) != [])
    time.sleep(SETTLED)
    return approval_of_run(api, DELIVERY, run_id)


def ended(api: AirflowApi, approval: OpenApproval) -> tuple[str, dict[str, str]]:
    """Return the state of an approval's run, and those of its tasks, when it has ended."""
    run = api.wait_for_run(DELIVERY, approval.run_id, timeout=120)
    return run["state"], {task["task_id"]: task["state"] for task in api.task_instances(DELIVERY, approval.run_id)}


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


def test_an_answer_approves_once(api: AirflowApi, waiting: OpenApproval) -> None:
    """Who, when and why are kept; a second answer changes nothing."""
    assert (waiting.service, waiting.image) == ("runner", "ghcr.io/org/runner:1.0")
    answer(api, waiting, "Approve", "looks good")
    with pytest.raises(ApiError, match="Somebody else was quicker"):
        answer(api, waiting, "Decline")
    assert_approved(api, waiting)
    decision = api.xcom(DELIVERY, waiting.run_id, "approval", "approval")
    assert (decision["decision"], decision["by"], decision["comment"]) == ("Approve", "admin", "looks good")
    assert decision["at"]


def test_an_answer_declines_for_good(api: AirflowApi, waiting: OpenApproval) -> None:
    """Airflow does not try again, and the report says who and why."""
    answer(api, waiting, "Decline", "too slow")
    assert_declined(api, waiting)
    report = api.xcom(DELIVERY, waiting.run_id, "approval", "finished")
    assert (report["status"], report["result"]) == ("succeeded", "fail")
    assert report["message"].startswith("Declined by admin at ")
    assert report["message"].endswith(": too slow")


@pytest.mark.parametrize(("state", "check"), [("success", assert_approved), ("failed", assert_declined)])
def test_a_mark_decides_like_an_answer(
    api: AirflowApi, waiting: OpenApproval, state: str, check: Callable[[AirflowApi, OpenApproval], None]
) -> None:
    """It leaves no XCom: the state of the task is the truth."""
    path = f"dags/{DELIVERY}/dagRuns/{waiting.run_id}/taskInstances/approval"
    api.patch(path, {"new_state": state, "note": "by hand"})
    check(api, waiting)
    assert api.xcom(DELIVERY, waiting.run_id, "approval", "finished") is None


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
    assert waiting.run_id in CliRunner().invoke(commands.approvals).output
    words = [DELIVERY, waiting.run_id, "--comment", "by command"]
    done = CliRunner().invoke(getattr(commands, command), words)
    assert done.exit_code == 0, done.output
    check(api, waiting)
    assert waiting.run_id not in CliRunner().invoke(commands.approvals).output


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
