"""remediation.yaml: reading, and what is wrong with it."""

import pytest
from slipway_core.keptn.lint import lint_file
from slipway_core.keptn.problems import InvalidFile
from slipway_core.keptn.remediation import load_remediation, read_remediation

HEAD = "apiVersion: spec.keptn.sh/0.1.4\nkind: Remediation\nmetadata: {name: any}\n"


def with_entries(*entries):
    """Return a file with these entries, each in flow style."""
    return HEAD + "spec:\n  remediations:\n" + "".join(f"    - {entry}\n" for entry in entries)


def with_action(action):
    """Return a file with one entry and one action."""
    return with_entries(f"{{problemType: A, actionsOnOpen: [{action}]}}")


def action_of(text):
    """Return the data of a file's only action."""
    remediation, problems = read_remediation(text, "remediation.yaml")
    assert [] == problems
    return remediation.entries[0].actions[0].as_data()


def lint(tmp_path, text):
    """Return line and severity of every problem."""
    path = tmp_path / "remediation.yaml"
    path.write_text(text)
    return [(one.line, one.severity, one.message) for one in lint_file(path).problems]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("off", False), ("'off'", "off"), ("on", True), ("Yes", True), ("n", False), ("yES", "yES"),
        ("1:30", "1:30"), ("010", 8), ("2001-01-01", "2001-01-01"), ("'+1'", "+1"), ("1.5", 1.5),
        ("{EnablePromotion: off, a: [no]}", {"EnablePromotion": False, "a": [False]}),
    ],
)  # fmt: skip
def test_values_are_those_of_yaml_11(written, value):
    """R66 and the table of sequences.md 1.4."""
    data = action_of(with_action(f"{{name: a, action: b, value: {written}}}"))
    assert value == data["value"]
    assert type(value) is type(data["value"])


def test_a_plus_without_quotes_is_lost_with_a_warning():
    """It would set the count of replicas to 1 instead of adding one."""
    remediation, problems = read_remediation(with_action("{name: a, action: scale, value: +1}"), "remediation.yaml")
    assert 1 == remediation.entries[0].actions[0].value
    assert ["without quotes +1 is the number 1: the sign is lost."] == [one.message for one in problems]


@pytest.mark.parametrize(
    ("written", "text"),
    [("n", "false"), ("on", "true"), ("5", "5"), ("2.0", "2"), ("010", "8"), ("'n'", "n"), ("~", "")],
)
def test_where_text_is_wanted_a_boolean_or_a_number_becomes_text(written, text):
    """sequences.md 1.4."""
    assert text == action_of(with_action(f"{{name: {written}, action: b}}"))["name"]


def test_only_what_is_given_is_in_the_data():
    """Description and value may be missing; a value of null is none."""
    assert {"name": "a", "action": "b"} == action_of(with_action("{name: a, action: b, value: null}"))
    full = {"name": "a", "action": "b", "description": "d", "value": 0}
    assert full == action_of(with_action("{name: a, action: b, description: d, value: 0}"))


def test_the_case_of_keys_does_not_matter():
    """sequences.md 1.4; an exact key wins."""
    text = HEAD + "Spec:\n  Remediations:\n    - {PROBLEMTYPE: A, ActionsOnOpen: [{Name: x, name: a, Action: b}]}\n"
    assert {"name": "a", "action": "b"} == action_of(text)


def test_of_a_key_said_twice_the_last_counts_and_lint_refuses_it(tmp_path):
    """sequences.md 1.4: Keptn read it, but the two say different things."""
    text = with_action("{name: a, name: b, action: c}")
    assert {"name": "b", "action": "c"} == action_of(text)
    assert [(6, "error", "'name' is said twice in one mapping (before in line 6).")] == lint(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("apiVersion: spec.keptn.sh/0.1.3\n", 1, "apiVersion 'spec.keptn.sh/0.1.3' is not read"),
        ("apiVersion: 0.1.4\n", 1, "apiVersion '0.1.4' is not read"),
        ("kind: Remediation\n", 1, "'apiVersion' is missing"),
        ("# first\nremediations:\n- name: A\n", 2, "the first form of remediation.yaml"),
        ("", None, "it is empty"),
    ],
)
def test_another_version_is_refused_with_how_to_lift_it(text, line, words):
    """R61 and decisions.md: only 0.1.4."""
    remediation, problems = read_remediation(text, "remediation.yaml")
    assert None is remediation
    errors = [one for one in problems if one.severity == "error"]
    assert [line] == [one.line for one in errors]
    assert words in errors[0].message
    assert "apiVersion: spec.keptn.sh/0.1.4" in errors[0].advice


@pytest.mark.parametrize(
    "text",
    [
        with_entries("text"),
        with_entries("{problemType: [A]}"),
        with_entries("{problemType: A, actionsOnOpen: {name: a}}"),
        with_action("{name: {a: b}}"),
        with_action("{name: a, value: .inf}"),
    ],
)
def test_a_wrong_type_is_refused_with_its_line(text):
    """sequences.md 1.4: the whole file fails to parse."""
    remediation, problems = read_remediation(text, "remediation.yaml")
    assert None is remediation
    assert [6] == [one.line for one in problems if one.severity == "error"]


def test_what_can_hardly_be_meant_is_a_warning(tmp_path):
    """Valid for Keptn, each with its line."""
    text = with_entries(
        "{problemType: A, actionsOnOpen: [{name: a, action: b}]}",
        "{problemType: A, actionsOnOpen: [{name: c}]}",
        "{problemType: B}",
        "{problemType: C, actionsOnOpen: []}",
        "{name: D, actionsOnOpen: [{name: a, action: b}]}",
    )
    expected = [
        (7, "warning", "problemType 'A' is there twice; only the first counts."),
        (7, "warning", "action 'c' does not say what to do."),
        (8, "warning", "problemType 'B' has no 'actionsOnOpen': nothing will be done about it."),
        (9, "warning", "problemType 'C' has no 'actionsOnOpen': nothing will be done about it."),
        (10, "note", "'name' is ignored: a remediation has no such key."),
    ]
    assert expected == lint(tmp_path, text)


def test_loading_a_broken_file_raises_what_is_wrong(tmp_path):
    """With file and line."""
    (tmp_path / "remediation.yaml").write_text("apiVersion: x\n")
    with pytest.raises(InvalidFile, match=r"carts/remediation.yaml, line 1: apiVersion 'x' is not read"):
        load_remediation(tmp_path / "remediation.yaml", "carts/remediation.yaml")
