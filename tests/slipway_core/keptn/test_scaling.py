"""What the value of a scaling action means."""

import pytest
from slipway_core.keptn.problems import InvalidEvent
from slipway_core.keptn.scaling import read_change


@pytest.mark.parametrize(
    ("value", "count"),
    [("2", 2), ("+1", 4), ("-1", 2), (" 5 ", 5), (2, 2), (2.0, 2), ("0", 0), ("-4", -1)],
)
def test_a_number_sets_and_a_sign_changes(value, count):
    """From three replicas; jobs.md R66."""
    assert count == read_change(value).applied_to(3)


@pytest.mark.parametrize(("value", "count"), [("1", 4), ("+1", 4), ("-1", 2), (2, 5)])
def test_the_older_form_adds_a_plain_number(value, count):
    """jobs.md R68: action `scaling`."""
    assert count == read_change(value, plain_adds=True).applied_to(3)


@pytest.mark.parametrize("value", [None, "", "two", "1.5", 1.5, True, "++1", "1 2", {"n": 1}, [2], float("inf"), "٣"])
def test_what_is_no_number_is_refused_by_its_field(value):
    """And the message says how to write it."""
    with pytest.raises(InvalidEvent, match=r"action\.value: .* is no number of replicas: write"):
        read_change(value)
