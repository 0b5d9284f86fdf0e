"""`slipway simulate`: its input, both outputs, exit codes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from slipway_core.cli.main import COMMANDS
from slipway_core.cli.simulate import simulate

CASES = Path(__file__).parents[1] / "vectors" / "sequence_cases.jsonl"
SHIPYARD = """\
apiVersion: spec.keptn.sh/0.2.2
spec:
  stages:
    - name: qa
      sequences:
        - name: delivery
          tasks: [{name: deployment}, {name: test, triggeredAfter: 2m}]
        - name: remediation
          tasks: [{name: get-action}]
    - name: production
      sequences:
        - name: delivery
          triggeredOn: [{event: qa.delivery.finished}]
          tasks: [{name: approval}]
"""
REMEDIATION = """\
apiVersion: spec.keptn.sh/0.1.4
spec: {remediations: [{problemType: default, actionsOnOpen: [{name: a, action: scaling}]}]}
"""


@pytest.fixture
def project(tmp_path):
    """Return a way to run the command on a project `shop`."""
    folder = tmp_path / "shop"
    (folder / "carts").mkdir(parents=True)
    (folder / "carts" / "remediation.yaml").write_text(REMEDIATION)

    def run(*more, trigger="qa.delivery", data='{"service": "carts"}', answers=None, shipyard=SHIPYARD):
        (folder / "shipyard.yaml").write_text(shipyard)
        (tmp_path / "data.json").write_text(data)
        args = [str(folder), "--trigger", trigger, "--data", str(tmp_path / "data.json"), *more]
        if answers is not None:
            (tmp_path / "answers.yaml").write_text(answers)
            args += ["--answers", str(tmp_path / "answers.yaml")]
        return CliRunner().invoke(simulate, args)

    return run


def test_every_payload_result_and_follow_up_is_printed_in_order(project):
    """As people read it."""
    done = project(answers="qa.delivery.test: [{status: succeeded, result: warning, test: {users: 5}}]\n")
    assert 0 == done.exit_code
    heads = [line for line in done.stdout.splitlines() if "triggered" in line or "finished" in line or "waits" in line]
    assert [
        "qa.delivery triggered",
        "  deployment triggered",
        "  deployment finished: pass, succeeded",
        "  test triggered, 120 s later",
        "  test finished: warning, succeeded",
        "qa.delivery finished: warning, succeeded",
        "production.delivery triggered",
        "  approval triggered",
        "production.delivery.approval waits for a person: no answer is given for it.",
    ] == heads
    assert "      test:\n        users: 5\n" in done.stdout


def test_json_has_one_event_a_line(project):
    """The first is the start itself; a finished task brings what its executors said."""
    done = project("--format", "json", answers="production.delivery.approval: [{decision: decline}]\n")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    start = {"project": "shop", "stage": "qa", "service": "carts"}
    assert {"type": "sh.keptn.event.qa.delivery.triggered", "data": start} == events[0]
    assert [{"status": "succeeded", "result": "pass"}] == events[2]["reports"]
    assert "fail" == events[-1]["data"]["result"]


def test_what_may_be_answered_leaves_out_the_next_action(project):
    """remediation.yaml says it."""
    said = project(answers="x: []\n").stderr
    assert "There are: production.delivery.approval, " in said
    assert "get-action" not in said


def test_a_remediation_file_is_found_beside_the_shipyard(project):
    """As in a project."""
    assert "action: scaling" in project(trigger="qa.remediation").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"trigger": "qa.delivry"}, "'qa.delivry' is not in this shipyard. There are: qa.delivery, qa.remediation, "),
        ({"data": "{}"}, "service: is missing"),
        ({"data": '{"service": "carts", "stage": "production"}'}, "stage: is 'production' in the data, but 'qa'"),
        ({"data": "{"}, "data.json: is not JSON"),
        ({"data": "[]"}, "data.json: must be an object"),
        ({"data": '{"service": "carts", "x": NaN}'}, "not finite"),
        ({"answers": "qa.delivery.tset: []\n"}, "answers.yaml, line 1: nothing ever asks 'qa.delivery.tset'."),
        ({"answers": "\nqa.delivery.test: {}\n"}, "answers.yaml, line 2: qa.delivery.test: must be a list"),
        ({"answers": "\nqa.delivery.test: [{result: [a]}]\n"}, "line 2: qa.delivery.test[0]: result: must be text"),
        ({"answers": "qa.delivery.test: [{labels: {b: 2}}]\n"}, "line 1: qa.delivery.test[0]: labels.b: must be text"),
        ({"answers": "qa.remediation.get-action: []\n"}, "Its action comes from remediation.yaml."),
        ({"shipyard": SHIPYARD.replace("{name: test,", "{name: te.st,")}, "task 'te.st' of stage 'qa' needs a name"),
        ({"answers": "- a\n"}, "answers.yaml, line 1: answers must be a mapping."),
        ({"shipyard": "apiVersion: 0.1.7\n"}, "shipyard.yaml, line 1: apiVersion '0.1.7' is older than 0.2.0."),
    ],
)
def test_what_is_wrong_exits_with_3_and_says_where(project, arguments, words):
    """Never 1 or 2."""
    done = project(**arguments)
    assert 3 == done.exit_code
    assert words in done.stderr


@pytest.mark.parametrize("arguments", [[], ["--limit", "0"], ["--cases", str(CASES), "--trigger", "a.b"], ["--no"]])
def test_wrong_use_exits_with_3(arguments):
    """And teaches."""
    done = CliRunner().invoke(simulate, arguments)
    assert 3 == done.exit_code
    assert "Usage:" in done.stderr


def test_a_walk_that_would_not_end_is_stopped_and_said_so(project):
    """Exit code 3: what came before the limit is printed, but the end was not reached."""
    done = project("--limit", "1")
    words = "Not walked to its end: stopped after 1 sequences, and more would follow (--limit).\n"
    assert (3, words) == (done.exit_code, done.stderr)
    assert "production.delivery triggered" in done.stdout


def test_what_is_suspicious_in_the_shipyard_goes_to_standard_error(project):
    """The walk goes on."""
    done = project(shipyard=SHIPYARD.replace("event: qa.", "event: q."))
    assert (0, True) == (done.exit_code, "can never fire: there is no stage 'q'" in done.stderr)


def test_a_result_that_is_no_text_loses_no_other_case(tmp_path):
    """It is said, with its line."""
    good, other = (json.loads(line) for line in CASES.read_text("utf-8").splitlines()[:2])
    bad = {**good, "answers": {"dev.delivery.deployment": [{"result": ["a"]}]}}
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(json.dumps(case) for case in (bad, other)), "utf-8")
    done = CliRunner().invoke(simulate, ["--cases", str(file)])
    assert (3, [other["id"]]) == (done.exit_code, [json.loads(line)["id"] for line in done.stdout.splitlines()])
    assert "line 1: answers: dev.delivery.deployment[0]: result: must be text, not a list" in done.stderr


def test_cases_give_one_line_each_and_bad_ones_do_not_stop_the_rest(tmp_path):
    """Exit code 3 says that some could not be read."""
    lines = CASES.read_text("utf-8").splitlines()[:2]
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join([lines[0], "{", '{"id": "x"}', "", lines[1]]), "utf-8")
    done = CliRunner().invoke(simulate, ["--cases", str(file)])
    ids = [json.loads(line)["id"] for line in lines]
    assert (3, ids) == (done.exit_code, [json.loads(line)["id"] for line in done.stdout.splitlines()])
    assert "line 2: case: is not JSON" in done.stderr
    assert "line 3: trigger: must be an object" in done.stderr


def test_there_is_no_pause_and_no_resume():
    """R34 as decided: Airflow's own pause of a DAG holds new runs."""
    assert not {"pause", "resume"} & set(COMMANDS)
