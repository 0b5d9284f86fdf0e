"""The Job that makes a load."""

from dataclasses import replace

import pytest
from slipway.hooks.faults import LoadFailed
from slipway.hooks.load_job import LoadJob


@pytest.fixture
def job(tmp_path):
    """A job with a script, a helper beside it, and a configuration elsewhere."""
    (tmp_path / "locust").mkdir()
    (tmp_path / "locust/basic.py").write_text("import helper\n")
    (tmp_path / "locust/helper.py").write_text("# helps\n")
    (tmp_path / "quick.conf").write_text("users = 5\n")
    return LoadJob(
        name="load-1",
        namespace="shop-qa",
        service="carts",
        image="ghcr.io/slipway/locust:2.47.0",
        host="http://carts.shop-qa:80",
        script=tmp_path / "locust/basic.py",
        conf=tmp_path / "quick.conf",
        longest_run=600.0,
    )


def test_all_files_beside_the_script_go_along(job):
    """Flat, by name."""
    expected = {"basic.py": "import helper\n", "helper.py": "# helps\n", "quick.conf": "users = 5\n"}
    assert {"data": expected, "binaryData": {}} == job.files()


def test_the_runner_gets_plain_arguments(job):
    """No shell; without a configuration the runner has its own defaults."""
    [container] = job.manifest()["spec"]["template"]["spec"]["containers"]
    expected = ["--host", "http://carts.shop-qa:80", "--script", "basic.py", "--config", "quick.conf"]
    assert expected == container["args"]
    assert "command" not in container
    [container] = replace(job, conf=None).manifest()["spec"]["template"]["spec"]["containers"]
    assert "--config" not in container["args"]


def test_the_pod_may_do_nothing_but_make_load(job):
    """Not as root, without a token, with nothing to write to but its own folders."""
    pod = job.manifest()["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert {"runAsNonRoot": True, "runAsUser": 65534} == pod["securityContext"]
    assert False is pod["automountServiceAccountToken"]
    expected = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert expected == container["securityContext"]


def test_a_load_ends_by_itself(job):
    """By a deadline; it is never started twice, and is cleaned up when nobody does."""
    spec = job.manifest()["spec"]
    assert (600, 0, "Never") == (
        spec["activeDeadlineSeconds"],
        spec["backoffLimit"],
        spec["template"]["spec"]["restartPolicy"],
    )
    assert spec["ttlSecondsAfterFinished"] > 0


def test_a_file_that_is_no_text_goes_along(job):
    """As a ConfigMap carries bytes."""
    (job.script.parent / "users.bin").write_bytes(b"\xff\xfe")
    assert {"users.bin": "//4="} == job.files()["binaryData"]


def test_a_name_that_kubernetes_cannot_carry_stays_behind(job):
    """Unless it is the script itself."""
    (job.script.parent / "my notes.txt").write_text("")
    assert "my notes.txt" not in job.files()["data"]
    renamed = job.script.rename(job.script.with_name("my load.py"))
    with pytest.raises(LoadFailed, match=r"Rename my load\.py"):
        replace(job, script=renamed).files()


def test_scripts_that_are_too_large_are_refused(job):
    """Before Kubernetes does, with a longer message."""
    (job.script.parent / "users.csv").write_text("x" * 1_000_001)
    with pytest.raises(LoadFailed, match="1 MB"):
        job.files()
