"""Baselines: evaluation.md R16 to R32, each by its number."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from gates import SINGLE, first, history, judged, objective, outcome, slo, targets, violated
from slipway_core.quality_gate.baseline import aggregate
from slipway_core.quality_gate.cases import earlier_of
from slipway_core.quality_gate.values import Scope

TEN_PERCENT = objective('["<=+10%"]')
NO_HISTORY = "could not retrieve previous evaluation.finished events"


def base(comparison, *earlier, value=5):
    """Return the reported baseline and the ids compared with."""
    data = judged(slo(TEN_PERCENT, comparison=comparison), {"a": value}, history(*earlier))
    return first(data)["value"]["comparedValue"], data["evaluation"].get("comparedEvents", [])


def test_r16_without_history_a_relative_criterion_holds():
    """Target 0, not violated, no comparedEvents."""
    data = judged(slo(TEN_PERCENT), {"a": 500})
    assert (first(data)["status"], targets(data), violated(data)) == ("pass", [0], [False])
    assert "comparedEvents" not in data["evaluation"]


def test_r17_without_history_fixed_criteria_still_count():
    """Only `<600` is violated."""
    data = judged(slo(objective('["<=+10%", "<600"]')), {"a": 700})
    assert (first(data)["status"], violated(data)) == ("fail", [False, True])


def test_r18_results_that_are_not_included_are_passed_over():
    """single_result with pass, newest failed."""
    earlier = ({"result": "fail", "values": {"a": 300}}, 100)
    assert base("{compare_with: single_result, include_result_with_score: pass}", *earlier) == (100, ["e1"])


@pytest.mark.parametrize(("include", "expected"), [("PASS", 100), ("warning", 300), ("Pass_Or_Warn", 100)])
def test_r19_include_ignores_letter_case_and_unknown_words_mean_all(include, expected):
    """`warning` is no known word."""
    earlier = ({"result": "fail", "values": {"a": 300}}, 100)
    comparison = f"{{compare_with: single_result, include_result_with_score: {include}}}"
    assert expected == base(comparison, *earlier)[0]


def test_r20_without_comparison_the_newest_is_used():
    """Failed or not."""
    assert base(None, {"result": "fail", "values": {"a": 400}}, 200, 100) == (400, ["e0"])


@pytest.mark.parametrize(
    ("comparison", "expected", "used"),
    [
        pytest.param("{number_of_comparison_results: 1}", 300, 3, id="R21"),
        pytest.param("{compare_with: several_results}", 300, 3, id="R22"),
        pytest.param("{compare_with: single_result, number_of_comparison_results: 5}", 400, 1, id="R23"),
        pytest.param("{compare_with: Several_Results, number_of_comparison_results: 1}", 300, 3, id="letter-case"),
        pytest.param("{compare_with: several_results, number_of_comparison_results: 0}", 300, 3, id="zero"),
        pytest.param("{compare_with: several_results, number_of_comparison_results: 2.9}", 350, 2, id="cut"),
        pytest.param("{}", 300, 3, id="empty-comparison"),
    ],
)
def test_how_many_results_are_used(comparison, expected, used):
    """R21 to R23, chapter 4."""
    found, compared = base(comparison, 400, 300, 200, 100)
    assert (expected, used) == (found, len(compared))


@pytest.mark.parametrize("number", [101, -1])
def test_r24_a_number_out_of_range_is_an_error(number):
    """Errored, with the file in the event, nothing compared."""
    comparison = f"{{compare_with: several_results, number_of_comparison_results: {number}}}"
    data = judged(slo(TEN_PERCENT, comparison=comparison), {"a": 1}, history(100))
    assert outcome(data) == ("errored", "fail", "fail", 0)
    assert data["message"] == NO_HISTORY
    assert data["evaluation"]["sloFileContent"]
    assert "comparedEvents" not in data["evaluation"]


def test_r24_a_hundred_is_fine():
    """All of them are used."""
    comparison = "{compare_with: several_results, number_of_comparison_results: 100}"
    assert len(base(comparison, *range(1, 121))[1]) == 100


def test_a_history_that_could_not_be_read_is_an_error():
    """Chapter 8: the store fails. It never passes for want of a baseline."""
    data = judged(slo(TEN_PERCENT), {"a": 1}, None)
    assert (data["status"], data["message"]) == ("errored", NO_HISTORY)


def test_r25_an_unknown_function_makes_zero_the_baseline():
    """And zero is a baseline."""
    comparison = "{compare_with: several_results, aggregate_function: p99}"
    data = judged(slo(TEN_PERCENT, comparison=comparison), {"a": 5}, history(100))
    assert (first(data)["status"], targets(data), first(data)["value"]["comparedValue"]) == ("fail", [0], 0)


@pytest.mark.parametrize(
    ("function", "numbers", "expected"),
    [
        ("p90", range(11), 9.8),
        ("p95", range(11), 10),
        ("p50", (10, 20, 30, 40), 25),
        ("p90", (10, 20, 30, 40), 40),
        ("p50", (4, 8), 6),
        ("p90", (7,), 7),
        ("p50", (8, 4), 6),
        ("avg", (1, 2, 6), 3),
        ("AVG", (1, 2, 6), 0),
    ],
)
def test_r26_aggregates(function, numbers, expected):
    """Letter case counts; order does not, save for the last digit of an average."""
    assert expected == aggregate(list(map(float, numbers)), function)


def test_r27_an_errored_evaluation_uses_up_the_only_place():
    """single_result and all: no baseline, compared with the errored one."""
    data = judged(slo(TEN_PERCENT, comparison=SINGLE), {"a": 500}, history({"result": "fail"}, 100))
    assert (data["result"], data["evaluation"]["comparedEvents"]) == ("pass", ["e0"])


def test_r28_a_failed_value_gives_no_baseline():
    """single_result; the older 100 is not looked at."""
    assert base(SINGLE, {"values": {"a": None}}, 100) == (0, ["e0"])


def test_r29_an_invalidated_evaluation_is_left_out():
    """The older one takes its place."""
    data = judged(slo(TEN_PERCENT), {"a": 500}, history({"values": {"a": 300}, "invalidated": True}, 100))
    assert (data["result"], first(data)["value"]["comparedValue"]) == ("fail", 100)


def test_r30_a_metric_twice_in_one_evaluation_counts_twice():
    """Average of 10, 20 and 90."""
    comparison = "{compare_with: several_results, number_of_comparison_results: 2}"
    assert base(comparison, {"values": [("a", 10), ("a", 20)]}, 90)[0] == 40


def test_r31_evaluations_of_others_are_never_used():
    """Another service, stage or project."""
    others = [{"service": "other"}, {"stage": "other"}, {"project": "other"}, {}]
    entries = [{"id": "e", "time": "2024-01-01T00:00:00Z", "result": "pass", **other} for other in others]
    assert len(list(earlier_of(entries, Scope("p", "s", "x")))) == 1


def test_r32_fixed_criteria_report_the_baseline_too():
    """`<10`, base 50."""
    data = judged(slo(objective('["<10"]')), {"a": 5}, history(50))
    assert (data["result"], first(data)["value"]["comparedValue"]) == ("pass", 50)


def test_a_baseline_beyond_all_doubles_fails_by_name():
    """Nothing is judged on infinity, and no JSON could carry it."""
    comparison = "{compare_with: several_results, number_of_comparison_results: 2}"
    data = judged(slo(TEN_PERCENT, comparison=comparison), {"a": 1}, history(1.7e308, 1.7e308))
    assert (data["result"], data["message"]) == ("fail", "error with a: the baseline is beyond the range of a double")
