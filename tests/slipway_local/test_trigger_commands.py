"""`./slipway trigger`, `send-event` and `status CONTEXT`, with a stand-in for Airflow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from slipway_core.keptn.plan import plan_project
from slipway_core.keptn.shipyard import load_shipyard
from slipway_core.publish.git_store import Entry, GitStore
from slipway_local import approvals, commands, event_commands, login, trigger_commands, ways_in
from slipway_local.api import AirflowApi

SHIPYARD = """\
apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
spec:
  stages:
    - name: dev
      sequences: [{name: delivery, tasks: [{name: release}]}]
    - name: accept
      sequences: [{name: delivery, tasks: [{name: release}]}]
"""
PLACE = ("--project", "shop", "--service", "carts")


class Airflow:
    """Takes events, knows the state of one context, which comes nearer to its end with each look."""

    def __init__(self, published: Path) -> None:
        self.published = published
        self.address = "http://127.0.0.1:1"
        self.events: list[dict[str, Any]] = []
        self.triggered: list[tuple[str, Any]] = []
        self.logins: list[tuple[str, str]] = []
        self.new = True
        self.states: list[list[str]] = [["success"]]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, body = request.url.path, json.loads(request.content or b"null")
        if path == "/auth/token":
            self.logins.append((body["username"], body["password"]))
            return httpx.Response(201, json={"access_token": "token"})
        if path == "/slipway/events":
            self.events.append(body)
            return httpx.Response(202, json={"keptnContext": "ctx-1", "dag_id": "a.b.c", "new": self.new})
        if path == "/slipway/contexts/ctx-1":
            states = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            run = {"dag_id": "a.b.c", "project": "a", "stage": "b", "service": "carts", "url": "http://run"}
            runs = [{**run, "state": state} for state in states]
            left = [{"dag_id": "a.b.c", "state": "new" if "soon" in states else "started", "why": ""}]
            return httpx.Response(200, json={"runs": [one for one in runs if one["state"] != "soon"], "received": left})
        if path.endswith("/dagRuns"):
            self.triggered.append((path, body["conf"]))
            return httpx.Response(200, json={"dag_run_id": "run-1"})
        return httpx.Response(404, json={"detail": "Nothing is known of it."})

    def api(self, user: str = "admin", password: str = "local") -> AirflowApi:
        """Return a client that asks this stand-in."""
        return AirflowApi(self.address, user, password, transport=httpx.MockTransport(self))


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Airflow:
    """Let the commands find the stand-in, with one project published."""
    (tmp_path / "shipyard.yaml").write_text(SHIPYARD)
    plan = plan_project(load_shipyard(tmp_path / "shipyard.yaml"), "shop", ["carts"], ["release", "evaluation"])
    store = GitStore(tmp_path / "published")
    with store.locked():
        store.commit({"plans/shop.json": Entry("100644", store.add_text(plan.to_json().encode()))}, None, "a test's")
    made = Airflow(store.folder)
    for module in (commands, event_commands, trigger_commands):
        monkeypatch.setattr(module, "kept_airflow", lambda: made)
    monkeypatch.setattr(login, "AirflowApi", lambda address, user, password: made.api(user, password))
    monkeypatch.setattr(ways_in, "SETTLES", 0.0)
    for variable in ("SLIPWAY_USER", "SLIPWAY_PASSWORD"):
        monkeypatch.delenv(variable, raising=False)
    return made


def run(*arguments: str, command: Any = trigger_commands.trigger) -> Result:
    """Run a command."""
    return CliRunner().invoke(command, arguments)


def test_a_delivery_goes_to_the_first_stage_unless_another_is_named(airflow: Airflow) -> None:
    """In the shipyard's order, not in that of the alphabet."""
    assert "ctx-1" in run("delivery", *PLACE, "--image", "x:1", "--values", "a.b=1").output
    run("delivery", *PLACE, "--image", "x:1", "--stage", "accept", "--sequence", "quick")
    first, second = airflow.events
    assert first["type"] == "sh.keptn.event.dev.delivery.triggered"
    assert first["data"]["configurationChange"] == {"values": {"image": "x:1", "a": {"b": "1"}}}
    assert second["type"] == "sh.keptn.event.accept.quick.triggered"


def test_an_unknown_project_has_no_first_stage(airflow: Airflow) -> None:
    """And nothing is sent."""
    done = run("delivery", "--project", "shup", "--service", "carts", "--image", "x")
    assert (done.exit_code, airflow.events) == (1, [])
    assert "no published project 'shup'" in done.output


@pytest.mark.parametrize(
    ("arguments", "type_"),
    [
        (("evaluation", "--stage", "dev", "--timeframe", "5m", "--labels", "a=b"), "dev.evaluation"),
        (("sequence", "hello", "--stage", "dev", "--data", "a.b=v,c=d"), "dev.hello"),
    ],
)
def test_evaluations_and_sequences_are_events_too(airflow: Airflow, arguments: Sequence[str], type_: str) -> None:
    """Of the type that Keptn had."""
    done = run(*arguments, *PLACE)
    assert done.exit_code == 0, done.output
    assert airflow.events[0]["type"] == f"sh.keptn.event.{type_}.triggered"


def test_a_dag_may_be_named_as_before(airflow: Airflow) -> None:
    """Wherever its name stands."""
    assert "Started" in run("shop.dev.delivery", "--service", "carts", "--image", "x:1", "--label", "a=b").output
    assert "Started" in run("--service", "carts", "shop.dev.delivery").output
    assert len(airflow.triggered) == 2
    assert airflow.triggered[0][1] == {"service": "carts", "image": "x:1", "labels": {"a": "b"}}
    assert run("shop.dev.delivery", "--service", "carts", "--label", "a").exit_code == 2


@pytest.mark.parametrize(
    ("states", "exit_code"),
    [([["soon"], ["queued"], ["success", "running"], ["success", "success"]], 0), ([["success", "failed"]], 1)],
)
def test_a_delivery_can_be_followed_to_its_end(airflow: Airflow, states: list[list[str]], exit_code: int) -> None:
    """Over all its stages; one that failed is exit code 1."""
    airflow.states = states
    done = run("delivery", *PLACE, "--image", "x", "--watch")
    assert done.exit_code == exit_code, done.output
    assert "http://run" in done.output


def test_an_event_is_sent_from_a_file(airflow: Airflow, tmp_path: Path) -> None:
    """As it is; one that was sent before is said to be known."""
    file = tmp_path / "event.json"
    file.write_text('{"type": "t", "data": {}}')
    airflow.new = False
    assert "sent before" in run("-f", str(file), command=event_commands.send_event).output
    assert airflow.events == [{"type": "t", "data": {}}]
    for bad in ("{", "[]"):
        file.write_text(bad)
        assert run("-f", str(file), command=event_commands.send_event).exit_code == 1


APPROVAL = ("approval.finished", "--project", "a", "--stage", "b")


def test_the_approval_of_a_context_is_approved(airflow: Airflow) -> None:
    """R80: without asking; a context without a run there is an error, and nothing is sent."""
    assert run(*APPROVAL, "--id", "ctx-1", command=event_commands.send_event).exit_code == 0
    [sent] = airflow.events
    assert (sent["type"], sent["shkeptncontext"]) == ("sh.keptn.event.approval.finished", "ctx-1")
    assert (sent["data"]["service"], sent["data"]["result"]) == ("carts", "pass")
    words = ("approval.finished", "--project", "a", "--stage", "other", "--id", "ctx-1")
    assert "no run in stage 'other'" in run(*words, command=event_commands.send_event).output
    assert len(airflow.events) == 1


@pytest.mark.parametrize(("key", "result"), [("a", "pass"), ("d", "fail")])
def test_the_approval_of_a_service_is_asked_about(
    airflow: Airflow, monkeypatch: pytest.MonkeyPatch, key: str, result: str
) -> None:
    """R80: with what waits before one's eyes."""
    since = datetime(2026, 1, 2, tzinfo=UTC)
    waiting = [approvals.OpenApproval(f"{name}.b.c", "run", "approval", "carts", "b", "x:1", since) for name in "az"]
    monkeypatch.setattr(approvals, "open_approvals", lambda api: waiting)
    words = [*APPROVAL, "--service", "carts"]
    done = CliRunner().invoke(event_commands.send_event, words, input=f"{key}\n")
    assert "carts x:1 waits since 2026-01-02" in done.output
    assert airflow.events[0]["data"]["result"] == result


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("approval.finished",),
        APPROVAL,
        (*APPROVAL, "--id", "x", "--service", "y"),
        ("approval.finished", "--id", "x"),
    ],
)
def test_what_is_to_be_sent_must_be_said(airflow: Airflow, words: tuple[str, ...]) -> None:
    """R80: with both or neither of --id and --service it is an error."""
    assert run(*words, command=event_commands.send_event).exit_code == 2
    assert airflow.events == []


def test_the_state_of_a_context_is_shown(airflow: Airflow) -> None:
    """One that nobody knows is an error."""
    airflow.states = [["success", "running"]]
    lines = run("ctx-1", command=commands.status).output.splitlines()
    assert lines == ["a.b.c  carts  success  http://run", "a.b.c  carts  running  http://run"]
    assert "Nothing is known" in run("ctx-2", command=commands.status).output


def test_the_login_is_a_local_one_or_from_the_environment(airflow: Airflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user whose password nobody knows is told how to give it."""
    run("ctx-1", "--user", "op", command=commands.status)
    monkeypatch.setenv("SLIPWAY_USER", "alice")
    assert "Set SLIPWAY_PASSWORD" in run("ctx-1", command=commands.status).output
    monkeypatch.setenv("SLIPWAY_PASSWORD", "secret")
    run("ctx-1", command=commands.status)
    assert airflow.logins == [("op", "local"), ("alice", "secret")]
