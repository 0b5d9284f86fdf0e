"""``PrometheusHook``: what a connection says, the form, the Test button, reading without blocking."""

import asyncio
import json
from pathlib import Path

import airflow
import jsonschema
import pytest
from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService
from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from slipway.hooks.faults import NoConnection
from slipway.hooks.prometheus import PrometheusHook, access_of
from slipway.provider import get_provider_info
from slipway_core.numbers.errors import InvalidAccess

from tests.slipway_core.numbers.prometheus_stand_in import Said, running, vector

SECRET = "s3cr3t-value"


def connection(host="http://p:9090", extra=None, **fields):
    """Return a connection of our type."""
    text = extra if isinstance(extra, str) or extra is None else json.dumps(extra)
    return Connection(conn_id="prom", conn_type="prometheus", host=host, extra=text, **fields)


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": "http://p:9090/prom/"}, "http://p:9090/prom"),
        ({"host": "p.example.com"}, "https://p.example.com"),
        ({"host": "p", "schema": "http", "port": 9090}, "http://p:9090"),
        ({"host": "http://p/prom", "port": 9090}, "http://p:9090/prom"),
        ({"host": "http://p:1", "port": 2}, "http://p:1"),
        ({"host": "http://[::1]", "port": 9090}, "http://[::1]:9090"),
    ],
)
def test_the_address_is_the_host_or_put_together(fields, url):
    """From scheme, host and port, as `prometheus://host:9090` in the environment gives them."""
    assert url == access_of(connection(**fields)).url


def test_the_form_s_fields_are_read():
    """As the form stores them, or as text of an environment variable."""
    pem = "-----BEGIN CERTIFICATE-----"
    made = access_of(
        connection(extra={"bearer_token": SECRET, "verify": False, "ca_certificate": pem, "headers": {"X-A": "b"}})
    )
    assert (SECRET, False, pem, {"X-A": "b"}) == (made.token, made.verify, made.ca, made.headers)
    made = access_of(connection(login="me", password=SECRET, extra={"verify": "true", "headers": '{"X-A": "b"}'}))
    assert ("me", SECRET, True, {"X-A": "b"}) == (made.user, made.password, made.verify, made.headers)
    assert access_of(connection(extra={"bearer_token": None, "verify": None, "headers": None})).verify


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"host": ""}, "Its URL is missing"),
        ({"host": "ftp://p"}, "must be like http"),
        ({"extra": {"headers": "X-A: b"}}, "'headers' must be a JSON object"),
        ({"extra": {"headers": ["b"]}}, "'headers' must be a JSON object"),
        ({"extra": {"verify": "perhaps"}}, "'verify' must be true or false"),
        ({"extra": "{"}, "extra field must be a JSON object"),
        ({"password": SECRET}, "there is no user"),
        ({"extra": {"bearer_token": f"{SECRET}\nX"}}, "one line of plain ASCII"),
    ],
)
def test_a_connection_that_cannot_be_used_is_named_without_its_secret(fields, words):
    """By its id."""
    with pytest.raises(InvalidAccess, match=r"^Connection 'prom': ") as caught:
        access_of(connection(**fields))
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.fixture
def known(monkeypatch):
    """Let Airflow know one connection, or none."""

    def know(found):
        def get(conn_id):
            if found is None:
                raise AirflowNotFoundException(f"The conn_id `{conn_id}` isn't defined")
            return found

        async def aget(conn_id):
            return get(conn_id)

        monkeypatch.setattr(BaseHook, "get_connection", staticmethod(get))
        monkeypatch.setattr(BaseHook, "aget_connection", staticmethod(aget))

    return know


def test_a_source_is_made_in_a_task_and_in_a_trigger(known):
    """From the same connection."""
    known(connection(login="me", password=SECRET))
    hook = PrometheusHook("prom", timeout=5)
    for source in (hook.get_conn(), asyncio.run(hook.aget_conn())):
        assert ("http://p:9090", "me", 5) == (source.address, source.access.user, source.timeout)


def test_a_trigger_never_talks_to_its_supervisor_in_the_blocking_way(known, monkeypatch):
    """Which would stop its event loop, or lock it."""
    monkeypatch.setattr("slipway.hooks.prometheus.mask_secret", lambda *_: pytest.fail("blocks"))
    monkeypatch.setattr(Connection, "extra_dejson", property(lambda _: pytest.fail("blocks")))
    known(connection(extra={"bearer_token": SECRET}))
    assert SECRET == asyncio.run(PrometheusHook("prom").aget_conn()).access.token


def test_secrets_are_masked_in_airflow_s_logs(known, monkeypatch):
    """Those of headers too, of which Airflow itself knows nothing."""
    masked = []
    monkeypatch.setattr("slipway.hooks.prometheus.mask_secret", masked.extend)
    known(connection(login="me", password=SECRET, extra={"headers": {"X-Whatever": "hidden"}}))
    PrometheusHook("prom").get_conn()
    assert {SECRET, "hidden"} <= set(masked)


def test_a_missing_connection_says_how_to_make_it(known):
    """In both ways, and as an answer of the Test button."""
    known(None)
    hook = PrometheusHook("prom")
    with pytest.raises(NoConnection, match="no Airflow connection 'prom' to Prometheus"):
        hook.get_conn()
    with pytest.raises(NoConnection):
        asyncio.run(hook.aget_conn())
    assert not hook.test_connection()[0]


@pytest.mark.parametrize(
    ("said", "works", "words"),
    [
        (vector("1"), True, "answers queries"),
        (Said("", 401), False, "answers 401"),
        (Said("<html>", kind="text/html"), False, "a web page"),
    ],
)
def test_the_test_button_asks_a_query(known, said, works, words):
    """With the account of the connection; the answer names the address, never the secret."""
    with running(lambda asked: said) as prometheus:
        known(connection(prometheus.url, login="me", password=SECRET))
        worked, message = PrometheusHook("prom").test_connection()
    assert (works, True) == (worked, message.startswith(prometheus.url))
    assert words in message
    assert SECRET not in message
    assert prometheus.asked[0].headers["authorization"].startswith("Basic ")


def test_airflow_s_form_knows_the_type_and_its_fields():
    """The description fits Airflow's schema, and is what the form shows."""
    schema = json.loads((Path(airflow.__file__).parent / "provider.yaml.schema.json").read_text())
    described = get_provider_info()["connection-types"]
    jsonschema.validate(described, schema["properties"]["connection-types"])
    [form] = [one for one in HookMetaService.hook_meta_data() if one.connection_type == "prometheus"]
    assert ("Prometheus", "slipway.hooks.prometheus.PrometheusHook") == (form.hook_name, form.hook_class_name)
    assert ["bearer_token", "ca_certificate", "verify", "headers"] == list(form.extra_fields)
    assert "password" == form.extra_fields["bearer_token"]["schema"]["format"]
    assert ("URL", "User", True) == (
        form.standard_fields.host.title,
        form.standard_fields.login.title,
        form.standard_fields.port.hidden,
    )


def test_a_connection_gives_its_hook():
    """So that the Test button finds it."""
    assert isinstance(connection().get_hook(), PrometheusHook)
