"""What was cancelled, and for whom it is meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from slipway_core.records import Cancellation

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_a_cancellation_is_meant_for_what_was_triggered_until_then(records):
    """What is started anew afterwards may go on."""
    stored = Cancellation("ctx", "", NOON, "ann", "wrong image")
    records.cancellations.store(stored)
    assert stored == records.cancellations.of("ctx", "qa", NOON - MINUTE)
    assert None is records.cancellations.of("ctx", "qa", NOON + MINUTE)
    assert None is records.cancellations.of("another", "qa", NOON)


def test_a_cancellation_of_a_stage_is_meant_for_no_other(records):
    """The chain goes on elsewhere."""
    records.cancellations.store(Cancellation("ctx", "qa", NOON, "ann"))
    assert records.cancellations.of("ctx", "qa", NOON)
    assert None is records.cancellations.of("ctx", "production", NOON)


def test_a_cancellation_says_who_when_and_why():
    """In one line."""
    assert "Cancelled by ann at 2024-01-01 12:00:00 UTC." == str(Cancellation("ctx", "", NOON, "ann"))
    assert str(Cancellation("ctx", "", NOON, "ann", "wrong image")).endswith("UTC: wrong image")


def test_old_cancellations_are_pruned(records):
    """With the other records."""
    records.cancellations.store(Cancellation("ctx", "", NOON, "ann"))
    records.prune(older_than_days=1)
    assert None is records.cancellations.of("ctx", "qa", NOON)
