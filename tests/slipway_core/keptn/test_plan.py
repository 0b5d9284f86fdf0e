"""From a shipyard to what runs."""

import subprocess
import sys
from pathlib import Path

import pytest
from slipway_core.keptn.plan import PlannedTask, ProjectPlan, Trigger, plan_project
from slipway_core.keptn.shipyard import load_shipyard, read_shipyard
from slipway_core.keptn.stage_chain import stage_chain

FIXTURES = Path(__file__).parents[1] / "fixtures" / "shipyards"


@pytest.fixture
def plan():
    """The plan of a project with three stages."""
    return plan_project(load_shipyard(FIXTURES / "three_stages.yaml"), "shop", ["carts"])


def plan_of(sequences, handled=None):
    """Return the plan of one stage `dev` with the given sequences."""
    text = f"apiVersion: 0.2.2\nspec:\n  stages:\n    - name: dev\n      sequences: {sequences}\n"
    return plan_project(read_shipyard(text, "x")[0], "shop", ["carts"], handled)


def test_a_sequence_becomes_one_dag_with_its_tasks_in_order(plan):
    """R8: the same task twice."""
    dev = plan.find("dev", "delivery")
    assert "shop.dev.delivery" == dev.dag_id
    assert ["deployment", "test", "deployment.2", "evaluation"] == [task.task_id for task in dev.tasks]
    assert PlannedTask("deployment", "deployment", {"deploymentstrategy": "direct"}, 0.0) == dev.tasks[0]
    assert 90.0 == plan.find("production", "delivery").tasks[0].delay_seconds


def test_each_stage_has_an_evaluation_of_its_own(plan):
    """R6."""
    implicit = plan.find("dev", "evaluation")
    assert implicit.implicit
    assert ("evaluation",) == tuple(task.name for task in implicit.tasks)


def test_ones_own_evaluation_replaces_the_built_in_one():
    """sequences.md 1.3; without tasks it is no fallback."""
    own = plan_of("[{name: evaluation, tasks: [{name: test}]}]").find("dev", "evaluation")
    empty = plan_of("[{name: evaluation, tasks: []}]").find("dev", "evaluation")
    assert (False, False) == (own.implicit, empty.implicit)
    assert () == empty.tasks


def test_the_built_in_evaluation_needs_something_that_handles_it():
    """Nothing is planned that could not run."""
    assert None is plan_of("[]", handled={"deployment"}).find("dev", "evaluation")
    assert None is not plan_of("[]", handled={"evaluation"}).find("dev", "evaluation")


def test_followers_come_in_file_order_with_a_running_number(plan):
    """R43: several sequences may follow one."""
    found = [(one.dag_id, one.item, one.selector) for one in plan.find("dev", "delivery").followers]
    expected = [
        ("shop.hardening.delivery", 0, None),
        ("shop.production.delivery", 1, {"evaluation.result": "warning"}),
    ]
    assert expected == found


def test_a_sequence_may_follow_itself(plan):
    """sequences.md 4."""
    (only,) = plan.find("production", "remediation").followers
    assert "shop.production.remediation" == only.dag_id


def test_two_matching_items_follow_twice():
    """R44."""
    text = "[{name: a, tasks: [{name: t}]}, {name: b, triggeredOn: [{event: dev.a.finished}, {event: dev.a.finished}]}]"
    assert [("b", 0), ("b", 1)] == [(one.sequence, one.item) for one in plan_of(text).find("dev", "a").followers]


@pytest.mark.parametrize(
    "event", ["sh.keptn.event.dev.a.finished", "dev.a.triggered", "dev.*.finished", "dev.A.finished"]
)
def test_an_event_must_be_written_exactly(event):
    """R42."""
    text = f"[{{name: a, tasks: [{{name: t}}]}}, {{name: b, triggeredOn: [{{event: {event}}}]}}]"
    assert () == plan_of(text).find("dev", "a").followers


def test_of_two_sequences_with_one_name_the_first_runs_and_both_are_triggered():
    """sequences.md 1.2."""
    text = (
        "[{name: a, tasks: [{name: t}]}, {name: b, tasks: [{name: first}], triggeredOn: [{event: dev.a.finished}]},"
        " {name: b, tasks: [{name: second}], triggeredOn: [{event: dev.a.finished}]}]"
    )
    planned = plan_of(text)
    assert ["first"] == [task.name for task in planned.find("dev", "b").tasks]
    assert 2 == len(planned.find("dev", "a").followers)
    assert (Trigger("dev.a.finished", None),) * 2 == planned.find("dev", "b").triggered_on


def test_a_plan_survives_its_json(plan):
    """And the same plan always gives the same text."""
    again = ProjectPlan.from_json(plan.to_json())
    assert plan == again
    assert plan.to_json() == again.to_json()


def test_a_plan_of_another_version_is_refused(plan):
    """With what to do."""
    with pytest.raises(ValueError, match="publish the project again"):
        ProjectPlan.from_json(plan.to_json().replace('"version": 1', '"version": 0'))


def test_the_picture_of_the_chain_shows_what_follows_what(plan):
    """Kept beside the shipyard, so that a change shows as a diff."""
    expected = (FIXTURES / "three_stages.chain.txt").read_text().rstrip("\n")
    assert expected == stage_chain(plan, mark=plan.find("production", "delivery"))


def test_a_circle_of_sequences_is_drawn_once():
    """Nothing outside starts it, and drawing ends."""
    text = (
        "[{name: a, tasks: [{name: t}], triggeredOn: [{event: dev.b.finished}]},"
        " {name: b, tasks: [{name: t}], triggeredOn: [{event: dev.a.finished}]}]"
    )
    expected = "dev.a  [t]\n└► dev.b  [t]  on pass or warning\n   └► dev.a  (see above)  on pass or warning"
    assert expected == stage_chain(plan_of(text, handled=()))


@pytest.mark.parametrize(
    ("handled", "tasks"),
    [
        (None, ["evaluation", "scale-back"]),
        (["action", "scale-back"], ["scale-back"]),
        (["action", "evaluation"], None),
    ],
)
def test_a_stage_that_heals_has_a_way_back(handled, tasks):
    """It judges first, where something judges; nothing in the shipyard names it."""
    found = plan_of("[{name: remediation, tasks: [{name: action}]}]", handled=handled).find("dev", "scale-back")
    assert tasks == (found and [task.name for task in found.tasks])
    assert plan_of("[{name: delivery, tasks: [{name: t}]}]").find("dev", "scale-back") is None


def test_a_way_back_of_the_shipyard_s_own_takes_the_place():
    """As with `evaluation`."""
    text = "[{name: remediation, tasks: [{name: action}]}, {name: scale-back, tasks: [{name: own}]}]"
    assert ["own"] == [task.name for task in plan_of(text).find("dev", "scale-back").tasks]


def test_reading_a_plan_needs_no_yaml():
    """The hot path of parsing DAGs stays light."""
    code = (
        "import sys; import slipway_core.publish.load; "
        "print(sorted({'yaml', 'pydantic', 'click', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, env=_path(), check=True)
    assert "[]" == done.stdout.strip()


def _path():
    import slipway_core

    return {"PYTHONPATH": str(Path(slipway_core.__file__).parents[1])}
