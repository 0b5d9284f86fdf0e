"""The limits of healing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slipway_core.keptn.envelope import HOUR, Taken, refuse
from slipway_core.keptn.settings import HealingSettings

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
LIMITS = HealingSettings(cooldown=300, actions_per_hour=3)


def at(minutes, context="other"):
    """Return an action that was taken so long before noon."""
    return Taken(NOON - timedelta(minutes=minutes), context)


@pytest.mark.parametrize(
    ("earlier", "context", "again"),
    [
        ([], "mine", None),
        ([at(4)], "mine", 1),
        ([at(5)], "mine", None),
        ([at(0, "mine"), at(1, "mine")], "mine", None),  # one chain goes on at once
        ([at(50), at(40), at(30)], "mine", 10),
        ([at(61), at(40), at(30)], "mine", None),
        ([at(50, "mine"), at(40, "mine"), at(30, "mine")], "mine", 10),  # the hour counts for all
        ([at(59), at(50), at(40), at(30)], "mine", 10),
    ],
)
def test_an_action_is_refused_until_there_is_room(earlier, context, again):
    """Within the cooldown after another problem, and when the hour's budget is spent; it says until when."""
    refusal = refuse(LIMITS, earlier, context, NOON)
    assert (again and NOON + timedelta(minutes=again)) == (refusal and refusal.again)


def test_a_refusal_says_why_and_when_it_is_over():
    """In words that stand in the failed task."""
    said = str(refuse(LIMITS, [at(50), at(40), at(30)], "mine", NOON))
    assert "The budget of 3 actions an hour is spent. The next one is allowed at 2024-01-01 12:10:00 UTC." == said


def test_a_budget_of_nothing_refuses_all():
    """So healing can be switched off."""
    assert refuse(LIMITS._replace(actions_per_hour=0), [], "mine", NOON)


@given(
    gaps=st.lists(st.integers(0, 600), max_size=60),
    contexts=st.integers(1, 5),
    budget=st.integers(1, 6),
    cooldown=st.integers(0, 900),
)
def test_a_flapping_alert_never_does_more_than_its_budget(gaps, contexts, budget, cooldown):
    """However it comes and goes: in no hour are there more actions; and what a refusal promises holds."""
    limits = HealingSettings(cooldown=cooldown, actions_per_hour=budget)
    now, taken = NOON, []
    for number, gap in enumerate(gaps):
        now += timedelta(seconds=gap)
        context = f"alert {number % contexts}"
        refusal = refuse(limits, taken, context, now)
        if refusal is None:
            taken.append(Taken(now, context))
        else:
            assert refusal.again > now
            after = refuse(limits, taken, context, refusal.again)
            assert after is None or after.again > refusal.again
    for one in taken:
        assert budget >= sum(one.at <= other.at < one.at + HOUR for other in taken)
