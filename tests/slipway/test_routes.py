"""Slipway's routes in Airflow's API server."""

import importlib.util
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.api_fastapi.common.db.common import _get_session
from airflow.api_fastapi.core_api.security import get_user
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from slipway import reports
from slipway.routes import app
from slipway_core.quality_gate.finished import evaluate
from slipway_core.quality_gate.values import Answer, Scope, SliValue
from slipway_core.records import NewEvaluation, TaskRun, open_records

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


# They ask who it is, and what that one may once it is read where to; tests/slipway/ways_in/test_routes.py tries it all.
WAYS_IN = {"/alerts": "sender.<locals>.who_sends", "/events": "sender.<locals>.who_sends"}


def test_every_route_asks_who_it_is_and_what_they_may():
    """A route without a dependency would be public."""
    assert app.routes
    for route in app.routes:
        assert isinstance(route, APIRoute), f"{route.path} has no permissions"
        asked = asked_by(route)
        names = {getattr(one, "__qualname__", "") for one in asked}
        if route.path in WAYS_IN:
            assert WAYS_IN[route.path] in names, f"{route.path} does not ask who sends"
            continue
        assert get_user in asked, f"{route.path} does not ask who it is"
        assert any("requires_access" in name or name == "readable_dags" for name in names), (
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


@pytest.fixture
def judged(monkeypatch, tmp_path):
    """Records with one evaluation whose texts would be markup if nobody escaped them."""
    url = f"sqlite:///{tmp_path}/records.db"
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", url)
    objective = "{sli: time, displayName: <b>Time</b>, pass: [{criteria: ['<0.2']}]}"
    slo = f"objectives: [{objective}]\ntotal_score: {{pass: '90%'}}\n"
    answer = Answer((SliValue("time", 0.35, True),), "2024-01-01T10:00:00.000Z", "2024-01-01T10:05:00.000Z")
    now = datetime(2024, 1, 1, 10, 6, tzinfo=UTC)
    run = TaskRun("shop.qa.delivery", "manual__1", "evaluation", "0")
    data = evaluate(Scope("shop", "qa", "carts"), slo, answer, []).data()
    new = NewEvaluation(context="c", data=data, started=now, finished=now, queries={"time": "avg(<time>)"}, run=run)
    return open_records(url).evaluations.store(new)


def test_a_verdict_is_a_page_without_scripts(kept, judged):
    """Objectives, window, queries, file; all of it escaped."""
    answer = kept.get("/verdicts/shop.qa.delivery/manual__1/evaluation")
    assert (200, "text/html; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    for text in ("&lt;b&gt;Time&lt;/b&gt;", "0.35", "&lt;0.2", "avg(&lt;time&gt;)", "10:05:00.000Z", judged.id):
        assert text in answer.text
    assert "<script" not in answer.text


def test_a_task_that_judged_nothing_has_no_verdict(kept, judged):
    """The newest evaluation of another run is not shown for it."""
    assert 404 == kept.get("/verdicts/shop.qa.delivery/manual__2/evaluation").status_code


def test_records_that_do_not_answer_are_said_to_be_away(kept, monkeypatch, tmp_path):
    """Not that there is no verdict."""
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", f"sqlite:///{tmp_path}/no/such/folder/records.db")
    (tmp_path / "no").write_text("a file in the way")
    assert 503 == kept.get("/verdicts/shop.qa.delivery/manual__1/evaluation").status_code


class Xcoms:
    """A session of Airflow's database that holds these XComs of any task, by key."""

    def __init__(self, **values):
        self.values = values

    def scalars(self, query):
        """Answer a query for one XCom; its parameters name the key."""
        asked = query.compile().params
        self.asked = {name.rstrip("_0123456789"): value for name, value in asked.items()}
        found = [SimpleNamespace(value=value) for key, value in self.values.items() if key in asked.values()]
        return SimpleNamespace(first=lambda: next(iter(found), None))


@pytest.fixture
def xcoms(kept):
    """Return a way to put XComs into the database."""

    def put(**values):
        session = Xcoms(**values)
        app.dependency_overrides[_get_session] = lambda: session
        return session

    return put


def test_what_came_into_a_task_and_what_went_out_is_one_page(kept, xcoms):
    """As readable JSON, all of it escaped, without scripts."""
    session = xcoms(triggered={"image": "<b>x</b>"}, finished='{"result": "pass"}')
    answer = kept.get("/documents/shop.qa.delivery/manual__2024-01-01T00:00:00+00:00/test?map_index=%7BMAP_INDEX%7D")
    assert (200, "text/html; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    for text in ("&lt;b&gt;x&lt;/b&gt;", "&#34;result&#34;: &#34;pass&#34;"):
        assert text in answer.text
    assert "<script" not in answer.text
    expected = {"run_id": "manual__2024-01-01T00:00:00+00:00", "dag_id": "shop.qa.delivery", "task_id": "test"}
    assert expected.items() <= session.asked.items()
    assert -1 == session.asked["map_index"]


def test_a_mapped_task_has_a_page_of_its_own(kept, xcoms):
    """By its index; text that is no JSON is shown as it is."""
    session = xcoms(finished="not JSON")
    answer = kept.get("/documents/shop.qa.delivery/manual__1/test?map_index=3")
    assert 3 == session.asked["map_index"]
    assert "It has taken nothing." in answer.text
    assert "<pre>not JSON</pre>" in answer.text


def test_each_task_has_a_tab_with_that_page():
    """Airflow fills the names in; each must lead to the route."""
    [view] = plugin().external_views
    assert "task_instance" == view["destination"]
    path = view["href"].removeprefix("/slipway").partition("?")[0]
    assert path.lower() in {route.path for route in app.routes}


def plugin():
    """Return the plugin as Airflow's loader runs its file."""
    spec = importlib.util.spec_from_file_location("slipway_plugin", PLUGIN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SlipwayPlugin


def test_the_plugin_mounts_them_below_slipway(kept):
    """Under Airflow's own app, and imported at the first request only."""
    from fastapi import FastAPI

    [mounted] = plugin().fastapi_apps
    whole = FastAPI()
    whole.mount(mounted["url_prefix"], mounted["app"])
    answer = TestClient(whole).get("/slipway/reports/shop.qa.delivery/manual__1/test/load.html")
    assert 200 == answer.status_code
