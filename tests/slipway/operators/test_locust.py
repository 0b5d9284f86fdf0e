"""Load tests with a stand-in for the cluster's side."""

from typing import ClassVar

import pytest
from slipway.hooks import helm
from slipway.hooks.faults import LoadFailed
from slipway.hooks.load_results import LoadResults
from slipway.operators.locust import LocustOperator
from slipway.operators.task import Seat, TaskFailed

STATS = {
    "start": "2026-11-23T10:00:00.000Z",
    "end": "2026-11-23T10:02:00.000Z",
    "exit_code": 0,
    "stopped": False,
    "requests": 100,
    "failures": 0,
    "p95_ms": 12.0,
    "endpoints": [],
    "errors": [],
    "exceptions": [],
}
LOCAL = {"deploymentURIsLocal": ["http://carts.shop-qa:80"], "deploymentURIsPublic": []}


class StandInLocust:
    """Gives the results it was made with."""

    def __init__(self, error=None, html=b"<html>", **stats):
        self.answer, self.error = LoadResults({**STATS, **stats}, html), error
        self.jobs, self.deleted = [], []

    def submit(self, job):
        self.jobs.append(job)

    def follow(self, job, tell):
        if self.error:
            raise self.error

    def results(self, job):
        return self.answer

    def delete(self, job, **_):
        self.deleted.append(job)


@pytest.fixture
def project(tmp_path):
    """A project with a load script."""
    (tmp_path / "carts/locust").mkdir(parents=True)
    (tmp_path / "carts/locust/locustfile.py").write_text("# load\n")
    return tmp_path


@pytest.fixture(autouse=True)
def reports(monkeypatch, tmp_path):
    """Keep reports in the test's folder."""
    monkeypatch.setenv("AIRFLOW__SLIPWAY__REPORTS_PATH", f"file://{tmp_path}/kept")


@pytest.fixture
def run(project, ti, context, begin):
    """Run the operator after a deployment; return it and what it reports."""

    def go(locust=None, deployment=LOCAL, files=project, **kwargs):
        ti.task_id = "test"
        ti.put("slipway_begin", "triggered", {"context": "c", "data": {**begin, "deployment": deployment}})
        made = LocustOperator(task_id="test", files=files, seat=Seat("test", {"teststrategy": "performance"}), **kwargs)
        made.hook = locust or StandInLocust()
        return made.execute(context)

    return go


def test_a_load_without_failures_passes(run, ti):
    """With times, figures and a link to Locust's own report."""
    reported = run()
    assert "pass" == reported["result"]
    expected = ("2026-11-23T10:00:00.000Z", "2026-11-23T10:02:00.000Z", 100, 0, 12.0)
    assert expected == tuple(reported["test"][key] for key in ("start", "end", "requests", "failures", "p95_ms"))
    address = "http://127.0.0.1:8080/slipway/reports/shop.qa.delivery/manual__1/test/load.html"
    assert address == ti.pushed("load_report")


@pytest.mark.parametrize(
    ("stats", "said"),
    [
        ({"failures": 1}, "1 of 100 requests failed"),
        ({"requests": 0}, "no request at all"),
        ({"stopped": True}, "before its time"),
        ({"exit_code": 1, "exceptions": [{"message": "KeyError: 'id'", "occurrences": 3}]}, "KeyError: 'id'"),
        ({"exit_code": 2}, "exit code 2"),
    ],
)
def test_a_bad_load_fails(run, ti, stats, said):
    """The report is kept for the followers, and the page for people."""
    with pytest.raises(TaskFailed, match=said):
        run(StandInLocust(**stats))
    assert ("fail", "succeeded") == (ti.pushed("finished")["result"], ti.pushed("finished")["status"])
    assert ti.pushed("load_report")


def test_an_accepted_share_of_failures_passes(run):
    """Locust's exit code 1 only speaks of those."""
    bad = {"failures": 5, "exit_code": 1}
    assert "pass" == run(StandInLocust(**bad), accepted_failure_ratio=0.05)["result"]
    with pytest.raises(TaskFailed, match=r"accepted are 4\.00%"):
        run(StandInLocust(**bad), accepted_failure_ratio=0.04)


def test_the_workload_may_accept_a_share_too(run, project):
    """`acceptederrorrate` of its entry."""
    (project / "carts/locust/locust.conf.yaml").write_text(
        "workloads: [{teststrategy: performance, acceptederrorrate: 0.1}]\n"
    )
    assert "pass" == run(StandInLocust(failures=10, exit_code=1))["result"]


@pytest.mark.parametrize(
    ("deployment", "expected"),
    [
        (LOCAL, "http://carts.shop-qa:80"),
        ({**LOCAL, "deploymentURIsPublic": ["https://carts.shop"]}, "https://carts.shop"),
        ({**LOCAL, "uri": "http://this", "namespace": "shop-qa"}, "http://this"),
        ({**LOCAL, "uri": "http://dev", "namespace": "shop-dev"}, "http://carts.shop-qa:80"),
    ],
)
def test_the_target_is_the_deployments_address(run, deployment, expected):
    """Public before local (jobs.md 4.2); never that of another stage when ours is known."""
    locust = StandInLocust()
    run(locust, deployment)
    assert expected == locust.jobs[0].host


class StandInHelm:
    """Has a release of the service, with this Service, or none."""

    objects: ClassVar = [{"kind": "Service", "metadata": {"name": "carts"}, "spec": {"ports": [{"port": 8080}]}}]

    def __init__(self, cluster):
        self.cluster = cluster

    def history(self, release, *, namespace):
        return [{"revision": 1}] if self.objects and (release, namespace) == ("carts", "shop-qa") else []

    def manifest(self, release, *, namespace):
        return self.objects


def test_a_load_that_nobody_named_an_address_for_goes_to_what_runs_in_the_stage(run, monkeypatch):
    """As in a remediation, whose event comes from the monitoring; a scaling alone names no address either."""
    monkeypatch.setattr(helm, "HelmHook", StandInHelm)
    locust = StandInLocust()
    locust.cluster = None
    for deployment in ({}, {"deploymentNames": ["primary"]}, {"release": "carts", "namespace": "shop-qa"}):
        run(locust, deployment)
    assert {"http://carts.shop-qa:8080"} == {job.host for job in locust.jobs}


def test_without_an_address_it_says_what_is_missing(run, monkeypatch):
    """No URI and no release, no load."""
    monkeypatch.setattr(helm, "HelmHook", StandInHelm)
    monkeypatch.setattr(StandInHelm, "objects", [])
    locust = StandInLocust()
    locust.cluster = None
    with pytest.raises(
        TaskFailed, match="deploymentURIsPublic or deploymentURIsLocal, and there is no release 'carts'"
    ):
        run(locust, deployment={})


def test_without_a_script_it_passes_with_a_note(run, tmp_path):
    """As in Keptn, but visible (decisions.md)."""
    reported = run(files=tmp_path / "empty")
    assert "pass" == reported["result"]
    assert "no load test was run" in reported["message"]


def test_a_script_that_is_named_and_missing_fails(run, project):
    """With file and line."""
    (project / "carts/locust/locust.conf.yaml").write_text(
        "workloads:\n  - {teststrategy: performance, script: gone.py}\n"
    )
    with pytest.raises(TaskFailed, match=r"locust\.conf\.yaml, line 2.*gone\.py"):
        run()


def test_a_load_that_could_not_be_made_fails_and_leaves_nothing(run, ti):
    """The Job is deleted."""
    locust = StandInLocust(LoadFailed("Locust's pod cannot start: ErrImagePull"))
    with pytest.raises(TaskFailed, match="ErrImagePull"):
        run(locust)
    assert locust.jobs == locust.deleted
    assert "errored" == ti.pushed("finished")["status"]


def test_another_try_finds_its_job_again_and_a_cleared_task_does_not(run, context):
    """By its name."""
    names = []
    for clear_number in (0, 0, 1):
        context["dag_run"].clear_number = clear_number
        locust = StandInLocust()
        run(locust)
        names.append(locust.jobs[0].name)
    assert names[0] == names[1] != names[2]
