"""Which services of a project have alert rules."""

import pytest
from slipway_core.alerting.project import watched
from slipway_core.keptn.event import Scope
from slipway_core.publish.check import check_project

SHIPYARD = """\
apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
metadata: {name: shop}
spec:
  stages:
    - {name: qa, sequences: [{name: delivery, tasks: [{name: evaluation}]}]}
    - {name: prod, sequences: [{name: delivery, tasks: [{name: evaluation}]}]}
"""
SLO = 'objectives: [{sli: speed, pass: [{criteria: ["<=600"]}]}]\ntotal_score: {pass: 90%}\n'
REMEDIATION = "apiVersion: spec.keptn.sh/0.1.4\nkind: Remediation\nmetadata: {name: any}\nspec: {remediations: []}\n"
SLI = 'indicators: {speed: \'m{job="$SERVICE-$PROJECT-$STAGE",d="$DEPLOYMENT"}[$DURATION_SECONDS]\'}\n'


@pytest.fixture
def found(tmp_path):
    """Return a way to write a project's files and see what is watched, by stage."""

    def look(**files):
        folder = tmp_path / "shop"
        written = {"shipyard.yaml": SHIPYARD, "carts/values.yaml": "", **files}
        for name, text in written.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        plan = check_project(folder, "shop", "shop", {"evaluation"}).plan
        assert plan is not None
        return {one.scope.stage: one for one in watched(folder, plan)}

    return look


def expressions(one):
    """Return the expressions of a service's rules."""
    return [rule.expression for rule in one.rules]


def test_both_files_make_rules(found):
    """Placeholders are filled: three minutes, the primary deployment."""
    files = {"carts/slo.yaml": SLO, "carts/remediation.yaml": REMEDIATION, "carts/prometheus/sli.yaml": SLI}
    one = found(**files)["qa"]
    assert ['m{job="carts-shop-qa",d="primary"}[180s]>600'] == expressions(one)
    assert (Scope("shop", "qa", "carts"), "") == (one.scope, one.why)
    assert ("carts shop-qa alerts", "10m") == (one.group["name"], one.group["rules"][0]["for"])


def test_rules_are_for_a_stage_that_has_both_files(found):
    """R84: a remediation.yaml of one stage alone makes rules there alone."""
    files = {"carts/slo.yaml": SLO, "stages/prod/carts/remediation.yaml": REMEDIATION, "prometheus/sli.yaml": SLI}
    by_stage = found(**files)
    assert ([], 1) == (expressions(by_stage["qa"]), len(by_stage["prod"].rules))
    assert "has no remediation.yaml" == by_stage["qa"].why


def test_files_above_the_service_do_not_count(found):
    """sequences.md 8.3: service level only."""
    assert (
        "has no slo.yaml and no remediation.yaml"
        == found(**{"slo.yaml": SLO, "remediation.yaml": REMEDIATION})["qa"].why
    )


def test_the_default_query_asks_the_scrape_job_that_exists(found):
    """decisions.md: neither `-canary` nor `-primary`."""
    slo = SLO.replace("speed", "throughput").replace("<=600", ">=5")
    settings = "source: {type: prometheus}\n"
    one = found(**{"carts/slo.yaml": slo, "carts/remediation.yaml": REMEDIATION, "slipway.yaml": settings})["qa"]
    assert ["sum(rate(http_requests_total{job='carts-shop-qa'}[180s]))<5"] == expressions(one)


def test_a_stage_says_how_long_a_limit_must_be_missed(found):
    """Else the project does, else it is ten minutes."""
    files = {"carts/slo.yaml": SLO, "carts/remediation.yaml": REMEDIATION, "carts/prometheus/sli.yaml": SLI}
    settings = "monitoring: {for: 2m}\nstages: {prod: {monitoring: {for: 0s}}}\n"
    by_stage = found(**files, **{"slipway.yaml": settings})
    assert (120.0, 0.0) == (by_stage["qa"].pending, by_stage["prod"].pending)


def test_without_a_source_of_numbers_there_are_no_rules(found):
    """And it says what to do."""
    one = found(**{"carts/slo.yaml": SLO, "carts/remediation.yaml": REMEDIATION})["qa"]
    assert () == one.rules
    assert "prometheus/sli.yaml" in one.why


def test_relative_limits_alone_make_no_rule(found):
    """And it says so."""
    files = {"carts/slo.yaml": SLO.replace("<=600", "<=+10%"), "carts/prometheus/sli.yaml": SLI}
    one = found(**files, **{"carts/remediation.yaml": REMEDIATION})["qa"]
    assert ((), "no objective has both a query and a fixed limit") == (one.rules, one.why)
