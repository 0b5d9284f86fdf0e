"""Holding a task back."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from airflow.sdk import timezone
from airflow.sdk.exceptions import TaskDeferred
from slipway.sensors import waiting
from slipway.sensors.delay import DelaySensor


@pytest.fixture
def slept(monkeypatch):
    """Do not really sleep; say how long."""
    seconds = []
    monkeypatch.setattr(waiting.time, "sleep", seconds.append)
    return seconds


def sensor(seconds):
    return DelaySensor(task_id="slipway_wait_1", delay=timedelta(seconds=seconds))


def test_a_long_wait_holds_no_worker(context, slept):
    """The trigger has an absolute time, so a restart of the triggerer does not begin anew."""
    begun = timezone.utcnow()
    with pytest.raises(TaskDeferred) as deferred:
        sensor(600).execute(context)
    moment = deferred.value.trigger.moment
    assert timedelta(seconds=599) < moment - begun < timedelta(seconds=605)
    assert [] == slept


def test_a_short_wait_is_slept(context, slept):
    """A trigger that fires at once may meet a scheduler that is not ready for it."""
    sensor(3).execute(context)
    assert 2 < slept[0] <= 3


def test_another_try_waits_only_for_the_rest(context, slept):
    """The end is stored."""
    context["task_state_store"].set("until-0", (timezone.utcnow() - timedelta(seconds=1)).isoformat())
    sensor(600).execute(context)
    assert [] == slept


def test_a_cleared_run_waits_anew(context, slept):
    """Its store still holds the end of the first wait."""
    context["task_state_store"].set("until-0", (timezone.utcnow() - timedelta(seconds=1)).isoformat())
    context["dag_run"] = SimpleNamespace(clear_number=1)
    with pytest.raises(TaskDeferred):
        sensor(600).execute(context)
