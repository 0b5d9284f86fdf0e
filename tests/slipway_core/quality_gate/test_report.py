"""A finished evaluation as a block of text."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from gates import SCOPE, SINGLE, history, slo, values
from slipway_core.quality_gate.finished import evaluate
from slipway_core.quality_gate.report import rows, stored_rows, text
from slipway_core.quality_gate.values import Answer

FILE = slo(
    '{sli: a, displayName: Latency, key_sli: true, pass: [{criteria: ["<=+10%", "<600"]}]}',
    '{sli: b, pass: [{criteria: ["<5"]}], warning: [{criteria: ["<9"]}]}',
    "{sli: c}",
    '{sli: d, pass: [{criteria: ["<5"]}]}',
    comparison=SINGLE,
)


def finished():
    """Return an evaluation with one objective of each kind."""
    return evaluate(SCOPE, FILE, Answer(values({"a": 130, "b": 7, "c": 1})), history(100))


def test_each_objective_has_value_limit_baseline_verdict_and_why():
    """A relative limit shows the number it came to."""
    assert [
        ("Latency (key)", "130", "<=+10% (110), <600", "100", "fail", "missed: <=+10% (110)"),
        ("b", "7", "<5", "-", "warning", "missed: <5; within: <9"),
        ("c", "1", "-", "-", "info", "only shown"),
        ("d", "none", "<5", "-", "fail", "no value received from SLI provider"),
    ] == rows(finished())


def test_the_block_has_one_line_per_objective_under_its_headline():
    """The headline says result, score, what it was compared with, and why."""
    headline, columns, *lines = text(finished()).splitlines()
    assert headline.startswith("FAIL, score 16.6667 of 100, compared with e0: Evaluation failed due to key_sli")
    assert ["objective", "value", "limit", "baseline", "verdict", "why"] == columns.split()
    assert 4 == len(lines)


def test_a_stored_evaluation_shows_the_same_rows():
    """Through JSON and back; the person who approves sees what the gate said."""
    stored = json.loads(json.dumps(finished().data()["evaluation"]))
    assert rows(finished()) == stored_rows(stored)


@pytest.mark.parametrize("results", ["text", [1], [{"value": "12"}], [{"passTargets": [{}]}]])
def test_an_evaluation_of_another_shape_is_refused(results):
    """It may come from somebody else's task."""
    with pytest.raises(ValueError, match="indicatorResults"):
        stored_rows({"indicatorResults": results})
