"""The one file that Airflow's plugin loader runs: registers what Slipway adds to the API server.

The routes need FastAPI and Airflow's web part; every task start loads this file, so they are imported at the
first request, not here.
"""

from airflow.plugins_manager import AirflowPlugin


async def _routes(scope, receive, send):  # type: ignore[no-untyped-def]
    from slipway.routes import app

    await app(scope, receive, send)


class SlipwayPlugin(AirflowPlugin):
    """Slipway's routes, below ``/slipway``, and a tab on the page of each task: what came in, what went out."""

    name = "slipway"
    fastapi_apps = [{"app": _routes, "url_prefix": "/slipway", "name": "slipway"}]
    external_views = [
        {
            "name": "Document",
            "href": "/slipway/documents/{DAG_ID}/{RUN_ID}/{TASK_ID}?map_index={MAP_INDEX}",
            "destination": "task_instance",
            "url_route": "slipway-document",
        }
    ]
