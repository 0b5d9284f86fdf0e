"""Rules: ours are removed, everybody else's stay."""

import json
from pathlib import Path

import pytest
from slipway_cluster import network
from slipway_cluster.network import RULES, removal_commands

SAVED = (Path(__file__).parent / "fixtures" / "iptables-save.txt").read_text()


def test_jumps_go_first_then_rules_then_chains() -> None:
    """A chain that is still jumped to cannot be deleted."""
    expected = [
        (
            "nat",
            ["-D", "PREROUTING", "-m", "comment", "--comment", "kubernetes service portals", "-j", "KUBE-SERVICES"],
        ),
        ("nat", ["-D", "OUTPUT", "-j", "SLIPWAY-OUTPUT"]),
        ("nat", ["-F", "KUBE-SERVICES"]),
        ("nat", ["-F", "KUBE-SVC-NPX46M4PTMTKRN6Y"]),
        ("nat", ["-F", "SLIPWAY-OUTPUT"]),
        ("nat", ["-X", "KUBE-SERVICES"]),
        ("nat", ["-X", "KUBE-SVC-NPX46M4PTMTKRN6Y"]),
        ("nat", ["-X", "SLIPWAY-OUTPUT"]),
    ]
    assert expected == removal_commands(SAVED)


def test_rules_of_others_are_not_touched() -> None:
    """Docker's chain and the jump to it stay."""
    assert not any("DOCKER" in " ".join(arguments) for _, arguments in removal_commands(SAVED))


def test_pods_have_no_way_out_of_the_machine() -> None:
    """What a pod sends elsewhere than to pods is rejected, and so is what comes in from elsewhere."""
    forward = [line for line in RULES.splitlines() if line.startswith("-A SLIPWAY-FORWARD")]
    assert forward[0].endswith("-i slipway1 -o slipway1 -j ACCEPT")
    assert "-i slipway1 -j REJECT" in forward[1]
    assert "-o slipway1 -j REJECT" in forward[2]


def test_former_kernel_settings_are_remembered_once_and_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second `up` must not take our own values for the former ones."""
    setting = tmp_path / "sys" / "net" / "ipv4" / "ip_forward"
    setting.parent.mkdir(parents=True)
    setting.write_text("0\n")
    monkeypatch.setattr(network, "SYSCTLS", tmp_path / "sys")
    monkeypatch.setattr(network, "FORMER_SYSCTLS", tmp_path / "run" / "former.json")
    network.remember_sysctls()
    setting.write_text("1\n")
    network.remember_sysctls()
    assert json.loads((tmp_path / "run" / "former.json").read_text()) == {"net/ipv4/ip_forward": "0"}
    network._restore_sysctls()
    assert setting.read_text() == "0"
