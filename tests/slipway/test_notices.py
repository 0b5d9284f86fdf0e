"""Messages through Airflow's notifiers."""

import json
from pathlib import Path

import pytest
from airflow.sdk import BaseNotifier
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput
from slipway import notices
from slipway.operators.sequence import FinishSequence
from slipway.sensors.approval import ApprovalSensor

HERE = f"{__name__}."


class ToFile(BaseNotifier):
    """Writes what it is to tell into a file, as other notifiers send it to a chat."""

    template_fields = ("text",)

    def __init__(self, path, text):
        super().__init__()
        self.path, self.text = path, text

    def notify(self, context):
        with Path(self.path).open("a") as file:
            file.write(f"{self.text}\n")


class Broken(BaseNotifier):
    """Fails, already while it is made."""

    def __init__(self):
        raise ValueError("no connection 'chat'")


WHERE = "in {{ slipway.stage }} of {{ slipway.project }}"
WHAT = "{{ slipway.result }}, {{ slipway.message }} {{ slipway.run_url }}"
TEXT = f"{{{{ slipway.service }}}} {{{{ slipway.image }}}} {WHERE}: {WHAT}"
PAGE = "http://127.0.0.1:8080/dags/shop.qa.delivery/runs/manual__1"


@pytest.fixture
def told(monkeypatch, tmp_path):
    """Configure notifiers; return what was told so far."""
    file = tmp_path / "told.txt"

    def go(*others, **kwargs):
        ours = {"class": f"{HERE}ToFile", "kwargs": {"path": str(file), "text": TEXT}, **kwargs}
        monkeypatch.setenv("AIRFLOW__SLIPWAY__NOTIFIERS", json.dumps([*others, ours]))
        return lambda: file.read_text().splitlines() if file.exists() else []

    monkeypatch.setattr(notices, "import_string", lambda path: globals()[path.removeprefix(HERE)])
    return go


def finish(ti, result, message="", **states):
    """Let a sequence end."""
    ti.states = {"slipway_result": "success", **states}
    data = {"service": "carts", "configurationChange": {"values": {"image": "carts:1"}}}
    finished = {"outcome": {"result": result, "status": "succeeded"}, "payload": data, "data": {"message": message}}
    ti.put("slipway_result", "finished", finished)
    ti.task_id = "slipway_finish"
    FinishSequence(task_id="slipway_finish").execute({"ti": ti})


def test_a_finished_delivery_is_told(ti, told):
    """With what was delivered where, and the way to its run."""
    lines = told()
    finish(ti, "warning", "nearly too slow")
    assert [f"carts carts:1 in qa of shop: warning, nearly too slow {PAGE}"] == lines()


def test_a_failed_delivery_is_told(ti, told):
    """With why; the run fails all the same."""
    lines = told()
    with pytest.raises(AirflowFailException):
        finish(ti, "fail", "no pods", deployment="failed")
    assert [f"carts carts:1 in qa of shop: fail, no pods {PAGE}"] == lines()


def test_an_open_approval_is_told(context, ti, told, monkeypatch):
    """Before the task waits."""
    monkeypatch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **_: None)
    ti.task_id, ti.id = "approval", "id"
    lines = told()
    payload = {"project": "shop", "stage": "qa", "service": "carts", "result": "pass"}
    with pytest.raises(TaskAwaitingInput):
        ApprovalSensor(task_id="approval", payload=payload).execute({**context, "task_instance": ti})
    assert [f"carts  in qa of shop: pass, Release carts to qa of shop? {PAGE}"] == lines()


def test_a_notifier_hears_only_of_what_it_wants(ti, told):
    """`on` says what."""
    lines = told(on=["failed", "approval"])
    finish(ti, "pass")
    assert [] == lines()


@pytest.mark.parametrize("broken", [{"class": f"{HERE}Broken"}, {"class": f"{HERE}Gone"}, {"kwargs": {}}])
def test_a_notifier_that_fails_changes_nothing(ti, told, caplog, broken):
    """It is logged, and the others tell."""
    lines = told(broken)
    finish(ti, "pass")
    assert 1 == len(lines())
    assert "could not tell of 'finished'" in caplog.text


@pytest.mark.parametrize("setting", ["[", "5", '["slack"]', '{"class": "x"}'])
def test_a_setting_that_cannot_be_read_changes_nothing(ti, monkeypatch, caplog, setting):
    """The log says how to write it."""
    monkeypatch.setenv("AIRFLOW__SLIPWAY__NOTIFIERS", setting)
    finish(ti, "pass")
    assert "write a JSON list of objects" in caplog.text


def test_nobody_is_told_by_default(ti):
    """Nothing is configured."""
    finish(ti, "pass")
