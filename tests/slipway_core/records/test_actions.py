"""Actions against problems, and the counts of replicas that they left."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from slipway_core.keptn.settings import HealingSettings
from slipway_core.records import NewAction, Records, Scaled, TaskRun
from slipway_core.records.action_entries import DONE, FAILED, SCALE_BACK

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
PLACE = ("shop", "production", "carts")
LIMITS = HealingSettings(cooldown=0, actions_per_hour=3)


def asked(number=0, *, context="chain", service="carts", action="scale", value="+1"):
    """Return an action, asked for a minute after the one with the number before."""
    return NewAction(
        context=context,
        project="shop",
        stage="production",
        service=service,
        run=TaskRun("shop.production.remediation", f"run {number}", "action", "0"),
        action=action,
        value=value,
        asked=NOON + timedelta(minutes=number),
    )


def scale(records, number, before, after, *, by_values=True, context="chain"):
    """Record a scaling that was done."""
    done = records.actions.ask(asked(number, context=context), HealingSettings(cooldown=0))
    records.actions.finish(done.id, DONE, f"{before} → {after}", Scaled(before, after, by_values))
    return done.id


def test_a_decision_is_kept_and_a_retry_gets_the_same(records):
    """Also after the limits were reached."""
    first = records.actions.ask(asked(0, value={"a": [1, None]}), LIMITS)
    assert ("asked", {"a": [1, None]}, NOON) == (first.state, first.value, first.asked)
    for number in (1, 2):
        records.actions.ask(asked(number), LIMITS)
    refused = records.actions.ask(asked(3), LIMITS)
    assert "refused" == refused.state
    assert "The budget of 3 actions an hour is spent." in refused.why
    assert first == records.actions.ask(asked(0), LIMITS)
    assert (refused, first) == (records.actions.find(limit=1)[0], records.actions.find(*PLACE)[-1])


def test_a_refused_action_does_not_count_and_other_services_do_not(records):
    """After an hour there is room again."""
    for number in range(6):
        records.actions.ask(asked(number), LIMITS)
    assert "asked" == records.actions.ask(asked(6, service="orders"), LIMITS).state
    assert "asked" == records.actions.ask(asked(60), LIMITS).state


def test_a_dry_run_counts_like_a_real_one(records):
    """So it shows what would be refused."""
    states = [records.actions.ask(asked(number), LIMITS._replace(dry_run=True)).state for number in range(4)]
    assert ["dry", "dry", "dry", "refused"] == states


def test_those_who_ask_at_once_never_overdraw_the_budget(url):
    """Each from a connection of its own."""
    Records(url, wait=5.0).migrate()
    with ThreadPoolExecutor(8) as pool:
        states = list(pool.map(lambda n: Records(url, wait=5.0).actions.ask(asked(n), LIMITS).state, range(8)))
    assert 3 == states.count("asked")


def test_the_healed_count_is_the_newest_and_the_former_the_oldest(records):
    """Two actions of one problem: 1 → 2 → 4; failed ones and those of other services do not count."""
    assert records.actions.healed(*PLACE) is None
    scale(records, 0, 1, 2)
    newest = scale(records, 1, 2, 4, by_values=False, context="second")
    failed = records.actions.ask(asked(2), HealingSettings())
    records.actions.finish(failed.id, FAILED, "not ready")
    healed = records.actions.healed(*PLACE)
    assert (newest, "second", 1, 4, False) == (
        healed.action, healed.context, healed.former, healed.replicas, healed.by_values,
    )  # fmt: skip
    assert records.actions.healed("shop", "qa", "carts") is None


@pytest.mark.parametrize("state", [FAILED, None])
def test_a_count_that_never_became_ready_can_be_undone_and_no_delivery_keeps_it(records, state):
    """It failed, or was broken off: the cluster has it all the same."""
    scale(records, 0, 1, 2)
    started = records.actions.ask(asked(1), HealingSettings())
    records.actions.change(started.run, Scaled(2, 4, False))
    if state:
        records.actions.finish(started.id, state, "not ready")
    healed = records.actions.healed(*PLACE)
    assert (started.id, 1, 4, 2) == (healed.action, healed.former, healed.replicas, healed.ready)
    records.prune(older_than_days=1)
    assert 2 == len(records.actions.find())
    records.actions.settle(*PLACE)
    assert records.actions.healed(*PLACE) is None


@pytest.mark.parametrize("before", [5, 3])
@pytest.mark.parametrize("state", [FAILED, None])
def test_a_count_that_a_delivery_or_nobody_changed_is_not_set_by_hand(records, state, before):
    """After 3 → 5 that never got ready a service has 5; 3 when a delivery kept those, or when 5 were never given."""
    scale(records, 0, 1, 3)
    started = records.actions.ask(asked(1), HealingSettings(cooldown=0))
    records.actions.change(started.run, Scaled(3, 5, True))
    if state:
        records.actions.finish(started.id, state, "not ready")
    scale(records, 2, before, 4)
    healed = records.actions.healed(*PLACE)
    assert (1, 4, 4) == (healed.former, healed.replicas, healed.ready)


def test_a_change_that_was_never_made_is_not_set_by_hand(records):
    """It was recorded, and then its worker was killed, twice: 2 are there still."""
    scale(records, 0, 1, 2)
    for number in (1, 2):
        lost = records.actions.ask(asked(number), HealingSettings(cooldown=0))
        records.actions.change(lost.run, Scaled(2, 4, True))
    healed = records.actions.healed(*PLACE)
    assert (1, 4, 2) == (healed.former, healed.replicas, healed.ready)


def test_what_somebody_set_by_hand_is_what_to_go_back_to(records):
    """Between two actions, the first of which was not ready: then no count of healing's is left that was."""
    scale(records, 0, 1, 3)
    started = records.actions.ask(asked(1), HealingSettings(cooldown=0))
    records.actions.change(started.run, Scaled(7, 8, True))
    healed = records.actions.healed(*PLACE)
    assert (7, 8, None) == (healed.former, healed.replicas, healed.ready)


def test_a_change_that_did_not_come_about_is_taken_back(records):
    """Nothing is left to be undone; a task that asked for no action has none."""
    started = records.actions.ask(asked(0), HealingSettings())
    records.actions.change(started.run, Scaled(1, 2, True))
    assert records.actions.healed(*PLACE).ready is None
    records.actions.change(started.run, None)
    records.actions.change(TaskRun("other", "run", "task", "0"), Scaled(1, 2, True))
    assert records.actions.healed(*PLACE) is None
    assert [None] == [one.scaled for one in records.actions.find()]


def test_a_settled_count_matters_no_more(records):
    """Scaled back, or named by a delivery; what comes later counts anew."""
    scale(records, 0, 1, 2)
    records.actions.scaled_back(asked(1, action=SCALE_BACK), "back", Scaled(2, 1, True))
    assert records.actions.healed(*PLACE) is None
    assert all(one.settled for one in records.actions.find())
    scale(records, 2, 1, 3)
    assert (1, 3) == (records.actions.healed(*PLACE).former, records.actions.healed(*PLACE).replicas)


def test_the_way_back_is_not_held_against_the_budget(records):
    """It undoes an action."""
    for number in range(3):
        records.actions.scaled_back(asked(number, action=SCALE_BACK), "back", Scaled(2, 1, True))
    assert "asked" == records.actions.ask(asked(3), LIMITS).state


@pytest.mark.parametrize(("settled", "left"), [(False, 1), (True, 0)])
def test_old_actions_go_unless_their_count_matters(records, settled, left):
    """Else a delivery would forget what healing gave."""
    scale(records, 0, 1, 2)
    records.actions.ask(asked(1), LIMITS)
    if settled:
        records.actions.settle(*PLACE)
    records.prune(older_than_days=1)
    assert left == len(records.actions.find())
