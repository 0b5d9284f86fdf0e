"""The same DAGs in three forms: a tree as Slipway publishes it, plain Python, and YAML for dag-factory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from pprint import pformat
from typing import Any

from slipway_core.keptn.plan import ProjectPlan, SequencePlan, plan_project
from slipway_core.keptn.shipyard import read_shipyard
from slipway_core.keptn.stage_chain import stage_chain

TASKS = ("deployment", "test", "release")
SERVICES = ("carts", "orders")
PROPERTIES = {"deployment": {"deploymentstrategy": "direct"}, "test": {"teststrategy": "performance"}, "release": None}
CLASSES = {
    "deployment": "slipway.operators.helm_deploy.HelmDeployOperator",
    "test": "slipway.operators.locust.LocustOperator",
    "release": "slipway.operators.release.ReleaseOperator",
    "begin": "slipway.operators.sequence.BeginSequence",
    "lane": "slipway.sensors.lane.LaneSensor",
    "result": "slipway.operators.sequence.SequenceResult",
    "finish": "slipway.operators.sequence.FinishSequence",
    "follow": "slipway.handover.StartFollower",
}


def make_plans(projects: int, stages: int, tasks: tuple[str, ...] = TASKS) -> list[ProjectPlan]:
    """Return projects: each stage has one sequence, which the one before it starts."""
    shipyard = _shipyard(stages, tasks)
    return [plan_project(shipyard, f"shop{number}", SERVICES, set(TASKS)) for number in range(projects)]


def write_slipway(folder: Path, plans: list[ProjectPlan]) -> Path:
    """Write a published tree; return the DAG file of its projects."""
    (folder / "plans").mkdir(parents=True)
    for plan in plans:
        (folder / "plans" / f"{plan.project}.json").write_text(plan.to_json())
    shutil.copytree(Path(__file__).parents[2] / "dags", folder / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    return folder / "dags" / "deliveries.py"


def write_plain(folder: Path, plans: list[ProjectPlan]) -> Path:
    """Write one Python file that builds each DAG by hand; return it."""
    path = folder / "plain.py"
    path.write_text(HEAD + "\n".join(_plain(plan, one, folder) for plan in plans for one in plan.sequences))
    return path


def write_dag_factory(folder: Path, plans: list[ProjectPlan]) -> Path:
    """Write one YAML file a project, and the file that loads them; return the latter.

    dag-factory has no word for teardowns: the last task is a plain one there.
    """
    import yaml

    for plan in plans:
        dags = {one.dag_id: _factory(plan, one, folder) for one in plan.sequences}
        (folder / f"{plan.project}.yaml").write_text(yaml.safe_dump(dags, sort_keys=False))
    path = folder / "factory.py"
    path.write_text(
        "# Airflow DAGs from YAML\nfrom dagfactory import load_yaml_dags\n\n"
        f"load_yaml_dags(globals(), dags_folder={str(folder)!r})\n"
    )
    return path


FORMS: dict[str, Callable[[Path, list[ProjectPlan]], Path]] = {
    "plain Python": write_plain,
    "Slipway": write_slipway,
    "dag-factory": write_dag_factory,
}


def _shipyard(count: int, names: tuple[str, ...]) -> Any:
    tasks = [{"name": name} | ({"properties": PROPERTIES[name]} if PROPERTIES[name] else {}) for name in names]
    stages = []
    for number in range(count):
        sequence: dict[str, Any] = {"name": "delivery", "tasks": tasks}
        if number:
            sequence["triggeredOn"] = [{"event": f"stage{number - 1}.delivery.finished"}]
        stages.append({"name": f"stage{number}", "sequences": [sequence]})
    text = json.dumps({"apiVersion": "spec.keptn.sh/0.2.2", "kind": "Shipyard", "spec": {"stages": stages}})
    shipyard, problems = read_shipyard(text, "shipyard.yaml")
    assert shipyard is not None, problems
    return shipyard


def _dag_arguments(plan: ProjectPlan, one: SequencePlan) -> dict[str, Any]:
    return {
        "dag_display_name": f"{one.project}.{one.stage}.{one.sequence}",
        "description": f"Sequence '{one.sequence}' of stage '{one.stage}' in project '{one.project}'",
        "doc_md": f"```\n{stage_chain(plan, one)}\n```",
        "tags": [one.project, one.stage, one.sequence],
        "schedule": None,
        "catchup": False,
        "is_paused_upon_creation": False,
        "max_active_runs": 10_000,
    }


def _params() -> dict[str, tuple[Any, dict[str, Any]]]:
    return {
        "service": (SERVICES[0], {"type": "string", "enum": list(SERVICES), "title": "Service"}),
        "image": ("", {"type": "string", "pattern": r"^$|^[\w][\w.:/@+-]*$", "title": "Image"}),
        "labels": ({}, {"type": "object", "additionalProperties": {"type": "string"}, "title": "Labels"}),
        "values": ({}, {"type": "object", "title": "Values"}),
    }


def _operators(one: SequencePlan, folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield class and arguments of each operator; ``seat`` stands as a plain tuple, ``after`` for its edges."""
    files = str(folder / "projects" / one.project)
    begin = {"task_id": "slipway_begin", "task_display_name": "begin", "project": one.project, "stage": one.stage}
    yield CLASSES["begin"], {**begin, "services": list(SERVICES), "deploys": True, "after": []}
    lane = {"task_id": "slipway_lane", "task_display_name": "lane", "retries": 20}
    yield CLASSES["lane"], {**lane, "after": ["slipway_begin"]}
    earlier: list[tuple[str, str]] = []
    for task in one.tasks:
        arguments: dict[str, Any] = {"task_id": task.task_id, "task_display_name": task.name}
        if task.name != "release":
            arguments["files"] = files
        seat = (task.name, task.properties, tuple(earlier))
        after = [task_id for task_id, _ in earlier] or ["slipway_lane"]
        yield CLASSES[task.name], {**arguments, "seat": seat, "after": after}
        earlier.append((task.task_id, task.name))
    ids = [task_id for task_id, _ in earlier]
    result = {"task_id": "slipway_result", "task_display_name": "result", "trigger_rule": "all_done", "after": ids}
    yield CLASSES["result"], {**result, "tasks": [list(pair) for pair in earlier]}
    last = ["slipway_result"]
    for follower in one.followers:
        follow = {
            "task_id": f"slipway_follow_{follower.item}",
            "trigger_dag_id": follower.dag_id,
            "item": follower.item,
        }
        shown = {"task_display_name": f"→ {follower.stage}.{follower.sequence}", "follower_stage": follower.stage}
        yield CLASSES["follow"], {**follow, **shown, "selector": None, "after": ["slipway_result"]}
        last.append(follow["task_id"])
    yield CLASSES["finish"], {"task_id": "slipway_finish", "task_display_name": "finish", "after": last}


HEAD = "\n".join(
    [
        "from datetime import timedelta",
        "from airflow.sdk import DAG, Param",
        "from slipway.operators.task import Seat",
        *(f"from {path.rpartition('.')[0]} import {path.rpartition('.')[2]}" for path in CLASSES.values()),
        "",
        "",
    ]
)


def _plain(plan: ProjectPlan, one: SequencePlan, folder: Path) -> str:
    params = ", ".join(f"{name!r}: Param({default!r}, **{schema!r})" for name, (default, schema) in _params().items())
    lines = [
        f"with DAG({one.dag_id!r}, **{pformat(_dag_arguments(plan, one))}, params={{{params}}},",
        '        default_args={"retries": 2, "retry_delay": timedelta(seconds=5)}) as dag:',
    ]
    operators = list(_operators(one, folder))
    names = {arguments["task_id"]: f"t{number}" for number, (_, arguments) in enumerate(operators)}
    edges = []
    for path, given in operators:
        arguments = dict(given)
        after, seat, task_id = arguments.pop("after"), arguments.pop("seat", None), arguments["task_id"]
        words = [f"{key}={value!r}" for key, value in arguments.items()]
        words += [f"seat=Seat{seat!r}"] if seat else []
        lines.append(f"    {names[task_id]} = {path.rpartition('.')[2]}({', '.join(words)})")
        if after:
            edges.append(f"    [{', '.join(names[one] for one in after)}] >> {names[task_id]}")
    finish, setups = names["slipway_finish"], f"{names['slipway_begin']}, {names['slipway_lane']}"
    lines.append(f"    {finish}.as_teardown(setups=[{setups}], on_failure_fail_dagrun=True)")
    identifier = one.dag_id.replace(".", "_").replace("-", "_")
    return "\n".join([*lines, *edges, f"{identifier} = dag", "", ""])


def _factory(plan: ProjectPlan, one: SequencePlan, folder: Path) -> dict[str, Any]:
    tasks = []
    for path, given in _operators(one, folder):
        arguments = dict(given)
        after, seat = arguments.pop("after"), arguments.pop("seat", None)
        if seat:
            pairs = [list(pair) for pair in seat[2]]
            place = {
                "__type__": "slipway.operators.task.Seat",
                "name": seat[0],
                "properties": seat[1],
                "earlier": pairs,
            }
            arguments["seat"] = place
        tasks.append({**arguments, "operator": path, "dependencies": after})
    params = {
        name: {"__type__": "airflow.sdk.Param", "default": default, **schema}
        for name, (default, schema) in _params().items()
    }
    retries = {"retries": 2, "retry_delay_sec": 5}
    return {**_dag_arguments(plan, one), "schedule": "none", "params": params, "default_args": retries, "tasks": tasks}
