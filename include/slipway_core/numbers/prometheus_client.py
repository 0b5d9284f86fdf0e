"""Prometheus by prometheus-api-client, one query after the other: for the Test button and `slipway check-queries`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from tempfile import NamedTemporaryFile
from typing import Any

import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from urllib3.util.retry import Retry

from slipway_core.numbers.contract import Reading
from slipway_core.numbers.errors import NoNumber, SourceUnreachable
from slipway_core.numbers.prometheus_access import PEM, PrometheusAccess
from slipway_core.numbers.prometheus_answer import Question, Reply, reading


class PrometheusClient:
    """One Prometheus, read as gates read it; make it with :func:`connect`.

    :param library: prometheus-api-client's own object, for what it can do beside
    """

    def __init__(self, access: PrometheusAccess, library: PrometheusConnect, session: requests.Session) -> None:
        self.access, self.library = access, library
        self._reply: Reply | None = None
        session.hooks["response"].append(self._keep)

    def read(self, query: str, at: datetime) -> Reading:
        """Return the one number that a query gives at a moment; raises as :class:`MetricSource` says."""
        question = Question(self.access.url, query, at)
        try:
            return reading(question, self._ask(question))
        except (NoNumber, SourceUnreachable) as error:
            raise self.access.cleaned(error) from None

    def check(self) -> None:
        """Raise :class:`SourceUnreachable` unless it answers queries of this account."""
        try:
            self.read("vector(1)", datetime.now(UTC))
        except NoNumber as error:
            raise SourceUnreachable(self.access.url, f"does not answer vector(1) with 1: {error}.") from error

    def _ask(self, question: Question) -> Reply:
        address = question.address
        self._reply = None
        try:
            # The library gives the bare result; its type, warnings and errors are in the reply that the hook kept.
            self.library.custom_query(question.query, params={"time": question.form["time"]})
        except (PrometheusApiClientException, requests.exceptions.JSONDecodeError, KeyError, TypeError):
            pass  # the reply says it better
        except requests.TooManyRedirects:
            pass  # none is followed: the account would go along
        except requests.exceptions.SSLError as error:
            raise SourceUnreachable(
                address, f"cannot be trusted: {_cause(error)}. Give the CA that signed it."
            ) from None
        except requests.Timeout:
            raise SourceUnreachable(address, "gave no answer in time.", again=True) from None
        except requests.RequestException as error:
            why = f"cannot be reached: {_cause(error)}. Is it up, and the address right?"
            raise SourceUnreachable(address, why, again=True) from None
        if self._reply is None:
            raise SourceUnreachable(address, "gave no answer.", again=True)
        return self._reply

    def _keep(self, response: requests.Response, **_: Any) -> None:
        head = response.headers
        self._reply = Reply(
            response.status_code, head.get("content-type", ""), response.content, head.get("location", "")
        )


@contextmanager
def connect(access: PrometheusAccess, timeout: float = 10.0) -> Iterator[PrometheusClient]:
    """Give a Prometheus to ask, as long as the block lasts.

    :param timeout: seconds for one query
    """
    access.tls()  # says what is wrong with the CA better than requests would
    with requests.Session() as session, _ca_file(access) as verify:
        session.verify = verify
        session.max_redirects = 0
        auth = (access.user.encode(), access.password.encode()) if access.user else None
        library = PrometheusConnect(
            access.url,
            headers=access.all_headers,
            retry=Retry(0, read=False, redirect=False, raise_on_status=False),
            auth=auth,
            session=session,
            timeout=timeout,
        )
        yield PrometheusClient(access, library, session)


def _cause(error: requests.RequestException) -> str:
    """Return what happened, out of what requests and urllib3 have wrapped around it."""
    wrapped = error.args[0] if error.args else error
    return str(getattr(wrapped, "reason", wrapped)).rpartition("new connection: ")[2]


@contextmanager
def _ca_file(access: PrometheusAccess) -> Iterator[bool | str]:
    """Give what requests wants: whether to check, or the path of a file of certificates."""
    if not access.verify or PEM not in access.ca:
        yield access.ca or True if access.verify else False
        return
    with NamedTemporaryFile("w", prefix="slipway-ca-", suffix=".pem") as file:
        file.write(access.ca)
        file.flush()
        yield file.name
