"""Criteria: evaluation.md R1 to R15, each by its number."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from gates import SINGLE, first, history, judged, objective, outcome, slo, targets, violated

NOT_A_NUMBER = "error with a: could not parse criteria target value"
NO_CRITERION = "error with a: invalid criteria string"


def result(criteria, value, base=None):
    """Return the finished evaluation of one objective."""
    earlier = () if base is None else history(base)
    return judged(slo(objective(criteria), comparison=SINGLE), {"a": value}, earlier)


def quoted(text):
    """Return a list of one criterion in YAML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'["{escaped}"]'


@pytest.mark.parametrize(
    ("criterion", "value", "base", "status", "target"),
    [
        pytest.param("<=600", 600, None, "pass", 600, id="R1-reached"),
        pytest.param("<600", 600, None, "fail", 600, id="R1-missed"),
        pytest.param("=0", 0, None, "pass", 0, id="R1-zero"),
        pytest.param("<=+10%", 110, 100, "pass", 110, id="R2"),
        pytest.param("<=10%", 110, 100, "pass", 110, id="R3-percent-without-sign"),
        pytest.param(">=-80%", 10, 50, "pass", 10, id="R4-reached"),
        pytest.param(">=-80%", 9.9, 50, "fail", 10, id="R4-missed"),
        pytest.param("<=+15", 116, 100, "fail", 115, id="R5"),
        pytest.param(">-10", 50, 100, "fail", 90, id="R6-no-negative-threshold"),
        pytest.param(">-10", 50, None, "pass", 0, id="R6-without-baseline"),
        pytest.param("<=+10%", 3.3000000000000003, 3, "fail", 3.3, id="R7-exact"),
        pytest.param("<=+10%", 1.2100000000000002, 1.1, "pass", 1.2100000000000002, id="R7-order-of-arithmetic"),
        pytest.param("<=+10%", -105, -100, "fail", -110, id="R8-negative-baseline"),
        pytest.param("<=+10%", 0.1, 0, "fail", 0, id="R8-baseline-of-zero"),
        pytest.param("<= 1 000", 1000, None, "pass", 1000, id="R9-blank-inside-number"),
        pytest.param(" <= + 10 % ", 110, 100, "pass", 110, id="R9-blanks-all-over"),
        pytest.param("<1_000", 999, None, "pass", 1000, id="R12-underscore"),
        pytest.param("<.5", 0.4, None, "pass", 0.5, id="R12-no-leading-zero"),
        pytest.param("<1e3", 999, None, "pass", 1000, id="R12-exponent"),
        pytest.param("<0x1p4", 15, None, "pass", 16, id="R12-hexadecimal"),
        pytest.param("<5.", 4, None, "pass", 5, id="R12-no-decimals"),
        pytest.param("<1e-400", 0, None, "fail", 0, id="R12-too-small-is-zero"),
        pytest.param("<+-5", 94, 100, "pass", 95, id="R13-plus-minus"),
        pytest.param("<--5", 104, 100, "pass", 105, id="R13-minus-minus"),
        pytest.param("<-+5", 94, 100, "pass", 95, id="R13-minus-plus"),
        pytest.param("=-0", 100, 100, "pass", 100, id="minus-zero-is-relative"),
    ],
)
def test_a_criterion_compares_as_written(criterion, value, base, status, target):
    """Status and target of one criterion; the reported text keeps its blanks (R9)."""
    data = result(quoted(criterion), value, base)
    assert status == first(data)["status"]
    assert [{"criteria": criterion, "targetValue": target, "violated": status == "fail"}] == first(data)["passTargets"]


def test_the_baseline_is_reported_beside_the_value():
    """R2: comparedValue 100."""
    assert first(result('["<=+10%"]', 110, 100))["value"]["comparedValue"] == 100


@pytest.mark.parametrize(
    "criterion",
    [
        *(
            "<5\t",
            "<5ms",
            "==5",
            "=>5",
            "<>5",
            "<",
            "<=%",
            "<5%%",
            "<5,5",
            "|5",
            "<0x10",
            "<1e400",
            "<٣",
            "<inf",
            "<nan",
        ),
        *("<1__0", "<_1", "<1_", "<+", "<5\u00a0", "<0x1p9999", "<Infinity%"),
    ],
)
def test_what_is_no_number_ends_the_evaluation(criterion):
    """R10, R12: succeeded and fail, score 0, no indicator results."""
    data = result(quoted(criterion), 1)
    assert outcome(data) == ("succeeded", "fail", "fail", 0)
    assert data["evaluation"]["indicatorResults"] is None
    assert data["message"] == NOT_A_NUMBER


@pytest.mark.parametrize("criterion", ["500", "!=5", "\t<5", "", "≤5", '"<5"', "%", "  "])
def test_what_begins_with_no_operator_ends_the_evaluation(criterion):
    """R11."""
    assert result(quoted(criterion), 1)["message"] == NO_CRITERION


def test_one_group_that_holds_is_enough():
    """R14: groups are OR, criteria in a group are AND; all are reported."""
    text = slo('{sli: a, pass: [{criteria: ["<=+10%", "<200"]}, {criteria: ["<=1000"]}]}', comparison=SINGLE)
    data = judged(text, {"a": 900}, history(100))
    assert first(data)["status"] == "pass"
    assert violated(data) == [True, True, False]
    assert targets(data) == [110, 200, 1000]


def test_an_invalid_criterion_counts_even_behind_a_group_that_holds():
    """R15."""
    text = slo('{sli: a, pass: [{criteria: ["<1000"]}, {criteria: ["<5ms"]}]}')
    assert judged(text, {"a": 1})["message"] == NOT_A_NUMBER


def test_a_target_beyond_all_doubles_is_treated_as_invalid():
    """No JSON could carry it; chapter 5 says so of criteria that are infinite themselves."""
    assert result('["<=+1e308%"]', 1, 1e300)["message"] == NOT_A_NUMBER
