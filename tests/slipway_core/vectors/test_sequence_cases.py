"""The sequence cases: expected events come from Keptn 1.4.5's own code, with our decisions."""

import json
import sys
from pathlib import Path

import pytest
from slipway_core.keptn.sequence_cases import read_case, run_case

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # the comparison is a helper of this folder alone

from compare_sequences import comparable  # noqa: E402

CASES = [json.loads(line) for line in (HERE / "sequence_cases.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_sequence_goes_as_the_case_says(case):
    """Order, payloads and outcomes of all events agree."""
    assert comparable(case["expected"]) == comparable(run_case(read_case(case)))
