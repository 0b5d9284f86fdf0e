"""The Job of a load test, with a stand-in for the cluster."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import urllib3.exceptions
from kubernetes.client.exceptions import ApiException
from slipway.hooks.faults import LoadFailed
from slipway.hooks.load_job import LoadJob
from slipway.hooks.locust import LocustHook

LOG = (Path(__file__).parents[1] / "fixtures" / "load.log").read_bytes()


class Log:
    """The answer to a question for a log: pieces of bytes, or an error."""

    def __init__(self, *pieces):
        self.pieces = pieces

    def stream(self, amt):
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def release_conn(self):
        """Let go."""


class StandInCluster:
    """One Job and its pod, whose phases come one after the other."""

    address = "https://stand-in:6443"

    def __init__(self, job=None, phases=("Running", "Succeeded"), logs=()):
        self.job, self.phases, self.logs = job, list(phases), list(logs)
        self.config_maps, self.made, self.deleted = {}, [], []
        self.core_v1_client = self.batch_v1_client = self

    def request(self, call, *args, **kwargs):
        return call(*args, **kwargs)

    def read_namespaced_job(self, name, namespace):
        return self.job

    def create_namespaced_job(self, namespace, manifest):
        self.made.append(manifest)
        self.job = a_job()
        return self.job

    def delete_namespaced_job(self, name, namespace, propagation_policy):
        self.deleted.append(name)
        self.job = None

    def create_namespaced_config_map(self, namespace, body):
        name = body["metadata"]["name"]
        if name in self.config_maps:
            raise ApiException(status=409)
        self.config_maps[name] = body

    def replace_namespaced_config_map(self, name, namespace, body):
        self.config_maps[name] = body

    def list_namespaced_pod(self, namespace, label_selector):
        assert "batch.kubernetes.io/controller-uid=uid-1" == label_selector
        phase = self.phases.pop(0) if len(self.phases) > 1 else self.phases[0]
        if phase is None:
            return SimpleNamespace(items=[])
        waiting = SimpleNamespace(reason="ErrImagePull", message="no such image")
        state = SimpleNamespace(waiting=waiting, terminated=None, running=None)
        container = SimpleNamespace(name="locust", state=state, ready=False)
        status = SimpleNamespace(phase=phase, conditions=[], init_container_statuses=[], container_statuses=[container])
        return SimpleNamespace(
            items=[SimpleNamespace(metadata=SimpleNamespace(name="load-1-x", deletion_timestamp=None), status=status)]
        )

    def list_namespaced_event(self, *_, **__):
        return SimpleNamespace(items=[])

    def read_namespaced_pod_log(self, *_, **asked):
        if "tail_lines" in asked:
            return ""
        return self.logs.pop(0) if len(self.logs) > 1 else self.logs[0]


def a_job(failed=None):
    status = SimpleNamespace(failed=failed, conditions=[])
    return SimpleNamespace(status=status, metadata=SimpleNamespace(uid="uid-1"))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Do not wait between two looks."""
    monkeypatch.setattr("slipway.hooks.locust.POLL", 0.0)
    monkeypatch.setattr("slipway.hooks.locust.HOPELESS_AFTER", 0.05)


@pytest.fixture
def job(tmp_path):
    """A load to make."""
    (tmp_path / "locustfile.py").write_text("# load\n")
    return LoadJob("load-1", "shop-qa", "carts", "image", "http://carts", tmp_path / "locustfile.py", None, 600.0)


def test_the_scripts_belong_to_the_job(job):
    """So they go when it goes."""
    cluster = StandInCluster()
    LocustHook(cluster).submit(job)
    assert 1 == len(cluster.made)
    [owner] = cluster.config_maps["load-1"]["metadata"]["ownerReferences"]
    assert ("Job", "uid-1") == (owner["kind"], owner["uid"])
    assert {"locustfile.py": "# load\n"} == cluster.config_maps["load-1"]["data"]


def test_a_job_that_runs_already_is_taken_up(job):
    """It gets its scripts even if the try that made it ended in between."""
    cluster = StandInCluster(a_job())
    LocustHook(cluster).submit(job)
    assert [] == cluster.made
    assert "load-1" in cluster.config_maps


def test_a_job_that_failed_is_made_anew(job):
    """Its name is taken until it is gone."""
    cluster = StandInCluster(a_job(failed=1))
    LocustHook(cluster).submit(job)
    assert (["load-1"], 1) == (cluster.deleted, len(cluster.made))


def follow(cluster, job):
    """Follow the Job; return hook and what was shown."""
    hook, shown = LocustHook(cluster), []
    hook._uids[job.name] = "uid-1"
    hook.follow(job, lambda _, line: shown.append(line))
    return hook, shown


def test_progress_is_shown_and_results_are_read(job):
    """However the log is cut into pieces."""
    pieces = [LOG[begin : begin + 97] for begin in range(0, len(LOG), 97)]
    hook, shown = follow(StandInCluster(logs=[Log(*pieces)], phases=["Running", "Succeeded"]), job)
    assert hook.results(job).stats["requests"] > 0
    assert LOG.decode().splitlines()[0] == shown[0]


def test_a_broken_stream_is_taken_up_where_it_broke(job):
    """Also when the pod has ended meanwhile: no line is lost, none comes twice."""
    broken = Log(LOG[:700], urllib3.exceptions.ProtocolError("broken"))
    hook, shown = follow(StandInCluster(logs=[broken, Log(LOG)], phases=["Running", "Running", "Succeeded"]), job)
    assert hook.results(job).html
    assert LOG.decode().split("----- slipway")[0].splitlines() == shown


def test_a_log_without_results_is_an_error_with_its_last_lines(job):
    """Such as a script that does not load."""
    hook, _ = follow(StandInCluster(logs=[Log(b"SyntaxError: invalid syntax\n")], phases=["Failed"]), job)
    with pytest.raises(LoadFailed, match=r"SyntaxError|ErrImagePull"):
        hook.results(job)


def test_a_pod_that_cannot_start_is_given_up(job):
    """With the reason."""
    with pytest.raises(LoadFailed, match=r"ErrImagePull.*no such image"):
        follow(StandInCluster(a_job(), phases=["Pending"]), job)


def test_a_job_that_somebody_deleted_is_an_error(job):
    """Nothing is waited for in vain."""
    with pytest.raises(LoadFailed, match="gone"):
        follow(StandInCluster(None, phases=[None]), job)


def test_a_pod_that_vanished_is_an_error(job):
    """Such as at the Job's deadline."""
    with pytest.raises(LoadFailed, match="gone before its end"):
        follow(StandInCluster(logs=[Log(LOG[:500])], phases=["Running", "Running", None]), job)
