"""What Keptn's command line sent."""

from __future__ import annotations

import pytest
from slipway_core.keptn.cloud_event import SequenceTriggered, structured, understand
from slipway_core.keptn.event import Scope
from slipway_core.keptn.problems import InvalidEvent
from slipway_core.quality_gate.window import InvalidWindow
from slipway_local import keptn_events

SCOPE = Scope("shop", "qa", "carts")
WHERE = SCOPE._asdict()


def test_a_delivery_carries_image_and_values() -> None:
    """R76: the image as it is, dotted names nested."""
    event = keptn_events.delivery(SCOPE, "delivery", "reg:5000/x/c:0.9.1", {"build": "7"}, ["a.b=1"])
    assert event["type"] == "sh.keptn.event.qa.delivery.triggered"
    assert event["source"] == "https://github.com/keptn/keptn/cli#configuration-change"
    assert event["data"] == {
        **WHERE,
        "labels": {"build": "7"},
        "configurationChange": {"values": {"image": "reg:5000/x/c:0.9.1", "a": {"b": "1"}}},
        "deployment": {"deploymentURIsLocal": None, "deploymentstrategy": ""},
    }


def test_an_image_among_the_values_wins() -> None:
    """R77."""
    values = keptn_events.delivery(SCOPE, "delivery", "x", {}, ["image=y"])["data"]["configurationChange"]["values"]
    assert values == {"image": "y"}
    with pytest.raises(InvalidEvent):
        keptn_events.delivery(SCOPE, "delivery", "x", {}, ["a=b=c"])


def test_a_sequence_gets_its_data_but_not_its_place_from_data() -> None:
    """R78."""
    event = keptn_events.sequence(SCOPE, "hello", {}, ["a.b=v", "project=zzz"])
    assert event["data"] == {**WHERE, "a": {"b": "v"}, "labels": None}


def test_an_evaluation_has_a_window() -> None:
    """R79: the last five minutes when none is named; a start alone is an error."""
    data = keptn_events.evaluation(SCOPE, {}, "2024-01-01T10:00:00.000Z", "", "5m")["data"]
    assert data["evaluation"] == {
        "start": "2024-01-01T10:00:00.000Z",
        "end": "2024-01-01T10:05:00.000Z",
        "timeframe": "",
    }
    assert keptn_events.evaluation(SCOPE, {}, "", "", "")["data"]["evaluation"]["start"]
    with pytest.raises(InvalidWindow):
        keptn_events.evaluation(SCOPE, {}, "2024-01-01T10:00:00.000Z", "", "")


def test_every_event_is_understood_by_the_route() -> None:
    """And no two are the same."""
    events = [
        keptn_events.delivery(SCOPE, "delivery", "x", {}, []),
        keptn_events.evaluation(SCOPE, {}, "", "", ""),
        keptn_events.sequence(SCOPE, "rollback", {"a": "b"}, []),
    ]
    meanings = [understand(structured(event)) for event in events]
    assert [one.sequence for one in meanings if isinstance(one, SequenceTriggered)] == [
        "delivery",
        "evaluation",
        "rollback",
    ]
    assert len({event["id"] for event in events}) == 3


def test_labels_are_pairs() -> None:
    """As Keptn took them."""
    assert keptn_events.pairs("a=b,c=d, ") == {"a": "b", "c": "d"}
    assert keptn_events.pairs("") == {}
    with pytest.raises(InvalidEvent):
        keptn_events.pairs("a")
