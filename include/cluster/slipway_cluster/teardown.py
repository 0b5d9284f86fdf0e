"""Taking an embedded cluster off the machine: processes, pods, mounts, network, and the folders it made.

Works from what is seen on the machine, not from what ought to be there: so it also removes what is left after a
SIGKILL of everything, or after a checkout was deleted under its running cluster.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from slipway_cluster import network, processes
from slipway_cluster.addresses import CGROUP, RUN_FOLDER
from slipway_cluster.parts import ORDER

# Written by parts of Kubernetes and containerd at fixed places, whatever their configuration says.
FIXED_PLACES = (
    "/etc/cni",
    "/opt/containerd",
    "/opt/cni",
    "/run/containerd",
    "/run/kubernetes",
    "/run/xtables.lock",
    "/usr/libexec/kubernetes",
    "/var/lib/cni",
    "/var/lib/kubelet",
    "/var/log/containers",
    "/var/log/pods",
)
GRACE = 8.0  # seconds for a part to end by itself
POD_GRACE = 3.0  # seconds for what runs in pods


def remember_places(folder: Path) -> None:
    """Write down which of the fixed places are not there before the cluster first starts: `delete` removes those."""
    record = folder / "places-made.json"
    if not record.exists():
        record.write_text(json.dumps([place for place in FIXED_PLACES if not Path(place).exists()]))


def stop_everything(folder: Path) -> None:
    """Stop the cluster of this folder, with its pods and mounts, and take its network and settings back.

    The network belongs to whichever cluster runs: call this for the owner of the machine's one cluster only.
    """
    stop_processes(folder)
    for root in (folder, RUN_FOLDER):
        unmount_below(root)
    network.remove_network()
    if not mounts_below(RUN_FOLDER, Path("/proc/self/mountinfo").read_text()):  # never delete through a mount
        shutil.rmtree(RUN_FOLDER, ignore_errors=True)


def stop_processes(folder: Path) -> None:
    """Stop the parts of this folder and all pods: first what would start pods again, last what the others need."""
    _end_parts(folder, [name for name in reversed(ORDER) if name not in ("etcd", "kube-apiserver", "containerd")])
    processes.end(pod_processes(folder), POD_GRACE)
    _end_parts(folder, ["containerd"])
    processes.end(pod_processes(folder), POD_GRACE)  # what containerd was still about to start
    _end_parts(folder, ["kube-apiserver"])
    _end_parts(folder, ["etcd"])
    processes.end(processes.marked(folder), GRACE)
    _remove_cgroups()


def remove_state(folder: Path) -> None:
    """Delete the folder, and those fixed places that were not there before."""
    try:
        made = json.loads((folder / "places-made.json").read_text())
    except (OSError, ValueError):
        made = []
    for place in made:
        if place in FIXED_PLACES:
            unmount_below(Path(place))
            if Path(place).is_dir():
                shutil.rmtree(place, ignore_errors=True)
            else:
                Path(place).unlink(missing_ok=True)
    unmount_below(folder)  # never delete through a mount: below may lie a pod's volume from elsewhere
    if folder.exists():
        shutil.rmtree(folder)


def unmount_below(root: Path) -> None:
    """Unmount everything at or below a folder, the innermost first."""
    for point in mounts_below(root, Path("/proc/self/mountinfo").read_text()):
        if subprocess.run(["umount", point], capture_output=True, check=False).returncode != 0:
            subprocess.run(["umount", "--lazy", point], capture_output=True, check=False)


def mounts_below(root: Path, mountinfo: str) -> list[str]:
    """Return the mount points at or below a folder, the innermost and latest first.

    :param mountinfo: text of /proc/self/mountinfo.
    """
    points = []
    for line in mountinfo.splitlines():
        # Spaces and the like are written as octal numbers.
        point = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), line.split()[4])
        if point == str(root) or point.startswith(f"{root}/"):
            points.append(point)
    points.reverse()  # of two mounts on one point the later one goes first; sorting keeps that order
    return sorted(points, key=lambda point: -point.count("/"))


def pod_processes(folder: Path) -> list[int]:
    """Return the processes that run in pods of this folder's cluster.

    They carry no mark of ours, and outlive a killed containerd; but containerd put them into its control group, and
    their root file system keeps its changes below the folder.
    """
    root = f"upperdir={folder}/"
    found = []
    for pid in processes.every_pid():
        with suppress(OSError):
            in_pod = f":/{CGROUP}/" in Path(f"/proc/{pid}/cgroup").read_text()
            if in_pod and root in Path(f"/proc/{pid}/mountinfo").read_text():
                found.append(pid)
    return found


def _end_parts(folder: Path, names: Sequence[str]) -> None:
    processes.end([pid for name in names for pid in processes.marked(folder, name)], GRACE)
    for name in names:
        processes.stop(name, folder)  # nothing is left of it but the record


def _remove_cgroups() -> None:
    """Remove our empty control groups; a group that is still ending needs a moment."""
    tops = [Path("/sys/fs/cgroup", CGROUP), *Path("/sys/fs/cgroup").glob(f"*/{CGROUP}")]
    for _ in range(20):
        for top in tops:
            for folder, _, _ in os.walk(top, topdown=False):
                with suppress(OSError):
                    Path(folder).rmdir()
        if not any(top.exists() for top in tops):
            return
        time.sleep(0.1)
