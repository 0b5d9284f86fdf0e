from __future__ import annotations

import pytest
from slipway_local.demo import Step, chosen_steps
from slipway_local.errors import LocalError

STEPS = [Step(number, f"step {number}", lambda _: None) for number in (1, 2, 3)]


@pytest.mark.parametrize(("text", "expected"), [("", [1, 2, 3]), ("2", [2]), ("1-2", [1, 2]), ("2-9", [2, 3])])
def test_steps_are_chosen_by_number(text: str, expected: list[int]) -> None:
    """One number, a range, or all."""
    assert expected == [step.number for step in chosen_steps(text, STEPS)]


@pytest.mark.parametrize("text", ["x", "1-x", "9", "-2"])
def test_steps_that_are_none_are_refused(text: str) -> None:
    """A wrong choice is said at once, before anything starts."""
    with pytest.raises(LocalError):
        chosen_steps(text, STEPS)
