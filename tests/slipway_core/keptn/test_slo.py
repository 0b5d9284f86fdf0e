"""slo.yaml: what is read, and what is said about it with file and line."""

import pytest
from slipway_core.keptn.problems import InvalidFile, has_errors
from slipway_core.keptn.slo import NO_COMPARISON, check_slo, load_slo, read_slo

GOOD = """\
spec_version: "1.0"
filter:
  id: 4711
  handler: null
comparison:
  compare_with: several_results
  include_result_with_score: PASS
  number_of_comparison_results: 5
  aggregate_function: p90
objectives:
  - sli: response_time
    displayName: Response time
    pass:
      - criteria: ["<=+10%", "<600"]
    warning:
      - criteria: ["<=800"]
    weight: 2
    key_sli: true
  - sli: throughput
total_score:
  pass: "90%"
  warning: 75
"""


def said(text):
    """Return severity, line and message of all problems."""
    return [(one.severity, one.line, one.message) for one in check_slo(text, "slo.yaml")]


def test_a_file_is_read_with_lines_and_defaults():
    """Each field has its type, each record its line."""
    slo, problems = read_slo(GOOD, "slo.yaml")
    first, second = slo.objectives
    assert problems == []
    assert slo.filter == {"id": "4711", "handler": ""}
    assert (
        slo.comparison.compare_with,
        slo.comparison.include,
        slo.comparison.number,
        slo.comparison.aggregate,
    ) == ("several_results", "pass", 5, "p90")
    assert (
        first.sli,
        first.display_name,
        first.weight,
        first.key_sli,
        first.line,
    ) == ("response_time", "Response time", 2, True, 11)
    assert [(one.text, one.line) for one in first.passing[0]] == [("<=+10%", 14), ("<600", 14)]
    assert (
        second.sli,
        second.passing,
        second.warning,
        second.weight,
        second.key_sli,
        second.line,
    ) == ("throughput", (), (), 1, False, 19)
    assert ((slo.passing.number, slo.passing.line), (slo.warning.number, slo.warning.line)) == ((90.0, 21), (75.0, 22))


def test_without_comparison_one_result_is_used():
    """Null is as good as nothing."""
    for text in ("total_score: {pass: 90}", "comparison:\ntotal_score: {pass: 90}"):
        assert read_slo(text, "slo.yaml")[0].comparison == NO_COMPARISON


def test_a_good_file_has_no_problems():
    """Not even a note."""
    assert said(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "severity", "line", "words"),
    [
        ("several_results", "several", "warning", 6, "the last 3 evaluations are used"),
        ("several_results", "single_result", "warning", 8, "is ignored: single_result uses one"),
        ("_results: 5", "_results: 101", "error", 8, "no evaluation can be made"),
        ("p90", "p99", "warning", 9, "every baseline is 0"),
        ("PASS", "warning", "warning", 7, "all results are used"),
        ('"<600"', '"<600ms"', "error", 14, "'<600ms' has no number"),
        ('"<600"', '"600"', "error", 14, "'600' does not begin with"),
        ('"<=800"', '"<=800ms"', "warning", 16, "the warning band is never reached"),
        ("weight: 2", "weight: two", "error", 17, "'weight' must be a whole number"),
        ("key_sli: true", 'key_sli: "true"', "error", 18, "'key_sli' must be true or false"),
        ("weight: 2", "Weight: 2", "warning", 17, "'Weight' is ignored"),
        ("  - sli: throughput", "  - sli: response_time", "warning", 19, "has 2 objectives"),
        ("    displayName: Response time\n", "", "note", 11, "the verdict cannot name it"),
        ('pass: "90%"', 'pass: "90 %"', "error", 21, "is no percentage"),
        ('pass: "90%"', 'pass: "101%"', "warning", 21, "nothing reaches it"),
        ("warning: 75", "warning: 95", "warning", 22, "there is no warning band"),
        ("warning: 75", "warning: x", "error", 22, "total_score.warning 'x' is no percentage"),
        ('  pass: "90%"\n', "", "error", 20, "total_score.pass is missing"),
        ('["<=800"]', "", "warning", 11, "a group has no criteria"),
        ("  - sli: throughput", "  -\n    pass: [null]", "error", 20, "nothing stands in this item of 'pass'"),
        ("  - sli: throughput", "  - sli: x\n    warning: [{criteria: ['<1']}]", "warning", 19, "never judged"),
        ("  - sli: throughput", "  - displayName: x", "warning", 19, "names no 'sli'"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(old, new, severity, line, words):
    """One problem each, errors with what to do."""
    problems = check_slo(GOOD.replace(old, new, 1), "slo.yaml")
    assert [(severity, line)] == [(one.severity, one.line) for one in problems]
    assert words in problems[0].message
    assert problems[0].advice or severity != "error"


def test_an_empty_file_is_an_error():
    """For lint; for an evaluation it counts as absent."""
    assert said("") == [("error", None, "it is empty.")]


def test_blanks_alone_are_an_error_too():
    """Keptn read an SLO without content."""
    assert has_errors(check_slo("# nothing\n", "slo.yaml"))


def test_a_missing_file_names_its_path(tmp_path):
    """InvalidFile, as for every file of a user."""
    with pytest.raises(InvalidFile, match="cannot be read"):
        load_slo(tmp_path / "slo.yaml")


def test_a_broken_file_raises_with_its_line(tmp_path):
    """load_slo is for those who need the file."""
    path = tmp_path / "slo.yaml"
    path.write_text("objectives: 5\n")
    with pytest.raises(InvalidFile, match="line 1: 'objectives' must be a list"):
        load_slo(path)
