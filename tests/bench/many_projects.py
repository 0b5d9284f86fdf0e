"""What 500 published projects cost: all of them in the DAG processor, one DAG of them at a task's start.

`make bench` runs it, with dag-factory on the path. Files are loaded by Airflow's own `BundleDagBag`, as both do. Each
figure comes from processes of their own, in turn, so that a busy machine touches all alike; ratios are what counts.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from same_dags import CLASSES, FORMS, make_plans, write_slipway

RUNS = 3
PROJECTS, STAGES = 500, 2
ONE_PROJECT = PROJECTS // 2
ONE_DAG = f"shop{ONE_PROJECT}.stage1.delivery"
LIMIT = 30  # seconds: `core.dagbag_import_timeout`, after which Airflow gives a file up
ALONE, AMONG = "its project alone", f"among {PROJECTS} projects"


class Measured(NamedTuple):
    """What one process paid.

    :param imports: seconds of CPU time for the operators, which all forms share.
    :param files: file name → seconds of CPU time to load it.
    :param dags: how many DAGs came of them.
    :param tasks: how many tasks these have.
    """

    imports: float
    files: dict[str, float]
    dags: int
    tasks: int


def measure(bundle: Path, paths: list[Path]) -> Measured:
    """Load DAG files as Airflow does, in this process."""
    import importlib
    import time

    from airflow.dag_processing.dagbag import BundleDagBag
    from airflow.sdk.execution_time import task_runner  # noqa: F401 - a task's process has it before it parses

    began = time.process_time()
    for one in CLASSES.values():
        importlib.import_module(one.rpartition(".")[0])
    importlib.import_module("slipway.sequence_dag")
    imports = time.process_time() - began
    files, dags = {}, []
    for path in paths:
        began = time.process_time()
        bag = BundleDagBag(dag_folder=str(path), bundle_path=bundle, bundle_name="published", load_op_links=False)
        files[path.name] = time.process_time() - began
        if bag.import_errors:
            sys.exit(str(bag.import_errors))
        dags += bag.dags.values()
    return Measured(imports, files, len(dags), sum(len(dag.tasks) for dag in dags))


def run(bundle: Path, paths: list[Path], home: Path, dag_id: str | None = None) -> Measured:
    """Measure once in a fresh process.

    :param dag_id: what a task's process asks for; without it all is built, as in the DAG processor.
    """
    env = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "DO_NOT_TRACK": "1",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "600",  # on a busy machine dag-factory would not come to its end
        "AIRFLOW__DAG_FACTORY__ENABLE_TELEMETRY": "False",
    }
    for misleading in ("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "PYTHONDONTWRITEBYTECODE"):
        env.pop(misleading, None)
    if dag_id:
        env["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = dag_id
    argv = [sys.executable, __file__, "--measure", str(bundle), *map(str, paths)]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{paths[0].name} could not be loaded:\n{done.stderr[-3000:]}")
    return Measured(*json.loads(done.stdout.splitlines()[-1]))


def measure_all(scratch: Path) -> dict[str, list[Measured]]:
    """Measure every form and both task starts in turn; return the runs of each, without the first, which compiles."""
    plans = make_plans(PROJECTS, STAGES)
    wanted: dict[str, tuple[Path, list[Path], str | None]] = {}
    for name, write in FORMS.items():
        folder = scratch / name.replace(" ", "-")
        folder.mkdir()
        path = write(folder, plans)
        files = sorted(path.parent.glob("*.py"))
        wanted[name] = folder, [path, *(one for one in files if one != path)], None
    alone, among = scratch / "alone", scratch / "Slipway"
    wanted[ALONE] = alone, [write_slipway(alone, [plans[ONE_PROJECT]])], ONE_DAG
    wanted[AMONG] = among, [among / "dags" / "deliveries.py"], ONE_DAG
    figures: dict[str, list[Measured]] = {name: [] for name in wanted}
    for turn in range(RUNS + 1):
        for name, (bundle, paths, dag_id) in wanted.items():
            print(f"Run {turn} of {RUNS}: {name}", file=sys.stderr)
            figures[name].append(run(bundle, paths, scratch, dag_id))
    return {name: runs[1:] for name, runs in figures.items()}


def main() -> None:
    """Measure and print."""
    from rich.console import Console
    from rich.table import Table

    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as scratch:
        figures = measure_all(Path(scratch))
    totals = {name: statistics.median(sum(one.files.values()) for one in runs) for name, runs in figures.items()}
    console = Console()
    table = Table(title=f"Parsing {PROJECTS} projects (CPU time, median of {RUNS} runs)")
    for heading in ("", "DAGs", "tasks", "s", "ms a project", "x plain Python"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name in FORMS:
        _, _, dags, tasks = figures[name][0]
        each, ratio = totals[name] / PROJECTS * 1000, totals[name] / totals["plain Python"]
        table.add_row(name, str(dags), str(tasks), f"{totals[name]:.2f}", f"{each:.1f}", f"{ratio:.2f}")
    console.print(table)
    files = {
        name: statistics.median(one.files[name] for one in figures["Slipway"]) for name in figures["Slipway"][0].files
    }
    shares = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in files.items())
    console.print(f"Slipway by file: {shares}. Airflow gives a file up after {LIMIT} s.")
    table = Table(title=f"A task's process gets its own DAG (CPU time, median of {RUNS} runs)")
    for heading in ("", "ms", "with imports", "of the whole"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name in (ALONE, AMONG):
        imports = statistics.median(one.imports for one in figures[name])
        whole = totals[name] / files["deliveries.py"]
        table.add_row(name, f"{totals[name] * 1000:.1f}", f"{(totals[name] + imports) * 1000:.0f}", f"{whole:.2%}")
    console.print(table)
    console.print(f"One DAG among {PROJECTS} projects costs {totals[AMONG] / totals[ALONE]:.2f} x that DAG alone.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(Path(sys.argv[2]), [Path(one) for one in sys.argv[3:]])))
    else:
        main()
