"""Broken files of a user: they are valid or refused, soon, and harm no other project."""

import importlib.util
import itertools
import shutil
import time
from pathlib import Path

import pytest
from slipway_core.keptn.problems import ERROR
from slipway_core.publish.check import check_project
from slipway_core.publish.publisher import publish_once

HERE = Path(__file__).parent
PROJECT = HERE.parent / "fixtures" / "project"
HANDLED = {"deployment", "test", "evaluation", "approval", "get-action", "action"}
SECONDS = 10.0  # for one file, on a machine that is busy; what grows without bounds takes far longer
FILES = {
    "shipyard.yaml": """\
apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
metadata: {name: shop}
spec:
  stages:
    - name: qa
      sequences:
        - name: delivery
          tasks:
            - name: deployment
              properties: &p {deploymentstrategy: direct}
            - {name: test, triggeredAfter: 2m, properties: {<<: *p, teststrategy: performance}}
            - {name: evaluation, properties: {timeframe: 5m}}
    - name: production
      sequences:
        - name: delivery
          triggeredOn: [{event: qa.delivery.finished, selector: {match: {evaluation.result: pass}}}]
          tasks: [{name: approval, properties: {pass: automatic}}, {name: deployment}]
""",
    "carts/slo.yaml": """\
spec_version: "1.0"
comparison: {compare_with: several_results, number_of_comparison_results: 3, aggregate_function: p90}
objectives:
  - sli: response_time
    displayName: Response time
    pass: [{criteria: ["<=+10%", "<600"]}]
    warning: [{criteria: ["<=800"]}]
    weight: 2
    key_sli: true
total_score: {pass: 90%, warning: 75%}
""",
    "carts/prometheus/sli.yaml": """\
spec_version: "1.0"
indicators:
  response_time: histogram_quantile(0.95, sum by(le) (rate(http_seconds_bucket{job="$SERVICE"}[$DURATION_SECONDS])))
  errors: sum(rate(http_total{code!~"2.."}[1m]))
""",
    "slipway.yaml": """\
services: [carts, api]
source: {type: prometheus, connection: prometheus_default}
monitoring: {for: 10m}
stages:
  qa:
    connection: kubernetes_mine
    test: {acceptedFailureRatio: 0.01, timeout: 10m}
    evaluation: {source: {connection: prometheus_qa}, scrapeDelay: 20s}
    monitoring: {for: 2m}
  production:
    approval: {approvers: [alice, bob], expiresAfter: 48h, supersede: true}
    schedules:
      - {sequence: evaluation, cron: "0 2 * * *", timezone: Europe/Berlin, timeframe: 30m, services: [carts]}
""",
    "carts/remediation.yaml": """\
apiVersion: spec.keptn.sh/0.1.4
kind: Remediation
metadata: {name: carts}
spec:
  remediations:
    - problemType: Response time
      actionsOnOpen:
        - {name: scale, action: scaling, description: Scale up, value: "+1"}
        - {name: toggle, action: toggle-feature, value: {EnablePromotion: off}}
    - problemType: default
      actionsOnOpen: [{name: back, action: rollback}]
""",
}


def mutants(text, seed):
    """Return the endless mutants of a text; their maker is a helper of this folder alone."""
    spec = importlib.util.spec_from_file_location("mutator", HERE / "mutator.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.mutants(text, seed)


@pytest.fixture
def project(tmp_path):
    """A good project that has every kind of file."""
    folder = tmp_path / "sources" / "shop"
    shutil.copytree(PROJECT, folder)
    (folder / "api").mkdir()
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def check(project, name, count, seed):
    """Check a project with every mutant of one of its files; return how many were refused."""
    refused = 0
    for number, mutant in enumerate(itertools.islice(mutants(FILES[name], seed), count)):
        (project / name).write_bytes(mutant)
        begin = time.monotonic()
        checked = check_project(project, "shop", "shop", HANDLED)
        for problem in checked.problems:
            problem.render().encode("utf-8")
        assert time.monotonic() - begin < SECONDS, f"mutant {number} of {name}, seed {seed}: took too long"
        errors = [problem for problem in checked.problems if problem.severity == ERROR]
        assert (checked.plan is None) == bool(errors), f"mutant {number} of {name}, seed {seed}"
        assert all(problem.advice for problem in errors), f"mutant {number} of {name}, seed {seed}"
        if checked.plan:
            assert checked.plan == type(checked.plan).from_json(checked.plan.to_json())
        refused += bool(errors)
    return refused


def publish(project, count, seed):
    """Publish mutant after mutant beside a good project, which changes each time too."""
    dags = project.parents[1] / "dags"
    dags.mkdir()
    (dags / "deliveries.py").write_text("# airflow dag\n")
    good = Path(shutil.copytree(PROJECT, project.parent / "blog"))
    makers = {name: mutants(text, seed) for name, text in FILES.items()}
    for number, name in zip(range(count), itertools.cycle(FILES), strict=False):
        (project / name).write_bytes(next(makers[name]))
        (good / "carts" / "values.yaml").write_text(f"replicaCount: {number}\n")
        report = publish_once(project.parent, dags, project.parents[1] / "store", HANDLED)
        states = {one.name: one.state for one in report.projects}
        assert "published" == states["blog"], f"mutant {number}, of {name}, seed {seed}"
        assert states["shop"] in ("published", "refused", "unchanged")
        (project / name).write_text(FILES[name], "utf-8")


def test_the_files_are_good_before_they_are_spoilt(project):
    """Else every mutant would be refused for nothing."""
    assert [] == [one for one in check_project(project, "shop", "shop", HANDLED).problems if one.severity == ERROR]


@pytest.mark.parametrize("name", FILES)
def test_a_mutated_file_is_valid_or_refused(project, name):
    """Never an exception, never for long; some of each kind."""
    assert 5 < check(project, name, 60, seed=1) < 60


def test_a_mutated_file_harms_no_other_project(project):
    """The other one is published each time."""
    publish(project, 10, seed=2)


@pytest.mark.soak
@pytest.mark.parametrize("name", FILES)
def test_ten_thousand_mutated_files_are_valid_or_refused(project, name):
    """The same with 2,000 of each of five files."""
    assert 200 < check(project, name, 2_000, seed=3) < 2_000


@pytest.mark.soak
def test_many_mutated_files_harm_no_other_project(project):
    """The same with 200 rounds of publishing."""
    publish(project, 200, seed=4)
