"""The command line."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from slipway_core.cli import lint as lint_command
from slipway_core.cli.main import cli

FIXTURES = Path(__file__).parents[1] / "fixtures"
SHIPYARDS = FIXTURES / "shipyards"


def run(*arguments):
    """Run the command line; return exit code and output."""
    result = CliRunner().invoke(cli, [str(one) for one in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A good project, with `deployment` handled."""
    monkeypatch.setattr(lint_command, "handled_tasks", lambda: {"deployment"})
    monkeypatch.setattr("slipway_core.publish.publisher.handled_tasks", lambda: {"deployment"})
    return Path(shutil.copytree(FIXTURES / "project", tmp_path / "projects" / "shop"))


def test_help_imports_nothing_heavy():
    """It must come at once."""
    code = (
        "import sys; from slipway_core.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print(sorted({'yaml', 'rich', 'pydantic', 'httpx', 'airflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Check Keptn files or a project" in done.stdout
    assert "[]" == done.stdout.splitlines()[-1]


def test_a_wrong_command_names_the_one_that_was_meant():
    """Exit code 2, as for every wrong use."""
    code, output = run("lnit")
    assert 2 == code
    assert "No such command 'lnit'. Did you mean 'lint'?" in output


@pytest.mark.parametrize("command", ["lint", "publish", "schema"])
def test_the_help_of_each_command_has_examples(command):
    """Help that teaches."""
    code, output = run(command, "--help")
    assert 0 == code
    assert f"./slipway {command} " in output


def test_a_valid_file_gives_0_even_with_warnings():
    """Unless --strict is said."""
    assert (0, 1) == (
        run("lint", SHIPYARDS / "hardly_meant.yaml")[0],
        run("lint", "--strict", SHIPYARDS / "hardly_meant.yaml")[0],
    )


def test_an_invalid_file_gives_1_with_file_and_line():
    """For every problem."""
    path = SHIPYARDS / "selector_too_deep.yaml"
    code, output = run("lint", path)
    assert 1 == code
    assert f"{path}, line 13: 'selector' sits deeper than the 'event' it belongs to." in output
    assert f"{path}: invalid shipyard" in output


def test_json_lists_files_and_problems():
    """For programs."""
    paths = [SHIPYARDS / "three_stages.yaml", SHIPYARDS / "doubled_key.yaml"]
    code, output = run("lint", "--format", "json", *paths)
    good, bad = json.loads(output)
    assert 1 == code
    assert {"file": str(paths[0]), "kind": "shipyard", "valid": True, "problems": []} == good
    assert (False, 7, "error") == (bad["valid"], bad["problems"][0]["line"], bad["problems"][0]["severity"])


def test_a_project_folder_is_checked_as_publishing_would(project):
    """Services, tasks, and all its Keptn files."""
    assert 0 == run("lint", project)[0]
    text = (project / "shipyard.yaml").read_text()
    (project / "shipyard.yaml").write_text(text + "            - name: monaco\n")
    code, output = run("lint", project)
    assert 1 == code
    assert f"{project}/shipyard.yaml, line 19: nothing handles the task 'monaco'." in output
    assert 0 == run("lint", project / "shipyard.yaml")[0]


def test_other_kinds_are_recognised_and_read_as_yaml(tmp_path):
    """And said not to be checked yet."""
    job = tmp_path / "any.yaml"
    job.write_text("apiVersion: v2\nactions: []\n")
    code, output = run("lint", job)
    assert 0 == code
    assert "recognised as job: read as YAML only, not checked yet." in output
    job.write_text("actions: []\nactions: []\n")
    assert 1 == run("lint", job)[0]


@pytest.mark.parametrize("text", ["a: 1\n", "", "- a\n"])
def test_a_file_of_no_known_kind_is_refused_unless_named(tmp_path, text):
    """--kind says what it is."""
    path = tmp_path / "any.yaml"
    path.write_text(text)
    assert 1 == run("lint", path)[0]
    assert 1 == run("lint", "--kind", "shipyard", path)[0]


def test_what_is_not_there_is_said_so(tmp_path):
    """A missing file, an empty folder."""
    assert "it cannot be read: No such file or directory." in run("lint", tmp_path / "x.yaml")[1]
    code, output = run("lint", tmp_path)
    assert (1, True) == (code, "no Keptn file is in it" in output)


def test_publish_prints_a_table_and_says_by_its_exit_code_if_any_was_refused(project, tmp_path):
    """Each problem with file and line."""
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "deliveries.py").touch()
    arguments = ["publish", "--sources", project.parent, "--store", tmp_path / "store", "--dags", dags]
    code, output = run(*arguments)
    assert 0 == code
    assert "shop" in output
    assert "published" in output
    (project / "shipyard.yaml").write_text("a: 1\na: 2\n")
    code, output = run(*arguments)
    assert 1 == code
    assert "shop/shipyard.yaml, line 2: 'a' is said twice in one mapping (before in line 1)." in output


def test_an_error_on_purpose_is_text_and_not_a_traceback(tmp_path):
    """Exit code 1."""
    command = [sys.executable, "-m", "slipway_core.cli.main", "publish", "--sources", str(tmp_path / "none")]
    command += ["--store", str(tmp_path / "store")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (1, True, False) == (done.returncode, "there is no such folder" in done.stderr, "Traceback" in done.stderr)


def test_the_launcher_says_how_to_begin_without_an_environment(tmp_path):
    """A fresh clone."""
    launcher = shutil.copy(Path(__file__).parents[3] / "slipway", tmp_path)
    done = subprocess.run([launcher, "--help"], capture_output=True, text=True, check=False)
    assert (1, True) == (done.returncode, "Run 'make setup' first." in done.stderr)


def test_the_schema_of_slipway_yaml_is_printed_for_editors():
    """As JSON."""
    code, output = run("schema")
    assert (0, "slipway.yaml") == (code, json.loads(output)["title"])


def test_a_slipway_yaml_is_known_by_its_name(tmp_path):
    """Its stages do not make it a shipyard."""
    path = tmp_path / "slipway.yaml"
    path.write_text("stages: [qa]\n")
    code, output = run("lint", path)
    assert 1 == code
    assert f"{path}: invalid slipway" in output
