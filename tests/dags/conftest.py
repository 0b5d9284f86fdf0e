"""Published trees of small projects, and what Airflow makes of them."""

import json
import shutil
from pathlib import Path

import pytest
from slipway_core.keptn.plan import plan_project
from slipway_core.keptn.settings_file import load_settings
from slipway_core.keptn.shipyard import load_shipyard

HERE = Path(__file__).parent
PROJECTS = HERE / "projects"
CHECKOUT = HERE.parents[1]
HANDLED = ("action", "approval", "deployment", "get-action", "release", "rollback", "scale-back", "test")


def pytest_collection_modifyitems(items):
    """Mark every test of this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.dags)


def write_tree(tree, *projects, refused=()):
    """Write a tree as publishing does: DAG files, files and plans of the projects, what was refused."""
    shutil.copytree(CHECKOUT / "dags", tree / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    (tree / "plans").mkdir()
    for folder in projects:
        shutil.copytree(folder, tree / "projects" / folder.name)
        settings = load_settings(folder, folder.name)
        shipyard = load_shipyard(folder / "shipyard.yaml")
        plan = plan_project(shipyard, folder.name, ["carts", "orders"], HANDLED, settings)
        (tree / "plans" / f"{folder.name}.json").write_text(plan.to_json())
    (tree / "refused.json").write_text(json.dumps(list(refused)))
    return tree


def load_dags(tree):
    """Return Airflow's DagBag of a published tree, without Slipway's own housekeeping."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(tree / "dags", bundle_path=tree / "dags", bundle_name="slipway")
    assert ["prune"] == [task.task_id for task in bag.dags.pop("slipway.housekeeping").tasks]
    return bag


@pytest.fixture(autouse=True)
def records_url(tmp_path, monkeypatch):
    """Keep records beside the tree, not in the checkout."""
    url = f"sqlite:///{tmp_path / 'records.db'}"
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", url)
    return url


@pytest.fixture
def publish(tmp_path):
    """Write a tree with the named sample projects, or with those in folders elsewhere; return its folder."""

    def go(*names, folder="published", refused=()):
        return write_tree(tmp_path / folder, *(PROJECTS / name for name in names), refused=refused)

    return go


@pytest.fixture
def load():
    """Load a tree as Airflow does."""
    return load_dags
