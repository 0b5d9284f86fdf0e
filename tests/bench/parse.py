"""What parsing 200 DAGs of 12 tasks costs: Slipway beside plain Python and dag-factory. `make bench` runs it.

Each figure comes from processes of their own, one run each, in turn, so that a busy machine touches all alike. Airflow
and the operators, which all forms share, are imported before the clock starts.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from same_dags import CLASSES, FORMS, TASKS, make_plans

RUNS = 5
PROJECTS, STAGES, EACH = 20, 10, TASKS * 4
GOAL = 1.3
ONE_DAG = "shop7.stage3.delivery"
TASK_START = "Slipway, at the start of a task"


def measure(path: Path) -> None:
    """Load a DAG file as Airflow does; print seconds of CPU time and how many DAGs and tasks it holds."""
    import importlib
    import importlib.machinery
    import importlib.util
    import time

    from airflow.sdk import DAG

    for one in CLASSES.values():
        importlib.import_module(one.rpartition(".")[0])
    loader = importlib.machinery.SourceFileLoader("measured", str(path))
    spec = importlib.util.spec_from_loader("measured", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    began = time.process_time()
    loader.exec_module(module)
    took = time.process_time() - began
    dags = [one for one in {id(value): value for value in vars(module).values()}.values() if isinstance(one, DAG)]
    print(took, len(dags), sum(len(dag.tasks) for dag in dags))


def run(path: Path, home: Path, dag_id: str | None = None) -> tuple[float, int, int]:
    """Measure once in a fresh process; return seconds, DAGs, tasks."""
    env = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "DO_NOT_TRACK": "1",
        "AIRFLOW__DAG_FACTORY__ENABLE_TELEMETRY": "False",
    }
    # Plain Python is the longest file: it must not be compiled anew each time just because this shell says so.
    for misleading in ("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "PYTHONDONTWRITEBYTECODE"):
        env.pop(misleading, None)
    if dag_id:
        env["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = dag_id
    argv = [sys.executable, __file__, "--measure", str(path)]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{path.name} could not be loaded:\n{done.stderr[-3000:]}")
    seconds, dags, tasks = done.stdout.split()[-3:]
    return float(seconds), int(dags), int(tasks)


def main() -> None:
    """Measure all forms and print the table."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as scratch:
        plans, paths = make_plans(PROJECTS, STAGES, EACH), {}
        for name, write in FORMS.items():
            folder = Path(scratch, name.replace(" ", "-"))
            folder.mkdir()
            paths[name] = write(folder, plans)
        wanted = {**{name: (path, None) for name, path in paths.items()}, TASK_START: (paths["Slipway"], ONE_DAG)}
        figures: dict[str, list[tuple[float, int, int]]] = {name: [] for name in wanted}
        with console.status("Measuring") as status:
            for turn in range(RUNS + 1):
                for name, (path, dag_id) in wanted.items():
                    status.update(f"Run {turn} of {RUNS}: {name}")
                    figures[name].append(run(path, Path(scratch), dag_id))
    # The first run also compiles; later ones find the compiled file, as in Airflow.
    medians = {name: statistics.median(one[0] for one in runs[1:]) for name, runs in figures.items()}
    table = Table(title=f"Parsing {PROJECTS * STAGES} DAGs of {len(EACH)} tasks (CPU time, median of {RUNS} runs)")
    for heading in ("", "DAGs", "tasks with our own", "ms", "x plain Python"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, median in medians.items():
        _, dags, tasks = figures[name][0]
        ratio = median / medians["plain Python"]
        table.add_row(name, str(dags), str(tasks), f"{median * 1000:.0f}", f"{ratio:.2f}")
    console.print(table)
    whole = medians[TASK_START] / medians["Slipway"]
    console.print(f"A task start parses one DAG: {whole:.1%} of the whole.")
    reached = "reached" if medians["Slipway"] <= GOAL * medians["plain Python"] else "missed"
    console.print(f"Goal, at most {GOAL} x plain Python: {reached}.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]))
    else:
        main()
