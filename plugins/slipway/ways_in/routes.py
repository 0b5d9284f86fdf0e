"""The routes by which alerts and events come in, and by which one sees what became of them."""

# No `from __future__ import annotations` here: FastAPI could not read the dependencies, and would answer 422.
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import GetUserDep, get_auth_manager
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse
from slipway_core.keptn import alert, cloud_event
from slipway_core.keptn.problems import InvalidEvent
from slipway_core.records import Records, RecordsUnavailable

from slipway.ways_in import contexts, intake
from slipway.ways_in.bodies import Body, json_of
from slipway.ways_in.destinations import Destinations
from slipway.ways_in.drain import Drain, drain
from slipway.ways_in.sender import Sender, records, sender

log = logging.getLogger(__name__)

router = APIRouter()


def the_drain() -> Drain:
    """Return the drain of this process."""
    return drain


Kept = Annotated[Records, Depends(records)]
Known = Annotated[Destinations, Depends(Destinations)]
Draining = Annotated[Drain, Depends(the_drain)]


@router.post("/alerts")
def alerts(
    who: Annotated[Sender, Depends(sender("alerts"))], body: Body, known: Known, kept: Kept, draining: Draining
) -> JSONResponse:
    """Take Alertmanager's webhook: each alert that fires starts one remediation, however often it is sent.

    What can be used is stored, also beside what cannot: Alertmanager sends nothing again after a 4xx.
    """
    with _said_clearly():
        content = json_of(body)
        taken = intake.alerts(alert.entries(content), content.get("status"), who, known)
        stored = kept.inbox.store(taken.messages)
    draining.wake()
    answer: dict[str, Any] = {"taken": [intake.shown(one) for one in stored]}
    if taken.refusals:
        first = taken.refusals[0]
        log.warning("%s sent %d alerts that were refused; the first: %r", who.name, len(taken.refusals), first.why)
        answer |= {"detail": first.why, "refused": [one.why for one in taken.refusals]}
    return JSONResponse(answer, status_code=taken.status)


@router.post("/events")
def events(
    request: Request,
    who: Annotated[Sender, Depends(sender("events"))],
    body: Body,
    known: Known,
    kept: Kept,
    draining: Draining,
) -> JSONResponse:
    """Take a CloudEvent, structured or binary: one starts a sequence, ``approval.finished`` answers an approval."""
    with _said_clearly():
        content, headers = json_of(body), _lower(request.headers)
        binary = cloud_event.is_binary(headers)
        event = cloud_event.binary(headers, content) if binary else cloud_event.structured(content)
        stored = intake.event(event, who, known, kept.inbox)
    draining.wake()
    return JSONResponse({"keptnContext": stored.message.context, **intake.shown(stored)}, status_code=202)


def readable_dags(user: GetUserDep) -> set[str]:
    """Return the ids of the DAGs that the user may see."""
    return set(get_auth_manager().get_authorized_dag_ids(user=user, method="GET"))


@router.get("/contexts/{context}")
def context(context: str, readable: Annotated[set[str], Depends(readable_dags)], kept: Kept) -> dict[str, Any]:
    """Return the state of a context: its runs that the user may see, and what came in for it."""
    with _said_clearly():
        found = contexts.state_of(context, kept, readable)
    if found is None:
        raise HTTPException(404, f"Nothing is known of context '{context}', or nothing that you may see.")
    return found


@contextmanager
def _said_clearly() -> Iterator[None]:
    """Turn the errors that Slipway raises on purpose into answers: 422 names the field, 503 says what is away."""
    try:
        yield
    except InvalidEvent as error:
        raise HTTPException(422, str(error)) from error
    except RecordsUnavailable as error:
        raise HTTPException(503, str(error)) from error


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
