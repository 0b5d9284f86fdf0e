"""Old records are deleted once a day."""

from datetime import UTC, datetime, timedelta

import pytest
from slipway.housekeeping import PruneRecords, housekeeping_dag
from slipway_core.records import Decision, NewApproval, TaskRun, open_records

NOW = datetime.now(UTC)


@pytest.fixture
def records(monkeypatch, tmp_path):
    """Records with one approval that was decided two years ago, and one that is still open."""
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", f"sqlite:///{tmp_path}/records.db")
    kept = open_records()
    for number, open_still in enumerate((False, True)):
        asked = NOW - timedelta(days=800)
        run = TaskRun("shop.qa.delivery", f"manual__{number}", "approval", "0")
        place = {"context": "c", "project": "shop", "stage": "qa", "service": "carts"}
        made = kept.approvals.ask(NewApproval(**place, run=run, asked=asked))
        if not open_still:
            kept.approvals.decide(made.id, Decision("approve", "alice", NOW - timedelta(days=730), "answer"))
    return kept


def test_what_is_older_than_the_retention_is_deleted(records):
    """Open approvals stay, however old they are."""
    expected = {"evaluations": 0, "approvals": 1, "actions": 0, "messages": 0}
    assert expected == PruneRecords(task_id="prune").execute({})
    [left] = records.approvals.find()
    assert left.decision is None


@pytest.mark.parametrize(("days", "left"), [("0", 2), ("1000", 2), ("700", 1)])
def test_the_retention_can_be_set(monkeypatch, records, days, left):
    """0 keeps everything."""
    monkeypatch.setenv("AIRFLOW__SLIPWAY__RETENTION_DAYS", days)
    PruneRecords(task_id="prune").execute({})
    assert left == len(records.approvals.find())


def test_it_runs_by_the_clock_and_never_twice_at_once():
    """And without anybody switching it on."""
    dag = housekeeping_dag()
    assert (1, False, False) == (dag.max_active_runs, dag.catchup, dag.is_paused_upon_creation)
    assert ["prune"] == [task.task_id for task in dag.tasks]
