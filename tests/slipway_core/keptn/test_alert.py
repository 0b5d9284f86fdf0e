"""Alertmanager's alerts as problems."""

from __future__ import annotations

import pytest
from slipway_core.keptn import alert
from slipway_core.keptn.event import Scope
from slipway_core.keptn.problems import InvalidEvent

FIRING = {
    "status": "firing",
    "labels": {
        "alertname": "response_time_p90",
        "severity": "webhook",
        "pod_name": "carts-primary",
        "project": "sockshop",
        "stage": "production",
        "service": "carts",
        "deployment": "primary",
    },
    "annotations": {"summary": "response_time_p90", "descriptions": "Pod name carts-primary", "description": "unread"},
    "startsAt": "2022-08-10T11:34:14.057Z",
    "generatorURL": "http://prometheus/graph?g0.expr=1",
    "fingerprint": "d26035f958c7e705",
}


def test_a_firing_alert_is_the_problem_that_keptns_adapter_sent():
    """R67 and the table of sequences.md 7.4."""
    read = alert.read(FIRING, "alerts[0]")
    assert (Scope("sockshop", "production", "carts"), False) == (read.scope, read.resolved)
    assert {
        "project": "sockshop",
        "stage": "production",
        "service": "carts",
        "labels": {"Problem URL": "http://prometheus/graph?g0.expr=1"},
        "problem": {
            "State": "OPEN",
            "ProblemID": "",
            "PID": "",
            "ProblemTitle": "response_time_p90",
            "ProblemDetails": {"problemDetails": "Pod name carts-primary"},
            "ProblemURL": "http://prometheus/graph?g0.expr=1",
            "ImpactedEntity": "carts-primary",
            "project": "sockshop",
            "stage": "production",
            "service": "carts",
            "labels": {"deployment": "primary"},
        },
        "deployment": {"deploymentNames": ["primary"]},
    } == read.data


def test_the_context_is_made_of_fingerprint_and_start():
    """R85: the same for every notification of an alert; without a fingerprint none is like another."""
    assert "3c10e1b7-129f-491f-8e0a-d6baa1596393" == alert.read(FIRING, "").context
    assert alert.read({**FIRING, "startsAt": "later"}, "").context != alert.read(FIRING, "").context
    assert alert.context("", "x") != alert.context("", "x")


@pytest.mark.parametrize(
    ("own", "whole", "resolved", "state"),
    [
        ("firing", "resolved", False, "OPEN"),
        ("resolved", "firing", True, None),
        (None, "resolved", True, None),
        (None, "firing", False, "OPEN"),
        ("odd", None, False, None),
    ],
)
def test_an_alert_has_its_own_status_or_that_of_the_body(own, whole, resolved, state):
    """A body that fires may hold alerts that are over."""
    read = alert.read({**FIRING, "status": own}, "alerts[0]", whole)
    assert (resolved, state) == (read.resolved, read.data["problem"].get("State"))


@pytest.mark.parametrize("label", ["project", "stage", "service"])
@pytest.mark.parametrize("value", [None, "", 5])
def test_a_missing_label_is_named(label, value):
    """With the place of its alert."""
    with pytest.raises(InvalidEvent) as caught:
        alert.read({**FIRING, "labels": {**FIRING["labels"], label: value}}, "alerts[3]")
    assert f"alerts[3].labels.{label}" == caught.value.field


def test_what_else_is_missing_is_empty():
    """As Keptn's adapter had it."""
    labels = {name: FIRING["labels"][name] for name in ("project", "stage", "service")}
    data = alert.read({"labels": labels}, "").data
    assert ("", [""]) == (data["problem"]["ProblemTitle"], data["deployment"]["deploymentNames"])


@pytest.mark.parametrize("body", [None, [], {}, {"alerts": None}, {"alerts": []}, {"alerts": "x"}])
def test_a_body_without_alerts_is_refused(body):
    """And names what is missing."""
    with pytest.raises(InvalidEvent):
        alert.entries(body)


@pytest.mark.parametrize("entry", [None, "x", {"labels": []}, {"labels": FIRING["labels"], "annotations": "x"}])
def test_an_alert_that_is_no_alert_is_refused(entry):
    """With its place."""
    with pytest.raises(InvalidEvent, match=r"alerts\[1\]"):
        alert.read(entry, "alerts[1]")
