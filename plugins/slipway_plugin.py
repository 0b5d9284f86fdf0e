"""The one file that Airflow's plugin loader runs: registers what Slipway adds to the API server.

The routes need FastAPI and Airflow's web part; every task start loads this file, so they are imported at the
first request, not here.
"""

from airflow.plugins_manager import AirflowPlugin


async def _routes(scope, receive, send):  # type: ignore[no-untyped-def]
    from slipway.routes import app

    await app(scope, receive, send)


class SlipwayPlugin(AirflowPlugin):
    """Slipway's routes, below ``/slipway``."""

    name = "slipway"
    fastapi_apps = [{"app": _routes, "url_prefix": "/slipway", "name": "slipway"}]
