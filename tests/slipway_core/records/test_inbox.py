"""What came in: each once, one after another."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from slipway_core.records import Handled, NewMessage, inbox

NEW = NewMessage(
    key="k",
    kind="alert",
    source="prometheus",
    sender="token:hook",
    project="shop",
    context="c",
    body={"service": "carts"},
    state="new",
    dag_id="shop.qa.remediation",
)


def several(count):
    """Return messages that differ."""
    return [replace(NEW, key=f"k{number}") for number in range(count)]


def test_a_message_comes_back_as_it_went_in_and_only_once(records):
    """Also when one body holds it twice."""
    first, twice = records.inbox.store([NEW, NEW])
    assert (True, False) == (first.is_new, twice.is_new)
    assert first.message == twice.message == records.inbox.known("k")
    assert NEW == NewMessage(**{name: value for name, value in vars(first.message).items() if name in vars(NEW)})
    [again] = records.inbox.store([replace(NEW, body={"other": 1})])
    assert (False, NEW.body) == (again.is_new, again.message.body)
    assert None is records.inbox.known("other")


def test_many_are_stored_at_once_and_handled_in_their_order(records):
    """More than fit into one statement."""
    stored = records.inbox.store(several(2100))
    assert all(one.is_new for one in stored)
    seen = []

    def handle(message):
        seen.append(message.key)
        return Handled("started", f"run {message.key}")

    for _ in range(3):
        assert records.inbox.handle_next(handle)
    assert ["k0", "k1", "k2"] == seen
    assert ("started", "run k1") == (records.inbox.known("k1").state, records.inbox.known("k1").run_id)
    assert [] == records.inbox.store([])


def test_what_cannot_be_handled_now_stays_new(records):
    """Left, or broken off: it is the next one still."""
    records.inbox.store([NEW])
    assert not records.inbox.handle_next(lambda message: None)
    with pytest.raises(RuntimeError):
        records.inbox.handle_next(lambda message: (_ for _ in ()).throw(RuntimeError))
    assert "new" == records.inbox.known("k").state
    assert records.inbox.handle_next(lambda message: Handled("refused", why="no such DAG"))
    assert not records.inbox.handle_next(lambda message: pytest.fail("there is none left"))


def test_one_is_handled_at_a_time(records):
    """Whoever comes second does not get the same one, nor the one behind it."""
    records.inbox.store(several(2))
    inside, go_on = threading.Event(), threading.Event()

    def slow(message):
        inside.set()
        assert go_on.wait(20)
        return Handled("started", "slow")

    first = threading.Thread(target=records.inbox.handle_next, args=(slow,))
    first.start()
    assert inside.wait(20)
    # SQLite lets the second wait for the first, PostgreSQL sends it away.
    release = threading.Timer(0.3, go_on.set)
    release.start()
    records.inbox.handle_next(lambda message: Handled("started", f"quick {message.key}"))
    first.join()
    assert "slow" == records.inbox.known("k0").run_id
    assert records.inbox.known("k1").run_id in ("", "quick k1")


def test_old_messages_go_and_new_ones_stay(records):
    """Whatever their age."""
    records.inbox.store([NEW, replace(NEW, key="done", state="noted")])
    assert 0 == records.inbox.prune(older_than_days=1)
    assert 1 == records.inbox.prune(older_than_days=-1)
    assert ["k"] == [one.key for one in records.inbox.find(project="shop", context="c")]


@pytest.fixture
def later(monkeypatch):
    """Let the inbox live in another time: so much after now."""

    def go(**after):
        class Later(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + timedelta(**after)

        monkeypatch.setattr(inbox, "datetime", Later)

    return go


def test_an_alert_that_fires_longer_than_the_retention_is_not_forgotten(records, later):
    """Else the next repetition would start a second remediation."""
    noted = replace(NEW, state="noted")
    [first] = records.inbox.store([noted])
    for day in range(1, 5):
        later(days=day)
        [again] = records.inbox.store([noted])
        assert (False, first.message.id) == (again.is_new, again.message.id)
        assert 0 == records.inbox.prune(older_than_days=2)
    later(days=7)
    assert 1 == records.inbox.prune(older_than_days=2)


def test_a_repetition_soon_after_writes_nothing_and_what_waits_keeps_its_place(records, later):
    """Alertmanager sends each alert again every minute."""
    old, waits = records.inbox.store([replace(NEW, state="noted"), replace(NEW, key="waits")])
    later(minutes=1)
    [again] = records.inbox.store([replace(NEW, state="noted")])
    assert old.message.received == again.message.received
    later(days=1)
    [still] = records.inbox.store([replace(NEW, key="waits")])
    assert waits.message.received == still.message.received


def test_what_could_not_be_started_is_tried_anew_when_it_is_sent_again(records):
    """Nothing was started, so nothing is doubled; an alert that still fires must not be left alone."""
    [first] = records.inbox.store([NEW])
    assert records.inbox.handle_next(lambda message: Handled("refused", why="its DAG was gone"))
    [again] = records.inbox.store([NEW])
    assert (first.message.id, True, "new", "") == (
        again.message.id, again.is_new, again.message.state, again.message.why,
    )  # fmt: skip
    assert records.inbox.handle_next(lambda message: Handled("started", "run"))
    [last] = records.inbox.store([NEW])
    assert "started" == last.message.state


def refuse(message):
    """Handle a message as one that cannot be started."""
    return Handled("refused", why="its DAG was gone")


def test_what_is_tried_anew_keeps_the_order_of_its_body(records):
    """As what is new does."""
    records.inbox.store(several(12))
    while records.inbox.handle_next(refuse):
        pass
    records.inbox.store(several(12))
    seen = []
    while records.inbox.handle_next(lambda message: seen.append(message.key) or Handled("started", "run")):
        pass
    assert [one.key for one in several(12)] == seen


def test_what_is_tried_anew_is_what_was_sent_last(records):
    """Whoever sends a corrected event under the same id wants that one started; one that was started stays."""
    records.inbox.store([NEW])
    assert records.inbox.handle_next(refuse)
    corrected = replace(NEW, body={"service": "orders"}, sender="user:eve")
    [again] = records.inbox.store([corrected])
    assert (True, corrected.body, "user:eve") == (again.is_new, again.message.body, again.message.sender)
    [waits] = records.inbox.store([NEW])
    assert (False, corrected.body) == (waits.is_new, waits.message.body)
