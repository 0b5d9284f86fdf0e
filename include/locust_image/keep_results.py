"""Writes what Locust measured, exactly and at the very end; loaded by Locust as a second locustfile.

Locust's own files do not do: the CSV ends up to ten seconds before the run does, and writing the JSON file empties the
numbers that the HTML report is made from afterwards.
"""

import json
import math
import os
from pathlib import Path

from locust import events
from locust.env import Environment
from locust.runners import WorkerRunner
from locust.stats import StatsEntry

# Names the file; set by run_load.py.
RESULTS_VARIABLE = "SLIPWAY_LOCUST_RESULTS"
MOST_ERRORS = 20


@events.quitting.add_listener
def keep_results(environment: Environment, **_: object) -> None:
    """Write the numbers of all requests, of each endpoint, and the most frequent errors."""
    if environment.runner is None or isinstance(environment.runner, WorkerRunner):
        return
    stats = environment.runner.stats
    endpoints = [
        {"method": entry.method, "name": entry.name, **_numbers(entry)} for _, entry in sorted(stats.entries.items())
    ]
    errors = sorted(stats.errors.values(), key=lambda error: -error.occurrences)[:MOST_ERRORS]
    results = {
        **_numbers(stats.total),
        "endpoints": endpoints,
        "errors": [
            {"method": error.method, "name": error.name, "error": str(error.error), "occurrences": error.occurrences}
            for error in errors
        ],
        "exceptions": [
            {"message": exception["msg"], "occurrences": exception["count"]}
            for exception in environment.runner.exceptions.values()
        ],
    }
    Path(os.environ[RESULTS_VARIABLE]).write_text(json.dumps(results))


def _numbers(entry: StatsEntry) -> dict[str, object]:
    measured = entry.num_requests > 0
    percentiles = {
        f"p{share}_ms": _rounded(entry.get_response_time_percentile(share / 100)) if measured else None
        for share in (50, 90, 95, 99)
    }
    return {
        "requests": entry.num_requests,
        "failures": entry.num_failures,
        "failure_ratio": entry.num_failures / entry.num_requests if measured else 0.0,
        "requests_per_second": _rounded(entry.total_rps) or 0.0,
        "mean_ms": _rounded(entry.avg_response_time) if measured else None,
        **percentiles,
    }


def _rounded(value: float) -> float | None:
    return round(float(value), 3) if math.isfinite(value) else None
