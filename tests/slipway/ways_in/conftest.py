"""The routes with real logins and real records, but no Airflow database behind them."""

import pytest
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.models.dag import DagModel
from airflow.models.revoked_token import RevokedToken
from fastapi.testclient import TestClient
from slipway.routes import app
from slipway.ways_in import routes, sender
from slipway.ways_in.destinations import Destinations
from slipway_core.records import Records

PLACES = {("shop", "production", "remediation"), ("shop", "qa", "delivery"), ("other", "qa", "delivery")}


class Published(Destinations):
    """What there is, without Airflow's table of DAGs."""

    _sequences = frozenset(PLACES)

    def _services_of(self, dag_id):
        return ("carts", "orders")


class Drain:
    """Only counts how often it was woken."""

    woken = 0

    def wake(self):
        self.woken += 1


@pytest.fixture
def records(tmp_path):
    """Records of one test."""
    return Records(f"sqlite:///{tmp_path}/records.db", wait=5.0)


@pytest.fixture
def drain():
    """A drain that starts nothing."""
    return Drain()


@pytest.fixture
def client(monkeypatch, records, drain):
    """A client of the routes; who it is, each test says."""
    monkeypatch.setattr(DagModel, "get_team_name", staticmethod(lambda dag_id: None))
    given = {sender.records: lambda: records, Destinations: Published, routes.the_drain: lambda: drain}
    monkeypatch.setattr(app, "dependency_overrides", given)
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def login(monkeypatch):
    """Return the headers of a user of a role."""
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "x" * 64)  # else each login warns of a weak one
    manager = create_auth_manager()
    monkeypatch.setattr(RevokedToken, "is_revoked", staticmethod(lambda jti: False))

    def headers(role):
        return {"Authorization": f"Bearer {manager.generate_jwt(SimpleAuthManagerUser(username=role, role=role))}"}

    return headers


@pytest.fixture
def token(records):
    """Make a token and return its headers."""

    def headers(can, project="shop", name="hook"):
        return {"Authorization": f"Bearer {records.tokens.create(name, project, can)}"}

    return headers
