"""How the parts are called and configured."""

import ipaddress
import json
import tomllib
from pathlib import Path

import pytest
from slipway_cluster.part import Layout, Part
from slipway_cluster.parts import ORDER, all_parts

LAYOUT = Layout(Path("/state"), Path("/debian"), Path("/bin/k8s"))
PARTS = all_parts(LAYOUT)


def config(part: str, file: str) -> str:
    """Return the text of one configuration file of a part."""
    return next(text for path, text in PARTS[part].files.items() if path.name == file)


def test_parts_are_made_in_the_order_of_starting() -> None:
    """Stopping goes the other way round, by the same list."""
    assert list(ORDER) == list(PARTS)


@pytest.mark.parametrize("part", PARTS.values(), ids=lambda part: part.name)
def test_every_port_is_on_loopback_or_the_node_bridge(part: Part) -> None:
    """Nothing of the cluster listens to the outside."""
    for address, _ in part.ports:
        assert ipaddress.ip_address(address).is_loopback or address == "198.18.0.1"


def test_no_two_parts_share_a_port() -> None:
    """Each (address, port) has one owner."""
    ports = [port for part in PARTS.values() for port in part.ports]
    assert len(ports) == len(set(ports))


def test_nobody_is_anonymous_but_for_health() -> None:
    """The only paths that answer without a name."""
    anonymous = json.loads(config("kube-apiserver", "authentication.json"))["anonymous"]
    assert ["/livez", "/readyz", "/healthz"] == [condition["path"] for condition in anonymous["conditions"]]
    kubelet = json.loads(config("kubelet", "kubelet.json"))
    assert kubelet["authentication"]["anonymous"] == {"enabled": False}
    assert kubelet["readOnlyPort"] == 0


def test_rights_are_checked_by_node_and_role() -> None:
    """RBAC for everybody, the node authorizer for the kubelet."""
    assert "--authorization-mode=Node,RBAC" in PARTS["kube-apiserver"].argv
    assert "--enable-admission-plugins=NodeRestriction" in PARTS["kube-apiserver"].argv


def test_node_ports_answer_on_loopback_only() -> None:
    """A Service of type NodePort must not open a port to the LAN."""
    assert ["127.0.0.0/8"] == json.loads(config("kube-proxy", "kube-proxy.json"))["nodePortAddresses"]


def test_the_local_registry_stands_for_every_registry() -> None:
    """And containerd falls back to no other."""
    mirror = tomllib.loads(config("containerd", "hosts.toml"))
    assert mirror["server"] == "http://127.0.0.1:5500"
    assert ["http://127.0.0.1:5500"] == list(mirror["host"])


def test_containerd_bears_a_root_that_may_not_lower_oom_scores() -> None:
    """Without this setting no pod starts where root lacks CAP_SYS_RESOURCE."""
    plugins = tomllib.loads(config("containerd", "containerd.toml"))["plugins"]
    assert plugins["io.containerd.grpc.v1.cri"]["restrict_oom_score_adj"] is True


def test_pods_live_on_their_own_bridge() -> None:
    """With addresses out of the pod range."""
    (bridge,) = json.loads(config("containerd", "10-slipway.conflist"))["plugins"]
    assert bridge["bridge"] == "slipway1"
    assert bridge["ipam"]["ranges"] == [[{"subnet": "198.18.1.0/24"}]]


def test_state_stays_in_the_state_folder() -> None:
    """Every file that is written before the start lies below it."""
    files = [file for part in PARTS.values() for file in part.files]
    assert all(file.is_relative_to(LAYOUT.state) for file in files)
