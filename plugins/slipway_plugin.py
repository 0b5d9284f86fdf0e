"""The one file that Airflow's plugin loader runs: registers what Slipway adds to the API server.

The routes need FastAPI and Airflow's web part; every task start loads this file, so they are imported at the
first request, not here.
"""

from airflow.plugins_manager import AirflowPlugin


async def _routes(scope, receive, send):  # type: ignore[no-untyped-def]
    from slipway.routes import app

    await app(scope, receive, send)


class _Drained:
    """Around the API server's whole app, only for its start and its end: the drain runs in between.

    Airflow tells apps below its own neither; a drain that waited for a request would leave alone what was stored
    before a crash.
    """

    def __init__(self, app):  # type: ignore[no-untyped-def]
        self.app = app

    async def __call__(self, scope, receive, send):  # type: ignore[no-untyped-def]
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        from slipway.ways_in.drain import drain

        drain.run()
        try:
            await self.app(scope, receive, send)
        finally:
            drain.stop()


class SlipwayPlugin(AirflowPlugin):
    """Slipway's routes, below ``/slipway``, the drain behind them, and a tab on the page of each task."""

    name = "slipway"
    fastapi_apps = [{"app": _routes, "url_prefix": "/slipway", "name": "slipway"}]
    fastapi_root_middlewares = [{"middleware": _Drained, "name": "slipway drain"}]
    external_views = [
        {
            "name": "Document",
            "href": "/slipway/documents/{DAG_ID}/{RUN_ID}/{TASK_ID}?map_index={MAP_INDEX}",
            "destination": "task_instance",
            "url_route": "slipway-document",
        }
    ]
