"""Criteria that become alert rules, and those that do not."""

import pytest
from slipway_core.alerting.rules import Rule, group_name, rule_data, rules_of
from slipway_core.keptn.event import Scope
from slipway_core.keptn.slo import read_slo

CARTS = Scope("shop", "qa", "carts")


def expressions(*criteria, query="Q", key="pass"):
    """Return what becomes of the criteria of one objective."""
    groups = ", ".join(f'{{criteria: ["{one}"]}}' for one in criteria)
    slo, problems = read_slo(
        f"objectives: [{{sli: speed, {key}: [{groups}]}}]\ntotal_score: {{pass: 90%}}\n", "slo.yaml"
    )
    assert slo is not None, problems
    return [rule.expression for rule in rules_of(slo, {"speed": query})]


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [("<=600", "Q>600"), ("<600", "Q>600"), (">=5", "Q<5"), ("> 0.2", "Q<0.2"), ("<= 1 000", "Q>1000")],
)
def test_a_limit_is_turned_round(criterion, expected):
    """R83: without its `=`, blanks removed."""
    assert [expected] == expressions(criterion)


@pytest.mark.parametrize("criterion", ["<=+10%", "<=10%", ">-5", "<=+3", "=0", "<1e-3", "<5ms", "nonsense", ""])
def test_what_is_no_fixed_limit_gives_no_rule(criterion):
    """R83: relative ones and equalities; and what is invalid, which Prometheus would not read either."""
    assert [] == expressions(criterion)


@pytest.mark.parametrize(("criterion", "expected"), [("<010", "Q>10"), ("<1_000", "Q>1000"), (">0x1p4", "Q<16")])
def test_a_number_means_the_same_to_prometheus(criterion, expected):
    """It takes 010 for 8, and knows no underscore."""
    assert [expected] == expressions(criterion)


def test_the_last_of_several_criteria_counts():
    """R83: one rule an indicator; those that give none do not count."""
    assert ["Q<5"] == expressions("<600", ">5", "<=+10%")


def test_warning_criteria_give_no_rule():
    """evaluation.md 12."""
    assert [] == expressions("<600", key="warning")


@pytest.mark.parametrize("query", [None, "", "  \n"])
def test_an_indicator_without_a_query_gives_no_rule(query):
    """There is nothing to compare."""
    assert [] == expressions("<600", query=query)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sum(a)\n/ sum(b)\n", "sum(a)\n/ sum(b)>600"),
        ("a or vector(0)", "(a or vector(0)\n)>600"),
        ("a # in ms", "(a # in ms\n)>600"),
    ],
)
def test_the_limit_holds_for_the_whole_query(query, expected):
    """`a or b>600` would alert whenever there is an `a`; a comment would hide the limit."""
    assert [expected] == expressions("<600", query=query)


def test_objectives_of_one_indicator_share_a_rule():
    """Its name is the indicator's."""
    text = 'objectives: [{sli: a, pass: [{criteria: ["<1"]}]}, {sli: b, pass: [{criteria: ["<2"]}]}, '
    slo, _ = read_slo(f'{text}{{sli: a, pass: [{{criteria: ["<3"]}}]}}]\ntotal_score: {{pass: 90%}}\n', "slo.yaml")
    assert (Rule("a", "A>3"), Rule("b", "B>2")) == rules_of(slo, {"a": "A", "b": "B"})


def test_a_rule_carries_what_an_alert_must_say():
    """evaluation.md 12: labels, annotations and the group's name are Keptn's."""
    assert {
        "alert": "speed",
        "expr": "Q>600",
        "for": "10m",
        "labels": {
            "severity": "webhook",
            "pod_name": "carts-primary",
            "project": "shop",
            "stage": "qa",
            "service": "carts",
            "deployment": "primary",
        },
        "annotations": {"summary": "speed", "descriptions": "Pod name {{ $labels.pod_name }}"},
    } == rule_data(Rule("speed", "Q>600"), CARTS, 600.0)
    assert "carts shop-qa alerts" == group_name(CARTS)


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.0, "0s"), (90.0, "1m30s"), (5400.0, "1h30m"), (0.25, "250ms"), (259200.0, "72h")]
)
def test_durations_are_those_of_prometheus(seconds, expected):
    """It knows no fractions."""
    assert expected == rule_data(Rule("speed", "Q>600"), CARTS, seconds)["for"]
