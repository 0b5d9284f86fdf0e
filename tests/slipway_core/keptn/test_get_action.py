"""The task `get-action`."""

import pytest
from slipway_core.keptn.get_action import next_action
from slipway_core.keptn.remediation import read_remediation

PAYLOAD = {"project": "shop", "stage": "production", "service": "carts", "labels": {"pod": "carts-1"}}
FILE = """\
apiVersion: spec.keptn.sh/0.1.4
spec:
  remediations:
    - {problemType: A, actionsOnOpen: [{name: a0, action: x}, {name: a1, action: x}, {name: a2, action: x}]}
    - {problemType: B, actionsOnOpen: [{name: b0, action: x}]}
    - {problemType: nothing}
    - {problemType: nothing, actionsOnOpen: [{name: n0, action: x}]}
    - {problemType: empty, actionsOnOpen: []}
"""
DEFAULT = FILE + "    - {problemType: default, actionsOnOpen: [{name: d0, action: x}]}\n"


def ask(text=DEFAULT, index=None, **problem):
    """Ask for the next action for a problem."""
    payload = {**PAYLOAD, "problem": problem}
    if index is not None:
        payload["get-action"] = {"actionIndex": index}
    return next_action(payload, read_remediation(text, "carts/remediation.yaml")[0])


def chosen(*arguments, **keywords):
    """Return the name of the chosen action; ``None`` when there is none."""
    return ask(*arguments, **keywords).get("action", {}).get("name")


@pytest.mark.parametrize(
    ("problem", "name"),
    [
        ({"rootCause": "B", "problemTitle": "A"}, "b0"),
        ({"rootCause": "C", "problemTitle": "A"}, "a0"),
        ({"problemTitle": "a"}, "d0"),
        ({}, "d0"),
        ({"problemTitle": "nothing"}, "d0"),  # the first entry of a type speaks for it
        ({"ProblemTitle": "A"}, "a0"),  # R60
        ({"ROOTCAUSE": "B"}, "b0"),
    ],
)
def test_root_cause_then_title_then_default(problem, name):
    """R59, exact text; R60, whatever the case of the field's name."""
    assert name == chosen(**problem)


def test_without_a_match_and_without_default_it_fails():
    """R59: the sequence ends there."""
    finished = ask(FILE, problemTitle="a")
    assert ("fail", "succeeded") == (finished["result"], finished["status"])
    assert "carts/remediation.yaml has no action for 'a', and no 'default'." == finished["message"]


def test_an_empty_list_of_actions_is_a_match_with_nothing_to_do():
    """sequences.md 7.2: no fall back to the default."""
    finished = ask(problemTitle="empty")
    assert ("fail", "succeeded") == (finished["result"], finished["status"])


def test_without_a_usable_file_it_is_errored():
    """R61: missing, or another version."""
    for why in ("", "carts/remediation.yaml, line 1: apiVersion 'x' is not read."):
        finished = next_action(PAYLOAD, None, why)
        assert ("fail", "errored") == (finished["result"], finished["status"])
        assert finished["message"] == (why or "Service 'carts' has no remediation.yaml.")


def test_actions_come_in_turn_until_the_list_ends():
    """R62, R63 as documented: 0, 1, 2, then an end; the result that came in does not matter."""
    indices = [None, 1, 2.0, 3]
    assert ["a0", "a1", "a2", None] == [chosen(problemTitle="A", index=index) for index in indices]
    finished = next_action(
        {**PAYLOAD, "result": "fail", "problem": {"problemTitle": "B"}}, read_remediation(FILE, "remediation.yaml")[0]
    )
    assert ("pass", {"actionIndex": 1}) == (finished["result"], finished["get-action"])


@pytest.mark.parametrize("index", ["1", True, -1, 1.5, [0]])
def test_an_index_that_is_no_number_is_errored(index):
    """Never the wrong action."""
    finished = ask(problemTitle="A", index=index)
    assert ("fail", "errored") == (finished["result"], finished["status"])
    assert "get-action.actionIndex must be a number" in finished["message"]


def test_a_problem_that_is_no_text_is_errored():
    """As an event that Keptn could not read."""
    finished = ask(problemTitle=5)
    assert ("errored", "problem.problemTitle must be text, not 5.") == (finished["status"], finished["message"])


def test_labels_and_scope_go_with_the_answer():
    """sequences.md 2.6."""
    assert PAYLOAD == {key: ask(problemTitle="A")[key] for key in PAYLOAD}
