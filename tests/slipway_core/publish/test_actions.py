"""Actions of a remediation.yaml that will fail, when the project is checked."""

import shutil
from pathlib import Path

import pytest
from slipway_core.publish.check import check_project

FIXTURE = Path(__file__).parents[1] / "fixtures" / "project"
REMEDIATION = """apiVersion: spec.keptn.sh/0.1.4
kind: Remediation
spec:
  remediations:
    - problemType: default
      actionsOnOpen:
        - ACTION
"""


@pytest.fixture
def check(tmp_path):
    """Check a project whose only action is the given one; return the problems of its remediation.yaml."""
    folder = shutil.copytree(FIXTURE, tmp_path / "shop")

    def go(action):
        (folder / "carts" / "remediation.yaml").write_text(REMEDIATION.replace("ACTION", action))
        checked = check_project(folder, "shop", "shop", {"deployment", "test", "evaluation"})
        assert checked.plan
        return [one for one in checked.problems if one.file.endswith("remediation.yaml")]

    return go


def test_an_action_that_nothing_handles_is_a_warning(check):
    """With line and advice; the project is published all the same, as the problem may never come."""
    [problem] = check("{name: a, action: dance}")
    assert ("shop/carts/remediation.yaml", 7, "warning") == (problem.file, problem.line, problem.severity)
    assert "nothing handles the action 'dance'" in problem.message
    assert "Handled: rollback, scale, scaling." in problem.advice


@pytest.mark.parametrize("value", ["value: much", "value: [1]", "description: none"])
def test_a_scaling_without_a_usable_value_is_a_warning(check, value):
    """Known before the first alert."""
    [problem] = check(f"{{name: a, action: scale, {value}}}")
    assert "the action 'scale' cannot scale by that." == problem.message


@pytest.mark.parametrize("action", ['{name: a, action: scale, value: "+1"}', "{name: a, action: rollback}"])
def test_a_good_action_says_nothing(check, action):
    """Each is handled."""
    assert [] == check(action)
