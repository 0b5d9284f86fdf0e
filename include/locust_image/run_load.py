"""Runs one Locust load test and prints everything that is to be known about it; the image's entry point.

    run_load.py --host URL [-f SCRIPT] [--config CONF] [--scripts FOLDER]

Scripts lie flat in a folder (`/scripts`, a mounted ConfigMap). Without `-f` the script is the conf's `locustfile`, else
`locustfile.py`. Without `--config`: 10 users for 2 minutes (jobs.md 4.2). A conf that names no `run-time` gets those
2 minutes too, for Locust would never end.

Nothing is kept but standard output, because a container's log is the one thing that every cluster hands out. It holds

1. Locust's own lines as they come, standard error among them;
2. then, each on lines of their own, in this order::

       ----- slipway locust result 1 -----
       {"start": …}                                               one line of JSON, see below
       ----- slipway locust report LINES SHA256 -----
       H4sI…                                                      LINES lines, each of at most 8000 characters
       ----- slipway locust end -----

   The report is Locust's HTML page: gzip, then base64, cut into lines; SHA256 is that of the HTML, in hex. Without a
   report LINES is 0 and SHA256 is `-`. A reader that misses the last line knows that the log was cut. The 1 is the
   version of this format.

The JSON has these keys; times of requests are milliseconds, and null where nothing was measured::

    start, end           RFC 3339, UTC, with milliseconds: the span in which Locust ran
    exit_code            Locust's own; 1 also means "some requests failed", 2 that the script raised outside of its
                         tasks. Negative: ended by that signal
    stopped              true if the runner was asked to end (SIGTERM) before Locust was done
    requests, failures   whole numbers
    failure_ratio        failures / requests; 0 without requests
    requests_per_second  over the whole run
    mean_ms, p50_ms, p90_ms, p95_ms, p99_ms
    endpoints            a list, one item for each name in the script: method, name, and the keys from `requests` on
    errors               why requests failed; a list, the most frequent first, at most 20: method, name, error,
                         occurrences
    exceptions           what tasks of the script raised, which no failed request shows; a list: message, occurrences

The exit code is 0 when there are results, whatever they say: a reader judges them. It is 3 when Locust left none (a
script that does not load); then only the part before the first marker is printed.
"""

import argparse
import base64
import ctypes
import gzip
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

RESULT = "----- slipway locust result 1 -----"
REPORT = "----- slipway locust report {lines} {sha256} -----"
END = "----- slipway locust end -----"
LINE_LENGTH = 8000
NO_RESULTS = 3
_LISTENER = Path(__file__).with_name("keep_results.py")
_STOP_GRACE = 15.0


def main(arguments: list[str] | None = None) -> int:
    """Run the load test, print the results, return the exit code."""
    asked = _parse(arguments)
    with tempfile.TemporaryDirectory(prefix="locust-") as scratch:
        argv = locust_argv(asked, Path(scratch))
        start = _now()
        exit_code, stopped = _run(argv, asked.scripts, Path(scratch, "results.json"))
        end = _now()
        if not Path(scratch, "results.json").exists():
            print(
                f"Locust ended with exit code {exit_code} and left no results; its own lines above say why.", flush=True
            )
            return NO_RESULTS
        run = {"start": start, "end": end, "exit_code": exit_code, "stopped": stopped}
        results = json.loads(Path(scratch, "results.json").read_text())
        _print_results({**run, **results}, Path(scratch, "report.html"))
    return 0


def locust_argv(asked: argparse.Namespace, scratch: Path) -> list[str]:
    """Return the command, with outputs in the scratch folder."""
    argv = [sys.executable, "-m", "locust", "--headless", f"--host={asked.host}"]
    argv.append(f"--html={scratch / 'report.html'}")
    if asked.config:
        conf = asked.scripts / Path(asked.config).name
        argv.append(f"--config={conf}")
        if not _conf_value(conf, "run-time"):
            argv.append("--run-time=2m")
    else:
        argv += ["--users=10", "--run-time=2m"]
    script = asked.script or (asked.config and _conf_value(asked.scripts / Path(asked.config).name, "locustfile"))
    # Scripts lie flat here, wherever the conf or the workload says they are in the project.
    script_path = asked.scripts / Path(script or "locustfile.py").name
    argv.append(f"--locustfile={script_path},{_LISTENER}")
    return argv


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Runs one Locust load test and prints its results.", allow_abbrev=False
    )
    parser.add_argument("--host", required=True, help="the address to load, e.g. http://hello.shop-qa:80")
    parser.add_argument("-f", "--script", default="", help="the script's file name")
    parser.add_argument("--config", default="", help="the locust.conf's file name")
    parser.add_argument("--scripts", type=Path, default=Path("/scripts"), help="the folder they lie in")
    return parser.parse_args(arguments)


def _run(argv: list[str], cwd: Path, results: Path) -> tuple[int, bool]:
    """Run Locust, its lines going straight to our standard output; a SIGTERM to us is handed on to it."""
    env = {**os.environ, "SLIPWAY_LOCUST_RESULTS": str(results), "PYTHONUNBUFFERED": "1"}
    locust = subprocess.Popen(argv, cwd=cwd, env=env, stderr=subprocess.STDOUT, preexec_fn=_die_with_parent)  # noqa: PLW1509
    stopped = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal stopped
        stopped = True
        locust.terminate()

    handlers = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        while True:
            try:
                return locust.wait(timeout=_STOP_GRACE if stopped else 1.0), stopped
            except subprocess.TimeoutExpired:
                if stopped:
                    locust.kill()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _die_with_parent() -> None:
    """Have the kernel end Locust when we are killed: it would go on loading the service."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def _conf_value(conf: Path, key: str) -> str:
    """Return one value of a locust.conf ("key = value" or "key: value" lines), or "" if it is not there."""
    spelling = key.replace("-", "[-_]")
    try:
        found = re.search(rf"^\s*(?:--)?{spelling}\s*[=:]\s*(.+?)\s*$", conf.read_text(), re.MULTILINE)
    except OSError:
        return ""  # Locust itself says that it is missing
    return found[1].strip("\"'") if found else ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _print_results(results: dict[str, object], report: Path) -> None:
    lines, sha256 = [], "-"
    if report.exists():
        page = report.read_bytes()
        sha256 = hashlib.sha256(page).hexdigest()
        text = base64.b64encode(gzip.compress(page, mtime=0)).decode()
        lines = [text[begin : begin + LINE_LENGTH] for begin in range(0, len(text), LINE_LENGTH)]
    head = [RESULT, json.dumps(results), REPORT.format(lines=len(lines), sha256=sha256)]
    print("\n".join([*head, *lines, END]), flush=True)


if __name__ == "__main__":
    sys.exit(main())
