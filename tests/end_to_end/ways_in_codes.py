"""Which status code each sender gets, asked of a running Airflow and written as the tables of docs/ways-in.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from slipway_core.records import Records, Right

PROJECT = "e2eways"
# Nothing in it touches a cluster.
SHIPYARD = f"""\
apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
metadata:
  name: {PROJECT}
spec:
  stages:
    - name: dev
      sequences:
        - name: announce
          tasks: [{{name: release}}]
        - name: remediation
          tasks: [{{name: release}}]
    - name: production
      sequences:
        - name: delivery
          tasks: [{{name: approval}}, {{name: release}}]
        - name: aftermath
          triggeredOn: [{{event: dev.announce.finished}}]
          tasks: [{{name: release}}]
    - name: bulk
      sequences:
        - name: remediation
          tasks: [{{name: release}}]
"""
PLACE = {"project": PROJECT, "stage": "dev", "service": "runner"}
LARGE = 4 * 1024 * 1024 + 1
ROLES = {"viewer": "a login that may only look", "user": "a login that may trigger", "admin": "an administrator"}

Headers = Mapping[str, str]


def alert(stage: str = "dev", **labels: str) -> dict[str, Any]:
    """Return an alert that fires for the first time."""
    told = {**PLACE, "stage": stage, **labels}
    kept = {name: text for name, text in told.items() if text}
    notes = {"summary": "response_time_p90"}
    return {"status": "firing", "labels": kept, "annotations": notes, "fingerprint": uuid4().hex[:16], "startsAt": "x"}


def webhook(*alerts: Mapping[str, Any]) -> dict[str, Any]:
    """Return Alertmanager's body."""
    return {"version": "4", "status": "firing", "alerts": list(alerts)}


def event(sequence: str = "announce", **data: Any) -> dict[str, Any]:
    """Return an event that was never sent."""
    type_ = f"sh.keptn.event.{data.get('stage', 'dev')}.{sequence}.triggered"
    return {"specversion": "1.0", "id": str(uuid4()), "source": "test", "type": type_, "data": {**PLACE, **data}}


def bearer(secret: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {secret}"}


def login(client: httpx.Client, user: str, password: str) -> dict[str, str]:
    """Return the headers of a user of Airflow."""
    answer = client.post("/auth/token", json={"username": user, "password": password})
    return bearer(answer.raise_for_status().json()["access_token"])


def write_project(sources: Path) -> None:
    """Write the project into a folder of projects."""
    service = sources / PROJECT / "runner"
    service.mkdir(parents=True, exist_ok=True)
    (service / "values.yaml").write_text("")
    (sources / PROJECT / "shipyard.yaml").write_text(SHIPYARD)


def token(records: Records, can: Right, project: str = PROJECT, *, revoked: bool = False) -> dict[str, str]:
    """Return the headers of a new scoped token."""
    name = f"test-{uuid4().hex[:8]}"
    secret = records.tokens.create(name, project, can)
    if revoked:
        records.tokens.revoke(name)
    return bearer(secret)


def senders(records: Records, logins: Mapping[str, Headers]) -> dict[str, Headers]:
    """Return the headers of everybody who may try.

    :param logins: role, as in `ROLES`, → headers
    """
    return {
        "nobody": {},
        "a login that is none": bearer("rubbish"),
        **{text: logins[role] for role, text in ROLES.items()},
        "a token for alerts": token(records, "alerts"),
        "a token for events": token(records, "events"),
        "a token for alerts of another project": token(records, "alerts", "other"),
        "a token for events of another project": token(records, "events", "other"),
        "a revoked token": token(records, "alerts", revoked=True),
    }


def tables(client: httpx.Client, who: Mapping[str, Headers]) -> str:
    """Return both tables: by sender, and by what is wrong with the body."""
    may = who[ROLES["user"]]
    context = client.post("/slipway/events", json=event(), headers=may).json()["keptnContext"]
    lines = ["| sent by | `POST /alerts` | `POST /events` | `GET /contexts/…` |", "|---|---|---|---|"]
    for name, headers in who.items():
        codes = (
            client.post("/slipway/alerts", json=webhook(alert()), headers=headers),
            client.post("/slipway/events", json=event(), headers=headers),
            client.get(f"/slipway/contexts/{context}", headers=headers),
        )
        lines.append(f"| {name} | {' | '.join(str(answer.status_code) for answer in codes)} |")
    lines += ["", "| what is sent, by one who may | answer | it names |", "|---|---|---|"]
    for name, path, body, word in _bodies():
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = client.post(f"/slipway{path}", content=content, headers=may)
        assert word in answer.text, (name, answer.text)
        lines.append(f"| {name} | {answer.status_code} | {f'`{word}`' if word else ''} |")
    return "\n".join(lines)


def _bodies() -> list[tuple[str, str, Any, str]]:
    """Return what may be wrong, where it is sent, and what the answer must name."""
    again, elsewhere = webhook(alert()), {**PLACE, "stage": "production"}
    return [
        ("an alert", "/alerts", again, ""),
        ("the same alert again", "/alerts", again, ""),
        ("an alert that is resolved", "/alerts", webhook({**alert(), "status": "resolved"}), ""),
        ("an alert without the label `stage`", "/alerts", webhook(alert(stage="")), "alerts[0].labels.stage"),
        ("an alert of an unknown stage", "/alerts", webhook(alert("nowhere")), "bulk, dev, production"),
        ("an alert of an unknown service", "/alerts", webhook(alert(service="other")), "runner"),
        ("an alert for a stage without `remediation`", "/alerts", webhook(alert("production")), "sequence"),
        ("no JSON", "/alerts", b"{", "body"),
        ("more than 4 MiB", "/alerts", b" " * LARGE, "MiB"),
        ("an event of another type", "/events", {**event(), "type": "sh.keptn.event.test.finished"}, "type"),
        ("an event with a label that is no text", "/events", event(labels={"build": 7}), "labels.build"),
        ("an event whose stage is not that of its type", "/events", {**event(), "data": elsewhere}, "data.stage"),
        ("an event for an unknown sequence", "/events", event("nothing"), "announce, evaluation, remediation"),
        ("an answer to an approval that is not open", "/events", approval(), "shkeptncontext"),
    ]


def approval(result: str = "pass", **data: Any) -> dict[str, Any]:
    """Return an event that answers an approval in production."""
    told = {**PLACE, "stage": "production", "result": result, **data}
    return {**event(), "type": "sh.keptn.event.approval.finished", "data": told}
