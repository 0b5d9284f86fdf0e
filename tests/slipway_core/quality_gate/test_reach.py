"""Whether an objective can fail, or pass, at all."""

import pytest
from slipway_core.keptn.slo import read_slo
from slipway_core.quality_gate.reach import reach_of


def reach(objective):
    """Return what an objective, as written in a slo.yaml, can come to."""
    slo, problems = read_slo(f"objectives:\n  - {objective}\ntotal_score: {{pass: 90%}}\n", "slo.yaml")
    assert [] == problems
    return reach_of(slo.objectives[0])


@pytest.mark.parametrize(
    "criteria",
    ['["<=600"]', '["<=+10%"]', '[">=-10%"]', '["<=+10%", "<600"]', '["=0"]', '[">5"]', '["<5", ">4.9"]', '["<=+0"]'],
)
def test_usual_criteria_can_pass_and_fail(criteria):
    """Fixed ones, and those relative to a baseline."""
    found = reach(f"{{sli: a, pass: [{{criteria: {criteria}}}]}}")
    assert (True, True, "") == (found.can_pass, found.can_fail, found.problem)


@pytest.mark.parametrize(
    "groups",
    [
        "pass: [{criteria: []}]",
        'pass: [{criteria: ["<5"]}, {criteria: [">=5"]}]',
        'pass: [{criteria: ["<5"]}], warning: [{criteria: [">4"]}]',
        'pass: [{criteria: ["<=+10%"]}, {criteria: [">+10%"]}]',
    ],
)
def test_criteria_that_hold_for_every_number_are_found(groups):
    """Alone or together."""
    assert "its criteria hold for every number: it can never fail" == reach(f"{{sli: a, {groups}}}").problem


@pytest.mark.parametrize("criteria", ['["<5", ">6"]', '["=1", "=2"]', '["<+10%", ">+20%", "=-0"]'])
def test_criteria_that_no_number_meets_are_found(criteria):
    """The gate would always fail."""
    found = reach(f"{{sli: a, pass: [{{criteria: {criteria}}}]}}")
    assert "no number meets its criteria: it can never pass" == found.problem


def test_an_objective_without_pass_criteria_is_only_shown():
    """That is meant so (R37)."""
    found = reach('{sli: a, warning: [{criteria: ["<5"]}]}')
    assert (True, "") == (found.informational, found.problem)


def test_a_criterion_that_cannot_be_read_fails_every_gate():
    """R10."""
    assert "the gate will always fail" in reach('{sli: a, pass: [{criteria: ["<5ms"]}]}').problem
