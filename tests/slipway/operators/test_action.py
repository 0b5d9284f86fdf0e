"""Taking an action within the limits of a stage."""

import pytest
from slipway.operators.action import ActionOperator
from slipway.operators.task import Seat, TaskFailed, TaskReport, TaskStopped
from slipway_core.keptn.settings import HealingSettings
from slipway_core.records import Scaled, TaskRun

LIMITS = HealingSettings(cooldown=300, actions_per_hour=2)


class StandInHandler:
    """Does as told, and counts how often."""

    def __init__(self, does=None):
        self.does, self.calls, self.killed = does, 0, False

    def perform(self, payload, context):
        self.calls += 1
        if isinstance(self.does, Exception):
            raise self.does
        return self.does or TaskReport(message="done", data={"scaling": {"before": 1, "after": 2, "byValues": True}})

    def on_kill(self):
        self.killed = True


@pytest.fixture
def act(context, ti, begin):
    """Take an action; each in a run of its own."""

    def go(handler, run="one", chain="c", limits=LIMITS, action="scale", value="+1"):
        ti.run_id = context["dag_run"].run_id = run
        data = {**begin, "action": {"name": "a", "action": action, "value": value}}
        ti.put("slipway_begin", "triggered", {"context": chain, "data": data})

        def handlers(name):
            if name != "scale":
                raise LookupError(f"Nothing handles the action '{name}'; known actions: scale.")
            return handler

        operator = ActionOperator(task_id="action", seat=Seat("action"), handler=handlers, limits=limits)
        return operator.execute(context)

    return go


def states(records):
    """Return the state of each action, oldest first."""
    return [one.state for one in reversed(records.actions.find())]


def test_an_action_is_done_and_recorded(act, records, ti):
    """With the count of replicas that it left."""
    assert "pass" == act(StandInHandler())["result"]
    [one] = records.actions.find()
    assert ("done", "scale", "+1", "done", 2) == (one.state, one.action, one.value, one.why, one.scaled.after)
    assert 1 == records.actions.healed("shop", "qa", "carts").former


def test_a_retry_goes_on_and_asks_no_second_time(act, records):
    """A fault of the ground breaks a try off; after the work was done, nothing is done again."""
    handler = StandInHandler(ConnectionError("away"))
    with pytest.raises(ConnectionError):
        act(handler)
    assert ["asked"] == states(records)
    handler.does = None
    act(handler)
    act(handler)
    assert (2, ["done"]) == (handler.calls, states(records))


def test_an_action_that_fails_is_recorded(act, records, ti):
    """R64: the task fails, and the loop ends."""
    with pytest.raises(TaskFailed, match="not ready"):
        act(StandInHandler(TaskFailed("not ready")))
    assert ["failed"] == states(records)
    assert "fail" == ti.pushed("finished")["result"]


def test_what_an_action_that_failed_has_changed_stays_recorded(act, records):
    """So that it can be undone: the handler recorded it before it did it."""
    handler = StandInHandler()

    def changes_and_fails(payload, context):
        ti = context["ti"]
        records.actions.change(TaskRun(ti.dag_id, ti.run_id, ti.task_id, "0"), Scaled(1, 2, True))
        raise TaskFailed("not ready")

    handler.perform = changes_and_fails
    with pytest.raises(TaskFailed):
        act(handler)
    [one] = records.actions.find()
    assert ("failed", "not ready", Scaled(1, 2, True)) == (one.state, one.why, one.scaled)
    assert 1 == records.actions.healed("shop", "qa", "carts").former


def test_a_spent_budget_stops_and_tells(act, records):
    """What, why, and when again; nothing is done."""
    handler = StandInHandler()
    for number in range(2):
        act(handler, run=f"run {number}")
    said = r"Action 'scale' on 'carts' in stage 'qa' is refused\. The budget of 2 .* allowed at .* UTC"
    for _ in range(2):
        with pytest.raises(TaskFailed, match=said):
            act(handler, run="run 3")
    assert (2, ["done", "done", "refused"]) == (handler.calls, states(records))


def test_another_problem_waits_for_the_cooldown(act, records):
    """One and the same problem does not."""
    act(StandInHandler(), run="one")
    with pytest.raises(TaskFailed, match="acted on less than 300 s ago"):
        act(StandInHandler(), run="two", chain="other")
    act(StandInHandler(), run="three")
    assert ["done", "refused", "done"] == states(records)


def test_a_dry_run_does_nothing_and_passes(act, records):
    """It says what was not done."""
    handler = StandInHandler()
    reported = act(handler, limits=LIMITS._replace(dry_run=True))
    assert ("pass", 0, ["dry"]) == (reported["result"], handler.calls, states(records))
    assert "Dry run: action 'scale' with value '+1' was not taken." == reported["message"]


def test_an_action_that_nobody_handles_names_those_that_are(act, records):
    """And is recorded."""
    with pytest.raises(TaskFailed, match="Nothing handles the action 'dance'; known actions: scale"):
        act(StandInHandler(), action="dance")
    assert ["refused"] == states(records)


@pytest.mark.parametrize("name", [None, "", 5])
def test_an_action_without_a_name_is_refused_by_its_field(act, records, name):
    """Nothing to record."""
    with pytest.raises(TaskFailed, match=r"Field 'action\.action' must name an action"):
        act(StandInHandler(), action=name)
    assert [] == states(records)


def test_a_stop_reaches_the_handler_and_is_no_outcome(act, records, context):
    """Whoever marks the task ends what it does."""
    handler = StandInHandler()

    def stopped(payload, _):
        operator.on_kill()
        raise TaskFailed("terminated")

    handler.perform = stopped
    operator = ActionOperator(
        task_id="action",
        payload={"project": "shop", "stage": "qa", "service": "carts", "action": {"action": "scale"}},
        handler=lambda name: handler,
    )
    with pytest.raises(TaskStopped):
        operator.execute(context)
    assert (True, ["asked"]) == (handler.killed, states(records))
