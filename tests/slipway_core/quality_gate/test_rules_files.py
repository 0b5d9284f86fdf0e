"""Files: evaluation.md R61 to R66 and the ways in which a slo.yaml cannot be read (chapters 4 and 8)."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from gates import first, judged, objective, outcome, slo

UNPARSABLE = "Could not parse SLO file for service x in stage s in project p"
GOOD = slo(objective('["<10"]'))


@pytest.mark.parametrize("text", [None, "", b""])
def test_r61_without_a_file_it_passes(text):
    """Score 0, with the message; the event shows no file."""
    data = judged(text, {"a": 1})
    assert outcome(data) == ("succeeded", "pass", "pass", 0)
    message = "no evaluation performed by lighthouse because no SLO file configured for project p"
    assert (message, "", None) == (
        data["message"],
        data["evaluation"]["sloFileContent"],
        data["evaluation"]["indicatorResults"],
    )


def test_r62_without_objectives_it_fails():
    """The shown result keeps what the score of 0 gave."""
    data = judged("objectives: []\ntotal_score: {pass: '0%'}", {"a": 1})
    assert outcome(data) == ("succeeded", "fail", "pass", 0)
    assert data["message"] == "lighthouse failed because no SLO objective was provided"


def test_r63_null_objectives_are_dropped():
    """One indicator result."""
    data = judged("objectives: [null, {sli: a}]\ntotal_score: {pass: '0%'}", {"a": 1})
    assert len(data["evaluation"]["indicatorResults"]) == 1


def test_r64_a_bare_greater_than_is_an_empty_criterion():
    """YAML takes `- >5` for a folded block."""
    text = "objectives:\n- sli: a\n  pass:\n  - criteria:\n    - >5\n\ntotal_score: {pass: '90%'}"
    assert judged(text, {"a": 1})["message"] == "error with a: invalid criteria string"


def broken(line):
    """Return a good file with one line more under its objective."""
    return f"objectives:\n- sli: a\n  {line}\ntotal_score: {{pass: '90%'}}"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("objectives:\n- sli: a\n  pass:\n  - criteria:\n    - >=5\n", id="R64-greater-or-equal"),
        pytest.param(broken("sli: b"), id="R64-key-twice"),
        pytest.param(broken('pass: [{criteria: "<5"}]'), id="R64-criteria-as-text"),
        pytest.param(broken('key_sli: "true"'), id="R64-quoted-true"),
        pytest.param(broken("key_sli: 1"), id="number-for-boolean"),
        pytest.param(broken("key_sli: yEs"), id="odd-letter-case"),
        pytest.param(broken('weight: "2"'), id="R36-quoted-number"),
        pytest.param(broken("weight: [2]"), id="list-for-number"),
        pytest.param(broken("weight: .inf"), id="infinite-weight"),
        pytest.param(broken("weight: yes"), id="text-for-number"),
        pytest.param(broken("weight: true"), id="boolean-for-number"),
        pytest.param(broken("weight: 1e30"), id="number-too-large"),
        pytest.param(broken("pass: {criteria: ['<5']}"), id="mapping-for-list"),
        pytest.param(broken("pass: [null]"), id="null-group"),
        pytest.param(broken("pass: ['<5']"), id="text-for-group"),
        pytest.param(broken("pass: [{criteria: [['<5']]}]"), id="list-for-criterion"),
        pytest.param(broken("displayName: {a: b}"), id="mapping-for-text"),
        pytest.param("comparison: single_result\ntotal_score: {pass: '90%'}", id="text-for-comparison"),
        pytest.param("total_score: 90%", id="text-for-total-score"),
        pytest.param("filter: [a]\ntotal_score: {pass: '90%'}", id="list-for-filter"),
        pytest.param("filter: {a: [b]}\ntotal_score: {pass: '90%'}", id="list-in-filter"),
        pytest.param("---\n", id="nothing-but-a-marker"),
        pytest.param("null", id="null"),
        pytest.param("~", id="tilde"),
        pytest.param("invalid", id="bare-text"),
        pytest.param("- a", id="list-at-the-top"),
        pytest.param(b"\xff\xfe\x00", id="no-utf-8"),
    ],
)
def test_r64_what_cannot_be_parsed_is_an_error(text):
    """Errored, and the event shows no file."""
    data = judged(text, {"a": 1})
    assert outcome(data) == ("errored", "fail", "fail", 0)
    assert (data["message"], data["evaluation"]["sloFileContent"]) == (UNPARSABLE, "")


@pytest.mark.parametrize("text", ["   ", "\n\n", "# nothing yet\n"])
def test_blanks_and_comments_are_a_file_without_target(text):
    """Chapter 4."""
    assert judged(text, {"a": 1})["message"] == "no target score defined"


@pytest.mark.parametrize("word", ["yes", '"yes"', "Yes", "YES", "y", "on", "true", "True", "TRUE"])
def test_r64_words_for_true(word):
    """Plain or quoted, but `true` only plain."""
    assert first(judged(slo(objective('["<10"]', more=f"key_sli: {word}")), {"a": 1}))["keySli"] is True


@pytest.mark.parametrize("word", ["no", '"n"', "Off", "false", "FALSE", "null"])
def test_r64_words_for_false(word):
    """Null too."""
    assert first(judged(slo(objective('["<10"]', more=f"key_sli: {word}")), {"a": 1}))["keySli"] is False


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(GOOD + "\n---\n{ broken", id="R65-second-document"),
        pytest.param(GOOD + "\nfail: [x]", id="R65-unknown-key"),
        pytest.param("spec_version: x\n" + GOOD, id="R65-spec-version"),
        pytest.param("\ufeff" + GOOD, id="byte-order-mark"),
        pytest.param(GOOD.replace("\n", "\r\n"), id="crlf"),
        pytest.param(
            "x: &g [{criteria: ['<10']}]\nobjectives: [{sli: a, pass: *g}]\ntotal_score: {pass: 90}", id="alias"
        ),
        pytest.param(
            "objectives: [{<<: {sli: a, pass: [{criteria: ['<10', null]}]}}]\ntotal_score: {pass: 90}", id="<<"
        ),
    ],
)
def test_r65_what_does_not_disturb(text):
    """All pass."""
    assert (judged(text, {"a": 1})["result"], first(judged(text, {"a": 1}))["status"]) == ("pass", "pass")


@pytest.mark.parametrize("name", ["yes", "1.0", "0x10", "1:30", "2024-01-01"])
def test_r66_the_name_of_an_indicator_is_taken_as_written(name):
    """`sli: yes` matches `yes`, not `True`."""
    assert judged(slo(objective('["<10"]', name)), {name: 1})["result"] == "pass"


def test_a_plain_number_is_a_criterion_without_operator():
    """`criteria: [5]` is the text 5."""
    assert judged(slo(objective("[5]")), {"a": 1})["message"] == "error with a: invalid criteria string"


def test_labels_are_left_out_when_empty():
    """Chapter 9."""
    assert "labels" not in judged(GOOD, {"a": 1}, labels={})
    assert judged(GOOD, {"a": 1}, labels={"build": "7"})["labels"] == {"build": "7"}
