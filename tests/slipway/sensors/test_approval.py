"""Approving a release: by strategy, by a person, by nobody."""

import contextlib
import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from airflow.providers.standard.operators import hitl
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput
from slipway.hooks import running
from slipway.hooks.faults import NoConnection
from slipway.hooks.slipway_api import ApiUnavailable
from slipway.operators.task import Seat, TaskFailed, finished_task
from slipway.sensors.approval import ApprovalSensor
from slipway_core.records import RecordsUnavailable, open_records

EARLIER = (("evaluation", "evaluation"),)
MANUAL = {"pass": "manual", "warning": "manual"}
AUTOMATIC = {"pass": "automatic", "warning": "automatic"}
ANSWERED = datetime(2026, 11, 23, 20, 15, 30, 123456, UTC)
ALICE = {"id": "7", "name": "alice"}


@pytest.fixture
def asked(monkeypatch):
    """What people were asked, instead of a request to Airflow."""
    requests = []
    monkeypatch.setattr(hitl, "upsert_hitl_detail", lambda **request: requests.append(request))
    monkeypatch.setattr(running, "running_now", lambda payload, conn_id: f"carts:0.9 of {conn_id or 'the stage'}")
    return requests


@pytest.fixture
def context(context, ti, asked):
    """What `execute` gets, in the approval task of a run whose evaluation has passed."""
    ti.task_id, ti.id = "approval", uuid.uuid4()
    ti.put("evaluation", "finished", {"status": "succeeded", "result": "pass"})
    return {**context, "task_instance": ti}


class Api:
    """Stands in for Airflow's API; knows what an earlier try was answered, and takes answers for other tasks."""

    user = {"id": "slipway", "name": "slipway"}

    def __init__(self, detail=None, error=None):
        self.detail, self.error, self.questions = detail or {}, error, 0
        self.answers = []

    def human_input(self, ti):
        self.questions += 1
        if self.error:
            raise self.error
        return self.detail

    def answer(self, *answer):
        if self.error:
            raise self.error
        self.answers.append(answer)
        return True


def sensor(properties=MANUAL, api=None, **kwargs):
    made = ApprovalSensor(task_id="approval", seat=Seat("approval", properties, EARLIER), **kwargs)
    made.__dict__["hook"] = api or Api()
    return made


def answer(option, comment="", by=ALICE):
    """What Airflow hands to a task that resumes."""
    return {
        "chosen_options": [option],
        "params_input": {"comment": comment},
        "responded_at": ANSWERED,
        "responded_by_user": by,
        "timedout": by is None,
    }


def by_command(option, comment):
    """What Airflow hands on after `./slipway approve | decline`."""
    return {**answer(option), "params_input": {"comment": comment, "how": "command"}}


def came_with(ti, result):
    ti.put("evaluation", "finished", {"status": "succeeded", "result": result})


def outcome(ti):
    finished = ti.pushed("finished")
    return finished["status"], finished["result"], finished["message"]


@pytest.mark.parametrize("result", ["pass", "warning"])
def test_a_good_result_is_approved_by_its_strategy(context, ti, begin, asked, result):
    """Nobody is asked; a warning becomes a pass, and labels are copied (R53, R55)."""
    came_with(ti, result)
    message = f"Approved by strategy for result '{result}'."
    expected = {**begin, "status": "succeeded", "result": "pass", "message": message}
    assert expected == sensor(AUTOMATIC).execute(context)
    assert expected == ti.pushed("finished")
    assert [] == asked


def test_a_failed_result_is_declined_by_itself(make_ti, context, ti, asked):
    """As in a sequence that follows a failed one (R56)."""
    data = {"project": "shop", "stage": "qa", "service": "carts", "result": "fail"}
    ti.put("slipway_begin", "triggered", {"context": "c", "data": data})
    with pytest.raises(AirflowFailException, match="Declined by strategy for result 'fail'"):
        ApprovalSensor(task_id="approval", seat=Seat("approval", AUTOMATIC)).execute(context)
    assert ("succeeded", "fail", "Declined by strategy for result 'fail'.") == outcome(ti)
    assert [] == asked


@pytest.mark.parametrize("properties", [None, {}, {"pass": "Automatic"}, {"warning": "automatic"}, MANUAL])
def test_a_person_is_asked_when_the_strategy_does_not_say_automatic(context, ti, asked, properties):
    """The task waits, without a time limit, and nothing is reported (R53, R54)."""
    with pytest.raises(TaskAwaitingInput) as waits:
        sensor(properties).execute(context)
    assert ("execute_complete", None) == (waits.value.method_name, waits.value.timeout)
    assert None is ti.pushed("finished")
    [request] = asked
    assert (ti.id, ["Approve", "Decline"], None) == (request["ti_id"], request["options"], request["defaults"])


def test_a_sequence_begun_by_hand_asks_whatever_its_strategy(context, asked):
    """No result has come in (R57)."""
    with pytest.raises(TaskAwaitingInput):
        ApprovalSensor(task_id="approval", seat=Seat("approval", AUTOMATIC)).execute(context)
    assert 1 == len(asked)


def test_the_question_shows_the_evidence_and_takes_a_comment(context, ti, asked):
    """Image, gate and load come from the payload."""
    ti.put("evaluation", "finished", {"status": "succeeded", "result": "pass", "evaluation": {"result": "pass"}})
    begun = {"project": "shop", "stage": "qa", "service": "carts", "test": {"requests": 9}}
    begun["configurationChange"] = {"values": {"image": "carts:1"}}
    ti.put("slipway_begin", "triggered", {"context": "c", "data": begun})
    with pytest.raises(TaskAwaitingInput):
        sensor(assigned_users=[ALICE]).execute(context)
    [request] = asked
    assert "Release carts (carts:1) to qa of shop?" == request["subject"]
    assert all(
        text in request["body"] for text in ("carts:1", "carts:0.9 of the stage", "Quality gate: pass", "Load test")
    )
    assert ["comment"] == list(request["params"])
    assert [ALICE] == request["assigned_users"]


def test_notifiers_are_told(context):
    """Before the task waits."""
    told = []
    with pytest.raises(TaskAwaitingInput):
        sensor(notifiers=[told.append]).execute(context)
    assert [context] == told


def test_an_approval_is_reported_with_who_when_and_why(context, ti, begin):
    """The report has Keptn's form; the decision stands beside it, and a warning becomes a pass (R55)."""
    came_with(ti, "warning")
    sensor().execute_complete(context, answer("Approve", "looks good"))
    message = "Approved by alice at 2026-11-23T20:15:30+00:00: looks good"
    assert {**begin, "status": "succeeded", "result": "pass", "message": message} == ti.pushed("finished")
    at = "2026-11-23T20:15:30+00:00"
    expected = {"decision": "Approve", "by": "alice", "how": "answer", "at": at, "comment": "looks good"}
    assert expected == ti.pushed("approval")


def test_a_decline_fails_for_good_and_is_reported(context, ti, begin):
    """Status succeeded, result fail, labels copied; Airflow must not try again (R58)."""
    with pytest.raises(AirflowFailException, match="Declined by alice"):
        sensor().execute_complete(context, answer("Decline", "too slow"))
    assert ("succeeded", "fail", "Declined by alice at 2026-11-23T20:15:30+00:00: too slow") == outcome(ti)
    assert begin["labels"] == ti.pushed("finished")["labels"]


def test_an_expired_approval_declines(context, ti, asked):
    """Through its defaults, so that no retry asks again."""
    expiring = sensor(expires_after=timedelta(hours=4))
    with pytest.raises(TaskAwaitingInput) as waits:
        expiring.execute(context)
    assert (timedelta(hours=4), ["Decline"]) == (waits.value.timeout, asked[0]["defaults"])
    with pytest.raises(AirflowFailException, match="Declined by expiry"):
        expiring.execute_complete(context, answer("Decline", by=None))
    assert "fail" == ti.pushed("finished")["result"]


@pytest.mark.parametrize(
    "form", [{}, None, {"comment": None}, {"comment": 5}, {"reason": "x"}, {"comment": "", "b": 1}]
)
def test_a_form_of_another_shape_does_not_lose_the_decision(context, ti, form):
    """It can be written by hand, over the API."""
    sensor().execute_complete(context, {**answer("Approve"), "params_input": form})
    assert "pass" == ti.pushed("finished")["result"]


def detail(option="Approve"):
    """What Airflow's API says of an answered question."""
    return {
        "response_received": True,
        "chosen_options": [option],
        "params_input": {"comment": "fine"},
        "responded_at": "2026-11-23T20:15:30.123456Z",
        "responded_by_user": ALICE,
    }


def ask(context, api=None):
    """Let a first try ask, and be lost."""
    with pytest.raises(TaskAwaitingInput):
        sensor(api=api).execute(context)


def test_a_first_try_asks_no_api(context):
    """There is nothing that it could have missed."""
    api = Api(detail())
    ask(context, api)
    assert 0 == api.questions


def test_a_retry_finds_the_answer_that_was_given(context, ti, asked):
    """Nobody is asked twice."""
    ask(context)
    assert "pass" == sensor(api=Api(detail())).execute(context)["result"]
    assert ("alice", "fine") == (ti.pushed("approval")["by"], ti.pushed("approval")["comment"])
    assert "2026-11-23T20:15:30+00:00" == ti.pushed("approval")["at"]
    assert 1 == len(asked)


def test_a_retry_finds_a_decline_too(context):
    """And fails for good."""
    ask(context)
    with pytest.raises(AirflowFailException, match="Declined by alice"):
        sensor(api=Api(detail("Decline"))).execute(context)


def test_a_retry_without_an_answer_asks_again(context, asked):
    """The question is still open."""
    ask(context)
    ask(context, Api({"response_received": False}))
    assert 2 == len(asked)


def test_a_retry_that_cannot_know_asks_again_and_says_so(context, asked, capsys):
    """There is no connection to Airflow's API."""
    ask(context)
    ask(context, Api(error=NoConnection("There is no connection 'slipway_api'.")))
    assert 2 == len(asked)
    assert "no connection 'slipway_api'. Asking again." in capsys.readouterr().out


def test_an_answer_that_reached_the_task_survives_a_fault(context, ti, monkeypatch):
    """It is stored before anything can go wrong, so no API is needed."""
    broken = sensor()
    monkeypatch.setattr(broken, "_conclude", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        broken.execute_complete(context, answer("Approve", "fine"))
    assert "pass" == sensor(api=Api(error=NoConnection("away"))).execute(context)["result"]
    assert "fine" == ti.pushed("approval")["comment"]


def test_a_cleared_approval_asks_anew(context, asked):
    """Whatever was answered before."""
    ask(context)
    context["task_state_store"].set("answer-0", {"decision": "Approve"})
    context["dag_run"] = SimpleNamespace(clear_number=1)
    api = Api(detail())
    ask(context, api)
    assert (2, 0) == (len(asked), api.questions)


def test_an_approval_marked_as_success_passes(ti):
    """No XCom was left: the state is the truth."""
    assert ("pass", "succeeded") == tuple(finished_task(ti, "approval", "approval", "success").outcome)


def test_an_approval_marked_as_failed_declines(ti):
    """Without an answer."""
    assert "fail" == finished_task(ti, "approval", "approval", "failed").outcome.result


def test_a_declined_approval_that_is_marked_as_success_passes(context, ti):
    """The mark is newer than the report."""
    with pytest.raises(AirflowFailException):
        sensor().execute_complete(context, answer("Decline"))
    assert ("pass", "succeeded") == tuple(finished_task(ti, "approval", "approval", "success").outcome)


def test_an_approved_one_that_is_marked_as_failed_declines(context, ti):
    """The same the other way round."""
    sensor().execute_complete(context, answer("Approve"))
    assert "fail" == finished_task(ti, "approval", "approval", "failed").outcome.result


def test_nothing_of_the_approval_travels_on_but_its_result(context, ti):
    """The next task's payload is Keptn's: no block of the approval, no message."""
    came_with(ti, "warning")
    sensor().execute_complete(context, answer("Approve", "fine"))
    payload = Seat("release", None, (*EARLIER, ("approval", "approval"))).payload(ti)
    assert "approval" not in payload
    assert ("pass", "succeeded", "") == (payload["result"], payload["status"], payload["message"])


def test_in_a_dag_of_somebodys_own_it_takes_a_payload(context, ti):
    """With the strategy where Keptn has it."""
    payload = {"project": "a", "stage": "b", "service": "c", "result": "pass", "approval": {"pass": "automatic"}}
    assert "pass" == ApprovalSensor(task_id="ok", payload=payload).execute(context)["result"]


def recorded():
    """Return the decisions that are recorded, the newest question first: what, who, how, why; None where it is open."""
    found = open_records().approvals.find()
    return [made and (made.choice, made.by, made.how, made.why) for one in found for made in [one.decision]]


def test_a_question_is_recorded_with_what_was_shown(context, ti, asked):
    """Before anybody is asked, and once for all tries."""
    ask(context)
    ask(context)
    [found] = open_records().approvals.find()
    place = (found.context, found.project, found.stage, found.service)
    assert (("ctx-1", "shop", "qa", "carts"), None) == (place, found.decision)
    assert (ti.dag_id, ti.run_id, "approval", "0") == found.run
    assert (asked[0]["subject"], asked[0]["body"]) == (found.evidence["question"], found.evidence["body"])


def test_nobody_is_asked_what_cannot_be_recorded(context, asked, monkeypatch):
    """A fault of the ground: tried again."""
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", "postgresql://slipway:geheim@127.0.0.1:1/slipway")
    with pytest.raises(RecordsUnavailable):
        sensor().execute(context)
    assert [] == asked


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer("Approve", "fine"), ("approve", "alice", "answer", "fine")),
        (answer("Decline", "slow"), ("decline", "alice", "answer", "slow")),
        (
            {**answer("Approve"), "params_input": {"comment": "x", "how": "command"}},
            ("approve", "alice", "command", "x"),
        ),
        (answer("Decline", by=None), ("decline", "expiry", "expired", "")),
    ],
)
def test_a_decision_is_recorded_with_who_how_and_why(context, given, expected):
    """By each way that Airflow tells the task of."""
    ask(context)
    with contextlib.suppress(AirflowFailException):
        sensor().execute_complete(context, given)
    assert [expected] == recorded()
    [found] = open_records().approvals.find()
    assert ANSWERED.replace(microsecond=0) == found.decision.at


def test_a_decision_by_strategy_is_recorded_too(context):
    """As a question that needed nobody."""
    sensor(AUTOMATIC).execute(context)
    assert [("approve", "strategy for result 'pass'", "strategy", "")] == recorded()


def test_an_answer_waits_for_records_that_are_away(context, ti, asked, monkeypatch):
    """The next try has it, and nobody is asked again."""
    ask(context)
    with monkeypatch.context() as away, pytest.raises(RecordsUnavailable):
        away.setenv("SLIPWAY_RECORDS_URL", "postgresql://slipway:geheim@127.0.0.1:1/slipway")
        sensor().execute_complete(context, answer("Approve", "fine"))
    assert "pass" == sensor().execute(context)["result"]
    assert [("approve", "alice", "answer", "fine")] == recorded()
    assert 1 == len(asked)


def test_a_retry_knows_the_recorded_decision(context, asked):
    """When Airflow's own memory of it is gone."""
    ask(context)
    with contextlib.suppress(AirflowFailException):
        sensor().execute_complete(context, answer("Decline", "slow"))
    context["task_state_store"].clear()
    with pytest.raises(AirflowFailException, match=r"Declined by alice .*: slow"):
        sensor().execute(context)
    assert 1 == len(asked)


def test_a_cleared_question_is_closed_in_the_records(context):
    """Nobody can answer it any more."""
    ask(context)
    context["dag_run"] = SimpleNamespace(clear_number=1)
    ask(context)
    assert [None, ("decline", "slipway", "cleared", "its task was cleared")] == recorded()


def test_approvers_are_those_who_may_answer(context, asked):
    """By name, or with the id that Airflow has for them."""
    with pytest.raises(TaskAwaitingInput):
        sensor(approvers=["alice", "bob:7"]).execute(context)
    assert [{"id": "alice", "name": "alice"}, {"id": "7", "name": "bob"}] == asked[0]["assigned_users"]


def test_the_input_of_a_run_cannot_switch_the_person_off(context, ti, begin, asked):
    """Whoever may start a run could; the strategy is the shipyard's."""
    data = {**begin, "result": "pass", "approval": {"pass": "automatic", "warning": "automatic"}}
    ti.put("slipway_begin", "triggered", {"context": "c", "data": data})
    with pytest.raises(TaskAwaitingInput):
        ApprovalSensor(task_id="approval", seat=Seat("approval")).execute(context)
    assert 1 == len(asked)


@pytest.mark.parametrize("approvers", [["bob"], ["bob:8"]])
def test_an_answer_of_somebody_who_is_no_approver_is_refused(context, approvers):
    """Airflow still has the list of the first time it asked."""
    with pytest.raises(TaskFailed, match="Approved by 'alice', but only bob may"):
        sensor(approvers=approvers).execute_complete(context, answer("Approve"))


@pytest.mark.parametrize("approvers", [["alice"], ["carol", "alice:7"], []])
def test_an_answer_of_an_approver_holds(context, ti, approvers):
    """By name; nobody named: everybody's."""
    assert "pass" == sensor(approvers=approvers).execute_complete(context, answer("Approve"))["result"]


def in_another_run(context, make_ti, run_id, api=None, **kwargs):
    """Let a later run of the DAG ask, too."""
    other = make_ti("approval")
    other.run_id, other.id = run_id, uuid.uuid4()
    other.xcoms = dict(context["ti"].xcoms)
    with pytest.raises(TaskAwaitingInput):
        own = {"ti": other, "task_instance": other, "task_state_store": type(context["task_state_store"])()}
        sensor(api=api, **kwargs).execute({**context, **own})


def test_several_approvals_are_independent(context, make_ti):
    """Unless they are to supersede each other."""
    api = Api()
    ask(context)
    in_another_run(context, make_ti, "manual__2", api)
    assert ([None, None], []) == (recorded(), api.answers)


def test_a_newer_approval_declines_older_ones(context, ti, make_ti, asked):
    """In the records, and by an answer to the tasks that wait; so its user is among those who may answer."""
    api = Api()
    ask(context)
    in_another_run(context, make_ti, "manual__2", api, supersede=True, approvers=["alice"])
    why = "superseded by http://127.0.0.1:8080/dags/shop.qa.delivery/runs/manual__2"
    assert [(ti.dag_id, ti.run_id, "approval", "Decline", why)] == api.answers
    assert [None, "superseded"] == [one and one[2] for one in recorded()]
    assert ["alice", "slipway"] == [one["name"] for one in asked[1]["assigned_users"]]


def test_superseding_that_fails_is_tried_again(context, make_ti, asked):
    """Before anybody is asked; the older task is answered by the next try."""
    ask(context)
    with pytest.raises(ApiUnavailable):
        in_another_run(context, make_ti, "manual__2", Api(error=ApiUnavailable("away")), supersede=True)
    assert 1 == len(asked)
    api = Api()
    in_another_run(context, make_ti, "manual__2", api, supersede=True)
    assert 1 == len(api.answers)


def test_a_superseded_approval_that_a_person_answered_first_keeps_that_answer(context, make_ti, ti):
    """What Airflow has taken is the truth."""
    ask(context)
    in_another_run(context, make_ti, "manual__2", supersede=True)
    sensor().execute_complete(context, answer("Approve", "just in time"))
    assert ("approve", "alice", "answer", "just in time") == recorded()[1]
