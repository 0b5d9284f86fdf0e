"""Who may send what, what is stored of it, and what they are told."""

import json

import pytest
from slipway.ways_in import approvals, contexts
from slipway.ways_in.bodies import LARGEST
from slipway_core.keptn.problems import InvalidEvent

LABELS = {"alertname": "response_time_p90", "project": "shop", "stage": "production", "service": "carts"}
ALERT = {
    "status": "firing",
    "labels": LABELS,
    "annotations": {"summary": "response_time_p90"},
    "fingerprint": "d26035f958c7e705",
    "startsAt": "2022-08-10T11:34:14.057Z",
}
CONTEXT = "3c10e1b7-129f-491f-8e0a-d6baa1596393"
DATA = {"project": "shop", "stage": "qa", "service": "carts", "labels": {"build": "7"}}
EVENT = {
    "specversion": "1.0",
    "type": "sh.keptn.event.qa.delivery.triggered",
    "source": "ci",
    "id": "1",
    "data": DATA,
}


def webhook(*alerts):
    """Return Alertmanager's body."""
    return {"version": "4", "status": "firing", "alerts": list(alerts)}


def alert(number=0, **labels):
    """Return an alert of its own."""
    return {**ALERT, "fingerprint": f"{number:016x}", "labels": {**LABELS, **labels}}


@pytest.mark.parametrize(("path", "body"), [("/alerts", webhook(ALERT)), ("/events", EVENT)])
def test_nobody_gets_in_without_a_login(client, records, path, body):
    """Nothing is stored, and the body is not even looked at."""
    assert 401 == client.post(path, json=body).status_code
    assert 401 == client.post(path, content=b"{").status_code
    assert [] == records.inbox.find()


def test_a_context_is_shown_to_nobody_without_a_login(client):
    """Airflow's own answer."""
    assert 401 == client.get(f"/contexts/{CONTEXT}").status_code


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("user", 202), ("op", 202), ("admin", 202)])
@pytest.mark.parametrize(("path", "body"), [("/alerts", webhook(ALERT)), ("/events", EVENT)])
def test_a_login_may_send_what_its_role_may_start(client, records, login, path, body, role, status):
    """Airflow's permissions decide."""
    assert status == client.post(path, json=body, headers=login(role)).status_code
    assert [role] * (status == 202) == [one.sender for one in records.inbox.find()]


def test_a_login_that_is_none_is_refused(client):
    """Airflow's answer to a token that it did not make."""
    assert 403 == client.post("/alerts", json=webhook(ALERT), headers={"Authorization": "Bearer rubbish"}).status_code


@pytest.mark.parametrize(
    ("can", "project", "path", "body", "status"),
    [
        ("alerts", "shop", "/alerts", webhook(ALERT), 202),
        ("alerts", "other", "/alerts", webhook(ALERT), 403),
        ("events", "shop", "/alerts", webhook(ALERT), 403),
        ("events", "shop", "/events", EVENT, 202),
        ("events", "other", "/events", EVENT, 403),
        ("alerts", "shop", "/events", EVENT, 403),
    ],
)
def test_a_token_is_for_one_project_and_one_way(client, records, token, can, project, path, body, status):
    """It stands for no user, so Airflow is not asked."""
    assert status == client.post(path, json=body, headers=token(can, project)).status_code
    assert ["token:hook"] * (status == 202) == [one.sender for one in records.inbox.find()]


def test_a_revoked_or_invented_token_is_nobody(client, records, token):
    """401, so that its holder knows that no right will help."""
    headers = token("alerts")
    records.tokens.revoke("hook")
    answer = client.post("/alerts", json=webhook(ALERT), headers=headers)
    assert (401, True) == (answer.status_code, "'hook' was revoked" in answer.text)
    invented = {"Authorization": "Bearer slipway_0123_abc"}
    assert 401 == client.post("/alerts", json=webhook(ALERT), headers=invented).status_code


def test_a_token_shows_no_contexts(client, token):
    """It is a right to send."""
    assert 403 == client.get(f"/contexts/{CONTEXT}", headers=token("events")).status_code


def test_each_firing_alert_counts_and_repeats_do_not(client, records, drain, token):
    """Not only the first of a body, as in Keptn; the second time nothing is new (R67, R85)."""
    headers, body = token("alerts"), webhook(ALERT, alert(1), alert(2, service="orders"))
    first = client.post("/alerts", json=body, headers=headers)
    assert [True] * 3 == [one["new"] for one in first.json()["taken"]]
    assert CONTEXT == first.json()["taken"][0]["context"]
    again = client.post("/alerts", json=body, headers=headers)
    assert (202, [False] * 3) == (again.status_code, [one["new"] for one in again.json()["taken"]])
    assert 3 == len(records.inbox.find(project="shop"))
    assert 2 == drain.woken


def test_a_resolved_alert_is_noted_and_starts_nothing(client, records, token):
    """Beside the firing one of the same context."""
    headers = token("alerts")
    client.post("/alerts", json=webhook(ALERT, {**ALERT, "status": "resolved"}), headers=headers)
    assert {"new", "noted"} == {one.state for one in records.inbox.find(context=CONTEXT)}


@pytest.mark.parametrize("label", ["project", "stage", "service"])
def test_an_alert_without_a_label_is_refused_by_name_and_the_others_are_kept(client, records, token, label):
    """Alertmanager sends nothing again after a 4xx."""
    bad = {**ALERT, "labels": {name: text for name, text in LABELS.items() if name != label}}
    answer = client.post("/alerts", json=webhook(bad, alert(1)), headers=token("alerts"))
    assert 422 == answer.status_code
    assert f"alerts[0].labels.{label}: is missing" in answer.json()["detail"]
    assert ["new"] == [one.state for one in records.inbox.find()]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stage": "dev"}, "alerts[0].labels.stage: project 'shop' has no stage 'dev'; it has: production, qa"),
        ({"stage": "qa"}, "alerts[0].labels.sequence: stage 'qa' has no sequence 'remediation'; it has: delivery"),
        ({"service": "cart"}, "project 'shop' has no service 'cart'; it has: carts, orders"),
    ],
)
def test_an_alert_for_what_is_not_there_is_told_what_is(client, token, changes, said):
    """At once, not hours later (decisions.md)."""
    answer = client.post("/alerts", json=webhook(alert(1, **changes)), headers=token("alerts"))
    assert (422, True) == (answer.status_code, said in answer.json()["detail"])


def test_an_unknown_project_is_told_which_there_are(client, login):
    """To a user who may start everything."""
    answer = client.post("/alerts", json=webhook(alert(1, project="shup")), headers=login("op"))
    assert (422, True) == (answer.status_code, "no project 'shup'; there are: other, shop" in answer.text)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"\xff", b"[]", b'"text"', b"{}", b"[" * 100_000),
        *(b'{"alerts": []}', b'{"alerts": [5]}', b'{"alerts": {"a": 1}}', b'{"alerts": NaN}'),
        *(b'{"alerts": [{"labels": ["project"]}]}', b'{"alerts": "\\u0000"}'),
    ],
    ids=range(13),
)
def test_a_body_that_is_no_webhook_is_refused(client, records, token, body):
    """And never a fault of ours."""
    assert 422 == client.post("/alerts", content=body, headers=token("alerts")).status_code
    assert [] == records.inbox.find()


def test_a_body_without_end_is_cut_off(client, token):
    """Before it is read as JSON."""
    assert 413 == client.post("/alerts", content=b" " * (LARGEST + 1), headers=token("alerts")).status_code


def test_a_thousand_alerts_are_taken_at_once(client, records, token):
    """In one body."""
    answer = client.post("/alerts", json=webhook(*map(alert, range(1000))), headers=token("alerts"))
    assert (202, 1000) == (answer.status_code, len(answer.json()["taken"]))
    assert 1000 == len(records.inbox.find(limit=2000))


def test_an_event_starts_a_sequence_and_the_same_one_only_once(client, records, token):
    """The second answer has the context of the first."""
    headers = token("events")
    first, again = (client.post("/events", json=EVENT, headers=headers).json() for _ in range(2))
    assert (True, False) == (first["new"], again["new"])
    assert first["keptnContext"] == again["keptnContext"]
    [stored] = records.inbox.find()
    assert ("shop.qa.delivery", DATA, "ci") == (stored.dag_id, stored.body, stored.source)


def test_an_event_may_come_with_its_envelope_in_headers(client, records, token):
    """CloudEvents' binary form."""
    envelope = {f"ce-{name}": EVENT[name] for name in ("specversion", "type", "source", "id")}
    answer = client.post("/events", json=DATA, headers={**token("events"), **envelope})
    assert 202 == answer.status_code
    assert [DATA] == [one.body for one in records.inbox.find()]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"type": "sh.keptn.event.qa.delivery.finished"}, "type: 'sh.keptn.event.qa.delivery.finished' starts nothing"),
        ({"type": 5}, "type: must be text"),
        ({"data": {**DATA, "project": ""}}, "project: is missing"),
        ({"data": {**DATA, "labels": {"build": 7}}}, "labels.build"),
        ({"data": {**DATA, "stage": "production"}}, "data.stage: says 'production', but the type says 'qa'"),
        ({"type": "sh.keptn.event.qa.release.triggered"}, "sequence: stage 'qa' has no sequence 'release'"),
        ({"data": {**DATA, "service": "x"}}, "service: project 'shop' has no service 'x'; it has: carts, orders"),
        ({"type": "sh.keptn.event.approval.finished"}, "data.result: must be 'pass' or 'fail'"),
    ],
)
def test_an_event_that_cannot_be_used_names_the_field(client, records, token, changes, said):
    """422, and nothing is stored."""
    answer = client.post("/events", content=json.dumps({**EVENT, **changes}), headers=token("events"))
    assert (422, True) == (answer.status_code, said in answer.json()["detail"]), answer.text
    assert [] == records.inbox.find()


@pytest.fixture
def open_approval(monkeypatch):
    """One approval of carts in qa waits; its answers are kept."""
    answers, waiting = [], approvals.OpenApproval("shop.qa.delivery", "run-1", "approval", CONTEXT)

    def find(scope, context):
        if context not in ("", CONTEXT):
            raise InvalidEvent("shkeptncontext", "no approval is open")
        return waiting

    monkeypatch.setattr(approvals, "open_approval", find)
    monkeypatch.setattr(approvals, "answer", lambda one, event, who: answers.append((one, event.approved, who.name)))
    return answers


FINISHED = {**EVENT, "type": "sh.keptn.event.approval.finished", "data": {**DATA, "result": "fail"}}


def test_an_answer_to_an_approval_is_given_as_its_sender_and_only_once(client, records, open_approval, token):
    """What Airflow has no rule for, a sent event twice, changes nothing."""
    headers = token("events")
    first, again = (client.post("/events", json=FINISHED, headers=headers) for _ in range(2))
    assert (202, 202) == (first.status_code, again.status_code)
    assert [(False, "token:hook")] == [(approved, who) for _, approved, who in open_approval]
    [stored] = records.inbox.find(context=CONTEXT)
    assert ("approval", "started", "run-1") == (stored.kind, stored.state, stored.run_id)


@pytest.mark.parametrize("role", ["viewer"])
def test_who_may_not_answer_in_airflow_may_not_by_an_event(client, open_approval, login, role):
    """Nothing is answered."""
    assert 403 == client.post("/events", json=FINISHED, headers=login(role)).status_code
    assert [] == open_approval


def test_who_may_not_answer_learns_nothing_by_sending_an_answer_again(client, open_approval, token, login):
    """The same event, sent before by one who may."""
    assert 202 == client.post("/events", json=FINISHED, headers=token("events")).status_code
    assert 403 == client.post("/events", json=FINISHED, headers=login("viewer")).status_code


def test_an_answer_for_another_project_or_context_is_refused(client, open_approval, token):
    """403 for the first, 422 for the second."""
    assert 403 == client.post("/events", json=FINISHED, headers=token("events", "other")).status_code
    elsewhere = {**FINISHED, "shkeptncontext": "not that one"}
    assert 422 == client.post("/events", json=elsewhere, headers=token("events", name="second")).status_code
    assert [] == open_approval


def test_records_that_are_away_are_said_to_be(client, login, monkeypatch, tmp_path):
    """503: Alertmanager sends it again."""
    from slipway.routes import app
    from slipway.ways_in import sender
    from slipway_core.records import Records

    (tmp_path / "no").write_text("a file in the way")
    away = Records(f"sqlite:///{tmp_path}/no/records.db", wait=0.1)
    monkeypatch.setitem(app.dependency_overrides, sender.records, lambda: away)
    assert 503 == client.post("/alerts", json=webhook(ALERT), headers=login("op")).status_code
    told = {"Authorization": "Bearer slipway_0123_abc"}
    assert 503 == client.post("/alerts", json=webhook(ALERT), headers=told).status_code


def test_a_context_is_shown_as_far_as_the_user_may_see_it(client, records, token, monkeypatch):
    """What came in for it, and its runs; nothing at all is 404."""
    from slipway.routes import app
    from slipway.ways_in import routes

    client.post("/alerts", json=webhook(ALERT), headers=token("alerts"))
    monkeypatch.setattr(contexts, "_runs", lambda context, readable: [])
    readable = {"shop.production.remediation"}
    monkeypatch.setitem(app.dependency_overrides, routes.readable_dags, lambda: readable)
    [received] = client.get(f"/contexts/{CONTEXT}").json()["received"]
    assert ("alert", "new", "token:hook") == (received["kind"], received["state"], received["sender"])
    readable.clear()
    assert 404 == client.get(f"/contexts/{CONTEXT}").status_code
