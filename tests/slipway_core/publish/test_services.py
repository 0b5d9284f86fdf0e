"""Which services a project has."""

import shutil
from pathlib import Path

import pytest
from slipway_core.publish.services import services_of

FIXTURE = Path(__file__).parents[1] / "fixtures" / "project"
STAGES = ["qa", "production"]


@pytest.fixture
def folder(tmp_path):
    """A copy of the sample project."""
    return shutil.copytree(FIXTURE, tmp_path / "shop")


def test_every_folder_of_project_and_stages_is_a_service(folder):
    """Save those that hold something else (decisions.md, last row)."""
    for name in (
        "charts",
        "prometheus",
        "dynatrace",
        "datadog",
        "job",
        "webhook",
        "jmeter",
        "locust",
        ".hidden",
        "api",
    ):
        (folder / name).mkdir()
    (folder / "stages/qa/front-end").mkdir(parents=True)
    (folder / "stages/qa/job").mkdir()
    (folder / "stages/unknown/x").mkdir(parents=True)
    assert (["api", "carts", "front-end"], []) == services_of(folder, "shop", STAGES)


def test_named_services_overrule_the_folders(folder):
    """Then folders do not count."""
    assert (["api", "Carts_v1.2"], []) == services_of(folder, "shop", STAGES, ("api", "Carts_v1.2"))


def test_a_project_without_a_service_is_told_how_to_get_one(folder):
    """No folder, no service."""
    shutil.rmtree(folder / "carts")
    shutil.rmtree(folder / "stages")
    (problem,) = services_of(folder, "shop", STAGES)[1]
    assert "it has no service." == problem.message


def test_folders_that_share_a_release_are_refused(folder):
    """Even when one lies in a stage only."""
    (folder / "stages/qa/Carts").mkdir(parents=True)
    (problem,) = services_of(folder, "shop", STAGES)[1]
    assert "folder 'carts' stands for a service, but this name has the same Helm release 'carts' as 'Carts'." == (
        problem.message
    )
