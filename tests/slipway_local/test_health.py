from __future__ import annotations

from datetime import UTC, datetime

import pytest
from slipway_local.health import health_word, is_healthy

REPORT = {"scheduler": {"status": "healthy", "latest_scheduler_heartbeat": "2026-03-01T12:00:00+00:00"}}


def test_a_heartbeat_from_before_the_start_does_not_count() -> None:
    """After a hard kill Airflow calls the dead scheduler healthy for half a minute."""
    assert not is_healthy("scheduler", REPORT, datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC))
    assert is_healthy("scheduler", REPORT, datetime(2026, 3, 1, 11, 59, 55, tzinfo=UTC))


def test_a_part_that_was_not_started_now_is_taken_as_it_says() -> None:
    """One that ran before only has to be healthy."""
    assert is_healthy("scheduler", REPORT, None)
    assert not is_healthy("triggerer", REPORT, None)


@pytest.mark.parametrize(
    ("name", "pid", "health", "expected"),
    [
        ("scheduler", None, REPORT, "down"),
        ("scheduler", 1, REPORT, "healthy"),
        ("scheduler", 1, {}, "unknown"),
        ("api-server", 1, {}, "no answer"),
        ("publisher", 1, {}, "running"),
    ],
)
def test_each_part_has_a_word(name: str, pid: int | None, health: dict[str, object], expected: str) -> None:
    """Process and health together."""
    assert expected == health_word(name, pid, health)
