"""``PrometheusHook``: Airflow's connection to a Prometheus → a source of numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import amask_secret, mask_secret
from slipway_core.numbers.errors import InvalidAccess, NumbersError
from slipway_core.numbers.prometheus import PrometheusSource
from slipway_core.numbers.prometheus_access import PrometheusAccess

from slipway.hooks.faults import NoConnection

TEST_TIMEOUT = 10.0  # seconds


class PrometheusHook(BaseHook):
    """Get at a Prometheus through a connection of type ``prometheus``.

    :param prometheus_conn_id: the connection: its host is the URL; user and password, or ``bearer_token``;
        ``ca_certificate``, ``verify``, ``headers``.
    :param timeout: seconds that Prometheus may be silent.
    """

    conn_name_attr = "prometheus_conn_id"
    default_conn_name = "prometheus_default"
    conn_type = "prometheus"
    hook_name = "Prometheus"

    def __init__(self, prometheus_conn_id: str = default_conn_name, timeout: float = 30.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.prometheus_conn_id, self.timeout = prometheus_conn_id, timeout

    def get_conn(self) -> PrometheusSource:
        """Return the source of numbers, for code that may block: tasks and the Test button.

        :raises NoConnection: when there is no such connection.
        :raises InvalidAccess: when it cannot be used.
        """
        return PrometheusSource(self._access(), timeout=self.timeout)

    async def aget_conn(self) -> PrometheusSource:
        """Return the source of numbers, for triggers; raises what :meth:`get_conn` raises."""
        try:
            connection = await self.aget_connection(self.prometheus_conn_id)
        except AirflowNotFoundException as error:
            raise self._missing() from error
        access = access_of(connection)
        await amask_secret(access.secrets)
        return PrometheusSource(access, timeout=self.timeout)

    def test_connection(self) -> tuple[bool, str]:
        """Ask one query, as the Test button of the connection's form does."""
        from slipway_core.numbers.prometheus_client import connect  # late: gates do without it

        try:
            access = self._access()
            with connect(access, TEST_TIMEOUT) as client:
                client.check()
        except (NumbersError, NoConnection) as error:
            return False, str(error)
        return True, f"{access.url} answers queries."

    def _access(self) -> PrometheusAccess:
        try:
            connection = self.get_connection(self.prometheus_conn_id)
        except AirflowNotFoundException as error:
            raise self._missing() from error
        access = access_of(connection)
        mask_secret(access.secrets)
        return access

    def _missing(self) -> NoConnection:
        return NoConnection(
            f"There is no Airflow connection '{self.prometheus_conn_id}' to Prometheus. Make one of type 'Prometheus' "
            "under Admin, Connections."
        )


def access_of(connection: Any) -> PrometheusAccess:
    """Return what a connection says of its Prometheus; raises :class:`InvalidAccess`, never with a secret."""
    try:
        extra = _extra(connection)
        return PrometheusAccess.of(
            _url(connection),
            user=connection.login or "",
            password=connection.password or "",
            token=str(extra.get("bearer_token") or ""),
            headers=_headers(extra.get("headers")),
            ca=str(extra.get("ca_certificate") or ""),
            verify=_boolean(extra.get("verify")),
        )
    except InvalidAccess as error:
        raise InvalidAccess(f"Connection '{connection.conn_id}': {error}") from None


def _extra(connection: Any) -> Mapping[str, Any]:
    # Not `extra_dejson`: it talks to the supervisor, which must not happen within a trigger's event loop.
    return _object(connection.extra, "Its extra field")


def _headers(value: object) -> dict[str, str]:
    headers = _object(value, "The field 'headers'")
    return {str(name): str(one) for name, one in headers.items()}


def _object(value: object, what: str) -> Mapping[str, Any]:
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except ValueError:
            value = 0
    if not value and value != 0:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidAccess(f'{what} must be a JSON object such as {{"X-Scope-OrgID": "team-a"}}.')
    return value


def _url(connection: Any) -> str:
    """Return the address: the host field as it is, or put together from scheme, host and port."""
    host = (connection.host or "").strip()
    if not host:
        raise InvalidAccess("Its URL is missing. Write it like http://host:9090.")
    if "://" not in host:
        scheme = (connection.schema or "").strip()
        host = f"{scheme}://{host}" if scheme else host
    authority, slash, path = host.partition("://")[2].partition("/") if "://" in host else host.partition("/")
    has_port = authority.rpartition("@")[2].rpartition("]")[2].count(":") == 1
    if connection.port and not has_port:
        scheme = f"{host.partition('://')[0]}://" if "://" in host else ""
        host = f"{scheme}{authority}:{connection.port}{slash}{path}"
    return host


def _boolean(value: object) -> bool:
    if value in (None, "", True, False):
        return value is not False
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise InvalidAccess("The field 'verify' must be true or false.")
