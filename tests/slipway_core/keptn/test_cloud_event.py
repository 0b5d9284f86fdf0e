"""CloudEvents from outside."""

from __future__ import annotations

import uuid

import pytest
from slipway_core.keptn import cloud_event
from slipway_core.keptn.event import Scope
from slipway_core.keptn.problems import InvalidEvent

DATA = {"project": "shop", "stage": "qa", "service": "carts", "result": "pass", "message": "fine"}
TYPE = "sh.keptn.event.qa.delivery.triggered"


def test_both_forms_say_the_same():
    """The envelope in the body, or in headers, where it is percent-encoded."""
    envelope = {"type": TYPE, "source": "ci é", "id": "1", "shkeptncontext": "c"}
    headers = {"ce-type": TYPE, "ce-source": "ci%20%C3%A9", "ce-id": "1", "ce-shkeptncontext": "c"}
    assert cloud_event.is_binary(headers)
    assert cloud_event.structured({**envelope, "data": DATA}) == cloud_event.binary(headers, DATA)


def test_an_event_that_triggers_a_sequence_says_which():
    """Six parts, none empty (sequences.md 2.1)."""
    meaning = cloud_event.understand(cloud_event.structured({"type": TYPE, "data": DATA}))
    assert cloud_event.SequenceTriggered(Scope("shop", "qa", "carts"), "delivery", DATA) == meaning


@pytest.mark.parametrize(("result", "approved"), [("pass", True), ("fail", False)])
def test_an_event_that_answers_an_approval_says_what(result, approved):
    """With its message as the comment."""
    body = {"type": "sh.keptn.event.approval.finished", "data": {**DATA, "result": result}}
    meaning = cloud_event.understand(cloud_event.structured(body))
    assert cloud_event.ApprovalFinished(Scope("shop", "qa", "carts"), approved, "fine") == meaning


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body"),
        ({}, "type"),
        ({"type": "sh.keptn.event.qa..triggered"}, "type"),
        ({"type": "sh.keptn.event.a.b.c.triggered"}, "type"),
        ({"type": "sh.keptn.events.problem"}, "type"),
        ({"type": f"{TYPE}\n"}, "type"),
        ({"type": TYPE, "id": 5}, "id"),
        ({"type": TYPE}, "data"),
        ({"type": TYPE, "data": {**DATA, "stage": None}}, "stage"),
        ({"type": TYPE, "data": {**DATA, "stage": "dev"}}, "data.stage"),
        ({"type": TYPE, "data": {**DATA, "labels": {"a": 1}}}, "labels.a"),
        ({"type": "sh.keptn.event.approval.finished", "data": {**DATA, "result": "failed"}}, "data.result"),
    ],
)
def test_what_cannot_be_used_is_named(body, field):
    """sequences.md 2.1, 2.2, R20."""
    with pytest.raises(InvalidEvent) as caught:
        cloud_event.understand(cloud_event.structured(body))
    assert field == caught.value.field


def test_a_context_is_kept_derived_or_made():
    """A UUID, any other text, none (sequences.md 2.2)."""
    told = str(uuid.uuid4())
    assert told == cloud_event.context(told)
    assert cloud_event.context("build 7") == cloud_event.context("build 7") != cloud_event.context("build 8")
    assert cloud_event.context("") != cloud_event.context("")
