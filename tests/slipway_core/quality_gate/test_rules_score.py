"""Objectives, score and verdict: evaluation.md R33 to R60, each by its number."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from gates import SINGLE, TOTAL, first, history, judged, objective, outcome, slo, targets, violated
from slipway_core.quality_gate.messages import number_text

A = objective('["<10"]')
B = objective('["<10"]', "b")
WARNS = "warning: [{criteria: ['<20']}]"


def scored(objectives, numbers, total=TOTAL, earlier=()):
    """Return result and score."""
    data = judged(slo(*objectives, total=total), numbers, earlier)
    return data["result"], data["evaluation"]["score"]


def test_r33_a_warning_gives_half_its_weight():
    """1.5 + 1 of 4."""
    data = judged(slo(objective('["<10"]', more=f"weight: 3, {WARNS}"), B), {"a": 15, "b": 1})
    assert outcome(data) == ("succeeded", "fail", "fail", 62.5)
    message = "Evaluation failed since the calculated score of 62.5 is below the warning value of 75"
    assert message == data["message"]


def test_r34_pass_is_looked_at_first():
    """Warning groups are reported all the same."""
    data = judged(slo(objective('["<100"]', more="warning: [{criteria: ['<50']}]")), {"a": 70})
    assert (first(data)["status"], violated(data, "warningTargets")) == ("pass", [True])


def test_r35_weight_zero_counts_as_one():
    """3 of 4."""
    b = objective('["<10"]', "b", "weight: 3")
    assert scored([objective('["<10"]', more="weight: 0"), b], {"a": 99, "b": 1}) == ("warning", 75)


@pytest.mark.parametrize("weight", ["1.9", "0.5", "+1", "0b1", "1_", "01"])
def test_r36_a_weight_is_cut_to_a_whole_number(weight):
    """Each of these is 1: 3 of 4."""
    b = objective('["<10"]', "b", "weight: 3")
    a = objective('["<10"]', more=f"weight: {weight}")
    assert scored([a, b], {"a": 99, "b": 1}) == ("warning", 75)


def test_r37_an_informational_objective_does_not_count():
    """Whatever its weight; keySli is reported false."""
    data = judged(slo("{sli: a, weight: 5, key_sli: true}", B), {"a": 99, "b": 1})
    assert data["evaluation"]["score"] == 100
    assert tuple(first(data)[key] for key in ("status", "keySli", "passTargets", "warningTargets")) == (
        "info",
        False,
        [],
        [],
    )
    assert first(data)["value"] == {"metric": "a", "value": 99, "comparedValue": 0, "success": True}


def test_r37_an_informational_objective_without_a_value_shows_none():
    """`value` is null."""
    assert first(judged(slo("{sli: a}", B), {"b": 1}))["value"] is None


def test_r38_only_informational_objectives_pass():
    """Score 100."""
    assert scored(["{sli: a}", "{sli: b, pass: []}"], {"a": 1}) == ("pass", 100)


def test_r38_without_total_score_there_is_no_verdict():
    """The check comes before the score."""
    data = judged(slo("{sli: a}", total=None), {"a": 1})
    assert outcome(data) == ("errored", "fail", "fail", 0)
    assert data["message"] == "no target score defined"
    assert "comparedEvents" not in data["evaluation"]


def test_r39_warning_alone_is_only_listed():
    """Targets 50, the bare baseline, and 5; both violated."""
    text = slo('{sli: a, warning: [{criteria: ["<=+10%", "<5"]}]}', comparison=SINGLE)
    data = judged(text, {"a": 70}, history(50))
    listed = first(data)["status"], targets(data, "warningTargets"), violated(data, "warningTargets")
    assert listed == ("info", [50, 5], [True, True])


def test_r40_an_empty_group_passes_but_adds_nothing():
    """Shown with score 1, total 50."""
    data = judged(slo("{sli: a, pass: [{criteria: []}]}", B), {"a": 1, "b": 1})
    assert (
        first(data)["status"],
        first(data)["score"],
        first(data)["passTargets"],
        data["evaluation"]["score"],
    ) == ("pass", 1, None, 50)


def test_r41_a_value_that_did_not_come_fails_its_objective():
    """Half the score."""
    data = judged(slo(A, B), {"b": 1})
    missing = {"metric": "a", "value": 0, "comparedValue": 0, "success": False}
    assert {**missing, "message": "no value received from SLI provider"} == first(data)["value"]
    assert (first(data)["status"], data["evaluation"]["score"]) == ("fail", 50)


def test_r42_targets_of_a_failed_value_are_bare():
    """50, not 55."""
    text = slo(objective('["<=+10%", "<7"]'), comparison=SINGLE)
    data = judged(text, {"a": None}, history(50))
    assert (targets(data), violated(data)) == ([50, 7], [True, True])


def test_r43_an_invalid_criterion_is_left_out_where_there_is_no_value():
    """No error."""
    data = judged(slo(objective('["<5ms", "<7"]')), {})
    assert (first(data)["status"], targets(data)) == ("fail", [7])


def test_r44_the_criterion_is_named_before_the_missing_total_score():
    """Message of R10."""
    data = judged(slo(objective('["<5ms"]'), total=None), {"a": 1})
    assert data["message"] == "error with a: could not parse criteria target value"


def test_r44_the_display_name_is_used_where_there_is_one():
    """And the first in file order."""
    text = slo(objective('["<5ms"]', more="displayName: Latency"), objective('["x"]', "b"))
    assert judged(text, {"a": 1, "b": 1})["message"] == "error with Latency: could not parse criteria target value"


@pytest.mark.parametrize(("value", "status"), [(50, "fail"), (5, "pass")])
def test_r45_an_invalid_warning_criterion_is_never_met(value, status):
    """Its targets are an empty list."""
    warning = 'warning: [{criteria: ["<100"]}, {criteria: ["500"]}]'
    data = judged(slo(objective('["<10"]', more=warning)), {"a": value})
    assert (status, []) == (first(data)["status"], first(data)["warningTargets"])


@pytest.mark.parametrize(("passing", "count", "score"), [(2, 3, 66.66666666666666), (5, 6, 83.33333333333334)])
def test_r46_the_score_is_not_rounded(passing, count, score):
    """100 * (sum / maximum), in this order."""
    objectives = [objective('["<10"]', f"m{place}") for place in range(count)]
    numbers = {f"m{place}": 1 if place < passing else 99 for place in range(count)}
    assert score == scored(objectives, numbers)[1]


@pytest.mark.parametrize(("share", "result"), [("66.67%", "fail"), ("66.66%", "pass")])
def test_r47_the_share_is_compared_exactly(share, result):
    """2 of 3."""
    objectives = [A, B, objective('["<10"]', "c")]
    assert result == scored(objectives, {"a": 1, "b": 1, "c": 99}, f'{{pass: "{share}"}}')[0]


def test_r48_a_score_in_the_warning_band():
    """75 of 90."""
    objectives = [A, B, objective('["<10"]', "c"), objective('["<10"]', "d")]
    data = judged(slo(*objectives), {"a": 1, "b": 1, "c": 1, "d": 99})
    close = "Evaluation returned a warning: the calculated score of 75 is close to the warning target value of 75"
    assert ("warning", close) == (data["result"], data["message"])


def test_r49_without_a_warning_band_the_target_is_named():
    """50 of 90."""
    data = judged(slo(A, B, total='{pass: "90%"}'), {"a": 1, "b": 99})
    below = "Evaluation failed since the calculated score of 50 is below the target value of 90"
    assert ("fail", below) == (data["result"], data["message"])


def test_r50_pass_is_asked_before_warning():
    """Even where warning lies above pass."""
    objectives = [objective('["<10"]', more="weight: 3"), objective('["<10"]', "b", "weight: 2")]
    assert scored(objectives, {"a": 1, "b": 99}, '{pass: "50%", warning: "80%"}') == ("pass", 60)


@pytest.mark.parametrize("share", ['"90 %"', "1:30", '" 90%"', "90%%", '"%"', "0x32", "abc", ".inf", "nan%"])
def test_r51_what_is_no_percentage_ends_the_evaluation(share):
    """Errored."""
    data = judged(slo(A, total=f"{{pass: {share}}}"), {"a": 1})
    assert (data["status"], data["message"]) == ("errored", "could not parse pass target percentage")


@pytest.mark.parametrize("share", ["90", '"90"', '"66.6%"', '"+50%"', "1e2%", "-5", "9_0%", "0x1p6%"])
def test_r51_what_is_a_percentage(share):
    """Signs, exponents and underscores are fine."""
    assert scored([A], {"a": 1}, f"{{pass: {share}}}")[0] == "pass"


@pytest.mark.parametrize("share", ['""', "null", "~"])
def test_r51_an_empty_share_is_no_target(share):
    """Null and empty text alike."""
    assert judged(slo(A, total=f"{{pass: {share}}}"), {"a": 1})["message"] == "no target score defined"


def test_r52_an_invalid_warning_share_counts_even_at_full_score():
    """Errored."""
    data = judged(slo(A, total='{pass: "90%", warning: x}'), {"a": 1})
    assert (data["status"], data["message"]) == ("errored", "could not parse warning target percentage")


def test_r53_a_key_objective_that_fails_fails_the_gate():
    """Whatever the score; it is named by its display name."""
    key = objective('["<10"]', more="key_sli: true, displayName: Latency")
    data = judged(slo(key, objective('["<10"]', "b", "weight: 9")), {"a": 99, "b": 1})
    failed = "Evaluation failed due to key_sli objective 'Latency': failed evaluation with score 0.000000"
    assert ("fail", 90, failed) == (data["result"], data["evaluation"]["score"], data["message"])


def test_r54_a_key_objective_at_warning_does_not():
    """95."""
    key = objective('["<10"]', more=f"key_sli: true, {WARNS}")
    assert scored([key, objective('["<10"]', "b", "weight: 9")], {"a": 15, "b": 1}) == ("pass", 95)


def test_r55_the_last_key_objective_that_failed_is_named():
    """By an empty name if it has none; its keySli is reported false."""
    keys = [objective('["<10"]', more="key_sli: true, displayName: A"), objective('["<10"]', "b", "key_sli: true")]
    data = judged(slo(*keys), {"a": 99})
    assert data["message"] == "Evaluation failed due to key_sli objective '': no value received from SLI provider"
    assert [one["keySli"] for one in data["evaluation"]["indicatorResults"]] == [True, False]


def test_r56_the_last_value_moves_into_the_gap():
    """`a` gets 50."""
    data = judged(slo(B, A), [("b", 1), ("a", 5), ("a", 50)])
    assert [one["status"] for one in data["evaluation"]["indicatorResults"]] == ["pass", "fail"]


def test_r57_each_objective_takes_a_value_of_its_own():
    """One value serves one objective, two serve two."""
    twice = slo(A, A)
    statuses = [
        [one["status"] for one in judged(twice, numbers)["evaluation"]["indicatorResults"]]
        for numbers in ([("a", 1)], [("a", 1), ("a", 2)])
    ]
    assert statuses == [["pass", "fail"], ["pass", "pass"]]


def test_r58_values_nobody_asked_for_are_named_in_a_pass_only():
    """In the order that the moving leaves; mind the blank before the full stop."""
    numbers = {"x": 1, "a": 1, "y": 1, "z": 1}
    text = "Lighthouse received additional SLIs, which are not specified as SLO: x, z, y . "
    assert text + "Please consider using them as an SLO." == judged(slo(A), numbers)["message"]
    assert "x, z, y" not in judged(slo(A), {**numbers, "a": 99})["message"]


def test_r59_a_source_that_failed_as_a_whole_fails_the_gate():
    """The shown result and score keep what was computed."""
    data = judged(slo(A), {"a": 1}, result="fail", message="unable to retrieve metrics")
    assert outcome(data) == ("succeeded", "fail", "pass", 100)
    assert data["message"] == "lighthouse failed because SLI failed with message unable to retrieve metrics"


def test_r59_a_warning_of_the_source_changes_nothing():
    """R59, second half."""
    assert judged(slo(A), {"a": 1}, result="warning")["result"] == "pass"


def test_r60_a_source_that_broke_is_an_error():
    """The shown result says pass, the event says fail."""
    data = judged(slo(A), {"a": 1}, status="errored", message="boom")
    assert outcome(data) == ("errored", "fail", "pass", 0)
    assert data["message"].endswith("received an unexpected error: boom")


def test_weights_that_cancel_pass_and_key_objectives_are_ignored():
    """Chapter 7: maximum 0."""
    objectives = [objective('["<10"]', more="weight: 2, key_sli: true"), objective('["<10"]', "b", "weight: -2")]
    assert scored(objectives, {"a": 99, "b": 99}) == ("pass", 100)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_not_finite_counts_as_failed(number):
    """Chapter 11: no verdict could carry it."""
    shown = first(judged(slo(A), {"a": number}))["value"]
    message = "query did not return valid values"
    assert {"metric": "a", "value": 0, "comparedValue": 0, "success": False, "message": message} == shown


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (75.0, "75"),
        (66.66666666666666, "66.66666666666666"),
        (1e6, "1e+06"),
        (999999.5, "999999.5"),
        (1234567.5, "1.2345675e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (-1.5e-7, "-1.5e-07"),
        (1e100, "1e+100"),
        (0.0, "0"),
        (-50.0, "-50"),
        (100.0, "100"),
    ],
)
def test_numbers_in_messages_are_the_shortest_text(number, text):
    """Exponent form below -4 and from 6 on, at least two digits."""
    assert text == number_text(number)
