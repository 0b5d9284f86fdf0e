"""Slipway's routes in Airflow's API server."""

import importlib.util
from pathlib import Path

import pytest
from airflow.api_fastapi.core_api.security import get_user
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from slipway import reports
from slipway.routes import app

PLUGIN = Path(__file__).parents[2] / "plugins" / "slipway_plugin.py"


def asked_by(route):
    """Return every function that a route depends on, however deep."""
    found, rest = [], list(direct(route))
    while rest:
        one = rest.pop()
        found.append(one.call)
        rest += one.dependencies
    return found


def direct(route):
    """Return what a route itself depends on."""
    return route.dependant.dependencies  # codespell:ignore dependant


def test_every_route_asks_who_it_is_and_what_they_may():
    """A route without a dependency would be public."""
    assert app.routes
    for route in app.routes:
        assert isinstance(route, APIRoute), f"{route.path} has no permissions"
        asked = asked_by(route)
        assert get_user in asked, f"{route.path} does not ask who it is"
        assert any("requires_access" in one.__qualname__ for one in asked), (
            f"{route.path} does not ask for a permission"
        )


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_there_is_no_public_documentation(path):
    """It would tell anybody what there is."""
    assert 404 == TestClient(app).get(path).status_code


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """A report, and nobody asked for a permission."""
    monkeypatch.setenv("AIRFLOW__SLIPWAY__REPORTS_PATH", f"file://{tmp_path}")
    reports.store("shop.qa.delivery", "manual__1", "test", "load.html", b"<html>load</html>")
    for route in app.routes:
        for one in direct(route):
            app.dependency_overrides[one.call] = lambda: None
    yield TestClient(app)
    app.dependency_overrides.clear()


def test_a_report_is_shown_as_a_page_of_nobody(kept):
    """Its scripts may run, but not with Airflow's cookies."""
    answer = kept.get("/reports/shop.qa.delivery/manual__1/test/load.html")
    assert (200, "<html>load</html>") == (answer.status_code, answer.text)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in policy


@pytest.mark.parametrize("path", ["shop.qa.delivery/manual__2/test", "shop.qa.delivery/%2e%2e/test", "a/%2e/b"])
def test_what_is_not_there_is_not_found(kept, path):
    """Nor what would climb."""
    assert 404 == kept.get(f"/reports/{path}/load.html").status_code


def test_without_a_login_nothing_is_shown():
    """Airflow's own answer."""
    answer = TestClient(app, raise_server_exceptions=False).get("/reports/shop.qa.delivery/manual__1/test/load.html")
    assert 401 == answer.status_code


def test_the_plugin_mounts_them_below_slipway(kept):
    """Under Airflow's own app, and imported at the first request only."""
    from fastapi import FastAPI

    spec = importlib.util.spec_from_file_location("slipway_plugin", PLUGIN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    [mounted] = module.SlipwayPlugin.fastapi_apps
    whole = FastAPI()
    whole.mount(mounted["url_prefix"], mounted["app"])
    answer = TestClient(whole).get("/slipway/reports/shop.qa.delivery/manual__1/test/load.html")
    assert 200 == answer.status_code
