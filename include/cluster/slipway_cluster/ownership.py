"""One cluster a machine: who owns it, and what is left over of others."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slipway_cluster import network, processes, teardown
from slipway_cluster.addresses import RUN_FOLDER
from slipway_cluster.parts import ORDER
from slipway_cluster.target import NoCluster

OWNER = RUN_FOLDER / "owner.json"
LOCK = Path("/run/lock/slipway-cluster.lock")


@contextmanager
def machine_lock() -> Iterator[None]:
    """Let one command at a time change the machine's cluster; others wait."""
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    with LOCK.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def claim(folder: Path, *, take_over: bool = False) -> None:
    """Make this folder's cluster the machine's one; remove what dead clusters of other folders left over.

    :param take_over: stop a living cluster of another folder; its state stays.
    :raises NoCluster: a cluster of another folder, or another Kubernetes, runs.
    """
    for other in others(folder):
        if living(other) and other.exists() and not take_over:
            raise NoCluster(_elsewhere(other))
        teardown.stop_everything(other)
    if owner() is None and network.has_foreign_kubernetes_rules():
        raise NoCluster(
            "another Kubernetes runs on this machine (there are kube-proxy rules that are not ours). "
            "Use it: ./slipway cluster use --kubeconfig FILE --context NAME"
        )
    OWNER.parent.mkdir(parents=True, exist_ok=True)
    draft = OWNER.with_suffix(".new")
    draft.write_text(json.dumps({"folder": str(folder)}))
    draft.replace(OWNER)


def release(folder: Path) -> None:
    """Stop this folder's cluster; leave the network alone when it belongs to a living cluster of another folder."""
    if any(living(other) for other in others(folder)):
        processes.end(processes.marked(folder), teardown.GRACE)
        teardown.unmount_below(folder)
    else:
        teardown.stop_everything(folder)


def others(folder: Path) -> list[Path]:
    """Return the folders of other clusters that own the machine's cluster or have processes."""
    found = {candidate for candidate in processes.marked_folders() if living(candidate)}
    if (named := owner()) is not None:
        found.add(named)
    return sorted(found - {folder})


def living(folder: Path) -> bool:
    """Say whether a part of the cluster of this folder runs."""
    return any(processes.marked(folder, name) for name in ORDER)


def owner() -> Path | None:
    """Return the folder of the cluster that was last brought up on this machine since it started."""
    try:
        return Path(json.loads(OWNER.read_text())["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _elsewhere(other: Path) -> str:
    state = other.parent
    stop = f"{state.parent}/slipway cluster delete" if state.name == ".slipway" else "./slipway cluster delete there"
    return (
        f"a cluster of another checkout runs on this machine, and there can be one only: {other}. "
        f"Stop it: {stop}. Or stop it from here, keeping its state: ./slipway cluster up --take-over"
    )
