"""Every DAG of a published tree loads, and looks as people expect."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.models.serialized_dag import SerializedDagModel
from airflow.serialization.serialized_objects import DagSerialization
from slipway.sensors.lane import LaneSensor
from slipway_core.publish.load import project_plan

PROJECTS = Path(__file__).parent / "projects"
PROBLEM = {
    "file": "shop/shipyard.yaml",
    "line": 22,
    "message": "'selector' sits deeper than the 'event' it belongs to.",
    "advice": "Move it to the column of 'event'.",
    "excerpt": "  22 |               selector:",
    "severity": "error",
}
HEAVY = ("kubernetes", "kubernetes_asyncio", "locust", "gevent", "slipway_core.keptn.shipyard", "slipway.routes")


def test_all_dags_load(publish, load):
    """Without an error and without a warning."""
    bag = load(publish("tour", "odd"))
    assert {} == bag.import_errors
    assert {} == bag.captured_warnings
    assert {"tour.qa.delivery", "tour.qa.rollback", "tour.production.delivery"} < set(bag.dags)
    assert 6 == len(bag.dags)


def test_a_dag_is_found_by_its_names(publish, load):
    """Project, stage and sequence are tags; the page draws the stages; many runs may wait."""
    dag = load(publish("tour")).dags["tour.qa.delivery"]
    assert {"tour", "qa", "delivery"} == set(dag.tags)
    assert "tour.qa.delivery" == dag.dag_display_name
    assert "production.delivery  [deployment]" in dag.doc_md
    assert (None, False, 10_000) == (dag.schedule, dag.is_paused_upon_creation, dag.max_active_runs)
    assert "deliveries.py" == Path(dag.fileloc).name


def test_odd_names_become_legal_ids_and_stay_readable(publish, load):
    """What people see is the name as written; a tag is cut to what Airflow takes."""
    dags = load(publish("odd")).dags
    assert "odd.dev.Größe & mehr" == dags["odd.dev.Gr_xf6__xdf_e_x20__x26__x20_mehr"].dag_display_name
    assert 100 == max(len(tag) for dag in dags.values() for tag in dag.tags)


def test_the_form_refuses_what_is_wrong(publish, load):
    """The service is a choice; an image is one word; labels are texts."""
    params = load(publish("tour")).dags["tour.qa.delivery"].params
    assert ["service", "image", "labels", "values"] == list(params)
    params.validate()
    wrong = {"service": "cart", "image": "two words", "labels": {"build": 42}, "values": []}
    for name, value in wrong.items():
        with pytest.raises(ValueError, match=r"(?s)."):
            params.get_param(name).resolve(value)


def test_the_last_task_is_a_teardown_that_decides_the_run(publish, load):
    """So a failed run is red although something ran after the failure."""
    for dag in load(publish("tour", "odd")).dags.values():
        finish = dag.get_task("slipway_finish")
        assert finish.is_teardown
        assert finish.on_failure_fail_dagrun
        assert [finish.task_id] == [task.task_id for task in dag.leaves]


def test_faults_of_the_ground_are_tried_again(publish, load):
    """At least twice, in every task; the wait for a lane more often, as nothing has been done yet."""
    tasks = [task for dag in load(publish("tour")).dags.values() for task in dag.tasks]
    assert {True: {20}, False: {4}} == {
        waits: {task.retries for task in tasks if isinstance(task, LaneSensor) == waits} for waits in (True, False)
    }


def test_clearing_a_task_clears_its_place_in_the_lane(publish, load):
    """So a task of a sequence that has ended runs in its lane again, and the lane is freed afterwards."""
    dag = DagSerialization.from_dict(DagSerialization.to_dict(load(publish("tour")).dags["tour.qa.delivery"]))
    cleared = set(dag.partial_subset(["test"], include_upstream=False).task_dict)
    assert {"slipway_begin", "slipway_lane", "test", "slipway_finish"} == cleared


def test_a_task_that_was_begun_has_no_time_limit(publish, load):
    """R32: a load test or a person may take long."""
    for dag in load(publish("tour")).dags.values():
        assert {None} == {dag.dagrun_timeout, *(task.execution_timeout for task in dag.tasks)}


def test_the_lane_policy_of_a_stage_reaches_its_tasks(publish, load, tmp_path):
    """The task that takes the place, and the one that waits; another stage has the default."""
    folder = shutil.copytree(PROJECTS / "tour", tmp_path / "tour")
    (folder / "slipway.yaml").write_text("stages: {qa: {lane: latest-wins}}")
    dags = load(publish(folder)).dags
    for stage, policy in (("qa", "latest-wins"), ("production", "fifo")):
        tasks = [dags[f"tour.{stage}.delivery"].get_task(f"slipway_{name}") for name in ("begin", "lane")]
        assert [policy] * 2 == [task.policy for task in tasks]


@pytest.mark.parametrize("project", ["tour", "odd"])
def test_the_plan_looks_as_drawn(publish, load, project):
    """The picture stands beside the shipyard. After a wanted change: write what the failure shows into it."""
    tree = publish(project)
    bag = load(tree)
    plan = project_plan(tree, project)
    drawn = "\n".join(line for one in plan.sequences for line in [one.dag_id, *draw(bag.dags[one.dag_id]), ""])
    assert (PROJECTS / project / "plan.txt").read_text() == drawn


def draw(dag):
    """Return a line for each task: what it is, and after what it comes."""
    for task in dag.topological_sort():
        after = ", ".join(sorted(task.upstream_task_ids)) or "-"
        yield f"  {task.task_id} ({type(task).__name__}) after {after}"


def test_a_refused_project_shows_its_error_and_the_others_load(publish, load):
    """One import error with file and line; nothing is lost."""
    refused = [{"project": "shop", "still_running": True, "problems": [PROBLEM]}]
    bag = load(publish("tour", refused=refused))
    assert ["refused_projects.py"] == [Path(one).name for one in bag.import_errors]
    [error] = bag.import_errors.values()
    assert "Project 'shop' was refused; its last good state goes on running." in error
    assert "shop/shipyard.yaml, line 22: 'selector' sits deeper" in error
    assert "Move it to the column of 'event'." in error
    assert "tour.qa.delivery" in bag.dags


def test_two_parses_give_one_version(publish, load):
    """Also when the tree lies elsewhere, as each version of a bundle does."""
    first, again = publish("tour", "odd"), publish("tour", "odd", folder="a-later-version")
    assert hashes(load(first)) == hashes(load(first)) == hashes(load(again))


def hashes(bag):
    """Return what Airflow compares to see whether a DAG has changed."""
    return {dag_id: SerializedDagModel.hash(DagSerialization.to_dict(dag)) for dag_id, dag in bag.dags.items()}


def test_a_changed_shipyard_gives_another_version(publish, load):
    """The counter-proof."""
    tree = publish("tour")
    before = hashes(load(tree))
    plan = tree / "plans" / "tour.json"
    plan.write_text(plan.read_text().replace('"name": "release"', '"name": "rollback"'))
    after = hashes(load(tree))
    assert before["tour.qa.delivery"] != after["tour.qa.delivery"]


def test_a_task_start_builds_only_its_own_dag(publish, load, monkeypatch):
    """Another project's plan is not even read."""
    tree = publish("tour", "odd")
    (tree / "plans" / "odd.json").write_text("not a plan")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "tour.qa.rollback")
    assert ["tour.qa.rollback"] == list(load(tree).dags)


def test_a_project_that_cannot_be_built_takes_no_other_with_it(publish, load):
    """The others load, and the import error tells of it."""
    tree = publish("tour", "odd")
    (tree / "plans" / "odd.json").write_text("not a plan")
    bag = load(tree)
    assert {"tour"} == {dag_id.split(".")[0] for dag_id in bag.dags}
    [error] = bag.import_errors.values()
    assert "Project 'odd' is published, but has no DAGs here" in error


def test_parsing_imports_nothing_heavy(publish):
    """Every task start parses: no client of Kubernetes, no Locust, no reader of YAML files."""
    tree = publish("tour")
    code = (
        "import json, sys\n"
        "from airflow.sdk import DAG\n"
        f"sys.path.insert(0, {str(tree / 'dags')!r})\n"
        "import deliveries\n"
        "assert 'tour.qa.delivery' in vars(deliveries)\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert [] == [one for one in loaded if one in HEAVY]
