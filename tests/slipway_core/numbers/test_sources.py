"""Which source of numbers a gate asks."""

import pytest
from slipway_core.keptn.project_files import ProjectFiles
from slipway_core.numbers.errors import NoSource
from slipway_core.numbers.sources import source_of


@pytest.fixture
def files(tmp_path):
    """A project without a word about sources."""
    (tmp_path / "carts").mkdir()
    return ProjectFiles(tmp_path, "qa", "carts")


@pytest.mark.parametrize("level", ["", "stages/qa", "carts", "stages/qa/carts"])
def test_the_folder_of_an_sli_file_names_its_source(tmp_path, files, level):
    """On whichever level it is (decisions.md)."""
    folder = tmp_path / level / "prometheus"
    folder.mkdir(parents=True)
    (folder / "sli.yaml").write_text("")
    assert "prometheus" == source_of(files)


def test_what_the_settings_say_needs_no_file(files):
    """The default queries are enough then."""
    assert "prometheus" == source_of(files, "prometheus")


def test_a_gate_without_any_source_is_an_error_that_says_what_to_do(files):
    """It must not pass (decisions.md)."""
    with pytest.raises(NoSource, match=r"Put the queries into prometheus/sli\.yaml"):
        source_of(files)


def test_a_source_that_is_not_built_is_an_error_with_those_that_are(tmp_path, files):
    """No silent fallback."""
    (tmp_path / "carts" / "dynatrace").mkdir()
    (tmp_path / "carts" / "dynatrace" / "sli.yaml").write_text("")
    with pytest.raises(NoSource, match="'dynatrace' is not built yet; known: prometheus"):
        source_of(files)
