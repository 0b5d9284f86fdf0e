"""Projects in Git, delivered: each of Keptn's two layouts, one by HTTP with a token, one by SSH with a key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from slipway_cluster.kubectl import read
from slipway_cluster.target import embedded_target
from slipway_core.keptn.names import connection_id
from slipway_core.publish.edit import operations
from slipway_core.publish.edit.list_file import add_entry, remove_entry
from slipway_core.publish.edit.places import GitPlace
from slipway_core.publish.edit.view import Changes, View
from slipway_core.publish.git_command import run_git
from slipway_core.publish.remote.layout import BRANCHES, FOLDERS
from slipway_core.publish.remote.listing import LIST
from slipway_core.publish.remote.mirror import Mirror
from slipway_core.publish.remote.records import Credentials, GitProject
from slipway_local.airflow import LocalAirflow
from slipway_local.api import AirflowApi
from slipway_local.deliveries import Delivery, deliver, follow, wait_for_connections
from slipway_local.git_server import make_repository

from tests.end_to_end.conftest import within
from tests.end_to_end.keptn_repositories import SERVICE, STAGES, first_word, values, write_branches, write_folders
from tests.end_to_end.sshd import Sshd
from tests.slipway_core.publish.remote.conftest import Remote

IMAGE = "ghcr.io/slipway-samples/helloservice:v0.1.1"


class InGit(NamedTuple):
    """A project in Git.

    :param entry: what the list says of it
    :param layout: one of the words of `slipway_core.publish.remote.layout`
    :param repository: what is served, read and written past the server
    :param credentials: what one pushes with
    """

    entry: GitProject
    layout: str
    repository: Remote
    credentials: Credentials

    def dag_id(self, stage: str) -> str:
        """Return the DAG that delivers to a stage."""
        return f"{self.entry.name}.{stage}.delivery"

    def source(self) -> dict[str, Any]:
        """Return what runs are to say of where their files come from, as the repository is now."""
        branches = ("main", *STAGES) if self.layout == BRANCHES else ("main",)
        commits = {branch: self.repository.head(branch) for branch in branches}
        return {"remote": self.entry.remote, "branch": "main", "layout": self.layout, "commits": commits}


class Delivered(NamedTuple):
    """What came of the first delivery.

    :param source: of the repository at that time
    """

    source: Mapping[str, Any]
    qa: Delivery
    production: Delivery


@contextmanager
def listed(airflow: LocalAirflow, project: InGit) -> Iterator[InGit]:
    """Have a project in the list for a while."""
    add_entry(airflow.sources / LIST, project.entry)
    try:
        yield project
    finally:
        remove_entry(airflow.sources / LIST, project.entry.name)


@pytest.fixture(scope="module")
def in_branches(airflow: LocalAirflow) -> Iterator[InGit]:
    """List a project on the Git server of the test's Airflow, with the connection to it that Airflow always has."""
    name = "e2ebranches"
    repository = Remote(make_repository(airflow.repositories, name))
    write_branches(repository)
    entry = GitProject(name, f"{airflow.git_address}/{name}.git", "main", "slipway_git", "", 1)
    token = Credentials(airflow.git_address, "slipway", airflow.git_token())
    with listed(airflow, InGit(entry, BRANCHES, repository, token)) as project:
        yield project


@pytest.fixture(scope="module")
def in_folders(
    airflow: LocalAirflow, api: AirflowApi, sshd: Sshd, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InGit]:
    """List a project behind an sshd, with a connection as people make it."""
    name, connection = "e2efolders", "git_e2efolders"
    repository = Remote(tmp_path_factory.mktemp("by-ssh") / f"{name}.git")
    write_folders(repository)
    entry = GitProject(name, sshd.address(repository.folder), "main", connection, "", 1)
    key = {"private_key": sshd.credentials.private_key, "known_hosts": sshd.credentials.known_hosts}
    api.put_connection(connection, "git", key, host=entry.remote)
    try:
        with listed(airflow, InGit(entry, FOLDERS, repository, sshd.credentials)) as project:
            yield project
    finally:
        api.delete(f"connections/{connection}")


@pytest.fixture(scope="module", params=["in_branches", "in_folders"])
def project(request: pytest.FixtureRequest) -> InGit:
    """Return the project of each layout in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def delivered(api: AirflowApi, project: InGit) -> Delivered:
    """Deliver to qa, and let production follow."""
    source = project.source()
    api.wait_for_dag(project.dag_id("production"))
    connections = [connection_id(project.entry.name, stage) for stage in STAGES]
    wait_for_connections(api, connections, timeout=120, progress=print)
    in_qa = deliver(api, project.dag_id("qa"), SERVICE, IMAGE, {}, timeout=300, progress=print)
    followed = follow(api, in_qa, project.dag_id("production"), timeout=300, progress=print)
    assert followed is not None, f"nothing followed {in_qa}"
    return Delivered(source, in_qa, followed)


def running(project: InGit, stage: str) -> tuple[str, str, str, int]:
    """Return what the cluster has of the service: whose chart, the word of its values, image, ready replicas."""
    found = read(embedded_target(), "deployment", SERVICE, f"--namespace={project.entry.name}-{stage}")
    assert found, f"there is no {SERVICE} in {stage}"
    [container] = found["spec"]["template"]["spec"]["containers"]
    [word] = container["env"]
    return (
        found["metadata"]["labels"]["chart-of"],
        word["value"],
        container["image"],
        found["status"].get("readyReplicas", 0),
    )


def source_of(api: AirflowApi, delivery: Delivery) -> Any:
    """Return what a run says of where its files come from."""
    return api.xcom(delivery.dag_id, delivery.run_id, "slipway_begin", "sources")


def published(airflow: LocalAirflow, project: InGit) -> Any:
    """Return what the project was last published from; None when it is not published."""
    shown = run_git(airflow.published, "show", f"main:sources/{project.entry.name}.json")
    return None if shown.code else json.loads(shown.out)


def is_newest(airflow: LocalAirflow, dag: Mapping[str, Any]) -> bool:
    """Say whether a new run of a DAG takes what was published last."""
    return dag["bundle_version"] == run_git(airflow.published, "rev-parse", "main").out.decode().strip()


def test_each_stage_gets_its_own_chart_and_values(project: InGit, delivered: Delivered) -> None:
    """One chain of two runs; the cluster itself says what came of them."""
    assert (True, True) == (delivered.qa.succeeded, delivered.production.succeeded)
    assert delivered.qa.context == delivered.production.context != ""
    assert [("deployment", "pass"), ("release", "pass")] == [(one.name, one.result) for one in delivered.qa.tasks]
    for stage in STAGES:
        assert (stage, first_word(stage), IMAGE, 1) == running(project, stage)


def test_both_runs_name_the_commits_they_were_made_from(api: AirflowApi, delivered: Delivered) -> None:
    """Of every branch that matters, with the layout that was found."""
    for run in (delivered.qa, delivered.production):
        assert delivered.source == source_of(api, run)


def test_what_is_pushed_for_a_stage_is_published_within_a_minute_and_delivered_by_the_next_run(
    airflow: LocalAirflow, api: AirflowApi, project: InGit, delivered: Delivered, tmp_path: Path
) -> None:
    """Pushed the way that people push, with token or key; the other stage keeps what it has."""
    before = project.source()
    place = GitPlace(project.entry, Mirror(tmp_path / "mirror", project.entry.remote, project.credentials))

    def second_word(view: View) -> Changes:
        content = values("second").encode()
        return operations.add_resource(view, "values.yaml", content, stage="production", service=SERVICE)

    place.change(second_word, "Say it otherwise")
    pushed = project.source()
    moved = {branch for branch, commit in pushed["commits"].items() if commit != before["commits"][branch]}
    assert {"production" if project.layout == BRANCHES else "main"} == moved
    assert within(60, lambda: published(airflow, project) == pushed), published(airflow, project)
    dag_id = project.dag_id("production")
    assert within(60, lambda: is_newest(airflow, api.dag(dag_id))), api.dag(dag_id)
    again = deliver(api, dag_id, SERVICE, IMAGE, {}, timeout=300, progress=print)
    assert (True, pushed) == (again.succeeded, source_of(api, again))
    assert ("production", "second", IMAGE, 1) == running(project, "production")
    assert ("qa", first_word("qa"), IMAGE, 1) == running(project, "qa")
