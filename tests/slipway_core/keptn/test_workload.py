"""Which load a service's Locust makes (jobs.md 4.2)."""

import pytest
from slipway_core.keptn.problems import InvalidFile
from slipway_core.keptn.project_files import ProjectFiles
from slipway_core.keptn.workload import NoWorkload, Workload, choose_workload

CONFIG = "carts/locust/locust.conf.yaml"


@pytest.fixture
def choose(tmp_path):
    """Write files, by path and text; return what is chosen for the strategy `performance` in qa."""

    def go(strategy="performance", **files):
        for path, text in files.items():
            written = tmp_path / path
            written.parent.mkdir(parents=True, exist_ok=True)
            written.write_text(text)
        return choose_workload(ProjectFiles(tmp_path, "qa", "carts"), strategy)

    return go


def files(*names):
    """Return empty files below the service's `locust/`."""
    return {f"carts/locust/{name}": "" for name in names}


def workloads(*entries):
    """Return a configuration with these entries."""
    return {CONFIG: "workloads:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)}


def test_without_a_configuration_the_default_script_runs(choose, tmp_path):
    """With Locust's own file beside it, if there is one."""
    assert Workload(tmp_path / "carts/locust/locustfile.py") == choose(**files("locustfile.py"))
    expected = Workload(tmp_path / "carts/locust/locustfile.py", tmp_path / "carts/locust/locust.conf")
    assert expected == choose(**files("locust.conf"))


def test_without_any_script_there_is_no_load(choose):
    """And the reason says what is missing."""
    chosen = choose()
    assert isinstance(chosen, NoWorkload)
    assert "locust/locustfile.py" in chosen.why


def test_a_strategy_that_no_entry_names_makes_no_load(choose):
    """As in Keptn; also when there is a default script."""
    given = {**files("locustfile.py"), **workloads("teststrategy: functional, script: locust/locustfile.py")}
    chosen = choose(**given)
    assert isinstance(chosen, NoWorkload)
    assert "'performance'" in chosen.why


def test_the_last_entry_wins_and_keeps_an_earlier_conf(choose, tmp_path):
    """The rule that surprises."""
    given = workloads(
        "teststrategy: performance, script: locust/one.py, conf: locust/one.conf",
        "teststrategy: functional, script: locust/one.py, conf: locust/three.conf",
        "teststrategy: performance, script: locust/two.py",
    )
    chosen = choose(**given, **files("one.py", "two.py", "one.conf", "three.conf"))
    assert Workload(tmp_path / "carts/locust/two.py", tmp_path / "carts/locust/one.conf") == chosen


def test_the_stages_own_script_wins(choose, tmp_path):
    """As for every file of a service."""
    own = "stages/qa/carts/locust/locustfile.py"
    assert tmp_path / own == choose(**files("locustfile.py"), **{own: ""}).script


def test_an_entry_without_a_script_takes_the_default_one(choose, tmp_path):
    """Or says what to write."""
    given = workloads("teststrategy: performance")
    with pytest.raises(InvalidFile, match="names no script"):
        choose(**given)
    assert tmp_path / "carts/locust/locustfile.py" == choose(**given, **files("locustfile.py")).script


def test_an_entry_may_accept_failures(choose):
    """A share from 0 to 1."""
    given = workloads("teststrategy: performance, acceptederrorrate: 0.05")
    assert 0.05 == choose(**given, **files("locustfile.py")).accepted_failure_ratio


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("teststrategy: performance, script: gone.py", r"locust\.conf\.yaml, line 2: script 'gone\.py'"),
        ("teststrategy: performance, conf: gone.conf", r"line 2: conf 'gone\.conf'"),
        ("teststrategy: performance, acceptederrorrate: 5", "line 2: acceptederrorrate is 5"),
        ("teststrategy: performance, acceptederrorrate: true", "line 2: acceptederrorrate is True"),
    ],
)
def test_an_entry_that_cannot_be_used_is_an_error_with_its_line(choose, entry, said):
    """Not a fallback."""
    with pytest.raises(InvalidFile, match=said):
        choose(**workloads(entry), **files("locustfile.py"))


@pytest.mark.parametrize("text", ["", "workloads: none\n", "other: 1\n", "workloads: [\n"])
def test_a_configuration_that_is_none_is_an_error(choose, text):
    """With the file's name."""
    with pytest.raises(InvalidFile, match=r"locust\.conf\.yaml"):
        choose(**{CONFIG: text}, **files("locustfile.py"))
