"""Which services a project has."""

import shutil
from pathlib import Path

import pytest
from slipway_core.publish.services import services_of, wrong_name

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


def test_services_may_be_named_in_slipway_yaml(folder):
    """Then folders do not count; other keys are left alone."""
    (folder / "slipway.yaml").write_text("services: [api, Carts_v1.2]\nstages: {qa: {}}\n")
    assert (["api", "Carts_v1.2"], []) == services_of(folder, "shop", STAGES)


@pytest.mark.parametrize("text", ["", "schedules: []\n", "services:\n", "services: []\n"])
def test_a_slipway_yaml_without_services_leaves_them_to_the_folders(folder, text):
    """Nothing named, nothing overruled."""
    (folder / "slipway.yaml").write_text(text)
    assert ["carts"] == services_of(folder, "shop", STAGES)[0]


@pytest.mark.parametrize(
    ("text", "line"),
    [("services: carts\n", 1), ("services:\n  - a\n  - a/b\n", 3), ("services: [a, a]\n", 1), ("services: [[a]]\n", 1)],
)
def test_a_wrong_list_of_services_gives_its_line(folder, text, line):
    """With the file."""
    (folder / "slipway.yaml").write_text(text)
    (problem,) = services_of(folder, "shop", STAGES)[1]
    assert ("shop/slipway.yaml", line) == (problem.file, problem.line)


def test_a_project_without_a_service_is_told_how_to_get_one(folder):
    """No folder, no service."""
    shutil.rmtree(folder / "carts")
    shutil.rmtree(folder / "stages")
    (problem,) = services_of(folder, "shop", STAGES)[1]
    assert "it has no service." == problem.message


@pytest.mark.parametrize("name", ["Carts_v1.2", "a", "x" * 43])
def test_good_names_of_services(name):
    """R71."""
    assert None is wrong_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a:b", "a b", "a&b", "a|b", "a<b", "a>b", "x" * 44, "a\nb"])
def test_bad_names_of_services(name):
    """R71."""
    assert None is not wrong_name(name)


@pytest.mark.parametrize(("names", "line"), [("[Carts, api, carts]", 1), ("[a_b, a.b]", 1), ("[ü]", 1)])
def test_services_that_share_a_release_or_have_none_are_refused(folder, names, line):
    """One would be delivered over the other."""
    (folder / "slipway.yaml").write_text(f"services: {names}\n")
    (problem,) = services_of(folder, "shop", STAGES)[1]
    assert ("shop/slipway.yaml", line) == (problem.file, problem.line)
    assert "Helm release" in problem.message


def test_folders_that_share_a_release_are_refused(folder):
    """Even when one lies in a stage only."""
    (folder / "stages/qa/Carts").mkdir(parents=True)
    (problem,) = services_of(folder, "shop", STAGES)[1]
    assert "folder 'carts' stands for a service, but this name has the same Helm release 'carts' as 'Carts'." == (
        problem.message
    )
