"""Which images there are and what they are made from."""

import re
from pathlib import Path

from slipway_cluster import sample_images
from slipway_cluster.places import CHECKOUT


def test_images_carry_the_names_that_charts_ask_for() -> None:
    """Charts and images are written in different files; their names must be the same."""
    made = {recipe.name for recipe in sample_images._recipes()}
    charts = [
        CHECKOUT / "include" / "monitoring" / "chart" / "values.yaml",
        CHECKOUT / "include" / "samples" / "fulltour" / "helloservice" / "charts" / "helloservice" / "values.yaml",
    ]
    asked = {name for chart in charts for name in re.findall(r"image: (\S+)", chart.read_text())}
    assert 3 == len(asked)
    assert asked <= made


def test_the_locust_image_is_tagged_with_the_locked_version() -> None:
    """The version stands in one place, the lock file."""
    locked = re.search(r"^locust==(\S+)", (CHECKOUT / "requirements.lock").read_text(), re.MULTILINE)
    assert locked is not None
    assert f"ghcr.io/slipway/locust:{locked[1]}" == sample_images.locust_name()


def test_go_tests_and_notes_are_no_sources_of_an_image() -> None:
    """A changed test or README makes no new image."""
    names = {source.name for source in sample_images._go_sources(CHECKOUT / "include" / "helloservice")}
    assert {"main.go", "service.go", "go.mod", "go.sum"} == names


def test_the_pinned_sources_exist() -> None:
    """A renamed file would silently drop out of the hash."""
    missing = [source for recipe in sample_images._recipes() for source in recipe.sources if not Path(source).exists()]
    assert [] == missing
