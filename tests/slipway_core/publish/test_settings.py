"""A slipway.yaml beside its shipyard, when the project is checked."""

import shutil
from pathlib import Path

import pytest
from slipway_core.keptn.plan import ProjectPlan
from slipway_core.publish.check import check_project

FIXTURE = Path(__file__).parents[1] / "fixtures" / "project"
HANDLED = {"deployment", "test", "evaluation"}
SHIPYARD = """
apiVersion: spec.keptn.sh/0.2.2
spec:
  stages:
    - name: qa
      sequences:
        - {name: delivery, tasks: [{name: deployment}, {name: evaluation}]}
        - {name: load, tasks: [{name: test}]}
        - {name: nightly, tasks: [{name: test}, {name: evaluation}]}
        - {name: own, tasks: [{name: evaluation, properties: {timeframe: 5m}}]}
    - {name: production}
"""


@pytest.fixture
def check(tmp_path):
    """Check a project with the given slipway.yaml."""
    folder = shutil.copytree(FIXTURE, tmp_path / "shop")
    (folder / "shipyard.yaml").write_text(SHIPYARD)

    def go(text, handled=HANDLED):
        (folder / "slipway.yaml").write_text(text)
        return check_project(folder, "shop", "shop", handled)

    return go


def schedule(text, stage="qa"):
    """Return a file with one schedule, in its third line."""
    return f"stages:\n  {stage}:\n    schedules: [{{cron: '@daily', timeframe: 5m, {text}}}]\n"


def test_settings_travel_in_the_compiled_plan(check):
    """A task start reads no YAML."""
    checked = check("services: [api]\n" + schedule("services: [api]"))
    assert () == checked.problems
    plan = ProjectPlan.from_json(checked.plan.to_json())
    assert checked.plan == plan
    assert (("api",), "@daily") == (plan.services, plan.settings.stage("qa").schedules[0].cron)


def test_a_plan_without_settings_has_the_defaults(check):
    """One that an earlier Slipway wrote."""
    text = check("").plan.to_json().replace(',\n "settings": {}', "")
    assert "settings" not in text
    assert {} == ProjectPlan.from_json(text).settings.stages


@pytest.mark.parametrize("text", [schedule(""), schedule("sequence: nightly"), schedule("", "production")])
def test_a_sequence_that_judges_may_be_scheduled(check, text):
    """The built-in one, or one's own."""
    assert () == check(text).problems


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("stages:\n  staging: {}\n", 2, "no stage 'staging'.|Its stages are: qa, production."),
        (schedule("sequence: nigtly"), 3, "no sequence 'nigtly'.|delivery, load, nightly, own, evaluation"),
        (schedule("sequence: load"), 3, "'qa.load' has no task 'evaluation'|Schedule 'evaluation'"),
        (schedule("sequence: delivery"), 3, "'qa.delivery' deploys|without 'deployment'"),
        (schedule("sequence: own"), 3, "'qa.own' names a window of its own|no timeframe, start or end"),
        (schedule("services: [cart]"), 3, "no service 'cart'.|It has: carts."),
        ("services: carts\n", 1, "'services' must be a list|Begin each item"),
    ],
)
def test_settings_that_do_not_fit_the_project_refuse_it_with_their_line(check, text, line, words):
    """And say what there is."""
    checked = check(text)
    (problem,) = checked.problems
    assert None is checked.plan
    assert ("shop/slipway.yaml", line) == (problem.file, problem.line)
    message, advice = words.split("|")
    assert message in problem.message
    assert advice in problem.advice


def test_a_schedule_needs_something_that_handles_the_evaluation(tmp_path):
    """The built-in sequence is not there otherwise."""
    folder = shutil.copytree(FIXTURE, tmp_path / "shop")
    (folder / "slipway.yaml").write_text(schedule("", "production"))
    (problem,) = check_project(folder, "shop", "shop", {"deployment", "test"}).problems
    assert ("shop/slipway.yaml", "nothing handles the task 'evaluation'.") == (problem.file, problem.message)


def test_the_file_is_listed_with_its_kind(check):
    """For `lint`."""
    listed = [(one.file, one.kind, one.valid) for one in check("services: [api]").reports]
    assert ("shop/slipway.yaml", "slipway", True) in listed
