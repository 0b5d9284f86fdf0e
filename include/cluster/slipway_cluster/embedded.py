"""The embedded Kubernetes: up, down, delete, status.

`up` looks at what is there and adds what is missing, so it is first start, warm start and repair in one.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from slipway_cluster import debian, network, node, ownership, processes, teardown
from slipway_cluster.addresses import KUBELET_ROOT
from slipway_cluster.binary import BuildFailed, binary_dir, ensure_binary
from slipway_cluster.certificates import ensure_certificates, kubeconfig
from slipway_cluster.part import Layout, Part
from slipway_cluster.parts import all_parts
from slipway_cluster.pause_image import ensure_pause_image
from slipway_cluster.target import NoCluster, chosen_target, embedded_folder, embedded_target
from slipway_cluster.toolchain import NoGo

DAEMONS = ("etcd-server", "containerd", "runc", "containernetworking-plugins", "docker-registry")
TOOLS = ("iptables", "iproute2", "conntrack", "skopeo", "busybox-static", "mmdebstrap")
HOLDERS = ("controller-manager", "scheduler", "proxy", "coredns", "kubelet")
OWN_CLUSTER = "Or use a cluster of your own: ./slipway cluster use --kubeconfig FILE --context NAME"
PART_TIMEOUT = 60.0  # seconds for one part to become well
NODE_TIMEOUT = 120.0  # seconds for the node to become Ready
CAP_SYS_ADMIN, CAP_NET_ADMIN = 21, 12


@dataclass(frozen=True)
class PartStatus:
    """How one part is: `health` is `healthy`, `unhealthy` or `stopped`."""

    name: str
    pid: int | None
    health: str
    address: str
    log: Path


def up(progress: Callable[[str], None], *, take_over: bool = False) -> None:
    """Bring the cluster up, or repair it; returns when the node is Ready. With a cluster of the user's own in use,
    only kubectl and Helm are made.

    :param progress: gets a line of text for each step that takes time.
    :param take_over: stop a living cluster of another checkout on this machine.
    :raises NoCluster: it cannot run here, or a part does not start.
    """
    try:
        if not chosen_target().embedded:
            ensure_binary(progress)
            return
        require_able_machine()
        with ownership.machine_lock():
            _up(embedded_folder(), progress, take_over)
    except (debian.PackagesUnavailable, network.NetworkFailed, BuildFailed, NoGo) as error:
        raise NoCluster(f"the embedded cluster cannot start: {error}") from error
    except processes.ProcessFailed as error:
        raise NoCluster(f"{error}\nTry again; if it stays so, begin anew: ./slipway cluster delete") from error


def down() -> None:
    """Stop the cluster; its state stays, so the next `up` has the same objects."""
    require_able_machine()
    with ownership.machine_lock():
        ownership.release(embedded_folder())


def delete() -> None:
    """Stop the cluster and leave nothing of it on the machine but the cache."""
    require_able_machine()
    with ownership.machine_lock():
        ownership.release(embedded_folder())
        teardown.remove_state(embedded_folder())


def status() -> list[PartStatus]:
    """Return how each part is, in the order of starting."""
    folder = embedded_folder()
    parts = all_parts(Layout(folder, Path(), binary_dir() / "k8s"))
    found = []
    for part in parts.values():
        pid = processes.running(part.name, folder)
        health = "stopped" if pid is None else "healthy" if part.healthy() else "unhealthy"
        found.append(PartStatus(part.name, pid, health, part.address, processes.log_file(part.name, folder)))
    return found


def require_able_machine() -> None:
    """Refuse machines that the cluster cannot run on, in one line that says what to do.

    :raises NoCluster: not Linux, not root, or a root that may not set up networks and mounts.
    """
    if not sys.platform.startswith("linux"):
        raise NoCluster(f"the embedded cluster needs Linux. {OWN_CLUSTER}")
    if os.geteuid() != 0:
        raise NoCluster(f"the embedded cluster needs root: sudo ./slipway cluster up. {OWN_CLUSTER}")
    effective = next(
        int(line.split()[1], 16) for line in Path("/proc/self/status").read_text().splitlines() if "CapEff" in line
    )
    if not (effective >> CAP_SYS_ADMIN & 1 and effective >> CAP_NET_ADMIN & 1):
        raise NoCluster(
            "the embedded cluster needs CAP_SYS_ADMIN and CAP_NET_ADMIN, which this root lacks (a container without "
            f"--privileged?). {OWN_CLUSTER}"
        )


def _up(folder: Path, progress: Callable[[str], None], take_over: bool) -> None:
    for program in ("ip", "iptables-nft", "skopeo", "busybox", "conntrack", "mmdebstrap"):
        if shutil.which(program) is None:
            progress("Installing Debian packages (tools; nothing is started).")
            debian.install_tools(TOOLS)
            break
    binary = ensure_binary(progress)
    root = debian.unpack(DAEMONS, progress)
    ownership.claim(folder, take_over=take_over)
    layout = Layout(folder, root, binary / "k8s")
    _prepare(layout)
    _bind(folder / "kubelet", KUBELET_ROOT)
    network.ensure_network()
    if not processes.marked(folder, "containerd"):  # neither it nor a shim that watches a container
        processes.end(teardown.pod_processes(folder), teardown.POD_GRACE)
    parts = all_parts(layout)
    environment = _environment(layout)
    began = time.time()
    fresh = set()
    for wave in (
        ("etcd", "containerd", "registry"),
        ("kube-apiserver",),
        ("kube-controller-manager", "kube-scheduler", "coredns", "kube-proxy", "kubelet"),
    ):
        fresh |= {name for name in wave if _start(parts[name], folder, environment, progress)}
        for name in wave:
            processes.wait_ready(name, folder, parts[name].healthy, PART_TIMEOUT)
        if "registry" in wave:
            ensure_pause_image()
        if "kube-apiserver" in wave:
            node.ensure_cluster_roles(embedded_target())
    # A node that was Ready before the kubelet died still says so: only word from after its start counts.
    node.wait_ready(embedded_target(), since=began if "kubelet" in fresh else 0.0, timeout=NODE_TIMEOUT)


def _prepare(layout: Layout) -> None:
    layout.state.mkdir(parents=True, exist_ok=True)
    teardown.remember_places(layout.state)
    ensure_certificates(layout.pki)
    for name in ("etcd", "containerd", "registry", "kubelet", "cni", "pod-logs", "volume-plugins", "config"):
        (layout.state / name).mkdir(exist_ok=True)
    (layout.state / "etcd").chmod(0o700)
    for holder in HOLDERS:
        _write(layout.kubeconfig(holder), kubeconfig(layout.pki, holder))
    _write(embedded_target().kubeconfig, kubeconfig(layout.pki, "admin"))
    # The parts call plain `iptables`: let that be the nft variant, whatever the machine's default is.
    programs = layout.state / "bin"
    programs.mkdir(exist_ok=True)
    for family in ("iptables", "ip6tables"):
        for suffix in ("", "-save", "-restore"):
            link, real = programs / f"{family}{suffix}", shutil.which(f"{family}-nft{suffix}")
            if real and not link.exists():
                link.unlink(missing_ok=True)
                link.symlink_to(real)


def _bind(source: Path, point: Path) -> None:
    """Make a folder appear at a second path, by a bind mount."""
    if teardown.mounts_below(point, Path("/proc/self/mountinfo").read_text()):
        return
    point.mkdir(parents=True, exist_ok=True)
    result = subprocess.run(["mount", "--bind", source, point], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise NoCluster(f"cannot mount {source} at {point}: {result.stderr.strip()}")


def _start(part: Part, folder: Path, environment: dict[str, str], progress: Callable[[str], None]) -> bool:
    """Start the part if it is not running, not well, or configured otherwise; say whether it was started."""
    changed = [file for file, text in part.files.items() if _write(file, text)]
    pid = processes.running(part.name, folder)
    if pid is not None and not changed and _becomes_well(part):
        # `start` keeps it, or starts it anew when its arguments are different.
        return processes.start(part.argv, name=part.name, folder=folder, env=environment) != pid
    if pid is not None:
        progress(f"Starting {part.name} anew: {'its configuration changed' if changed else 'it does not answer'}.")
        processes.stop(part.name, folder) if part.name != "containerd" else processes.end([pid])
    for address, port in part.ports:
        _require_free(part.name, address, port)
    processes.start(part.argv, name=part.name, folder=folder, env=environment)
    return True


def _becomes_well(part: Part, patience: float = 5.0) -> bool:
    deadline = time.monotonic() + patience
    while not part.healthy():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def _require_free(name: str, address: str, port: int) -> None:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            found = subprocess.run(
                ["ss", "-Hltnp", "src", f"{address}:{port}"], capture_output=True, text=True, check=False
            )
            raise NoCluster(
                f"{name} needs {address}:{port}, but another program has it: {found.stdout.strip() or error}. "
                "Stop that program, then: ./slipway cluster up"
            ) from error


def _environment(layout: Layout) -> dict[str, str]:
    folders = [layout.state / "bin", *(layout.debian / folder for folder in debian.BIN_FOLDERS)]
    direct = {name: "" for name in os.environ if name.lower() in ("http_proxy", "https_proxy", "all_proxy")}
    path = ":".join([*map(str, folders), os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    return {"PATH": path, "KUBECONFIG": "", **direct, **debian.libraries(layout.debian)}


def _write(file: Path, text: str) -> bool:
    """Write a file that only root may read; say whether it changed something that was there before."""
    former = file.read_text() if file.exists() else None
    if former == text:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
    draft.replace(file)
    return former is not None
