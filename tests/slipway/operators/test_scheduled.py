"""The begin of a sequence that starts by the clock."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from slipway.operators.scheduled import BeginScheduled
from slipway.operators.sequence import InputRefused

from tests.slipway.conftest import START

NOON = datetime(2026, 1, 2, 12, 0, 0, 500, UTC)


def begin(context, conf=None, **times):
    """Run the first task of a schedule for carts, looking back half an hour; return its data."""
    run = {**START, "conf": conf, "data_interval_start": None, "data_interval_end": None, "run_after": NOON, **times}
    context["dag_run"] = SimpleNamespace(dag_id="shop.qa.evaluation.schedule-1-carts", run_id="r", **run)
    operator = BeginScheduled(
        task_id="slipway_begin",
        project="shop",
        stage="qa",
        services=["carts", "orders"],
        service="carts",
        timeframe=timedelta(minutes=30),
    )
    context["ti"].task_id = operator.task_id
    operator.execute(context)
    return context["ti"].pushed("triggered")["data"]


def test_the_window_is_the_interval_of_the_run(context):
    """Written in UTC, whatever the zone of the schedule."""
    berlin = ZoneInfo("Europe/Berlin")
    start, end = datetime(2025, 7, 1, 1, 30, tzinfo=berlin), datetime(2025, 7, 1, 2, tzinfo=berlin)
    expected = {
        "project": "shop",
        "stage": "qa",
        "service": "carts",
        "evaluation": {"start": "2025-06-30T23:30:00.000Z", "end": "2025-07-01T00:00:00.000Z"},
    }
    assert expected == begin(context, data_interval_start=start, data_interval_end=end)


def test_a_run_without_an_interval_looks_back_from_its_own_moment(context):
    """Somebody pressed Trigger; a second try sees the same window."""
    first, again = begin(context)["evaluation"], begin(context)["evaluation"]
    assert {"start": "2026-01-02T11:30:00.000Z", "end": "2026-01-02T12:00:00.000Z"} == first == again


@pytest.mark.parametrize("conf", [{"service": "orders"}, {"stage": "production"}])
def test_input_that_was_meant_for_another_place_is_refused(context, conf):
    """It would be judged as carts in qa."""
    with pytest.raises(InputRefused, match=next(iter(conf))):
        begin(context, conf)
