"""The evaluation cases: their expected values come from Keptn 1.4.5's own code."""

import json
import sys
from pathlib import Path

import pytest
from slipway_core.quality_gate.cases import judge_case, read_case

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # the comparison is a helper of this folder alone

from compare_evaluations import LEVELS, differences  # noqa: E402

FILE = HERE.parents[1] / "vectors" / "evaluation_cases.jsonl"
CASES = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_an_evaluation_is_judged_as_keptn_judged_it(case, level):
    """At each level, after a way through JSON text."""
    actual = json.loads(json.dumps(judge_case(read_case(case)), allow_nan=False))
    assert differences(case["expected"], actual, level) == []


def test_the_comparison_sees_each_kind_of_difference():
    """A key too many, a key missing, null for a list, a boolean for a number, the last digit."""
    case = CASES[0]["expected"]
    indicator = case["evaluation"]["indicatorResults"][0]
    others = (
        {**case, "labels": {}},
        {key: value for key, value in case.items() if key != "message"},
        {**case, "evaluation": {**case["evaluation"], "indicatorResults": None}},
        {**case, "evaluation": {**case["evaluation"], "score": True}},
        {**case, "evaluation": {**case["evaluation"], "score": 60.00000000000001}},
        {**case, "evaluation": {**case["evaluation"], "indicatorResults": [{**indicator, "warningTargets": []}] * 2}},
    )
    assert [True] * len(others) == [bool(differences(case, other, "exact")) for other in others]


def test_a_line_that_is_no_case_names_the_field():
    """The field that cannot be used stands first in the text."""
    from slipway_core.keptn.problems import InvalidEvent

    values = [{"metric": "a", "value": "fast", "success": True}]
    with pytest.raises(InvalidEvent, match=r"^sli_values\[0\]\.value: must be a finite number"):
        read_case({"id": "x", "slo_yaml": None, "sli_values": values})
