"""The load test runner with a real Locust against a small server on this machine."""

import base64
import contextlib
import gzip
import hashlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

RUNNER = Path(__file__).parents[2] / "include" / "locust_image" / "run_load.py"
SCRIPTS = Path(__file__).parent / "scripts"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Greets on `/`, answers 404 to all else."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    serving = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{serving.server_port}"
    serving.shutdown()
    serving.server_close()


@pytest.fixture(scope="module")
def runner() -> ModuleType:
    """The runner as a module; it is a script of the image and lies in no package."""
    spec = importlib.util.spec_from_file_location("run_load", RUNNER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _argv(host: str, *more: str) -> list[str]:
    return [sys.executable, str(RUNNER), "--host", host, "--scripts", str(SCRIPTS), *more]


def _read(output: str) -> tuple[dict[str, object], str]:
    """Return the results and the report of a log, as a reader would."""
    lines = output.splitlines()
    begin = lines.index("----- slipway locust result 1 -----")
    results = json.loads(lines[begin + 1])
    *_, count, sha256, _ = lines[begin + 2].split()
    encoded = lines[begin + 3 : begin + 3 + int(count)]
    assert "----- slipway locust end -----" == lines[begin + 3 + int(count)]
    assert all(len(line) <= 8000 for line in encoded)
    page = gzip.decompress(base64.b64decode("".join(encoded))) if encoded else b""
    assert sha256 == (hashlib.sha256(page).hexdigest() if encoded else "-")
    return results, page.decode()


def test_results_and_report_follow_locusts_own_lines(server: str) -> None:
    """Numbers are exact, failed requests are a result and not an error of the runner, and the report is whole."""
    done = subprocess.run(_argv(server, "--config", "short.conf"), capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    results, report = _read(done.stdout)

    assert "Starting Locust" in done.stdout.split("-----")[0]
    endpoints = {row["name"]: row for row in results["endpoints"]}  # type: ignore[attr-defined]
    assert {"/", "/missing"} == set(endpoints)
    assert results["requests"] == sum(row["requests"] for row in endpoints.values())
    assert results["failures"] == endpoints["/missing"]["requests"] > 0
    assert 0 == endpoints["/"]["failures"]
    assert pytest.approx(results["failures"] / results["requests"]) == results["failure_ratio"]  # type: ignore[operator]
    assert results["p50_ms"] <= results["p95_ms"] <= results["p99_ms"]  # type: ignore[operator]
    assert 1 == results["exit_code"]
    assert results["errors"][0]["occurrences"] == results["failures"]  # type: ignore[index]
    span = datetime.fromisoformat(str(results["end"])) - datetime.fromisoformat(str(results["start"]))
    assert 1 <= span.total_seconds() < 20
    assert "<title>" in report


def test_a_script_that_does_not_load_is_an_error_without_results(server: str) -> None:
    """The exit code is 3 and Locust's own words stand in the log."""
    done = subprocess.run(_argv(server, "-f", "broken.py"), capture_output=True, text=True, check=False)
    assert 3 == done.returncode
    assert "no such thing" in done.stdout
    assert "----- slipway" not in done.stdout


def test_a_stopped_run_ends_locust_and_still_reports(server: str) -> None:
    """SIGTERM, as a deleted Job gets it, leaves numbers up to that moment and no process."""
    running = subprocess.Popen(_argv(server, "--config", "long.conf"), stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    seen = ""
    while "All users spawned" not in seen:
        seen += running.stdout.readline()
    running.send_signal(signal.SIGTERM)
    output, _ = running.communicate(timeout=20)
    results, _ = _read(output)
    assert 0 == running.returncode
    assert results["stopped"] is True


def test_locust_dies_with_its_runner(server: str) -> None:
    """A killed runner leaves no load behind."""
    running = subprocess.Popen(_argv(server, "--config", "long.conf"), stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    while "All users spawned" not in running.stdout.readline():
        pass
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    running.kill()
    running.wait()
    deadline = time.monotonic() + 10
    while _alive(children) and time.monotonic() < deadline:
        time.sleep(0.1)
    left = _alive(children)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert [] == left
    assert 1 == len(children)


def _alive(pids: list[str]) -> list[int]:
    alive = []
    for pid in pids:
        with contextlib.suppress(OSError):
            if ") Z" not in Path(f"/proc/{pid}/stat").read_text():
                alive.append(int(pid))
    return alive


@pytest.mark.parametrize(
    ("config", "script", "expected"),
    [
        ("", "", ["--users=10", "--run-time=2m", "locustfile.py"]),
        ("", "locust/load.py", ["--users=10", "--run-time=2m", "load.py"]),
        ("short.conf", "", ["--config={scripts}/short.conf", "greetings.py"]),
        ("locust/endless.conf", "", ["--config={scripts}/endless.conf", "--run-time=2m", "locustfile.py"]),
        ("short.conf", "load.py", ["--config={scripts}/short.conf", "load.py"]),
    ],
    ids=["defaults", "script only", "script of the conf", "conf without run-time", "script before the conf's"],
)
def test_the_command_follows_conf_and_script(runner: ModuleType, config: str, script: str, expected: list[str]) -> None:
    """jobs.md 4.2, with the scripts lying flat; a run always has an end."""
    asked = SimpleNamespace(host="http://x", config=config, script=script, scripts=SCRIPTS)
    *options, locustfile = runner.locust_argv(asked, Path("/scratch"))[6:]
    *expected_options, expected_script = expected
    assert [option.format(scripts=SCRIPTS) for option in expected_options] == options
    assert f"--locustfile={SCRIPTS / expected_script}" == locustfile.split(",")[0]
