"""Slipway's own routes in Airflow's API server, each behind Airflow's login and permissions."""

# No `from __future__ import annotations` here: FastAPI could not read the dependencies, and would answer 422.
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.common.db.common import SessionDep
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Response

from slipway import pages, reports
from slipway.ways_in.routes import router as ways_in

# Without these addresses switched off the documentation would be public.
app = FastAPI(title="Slipway", docs_url=None, redoc_url=None, openapi_url=None)
app.include_router(ways_in)

# A report is made beside a user's load script: it may run its own scripts, but not as a page of Airflow's.
SANDBOX = (
    "sandbox allow-scripts allow-downloads; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data:; font-src data:"
)


# A sandboxed page has no storage, and Locust's page, which keeps the choice of colours there, would stay empty.
STORAGE = (
    b"<head><script>Object.defineProperty(window, 'localStorage', {value: {"
    b"getItem: () => null, setItem: () => {}, removeItem: () => {}}})</script>"
)

# Whoever may read a task's log may read its reports.
MAY_READ = [Depends(requires_access_dag("GET", DagAccessEntity.TASK_LOGS))]
HEADERS = {"Content-Security-Policy": SANDBOX, "X-Content-Type-Options": "nosniff"}


@app.get("/reports/{dag_id}/{run_id}/{task_id}/load.html", dependencies=MAY_READ)
def load_report(dag_id: str, run_id: str, task_id: str) -> Response:
    """Return Locust's own report of a load test."""
    page = _kept(dag_id, run_id, task_id, "load.html").replace(b"<head>", STORAGE, 1)
    return Response(page, media_type="text/html", headers=HEADERS)


@app.get("/reports/{dag_id}/{run_id}/{task_id}/load.json", dependencies=MAY_READ)
def load_statistics(dag_id: str, run_id: str, task_id: str) -> Response:
    """Return the figures of a load test: all together, and of each endpoint."""
    return Response(_kept(dag_id, run_id, task_id, "load.json"), media_type="application/json", headers=HEADERS)


@app.get("/verdicts/{dag_id}/{run_id}/{task_id}", dependencies=MAY_READ)
def verdict(dag_id: str, run_id: str, task_id: str) -> Response:
    """Return the page of a quality gate's verdict."""
    from slipway_core.records import RecordsUnavailable, open_records

    from slipway.pages.verdict import verdict_page

    try:
        page = verdict_page(open_records(), (dag_id, run_id, task_id))
    except RecordsUnavailable as error:
        raise HTTPException(503, str(error)) from error
    if page is None:
        raise HTTPException(404, f"No evaluation is recorded for {dag_id}, {run_id}, {task_id}.")
    return Response(page, media_type="text/html", headers=pages.HEADERS)


@app.get(
    "/documents/{dag_id}/{run_id}/{task_id}",
    dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.XCOM))],
)
def document(dag_id: str, run_id: str, task_id: str, session: SessionDep, map_index: str = "") -> Response:
    """Return the page of what came into a task and what went out of it."""
    from slipway.pages.document import TaskPlace, document_page, map_index_of

    page = document_page(session, TaskPlace(dag_id, run_id, task_id, map_index_of(map_index)))
    return Response(page, media_type="text/html", headers=pages.HEADERS)


def _kept(dag_id: str, run_id: str, task_id: str, name: str) -> bytes:
    try:
        content = reports.read(dag_id, run_id, task_id, name)
    except ValueError as error:
        raise HTTPException(404, str(error)) from error
    if content is None:
        raise HTTPException(404, f"No {name} is kept for {dag_id}, {run_id}, {task_id}.")
    return content
