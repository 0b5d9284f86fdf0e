"""`slipway check-queries`: what is found, exit codes, both outputs."""

import json

import pytest
from click.testing import CliRunner
from slipway_core.cli.check_queries import EMBEDDED, check_queries
from slipway_core.keptn.problems import SlipwayError

from tests.slipway_core.numbers.prometheus_stand_in import refusal, running, vector

SHIPYARD = """\
apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
metadata: {name: shop}
spec:
  stages:
    - {name: qa, sequences: [{name: delivery, tasks: [{name: evaluation}]}]}
    - {name: prod, sequences: [{name: delivery, tasks: [{name: evaluation}]}]}
"""
GOOD = '{sli: good, displayName: Good one, pass: [{criteria: ["<5"]}]}'
ANSWERS = {
    "good": vector("0.25"),
    "many": vector("1", "2"),
    "none": vector(),
    "broken": refusal("bad_data", "parse error"),
}


@pytest.fixture
def check(tmp_path):
    """Return a way to run the command on a project whose service has some objectives in qa."""

    def run(*objectives, more=(), slo=None):
        folder = tmp_path / "shop"
        for place in ("carts/prometheus", "stages/qa/carts"):
            (folder / place).mkdir(parents=True, exist_ok=True)
        (folder / "shipyard.yaml").write_text(SHIPYARD)
        indicators = "".join(f"  {name}: {name}\n" for name in ANSWERS)
        (folder / "carts/prometheus/sli.yaml").write_text(
            f"indicators:\n{indicators}  filled: 'rate(m{{job=\"$SERVICE-$STAGE\"}}[$DURATION_SECONDS])'\n  blank: ''\n"
        )
        if objectives or slo:
            listed = "".join(f"  - {one}\n" for one in objectives)
            text = slo or f"objectives:\n{listed}total_score: {{pass: 90%}}\n"
            (folder / "stages/qa/carts/slo.yaml").write_text(text)
        with running(lambda asked: ANSWERS.get(asked.form["query"], vector("1"))) as prometheus:
            result = CliRunner().invoke(check_queries, [str(folder), "--url", prometheus.url, *more])
        return result, [asked.form["query"] for asked in prometheus.asked][1:]

    return run


def test_a_query_that_works_is_ok(check):
    """It is asked once, for the stage that has the slo.yaml; exit code 0."""
    result, asked = check(GOOD, more=("--format", "json"))
    [found] = json.loads(result.stdout)
    assert (0, ["good"]) == (result.exit_code, asked)
    assert ("qa", "carts", "Good one", "ok", 0.25) == tuple(
        found[key] for key in ("stage", "service", "objective", "state", "value")
    )


def test_placeholders_are_filled_before_asking(check):
    """With the window that --timeframe names."""
    _, asked = check('{sli: filled, pass: [{criteria: ["<5"]}]}', more=("--timeframe", "2m"))
    assert ['rate(m{job="carts-qa"}[120s])'] == asked


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        ('{sli: many, pass: [{criteria: ["<5"]}]}', "multiple values"),
        ('{sli: broken, pass: [{criteria: ["<5"]}]}', "bad_data: parse error"),
        ('{sli: blank, pass: [{criteria: ["<5"]}]}', "has no query"),
        ('{sli: unknown, pass: [{criteria: ["<5"]}]}', "no query: write 'unknown: …'"),
        ('{sli: good, pass: [{criteria: ["<5"]}, {criteria: [">=5"]}]}', "can never fail"),
        ('{sli: good, pass: [{criteria: ["<5", ">6"]}]}', "can never pass"),
        ("{sli: none, pass: [{criteria: []}]}", "can never fail"),
    ],
)
def test_one_that_cannot_work_fails_the_check(check, objective, words):
    """And says why; the good one beside it is still shown."""
    result, _ = check(GOOD, objective)
    assert 1 == result.exit_code
    assert words in result.stdout
    assert "Good one" in result.stdout


def test_no_value_now_may_be_one_later(check):
    """A failure only with --strict."""
    objective = '{sli: none, pass: [{criteria: ["<5"]}]}'
    assert (0, 1) == (check(objective)[0].exit_code, check(objective, more=("--strict",))[0].exit_code)
    assert "no value now" in check(objective)[0].stdout


def test_an_objective_that_is_only_shown_is_fine(check):
    """It has no pass criteria, which is a choice."""
    result, _ = check("{sli: good}", more=("--format", "json"))
    assert (0, "only shown: it has no pass criteria") == (result.exit_code, json.loads(result.stdout)[0]["why"])


def test_a_project_without_gates_has_nothing_to_check(check):
    """That is said, and is no failure."""
    result, asked = check()
    assert (0, []) == (result.exit_code, asked)
    assert "no service has a slo.yaml" in result.stderr


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--url", "http://127.0.0.1:9"), "http://127.0.0.1:9 cannot be reached"),
        (("--timeframe", "5"), "could not parse provided timeframe"),
        (("--user", "me"), "there is no password"),
        (("--url", "nonsense://"), "must be like http"),
    ],
)
def test_what_prevents_the_check_is_an_error(check, more, words):
    """The command line shows it as text with exit code 1."""
    result, _ = check(GOOD, more=more)
    assert isinstance(result.exception, SlipwayError)
    assert words in str(result.exception)


def test_a_slo_that_cannot_be_parsed_is_named_with_its_line(check):
    """As lint would."""
    result, _ = check(slo="objectives: 5\n")
    assert "slo.yaml, line 1: 'objectives' must be a list" in str(result.exception)


def test_what_is_no_project_is_said():
    """With where it was looked for."""
    result = CliRunner().invoke(check_queries, ["no-such-project"])
    assert "no shipyard.yaml in this folder, nor in include/projects/no-such-project" in str(result.exception)


def test_the_default_address_is_the_embedded_clusters():
    """Written twice, since the heart does not know the cluster."""
    from slipway_cluster.monitoring import PROMETHEUS_URL

    assert PROMETHEUS_URL == EMBEDDED
