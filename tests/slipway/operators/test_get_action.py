"""Finding the next action against a problem."""

import pytest
from slipway.operators.get_action import GetActionOperator
from slipway.operators.task import Seat, TaskFailed
from slipway_core.keptn.ending import end_sequence
from slipway_core.keptn.event import FinishedTask

REMEDIATION = """
apiVersion: spec.keptn.sh/0.1.4
kind: Remediation
spec:
  remediations:
    - problemType: slow
      actionsOnOpen:
        - {name: first, action: scale, value: "+1"}
        - {name: second, action: scale, value: "+2"}
        - {name: third, action: rollback}
"""
PLACES = {"service": "carts", "service in stage": "stages/qa/carts", "stage": "stages/qa", "project": "."}


@pytest.fixture
def project(tmp_path):
    """Write a project's remediation.yaml at a level; return its folder."""

    def make(level="service", text=REMEDIATION):
        folder = tmp_path / "shop" / PLACES[level]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "remediation.yaml").write_text(text)
        return tmp_path / "shop"

    return make


@pytest.fixture
def ask(context, ti):
    """Ask for the next action for a payload."""

    def go(folder, payload):
        ti.put("slipway_begin", "triggered", {"context": "c", "data": payload})
        operator = GetActionOperator(task_id=ti.task_id, files=folder, seat=Seat("get-action"))
        return operator.execute(context)

    return go


def test_the_action_of_the_problem_is_reported(project, ask, begin):
    """R59 to R63: with its value, and the index of the next one."""
    reported = ask(project(), {**begin, "problem": {"ProblemTitle": "slow"}, "result": "fail"})
    assert {"name": "first", "action": "scale", "value": "+1"} == reported["action"]
    assert ("pass", {"actionIndex": 1}) == (reported["result"], reported["get-action"])


@pytest.mark.parametrize("level", ["stage", "project"])
def test_only_the_level_of_the_service_counts(project, ask, begin, ti, level):
    """R61: a file at another level is as good as none."""
    with pytest.raises(TaskFailed, match=r"Service 'carts' has no remediation\.yaml"):
        ask(project(level), {**begin, "problem": {"problemTitle": "slow"}})
    assert ("fail", "errored") == (ti.pushed("finished")["result"], ti.pushed("finished")["status"])


def test_a_stage_may_have_its_own(project, ask, begin):
    """It wins over the one for all stages."""
    project()
    folder = project("service in stage", REMEDIATION.replace("first", "own"))
    assert "own" == ask(folder, {**begin, "problem": {"problemTitle": "slow"}})["action"]["name"]


def test_a_file_of_another_version_is_errored_with_its_line(project, ask, begin, ti):
    """R61: and how to lift it."""
    with pytest.raises(TaskFailed, match=r"(?s)shop/carts/remediation\.yaml, line 2: .*Lift it to 0\.1\.4"):
        ask(project(text=REMEDIATION.replace("0.1.4", "0.1.3")), begin)
    assert "errored" == ti.pushed("finished")["status"]


def test_an_unknown_problem_without_default_fails(project, ask, begin, ti):
    """R59: the work was done, its result is bad."""
    with pytest.raises(TaskFailed, match="has no action for 'full', and no 'default'"):
        ask(project(), {**begin, "problem": {"problemTitle": "full"}})
    assert ("fail", "succeeded") == (ti.pushed("finished")["result"], ti.pushed("finished")["status"])


def test_a_sequence_that_follows_itself_takes_one_action_after_the_other(project, ask, begin, ti):
    """R62, R63: 0, 1, 2 while the evaluation fails, then an end that says so."""
    folder, names = project(), []
    payload = {**begin, "problem": {"problemTitle": "slow"}}
    failed = FinishedTask("evaluation", ({"status": "succeeded", "result": "fail"},))
    for _ in range(3):
        reported = ask(folder, payload)
        names.append(reported["action"]["name"])
        ending = end_sequence(payload, [FinishedTask("get-action", (reported,)), failed])
        payload = ending.follow_up({"evaluation.result": "fail"}, "qa")
    assert ["first", "second", "third"] == names
    with pytest.raises(TaskFailed, match="has 3 actions for this problem, and all were taken"):
        ask(folder, payload)
    ending = end_sequence(payload, [FinishedTask("get-action", (ti.pushed("finished"),))])
    assert ending.follow_up({"evaluation.result": "fail"}, "qa") is None
