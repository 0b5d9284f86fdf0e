"""Looking up a service's files."""

import shutil
from pathlib import Path

import pytest
from slipway_core.keptn.problems import UnsafePath
from slipway_core.keptn.project_files import ProjectFiles

FIXTURE = Path(__file__).parents[1] / "fixtures" / "project"


@pytest.fixture
def folder(tmp_path):
    """A copy of the sample project."""
    return shutil.copytree(FIXTURE, tmp_path / "shop")


def test_the_stages_own_file_wins(folder):
    """Service of stage before service."""
    assert folder / "stages/production/carts/values.yaml" == ProjectFiles(folder, "production", "carts").find(
        "values.yaml"
    )
    assert folder / "carts/values.yaml" == ProjectFiles(folder, "qa", "carts").find("values.yaml")
    assert None is ProjectFiles(folder, "qa", "carts").find("slo.yaml")


def test_overlays_come_in_merge_order(folder):
    """The stage's own last."""
    expected = [folder / "carts/values.yaml", folder / "stages/production/carts/values.yaml"]
    assert expected == ProjectFiles(folder, "production", "carts").overlay("values.yaml")


def test_all_levels_come_nearest_first(folder):
    """Service of stage, service, stage, project."""
    places = ["stages/qa/carts", "carts", "stages/qa", "."]
    for place in places:
        (folder / place / "job").mkdir(parents=True)
        (folder / place / "job/config.yaml").touch()
    found = ProjectFiles(folder, "qa", "carts").find_all_levels("job/config.yaml")
    assert [folder / place / "job/config.yaml" for place in places] == found


def test_charts_are_looked_up_in_order(folder):
    """Archive before folder, charts before helm, and helm itself at last."""
    files = ProjectFiles(folder, "qa", "carts")
    assert folder / "carts/charts/carts.tgz" == files.chart()
    (folder / "carts/charts/carts.tgz").unlink()
    assert None is files.chart()
    for place in ("helm", "helm/carts", "charts/carts"):
        (folder / "carts" / place).mkdir(exist_ok=True)
        (folder / "carts" / place / "Chart.yaml").touch()
        assert folder / "carts" / place == files.chart()


@pytest.mark.parametrize("relative", ["../other/x", "/etc/passwd", "a/../../../x", "link/passwd"])
def test_nothing_outside_the_project_is_found(folder, relative):
    """Neither by path nor by link."""
    (folder / "carts/link").symlink_to("/etc")
    with pytest.raises(UnsafePath, match="leads out of the project's folder"):
        ProjectFiles(folder, "qa", "carts").find(relative)


def test_a_service_that_climbs_out_is_refused(folder):
    """Names come from events, so they are checked too."""
    with pytest.raises(UnsafePath):
        ProjectFiles(folder, "qa", "../../x")
