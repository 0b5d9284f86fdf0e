"""Sequences walked without Airflow, rule by rule; the sequence cases in ../vectors walk longer ones."""

import pytest
from slipway_core.keptn.problems import InvalidEvent
from slipway_core.keptn.sequence_cases import REFUSED, read_case, run_case

HEAD = "apiVersion: spec.keptn.sh/0.2.2\nspec:\n  stages:\n"
DATA = {"project": "shop", "stage": "dev", "service": "carts"}
CHAIN = """\
    - name: dev
      sequences:
        - {name: delivery, tasks: [{name: deployment}, {name: evaluation}]}
    - name: prod
      sequences:
        - {name: delivery, tasks: [{name: deployment}], triggeredOn: [{event: dev.delivery.finished}]}
"""
HEALING = """\
    - name: dev
      sequences:
        - name: remediation
          triggeredOn: [{event: dev.remediation.finished, selector: {match: {evaluation.result: fail}}}]
          tasks: [{name: get-action}, {name: action}, {name: evaluation, triggeredAfter: 10m}]
"""
ACTIONS = """\
apiVersion: spec.keptn.sh/0.1.4
spec:
  remediations:
    - problemType: default
      actionsOnOpen: [{name: a0, action: scaling, value: 1}, {name: a1, action: toggle, value: {flag: off}}]
"""
FAIL = {"status": "succeeded", "result": "fail"}
NO_NUMBER = float("inf")
WARNING = {"status": "succeeded", "result": "warning"}


def walk(stages=CHAIN, trigger="dev.delivery", data=None, answers=None, **more):
    """Return what comes of a start: `events`, `waiting`, or `refused`."""
    case = {
        "id": "test",
        "shipyard": HEAD + stages,
        "trigger": {"type": f"sh.keptn.event.{trigger}.triggered", "data": {**DATA, **(data or {})}},
        "answers": answers or {},
        **more,
    }
    return run_case(read_case(case))


def order(outcome):
    """Return the events in short: `deployment`, `deployment: pass`, `dev.delivery: pass`, `prod.delivery`."""
    short = []
    for one in outcome["events"]:
        *subject, verb = one["type"].removeprefix("sh.keptn.event.").split(".")
        short.append(".".join(subject) + (f": {one['data']['result']}" if verb == "finished" else ""))
    return short


def payload(outcome, event, count=0):
    """Return the data of the n-th event of this short type."""
    return [one["data"] for one in outcome["events"] if one["type"] == f"sh.keptn.event.{event}"][count]


def back(after, result):
    """Return one more sequence of the last stage: a rollback after another one's result."""
    trigger = f"{{event: {after}.finished, selector: {{match: {{result: {result}}}}}}}"
    return f"        - {{name: rollback, tasks: [{{name: rollback}}], triggeredOn: [{trigger}]}}\n"


def heal(*evaluations, **more):
    """Walk a remediation whose evaluations come out like this."""
    answers = {"dev.remediation.evaluation": [[{"status": "succeeded", "result": one}] for one in evaluations]}
    files = {"remediation": {"dev/carts": ACTIONS}, **more}
    return walk(HEALING, "dev.remediation", {"problem": {"problemTitle": "slow"}}, answers, **files)


def test_a_sequence_runs_to_its_end_and_then_its_followers():
    """R36: on pass; breadth first."""
    expected = ["deployment", "deployment: pass", "evaluation", "evaluation: pass", "dev.delivery: pass"]
    expected += ["prod.delivery", "deployment", "deployment: pass", "prod.delivery: pass"]
    assert expected == order(walk())


def test_the_built_in_evaluation_runs():
    """R6."""
    assert ["evaluation", "evaluation: pass", "dev.evaluation: pass"] == order(walk(trigger="dev.evaluation"))


@pytest.mark.parametrize("trigger", ["dev.foo", "qa.delivery", "dev", "dev.delivery.x", "prod.delivery"])
def test_what_does_not_exist_is_refused_at_once(trigger):
    """R7 as decided: unknown stage or sequence, or a stage that is not that of the data."""
    assert REFUSED == walk(trigger=trigger)


def test_a_sequence_without_tasks_is_refused_and_a_follower_without_any_ends_errored():
    """R7: nothing follows it."""
    empty = CHAIN.replace("tasks: [{name: deployment}], trigg", "tasks: [], trigg")
    assert REFUSED == walk(empty, "prod.delivery", {"stage": "prod"})
    followed = (
        empty + "        - {name: x, tasks: [{name: a}], triggeredOn: [{event: prod.delivery.finished, selector: "
    )
    followed += "{match: {result: fail}}}]}\n"
    outcome = walk(followed, data={"labels": {"a": "1"}})
    assert ["prod.delivery", "prod.delivery: fail"] == order(outcome)[-2:]
    expected = {**DATA, "stage": "prod", "labels": {"a": "1"}, "status": "errored", "result": "fail"}
    assert expected == outcome["events"][-1]["data"]


def test_a_label_that_is_no_text_is_refused():
    """R20."""
    assert REFUSED == walk(data={"labels": {"build": 5}})


@pytest.mark.parametrize("name", ["a.b", '""'])
@pytest.mark.parametrize("place", ["{name: deployment}", "name: prod\n      sequences:\n        - {name: delivery"])
def test_names_that_publishing_refuses_are_refused(name, place):
    """Of a task and of a sequence: no event can carry them."""
    written = place.replace("deployment", name).replace("delivery", name)
    assert REFUSED == walk(CHAIN.replace(place, written))


def test_input_and_labels_reach_every_stage_and_the_first_task_has_no_result():
    """R11, R19, R21, R22."""
    values = {"configurationChange": {"values": {"image": "x:1"}}}
    answers = {"dev.delivery.evaluation": [[{**WARNING, "labels": {"b": "2"}}]]}
    outcome = walk(data={**values, "labels": {"a": "1"}}, answers=answers)
    first, last = payload(outcome, "deployment.triggered"), payload(outcome, "deployment.triggered", 1)
    assert "result" not in first
    assert values.items() <= first.items()
    assert {
        **values,
        "labels": {"a": "1", "b": "2"},
        "result": "warning",
        "status": "succeeded",
    }.items() <= last.items()


def test_the_newest_number_wins_and_lists_join_newest_first():
    """R15, R16 as decided, over two stages."""
    answers = {
        f"{stage}.delivery.{task}": [[{"status": "succeeded", "result": "pass", **data}]]
        for stage, task, data in (
            ("dev", "deployment", {"deployment": {"deploymentURIsPublic": ["dev"]}}),
            ("dev", "evaluation", {"evaluation": {"score": 100}}),
            ("prod", "deployment", {"deployment": {"deploymentURIsPublic": ["prod"]}, "evaluation": {"score": 50}}),
        )
    }
    more = CHAIN.replace("tasks: [{name: deployment}], trigg", "tasks: [{name: deployment}, {name: x}], trigg")
    data = payload(walk(more, answers=answers), "x.triggered")
    assert (["prod", "dev"], 50) == (data["deployment"]["deploymentURIsPublic"], data["evaluation"]["score"])


def test_a_failure_stops_and_later_tasks_are_not_reached():
    """R24, R29; R23 goes on."""
    outcome = walk(answers={"dev.delivery.deployment": [[WARNING, FAIL]]})
    assert ["deployment", "deployment: fail", "dev.delivery: fail"] == order(outcome)
    outcome = walk(answers={"dev.delivery.deployment": [[WARNING, {"status": "succeeded", "result": "pass"}]]})
    assert "prod.delivery" in order(outcome)


def test_an_errored_task_that_says_pass_stops_and_nothing_follows():
    """R26 as decided."""
    outcome = walk(answers={"dev.delivery.evaluation": [[{"status": "errored", "result": "pass"}]]})
    assert ["evaluation: fail", "dev.delivery: fail"] == order(outcome)[-2:]
    assert "errored" == outcome["events"][-1]["data"]["status"]


def test_the_end_of_a_sequence_has_no_blocks_of_tasks():
    """R35."""
    answers = {"dev.delivery.evaluation": [[{**WARNING, "evaluation": {"score": 1}, "labels": {"a": "1"}}]]}
    expected = {**DATA, "labels": {"a": "1"}, "status": "succeeded", "result": "warning"}
    assert expected == payload(walk(answers=answers), "dev.delivery.finished")


def test_each_matching_item_starts_its_own_run():
    """R43, R44: two stages, and one sequence twice."""
    stages = CHAIN.replace(
        "[{event: dev.delivery.finished}]", "[{event: dev.delivery.finished}, {event: dev.delivery.finished}]"
    )
    other = CHAIN[CHAIN.index("    - name: prod") :].replace("prod", "perf")
    started = [one for one in order(walk(stages + other)) if one in ("prod.delivery", "perf.delivery")]
    assert ["prod.delivery", "prod.delivery", "perf.delivery"] == started


def test_a_way_back_starts_with_the_data_of_the_failure():
    """R45, R37."""
    answers = {"prod.delivery.deployment": [[{**FAIL, "deployment": {"revision": 3}}]]}
    data = payload(walk(CHAIN + back("prod.delivery", "failed"), answers=answers), "prod.rollback.triggered")
    assert {"result": "fail", "stage": "prod", "deployment": {"revision": 3}}.items() <= data.items()


@pytest.mark.parametrize(("after", "seconds"), [("10m", 600.0), ("1d", None)])
def test_a_task_put_off_says_by_how_much(after, seconds):
    """R51: an invalid delay is none."""
    outcome = walk(HEALING.replace("10m", after), "dev.remediation", remediation={"dev/carts": ACTIONS})
    (asked,) = [one for one in outcome["events"] if one["type"].endswith("evaluation.triggered")]
    assert seconds == asked.get("after_seconds")


APPROVAL = "    - {name: dev, sequences: [{name: delivery, tasks: [{name: approval}, {name: release}]}]}\n"


def test_an_approval_without_an_answer_waits_and_its_sequence_does_not_end():
    """R54, R57."""
    outcome = walk(APPROVAL)
    assert (["approval"], ["dev.delivery.approval"]) == (order(outcome), outcome["waiting"])


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        ("approve", ["approval: pass", "release", "release: pass", "dev.delivery: pass"]),
        ("decline", ["approval: fail", "dev.delivery: fail"]),
    ],
)
def test_a_person_approves_or_declines(decision, expected):
    """R58; the labels travel on."""
    outcome = walk(APPROVAL, data={"labels": {"a": "1"}}, answers={"dev.delivery.approval": [[{"decision": decision}]]})
    assert ["approval", *expected] == order(outcome)


def test_a_failed_result_is_declined_without_asking():
    """R56; R55: an approved warning becomes pass."""
    automatic = APPROVAL.replace("{name: approval}", "{name: approval, properties: {warning: automatic}}")
    assert "approval: fail" in order(walk(automatic, data={"result": "fail"}))
    assert "approval: pass" in order(walk(automatic, data={"result": "warning"}))


def test_an_answer_that_is_no_decision_is_refused():
    """By its name."""
    with pytest.raises(InvalidEvent, match=r"dev\.delivery\.approval: a person says"):
        walk(APPROVAL, answers={"dev.delivery.approval": [[{"result": "pass"}]]})


def test_remediation_takes_action_after_action_until_the_list_ends():
    """R63 as decided; the last run has no action left (R62)."""
    outcome = heal("fail", "fail", "fail")
    actions = [one["data"]["action"] for one in outcome["events"] if one["type"].endswith(".action.triggered")]
    assert ["a0", "a1"] == [one["name"] for one in actions]
    assert {"flag": False} == actions[1]["value"]
    assert ["get-action", "get-action: fail", "dev.remediation: fail"] == order(outcome)[-3:]


@pytest.mark.parametrize("result", ["pass", "warning"])
def test_remediation_ends_when_its_evaluation_does_not_fail(result):
    """R65."""
    assert ["evaluation", f"evaluation: {result}", f"dev.remediation: {result}"] == order(heal(result))[-3:]


def test_remediation_ends_when_its_action_fails():
    """R64: the selector looks at the evaluation."""
    answers = {"dev.remediation.action": [[FAIL]]}
    outcome = walk(HEALING, "dev.remediation", {}, answers, remediation={"dev/carts": ACTIONS})
    assert ["action: fail", "dev.remediation: fail"] == order(outcome)[-2:]


@pytest.mark.parametrize("files", [{}, {"dev/orders": ACTIONS}, {"dev/carts": ACTIONS.replace("0.1.4", "0.1.3")}])
def test_without_a_usable_file_remediation_is_errored(files):
    """R61."""
    outcome = heal(remediation=files)
    assert {"status": "errored", "result": "fail"} == payload(outcome, "get-action.finished")


def test_the_limit_ends_a_walk_that_would_not_end():
    """What still queues has been said."""
    outcome = heal(*["fail"] * 9, remediation={"dev/carts": ACTIONS}, limit=2)
    assert ["evaluation: fail", "dev.remediation: fail", "dev.remediation"] == order(outcome)[-3:]
    assert outcome["limited"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", 5), ("shipyard", None), ("trigger", "x"), ("limit", 0), ("limit", True), ("remediation", ["x"]),
        ("answers", {"a": [{"result": ["a"]}]}), ("answers", {"a": [{"status": {}}]}),
        ("answers", {"a": [[{"labels": {"b": 2}}]]}), ("answers", {"a": [{"labels": "bare"}]}),
        ("answers", {"dev.remediation.get-action": []}),
        ("answers", ["x"]), ("answers", {"a": 5}), ("answers", {"a": [["x"]]}), ("answers", {"a": [{"x": NO_NUMBER}]}),
    ],
)  # fmt: skip
def test_a_case_that_cannot_be_read_names_its_field(field, value):
    """Nothing is walked."""
    case = {"id": "a", "shipyard": HEAD + CHAIN, "trigger": {"type": "dev.delivery", "data": DATA}, "answers": {}}
    with pytest.raises(InvalidEvent) as caught:
        read_case({**case, field: value})
    assert caught.value.field.startswith(field)
