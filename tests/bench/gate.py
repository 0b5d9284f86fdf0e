"""A gate of 50 indicators against a server that takes 100 ms an answer. Printed, not asserted; goal: 0.3 s.

Run it with `python tests/bench/gate.py`. The server runs in a process of its own, as Prometheus does.
"""

import asyncio
import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

from slipway_core.numbers.contract import Window
from slipway_core.numbers.gate import read_all
from slipway_core.numbers.prometheus import PrometheusSource
from slipway_core.numbers.prometheus_access import PrometheusAccess

INDICATORS, ROUNDS = 50, 5
BODY = json.dumps(
    {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1704103500.5, "0.18"]}]}}
).encode()
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


async def answer(reader, writer):
    """Answer the requests of one connection, each after 100 ms."""
    try:
        while head := (await reader.readuntil(b"\r\n\r\n")).lower():
            await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
            await asyncio.sleep(0.1)
            writer.write(REPLY)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve():
    """Serve until standard input ends; print the port first."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


async def gate(url):
    """Read all numbers once, new connections included, and return the seconds."""
    end = datetime.now(UTC)
    queries = {f"indicator_{number}": f"sum(rate(m_{number}[5m]))" for number in range(INDICATORS)}
    begun = time.perf_counter()
    async with PrometheusSource(PrometheusAccess.of(url)) as source:
        numbers = await read_all(source, queries, Window(end - timedelta(minutes=5), end))
    passed = time.perf_counter() - begun
    assert len(numbers.readings) == INDICATORS
    return passed


def main():
    """Print the seconds of a gate."""
    server = subprocess.Popen([sys.executable, __file__, "serve"], stdin=-1, stdout=-1, text=True)
    try:
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        taken = [asyncio.run(gate(url)) for _ in range(ROUNDS)]
    finally:
        server.communicate()
    each = ", ".join(f"{one:.3f}" for one in taken)
    print(f"{INDICATORS} indicators, 100 ms an answer            {min(taken):8.3f} s            goal 0.3 ({each})")


if __name__ == "__main__":
    asyncio.run(serve()) if sys.argv[1:] == ["serve"] else main()
