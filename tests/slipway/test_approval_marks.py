"""Approvals that were marked by hand: who did it, and whether the sequence goes on."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException
from slipway import approval_marks
from slipway.approval_marks import Mark, last_mark, settle
from slipway.hooks.slipway_api import ApiUnavailable
from slipway.operators.sequence import FinishSequence, SequenceResult
from slipway.operators.task import Seat, TaskFailed
from slipway_core.records import Decision, NewApproval, TaskRun, open_records

from tests.slipway.conftest import START

RUN = "manual__1"
NOON = "2026-11-23T12:00:{:02}Z"


class Approval(SimpleNamespace):
    """An operator in a DAG: one task before it, one behind."""

    def get_flat_relative_ids(self, upstream):
        return {"test"} if upstream else {"release"}


def approval(*approvers):
    return Approval(task_id="approval", approvers=approvers)


def event(second=0, kind="patch_task_instance", task="approval", owner="alice", run=RUN, **extra):
    """What Airflow's audit log has of a deed."""
    extra = {"method": "PATCH", **extra}
    return {
        "when": NOON.format(second),
        "event": kind,
        "task_id": task,
        "run_id": run,
        "owner": owner,
        "extra": json.dumps(extra),
    }


def marked(second=0, state="success", **extra):
    return event(second, new_state=state, **extra)


def cleared(second=0, **extra):
    return event(second, "post_clear_task_instances", task=None, dry_run=False, **extra)


def by(*events, state="success", since=None):
    """Return who marked, given events in order of time."""
    found = last_mark(events[::-1], RUN, approval(), state, since)
    return found and found.by


def test_a_mark_says_who_when_and_why():
    """The note is the reason."""
    at = datetime(2026, 11, 23, 12, 0, 7, tzinfo=UTC)
    expected = Mark("alice", at, "all looks fine")
    assert expected == last_mark([marked(7, note="all looks fine")], RUN, approval(), "success")


def test_the_last_mark_counts():
    """Also when the one before it was by an approver."""
    assert "eve" == by(marked(1), marked(2, owner="eve"))


@pytest.mark.parametrize(
    "other",
    [
        marked(2, task="test", owner="eve"),
        marked(2, run="manual__2", owner="eve"),
        event(2, owner="eve", note="only a note"),
        cleared(2, task_ids=["release"], include_downstream=True),
        cleared(2, task_ids=["approval"], run="manual__2"),
    ],
)
def test_what_concerns_other_tasks_does_not_count(other):
    """Other tasks, other runs, notes."""
    assert "alice" == by(marked(1), other)


@pytest.mark.parametrize(
    "reaching",
    [
        marked(2, task="test", owner="eve", include_downstream=True),
        marked(2, task="release", owner="eve", include_upstream=True),
        marked(2, run="manual__0", owner="eve", include_future=True),
        event(2, "patch_dag_run", task=None, owner="eve", state="success"),
    ],
)
def test_a_mark_that_reaches_the_approval_counts(reaching):
    """By way of a neighbour, another run, or the whole run."""
    assert "eve" == by(marked(1), reaching)


@pytest.mark.parametrize(
    "after",
    [
        marked(2, "failed"),
        cleared(2, task_ids=["approval"]),
        cleared(2, task_ids=[["approval", -1]]),
        cleared(2, task_ids=["test"], include_downstream=True),
        cleared(2),
        event(2, "clear_dag_run", task=None),
        {**cleared(2), "extra": "no JSON", "run_id": None},
    ],
)
def test_a_mark_that_was_undone_counts_no_more(after):
    """What gave the task its state since then, nobody can say."""
    assert None is by(marked(1), after)


def test_a_mark_before_the_question_counts_no_more():
    """People were asked again since."""
    assert None is by(marked(1), since=datetime(2026, 11, 23, 12, 0, 2, tzinfo=UTC))


@pytest.fixture
def log(monkeypatch):
    """Airflow's audit log, empty at first; an exception in it is raised."""
    events = []

    class Api:
        def audit_log(self, dag_id, kinds):
            for one in events:
                if isinstance(one, Exception):
                    raise one
            return events[::-1]

    monkeypatch.setattr(approval_marks, "SlipwayApi", Api)
    return events


@pytest.fixture
def ti(ti):
    """A task behind an approval that `bob` and `carol` may give."""
    named = approval("bob", "carol:7")
    ti.task = SimpleNamespace(dag=SimpleNamespace(task_dict={"approval": named}))
    ti.named = named
    return ti


def question(ti):
    """Record that the approval has asked."""
    run = TaskRun(ti.dag_id, ti.run_id, "approval", "0")
    asked = datetime(2026, 11, 23, 11, tzinfo=UTC)
    new = NewApproval(context="c", project="shop", stage="qa", service="carts", run=run, asked=asked)
    return open_records().approvals.ask(new)


def recorded(ti):
    """Return the decision that is recorded: what, who, how, why."""
    found = open_records().approvals.last_of_task(ti.dag_id, ti.run_id, "approval")
    made = found and found.decision
    return made and (made.choice, made.by, made.how, made.why)


def go_on(ti, begin):
    """Build the payload of the task behind the approval."""
    return Seat("release", None, (("approval", "approval"),)).payload(ti)


@pytest.mark.parametrize("owner", ["bob", "carol"])
def test_a_mark_by_an_approver_is_recorded_and_holds(ti, begin, log, owner):
    """With who, and why; the same by every later task."""
    question(ti)
    log.append(marked(owner=owner, note="go"))
    for _ in range(2):
        assert "pass" == go_on(ti, begin)["result"]
    assert ("approve", owner, "mark", "go") == recorded(ti)
    assert 1 == len(open_records().approvals.find())


def test_a_mark_by_somebody_else_is_recorded_and_refused(ti, begin, log):
    """With who it was, and who may."""
    question(ti)
    log.append(marked(owner="eve"))
    with pytest.raises(TaskFailed, match=r"marked as success by 'eve', but only bob, carol may approve.*Clear"):
        go_on(ti, begin)
    assert ("approve", "eve", "mark", "") == recorded(ti)


def test_a_mark_that_nobody_can_be_named_for_is_refused(ti, begin, log):
    """Such as a bulk mark, which Airflow does not log."""
    question(ti)
    with pytest.raises(TaskFailed, match="somebody whom Airflow's audit log does not name"):
        go_on(ti, begin)
    assert ("approve", "unknown", "mark", "") == recorded(ti)


def test_without_approvers_a_mark_by_anybody_holds_and_is_recorded(ti, begin, log):
    """Airflow's roles decide who may mark."""
    ti.named.approvers = ()
    log.append(marked(owner="eve"))
    go_on(ti, begin)
    assert ("approve", "eve", "mark", "") == recorded(ti)


def test_who_marked_must_be_known_before_it_goes_on(ti, begin, log):
    """A fault of the ground: tried again."""
    ti.named.approvers = ()
    log.append(ApiUnavailable("away"))
    with pytest.raises(ApiUnavailable):
        go_on(ti, begin)


def test_an_answer_needs_no_audit_log(ti, begin, log):
    """The approval has recorded it itself."""
    log.append(AssertionError("asked"))
    ti.put("approval", "approval", {"decision": "Approve"})
    open_records().approvals.decide(question(ti).id, Decision("approve", "bob", datetime.now(UTC), "answer"))
    assert "pass" == go_on(ti, begin)["result"]


def test_an_answer_that_only_an_xcom_tells_of_does_not_hold(ti, begin, log):
    """Whoever may mark a task may write one, too."""
    question(ti)
    ti.put("approval", "approval", {"decision": "Approve"})
    log.append(marked(owner="eve"))
    for _ in range(2):  # nor when the mark is recorded
        with pytest.raises(TaskFailed, match="'eve'"):
            go_on(ti, begin)


def test_a_mark_overrules_an_answer_in_the_record(ti, begin, log):
    """Both are kept."""
    ti.put("approval", "approval", {"decision": "Decline"})
    open_records().approvals.decide(question(ti).id, Decision("decline", "carol", datetime.now(UTC), "answer"))
    log.append(marked(owner="bob"))
    go_on(ti, begin)
    [found] = open_records().approvals.find()
    assert ("bob", ["carol"]) == (found.decision.by, [one.by for one in found.overruled])


def test_a_refused_mark_changes_no_result(ti, begin, log):
    """It stays a failure, and nothing is run again."""
    ti.states = {"slipway_result": "success"}
    log.append(marked(owner="eve"))
    with pytest.raises(TaskFailed, match="only bob, carol may"):
        go_on(ti, begin)


def test_a_mark_after_a_clear_is_a_record_of_its_own(ti, begin, log):
    """The question was not asked again, so the earlier answer stays what it was."""
    open_records().approvals.decide(question(ti).id, Decision("approve", "bob", datetime.now(UTC), "answer"))
    log.append(marked(owner="carol"))
    go_on(ti, begin)
    assert {"bob", "carol"} == {one.decision.by for one in open_records().approvals.find()}


def test_a_task_without_an_approval_before_it_looks_at_nothing(ti, begin, log):
    """No records, no API."""
    log.append(AssertionError("asked"))
    ti.put("test", "finished", {"status": "succeeded", "result": "pass"})
    assert "pass" == Seat("release", None, (("test", "test"),)).payload(ti)["result"]


def result(ti, state):
    """Let a sequence end behind its approval."""
    ti.states = {"approval": state}
    ti.task_id = "slipway_result"
    context = {"ti": ti, "dag_run": SimpleNamespace(**START)}
    SequenceResult(task_id="slipway_result", tasks=[("approval", "approval")]).execute(context)
    return ti.pushed("finished")


def test_an_approval_at_the_end_of_a_sequence_is_looked_at_by_its_result(ti, log):
    """A mark that does not hold is a failure, and says why."""
    log.append(marked(owner="eve"))
    finished = result(ti, "success")
    assert ("fail", "succeeded") == (finished["outcome"]["result"], finished["outcome"]["status"])
    assert "only bob, carol may approve" in finished["data"]["message"]
    assert "pass" == (log.append(marked(1, owner="bob")) or result(ti, "success"))["outcome"]["result"]


@pytest.mark.parametrize("state", ["failed", "skipped"])
def test_a_mark_as_failed_is_recorded_by_the_result(ti, log, state):
    """Whoever it was: nothing passes by it."""
    question(ti)
    log.append(marked(state=state, owner="eve", note="no"))
    assert "fail" == result(ti, state)["outcome"]["result"]
    assert ("decline", "eve", "mark", "no") == recorded(ti)


def test_a_decline_does_not_wait_for_an_api_that_is_away(ti, log):
    """What follows a failure must start; the record says that nobody knows who it was."""
    question(ti)
    log.append(ApiUnavailable("away"))
    assert "fail" == result(ti, "failed")["outcome"]["result"]
    assert ("decline", "unknown", "mark", "") == recorded(ti)


def test_an_approval_that_failed_by_itself_leaves_no_open_record(ti, log):
    """Nobody marked it, nobody can answer it any more."""
    question(ti)
    assert "fail" == result(ti, "failed")["outcome"]["result"]
    assert ("decline", "slipway", "failed", "its task failed") == recorded(ti)


def test_a_task_that_failed_unasked_is_not_recorded(ti, log):
    """There was no question."""
    result(ti, "failed")
    assert () == open_records().approvals.find()


def test_a_run_that_is_marked_as_failed_declines_its_open_approval(ti, log):
    """Its result does not run any more; its last task does."""
    question(ti)
    log.append(event(1, "patch_dag_run", task=None, owner="eve", state="failed", note="stop"))
    ti.states = {"approval": "failed", "release": "skipped", "slipway_result": "skipped"}
    with pytest.raises(AirflowFailException):
        FinishSequence(task_id="slipway_finish").execute({"ti": ti})
    assert ("decline", "eve", "mark", "stop") == recorded(ti)


@pytest.fixture
def ended(ti):
    """End a run that was marked as a whole while its approval waited."""

    def end(state="success"):
        ti.states = {"approval": state, "release": "skipped", "slipway_result": "skipped"}
        with pytest.raises(AirflowFailException, match="ended before"):
            FinishSequence(task_id="slipway_finish").execute({"ti": ti})

    return end


def test_a_run_that_is_marked_as_success_answers_its_open_approval(ti, log, ended):
    """Nobody can answer it any more; nothing behind it has run."""
    question(ti)
    log.append(event(1, "patch_dag_run", task=None, owner="bob", state="success", note="enough"))
    ended()
    assert ("approve", "bob", "mark", "enough") == recorded(ti)


def test_an_approval_that_was_answered_before_its_run_was_marked_stays_as_it_was(ti, log, ended):
    """No second record, no overruled one."""
    log.append(event(1, "patch_dag_run", task=None, owner="eve", state="success"))
    open_records().approvals.decide(question(ti).id, Decision("approve", "bob", datetime.now(UTC), "mark"))
    ended()
    [found] = open_records().approvals.find()
    assert ("bob", ()) == (found.decision.by, found.overruled)


@pytest.mark.parametrize("state", ["success", "skipped"])
def test_a_run_that_was_ended_leaves_no_open_approval(ti, log, ended, state):
    """Also when nobody can tell who ended it, or its approval was about to be tried again."""
    question(ti)
    log.append(ApiUnavailable("away"))
    ended(state)
    assert "decline" == recorded(ti)[0]


def test_settling_needs_no_audit_log_after_a_decline(ti, log, begin):
    """The approval has recorded it."""
    log.append(AssertionError("asked"))
    ti.named.approvers = ()
    ti.put("approval", "approval", {"decision": "Decline"})
    assert "" == settle(ti, "approval", "failed", begin)
