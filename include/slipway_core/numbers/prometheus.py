"""Prometheus as a source of numbers: asynchronous, with httpx. All reads of gates go through here."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from types import TracebackType
from typing import Any

import httpx

from slipway_core.numbers.contract import Reading, Window
from slipway_core.numbers.errors import NoNumber, QueryRefused, SourceUnreachable
from slipway_core.numbers.prometheus_access import PrometheusAccess
from slipway_core.numbers.prometheus_answer import LARGEST, PATH, REFUSED, Question, Reply, reading

LONGEST_CONNECT = 10.0  # seconds
_MOST_CONNECTIONS = 100


class PrometheusSource:
    """One Prometheus, asked by instant queries at the end of a window. Use it with ``async with``.

    :param access: how to get at it
    :param timeout: seconds that it may be silent; it is told too, so that it gives up a query that we gave up
    :param transport: another way to send requests, for tests
    """

    def __init__(
        self, access: PrometheusAccess, *, timeout: float = 30.0, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.access, self.timeout, self.transport = access, timeout, transport

    @property
    def address(self) -> str:
        """Where it is, for messages."""
        return self.access.url

    async def __aenter__(self) -> PrometheusSource:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Give back its connections; it can be used again."""
        if "_client" in self.__dict__:
            await self.__dict__.pop("_client").aclose()

    async def read(self, query: str, window: Window) -> Reading:
        """Return the one number that a query gives at the end of the window; see :class:`MetricSource`."""
        question = Question(self.address, query, window.end)
        form = {**question.form, "timeout": f"{self.timeout:g}s"}
        try:
            reply = await self._send("POST", data=form)
            if reply.status in (405, 501):  # a proxy that lets nothing but GET through
                reply = await self._send("GET", params=form)
            return reading(question, reply)
        except (NoNumber, SourceUnreachable) as error:
            raise self.access.cleaned(error) from None

    async def check(self) -> None:
        """Raise :class:`SourceUnreachable` unless it answers queries of this account."""
        now = datetime.now(UTC)
        try:
            await self.read("vector(1)", Window(now, now))
        except NoNumber as error:
            raise SourceUnreachable(self.address, f"does not answer vector(1) with 1: {error}.") from error

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        access = self.access
        return httpx.AsyncClient(
            headers=access.all_headers,
            auth=httpx.BasicAuth(access.user, access.password) if access.user else None,
            verify=access.tls(),
            timeout=httpx.Timeout(self.timeout, connect=min(self.timeout, LONGEST_CONNECT)),
            limits=httpx.Limits(max_connections=_MOST_CONNECTIONS, max_keepalive_connections=_MOST_CONNECTIONS),
            transport=self.transport,
        )

    async def _send(self, method: str, **what: Any) -> Reply:
        # Causes are left out on purpose: httpx says the value of a header that it dislikes.
        try:
            async with self._client.stream(method, f"{self.access.url}{PATH}", **what) as response:
                body = bytearray()
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > LARGEST:
                        why = f"the answer is larger than {LARGEST // 1024**2} MB. Sum the series up to one"
                        raise QueryRefused(f"{REFUSED}: {why}")
                head = response.headers
                kind, location = head.get("content-type", ""), head.get("location", "")
                return Reply(response.status_code, kind, bytes(body), location, _seconds(head.get("retry-after", "")))
        except httpx.TimeoutException as error:
            what_took = "took no connection" if isinstance(error, httpx.ConnectTimeout) else "gave no answer"
            waited = min(self.timeout, LONGEST_CONNECT) if isinstance(error, httpx.ConnectTimeout) else self.timeout
            raise SourceUnreachable(self.address, f"{what_took} within {waited:g} s.", again=True) from None
        except httpx.RemoteProtocolError as error:
            raise SourceUnreachable(self.address, f"broke off its answer: {error}.", again=True) from None
        except httpx.RequestError as error:
            raise self._no_connection(str(error) or type(error).__name__) from None

    def _no_connection(self, text: str) -> SourceUnreachable:
        if "CERTIFICATE_VERIFY_FAILED" in text:
            why = f"shows a certificate that is not trusted ({text}). Give the CA that signed it."
            return SourceUnreachable(self.address, why)
        return SourceUnreachable(
            self.address, f"cannot be reached: {text}. Is it up, and the address right?", again=True
        )


def _seconds(retry_after: str) -> float:
    """Return the seconds of a Retry-After header; its other form, a date, is not worth the trouble."""
    return float(retry_after) if retry_after.isdecimal() and len(retry_after) < 7 else 0.0
