"""`slipway verdict`: exit codes, forms of its input, both outputs."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from slipway_core.cli.verdict import verdict

CASES = Path(__file__).parents[2] / "vectors" / "evaluation_cases.jsonl"
SLO = """\
comparison: {compare_with: single_result, include_result_with_score: pass}
objectives:
  - {sli: a, displayName: Response time, pass: [{criteria: ["<=+10%"]}], warning: [{criteria: ["<=+50%"]}]}
total_score: {pass: 90%, warning: 40%}
"""


@pytest.fixture
def files(tmp_path):
    """Return a way to run the command on a slo.yaml, values and history."""

    def run(values, *more, slo=SLO, history=None):
        (tmp_path / "slo.yaml").write_text(slo)
        (tmp_path / "values.json").write_text(values if isinstance(values, str) else json.dumps(values))
        args = ["--slo", str(tmp_path / "slo.yaml"), "--values", str(tmp_path / "values.json"), *more]
        if history is not None:
            (tmp_path / "history.jsonl").write_text("\n".join(map(json.dumps, history)))
            args += ["--history", str(tmp_path / "history.jsonl")]
        return CliRunner().invoke(verdict, args)

    return run


def entry(value, **more):
    """Return one earlier evaluation in its short form."""
    values = [{"metric": "a", "value": value, "success": True}]
    return {"id": "e1", "time": "2024-01-01T00:00:00Z", "result": "pass", "values": values, **more}


@pytest.mark.parametrize(("value", "code"), [(110, 0), (130, 2), (200, 1)])
def test_the_exit_code_tells_the_result(files, value, code):
    """0 pass, 2 warning, 1 fail; the baseline is 100."""
    assert code == files({"a": value}, history=[entry(100)]).exit_code


@pytest.mark.parametrize(
    "values",
    [
        {"a": 5},
        [{"metric": "a", "value": 5, "success": True}],
        {"indicatorValues": [{"metric": "a", "value": 5, "success": True}]},
        {"get-sli": {"indicatorValues": [{"metric": "a", "value": 5, "success": True}], "start": "", "end": ""}},
    ],
)
def test_values_come_in_several_forms(files, values):
    """By name, as the list of get-sli.finished, or as its whole data."""
    assert files(values).exit_code == 0


def test_a_null_value_fails_its_objective(files):
    """It is no error of the input."""
    result = files({"a": None}, "--format", "json")
    value = json.loads(result.stdout)["evaluation"]["indicatorResults"][0]["value"]
    assert (result.exit_code, value["success"]) == (1, False)


def test_what_was_printed_serves_as_history(files):
    """So a CI system appends each verdict to one file."""
    first = json.loads(files({"a": 100}, "--format", "json", "--end", "2024-01-01T10:05:00.000Z").stdout)
    event = {"id": "other", "time": "2023-12-31T00:00:00Z", "data": first}
    second = json.loads(files({"a": 105}, "--format", "json", history=[event, first]).stdout)
    assert second["evaluation"]["comparedEvents"] == ["line-2"]
    assert second["evaluation"]["indicatorResults"][0]["value"]["comparedValue"] == 100


def test_history_of_another_service_is_left_out(files):
    """Where the service is named."""
    history = [entry(100, service="other")]
    assert files({"a": 999}, "--service", "mine", history=history).exit_code == 0
    assert files({"a": 999}, history=history).exit_code == 1


def test_the_table_shows_value_limit_baseline_and_why(files):
    """One row per objective under one sentence."""
    shown = files({"a": 200}, history=[entry(100)]).stdout
    for words in ("FAIL, score 0 of 100", "Response time", "200", "<=+10% (110)", "fail", "missed: <=+10% (110)"):
        assert words in shown


@pytest.mark.parametrize(
    ("values", "more", "slo", "words"),
    [
        ('{"a": "fast"}', (), SLO, "a: must be a finite number"),
        ('{"a": NaN}', (), SLO, "a: must be a finite number"),
        ('{"a": 1e999}', (), SLO, "a: must be a finite number"),
        ("{", (), SLO, "is not JSON"),
        ("5", (), SLO, "must be an object"),
        ('[{"metric": "a", "value": 1, "success": "yes"}]', (), SLO, "[0].success: must be true or false"),
        ({"a": 1}, ("--history", "nowhere"), SLO, "does not exist"),
        ({"a": 1}, ("--nonsense",), SLO, "No such option"),
        ({"a": 1}, ("--format", "xml"), SLO, "'xml' is not one of"),
        ({"a": 1}, ("--cases", str(CASES)), SLO, "--cases stands alone"),
        ({"a": 1}, (), "", "is empty"),
        ({"a": 1}, (), "objectives: 5", "line 1: 'objectives' must be a list"),
        ({"a": 1}, (), "objectives: []", "no target score defined"),
    ],
)
def test_every_error_leaves_with_3(files, values, more, slo, words):
    """1 and 2 say that a release is bad or doubtful, and an error knows nothing of that."""
    result = files(values, *more, slo=slo)
    assert result.exit_code == 3
    assert words in result.output


def test_a_history_line_that_cannot_be_read_is_named(files):
    """By file and line."""
    result = files({"a": 1}, history=[entry(1), {"id": "x"}])
    assert result.exit_code == 3
    assert "history.jsonl, line 2[0].time: must be text" in result.output


def test_nothing_named_is_an_error():
    """Both --slo and --values are needed."""
    assert CliRunner().invoke(verdict, []).exit_code == 3


def test_cases_are_answered_line_by_line():
    """Each with its id and the data of evaluation.finished."""
    result = CliRunner().invoke(verdict, ["--cases", str(CASES)])
    expected = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
    assert result.exit_code == 0
    assert [{"id": case["id"], "expected": case["expected"]} for case in expected] == [
        json.loads(line) for line in result.stdout.splitlines()
    ]


def test_a_case_that_cannot_be_read_does_not_stop_the_others(tmp_path):
    """It is named, and the exit code says so."""
    good = CASES.read_text("utf-8").splitlines()[0]
    (tmp_path / "cases.jsonl").write_text(f"{{}}\n\n{good}\n")
    result = CliRunner().invoke(verdict, ["--cases", str(tmp_path / "cases.jsonl")])
    assert (result.exit_code, len(result.stdout.splitlines())) == (3, 1)
    assert "cases.jsonl, line 1: id: must be text" in result.stderr


def test_a_fault_of_our_own_leaves_with_3_too(files, monkeypatch):
    """Never with 1."""
    monkeypatch.setattr("slipway_core.cli.verdict.evaluate", lambda *_: 1 / 0)
    result = files({"a": 1})
    assert result.exit_code == 3
    assert "ZeroDivisionError" in result.stderr
