"""The real embedded cluster: repeated, repaired, killed, deleted."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from slipway_cluster import embedded, network, ownership, processes, target, teardown
from slipway_cluster.access import grant
from slipway_cluster.kubectl import kubectl, read
from slipway_cluster.target import embedded_target
from slipway_cluster.traces import traces

pytestmark = [pytest.mark.end_to_end, pytest.mark.skipif(os.geteuid() != 0, reason="needs root")]


@pytest.fixture
def running() -> None:
    """The cluster of this checkout, up."""
    embedded.up(print)


def pids() -> dict[str, int | None]:
    """Return the process of each part."""
    return {part.name: part.pid for part in embedded.status()}


def test_up_twice_changes_nothing(running: None) -> None:
    """Same processes, all of them well."""
    before = pids()
    embedded.up(print)
    assert before == pids()
    assert {"healthy"} == {part.health for part in embedded.status()}


@pytest.mark.parametrize("name", ["kube-scheduler", "coredns", "containerd"])
def test_a_killed_part_is_started_again(running: None, name: str) -> None:
    """It alone: the others are kept."""
    before = pids()
    pid = before[name]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    embedded.up(print)
    after = pids()
    assert after.pop(name) != before.pop(name)
    assert before == after


def test_a_missing_rule_and_address_are_put_back(running: None) -> None:
    """Somebody flushed the firewall: the API server answers on 127.0.0.1 again."""
    subprocess.run(["iptables-nft", "-t", "nat", "-D", "OUTPUT", "-j", "SLIPWAY-OUTPUT"], check=True)
    subprocess.run(["ip", "route", "delete", "198.19.0.0/16"], check=True)
    embedded.up(print)
    assert read(embedded_target(), "node", "slipway")
    assert "198.19.0.0/16" in subprocess.run(["ip", "route"], capture_output=True, text=True, check=True).stdout


def test_a_deployer_reaches_its_own_namespace_only(running: None, tmp_path: Path) -> None:
    """Asked of the API server itself; granting twice gives the same token."""
    first = grant(embedded_target(), "slipwaytest", "access")
    assert first == grant(embedded_target(), "slipwaytest", "access")
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(first))
    deployer = target.Target(file, "slipwaytest-access", embedded=False)
    try:
        assert kubectl(deployer, "auth", "can-i", "create", "deployments.apps").strip() == "yes"
        with pytest.raises(target.NoCluster):
            kubectl(deployer, "auth", "can-i", "get", "pods", "--subresource=exec")
        with pytest.raises(target.NoCluster, match="forbidden"):
            kubectl(deployer, "get", "secrets", "--namespace=kube-system")
    finally:
        kubectl(embedded_target(), "delete", "namespace", "slipwaytest-access", "--wait=false")


@pytest.fixture
def own_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A state folder of the test's own, on a machine where no cluster runs; the checkout's cluster is stopped."""
    if request.config.option.markexpr != "soak":
        pytest.skip("stops the cluster of this machine: only with -m soak (make soak)")
    if os.environ.get("SLIPWAY_KEEP_CLUSTER"):
        pytest.skip("SLIPWAY_KEEP_CLUSTER is set: the cluster of this machine is in use")
    monkeypatch.setenv("SLIPWAY_STATE", str(tmp_path / "state"))
    folder = target.embedded_folder()
    for other in ownership.others(folder):
        teardown.stop_everything(other)
    yield folder
    embedded.delete()


@pytest.mark.soak
def test_nothing_is_left_after_a_delete(own_cluster: Path) -> None:
    """No process, mount, link, route, rule, setting or folder; pods ran, and everything was killed once."""
    before = traces(own_cluster)
    embedded.up(print)
    image = "slipway.local/pause:1"
    kubectl(embedded_target(), "create", "deployment", "sleepers", f"--image={image}", "--replicas=2")
    kubectl(embedded_target(), "rollout", "status", "deployment/sleepers", "--timeout=60s")
    for pid in processes.marked(own_cluster):
        os.kill(pid, signal.SIGKILL)
    embedded.up(print)
    kubectl(embedded_target(), "rollout", "status", "deployment/sleepers", "--timeout=60s")
    assert network.has_link("slipway1")
    embedded.delete()
    assert before == traces(own_cluster)
