"""Which load a service's Locust makes for a test strategy (jobs.md 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from slipway_core.keptn.problems import InvalidFile
from slipway_core.keptn.project_files import ProjectFiles
from slipway_core.keptn.source import Items, Mapping, Scalar, Source, read_file

CONFIG = "locust/locust.conf.yaml"
DEFAULT_SCRIPT = "locust/locustfile.py"
DEFAULT_CONF = "locust/locust.conf"


@dataclass(frozen=True)
class Workload:
    """One load to make.

    :param script: Locust's script.
    :param conf: Locust's own configuration file; None means 10 users for two minutes.
    :param accepted_failure_ratio: share of requests, 0 to 1, that may fail.
    """

    script: Path
    conf: Path | None = None
    accepted_failure_ratio: float = 0.0


@dataclass(frozen=True)
class NoWorkload:
    """There is no load to make, and why."""

    why: str


def choose_workload(files: ProjectFiles, strategy: str) -> Workload | NoWorkload:
    """Return the load that a service makes for a test strategy.

    Of several entries for the strategy the last wins; its ``conf`` stays that of an earlier one if it has none.
    An entry may also say ``acceptederrorrate``, as those of JMeter do.

    :raises InvalidFile: when the configuration cannot be read, or names a file that is not there.
    """
    config = files.find(CONFIG)
    if config is None:
        script = files.find(DEFAULT_SCRIPT)
        if script is None:
            return NoWorkload(f"Service '{files.service}' has no {DEFAULT_SCRIPT}: no load test was run.")
        return Workload(script, files.find(DEFAULT_CONF))
    source = read_file(config)
    chosen = [entry for entry in _entries(source) if _text(entry, "teststrategy") == strategy]
    _raise_errors(source)
    if not chosen:
        return NoWorkload(f"{CONFIG} has no workload for teststrategy '{strategy}': no load test was run.")
    script = _named_file(files, source, chosen[-1], "script")
    conf = next((found for entry in reversed(chosen) if (found := _named_file(files, source, entry, "conf"))), None)
    ratio = _ratio(source, chosen[-1])
    _raise_errors(source)
    return Workload(script or _default_script(files, source), conf, ratio)


def _entries(source: Source) -> list[Mapping]:
    root = source.root
    workloads = root.get("workloads") if isinstance(root, Mapping) else None
    if not isinstance(workloads, Items):
        if not source.problems:
            source.report(1, "'workloads' is missing or no list.", "Write `workloads:` and one `- teststrategy:` each.")
        return []
    return [entry for entry in workloads.items if isinstance(entry, Mapping)]


def _text(entry: Mapping, key: str) -> str:
    node = entry.get(key)
    return node.text if isinstance(node, Scalar) else ""


def _named_file(files: ProjectFiles, source: Source, entry: Mapping, key: str) -> Path | None:
    name = _text(entry, key)
    if not name:
        return None
    found = files.find(name) or files.find(f"locust/{name}")
    if found is None:
        source.report(entry.line_of(key), f"{key} '{name}' is not there.", f"Put the file at {files.service}/{name}.")
    return found


def _default_script(files: ProjectFiles, source: Source) -> Path:
    script = files.find(DEFAULT_SCRIPT)
    if script is None:
        source.report(1, "the workload names no script.", f"Write `script: {DEFAULT_SCRIPT}` into the entry.")
    _raise_errors(source)
    assert script is not None  # noqa: S101
    return script


def _ratio(source: Source, entry: Mapping) -> float:
    node = entry.get("acceptederrorrate")
    if node is None:
        return 0.0
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        source.report(
            entry.line_of("acceptederrorrate"), f"acceptederrorrate is {value!r}.", "Write a share from 0 to 1."
        )
        return 0.0
    return float(value)


def _raise_errors(source: Source) -> None:
    if any(problem.severity == "error" for problem in source.problems):
        raise InvalidFile(source.problems)
