"""A small HTTP server on 127.0.0.1 that answers as Prometheus does, or as badly as a test wants."""

import asyncio
import json
import threading
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import parse_qsl


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    headers: dict
    form: dict


class Said(NamedTuple):
    """One answer; ``cut`` closes the connection after so many bytes of the body."""

    body: str
    status: int = 200
    kind: str = "application/json"
    delay: float = 0.0
    headers: tuple = ()
    cut: int | None = None


def vector(*values, **more):
    """Return the answer that has one series for each value."""
    result = [{"metric": {"n": str(place)}, "value": [1704103500.5, value]} for place, value in enumerate(values)]
    return Said(json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}, **more}))


def refusal(kind, text, status=400):
    """Return Prometheus' way to refuse a query."""
    return Said(json.dumps({"status": "error", "errorType": kind, "error": text}), status)


class StandIn:
    """Asks a function for each answer, and keeps what it was asked."""

    def __init__(self, answer):
        self.answer, self.asked, self.busy, self.busiest = answer, [], 0, 0

    async def serve(self, reader, writer):
        """Answer the requests of one connection."""
        try:
            while (head := await reader.readuntil(b"\r\n\r\n")) and await self._one(head.decode(), reader, writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, head, reader, writer):
        first, *lines = head.strip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        path, _, query = target.partition("?")
        asked = Asked(method, path, headers, dict(parse_qsl(query) + parse_qsl(body.decode())))
        self.asked.append(asked)
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        said = self.answer(asked)
        await asyncio.sleep(said.delay)
        self.busy -= 1
        content = said.body.encode()
        more = "".join(f"{name}: {value}\r\n" for name, value in said.headers)
        head = f"HTTP/1.1 {said.status} X\r\nContent-Type: {said.kind}\r\nContent-Length: {len(content)}\r\n{more}\r\n"
        writer.write(head.encode() + content[: said.cut])
        await writer.drain()
        return said.cut is None


@contextmanager
def running(answer, tls=None):
    """Serve in a thread as long as the block lasts; gives the stand-in, with its ``url``."""
    stand_in, loop = StandIn(answer), asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(stand_in.serve, "127.0.0.1", 0, ssl=tls))
    port = server.sockets[0].getsockname()[1]
    stand_in.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()
