"""Configuration of containerd and of the network that it gives to pods."""

import json
from pathlib import Path

from slipway_cluster.addresses import CONTAINERD_SOCKET, POD_BRIDGE, POD_RANGE, RUN_FOLDER
from slipway_cluster.pause_image import PAUSE_IMAGE


def containerd_config(state: Path, debian: Path, cni: Path, registries: Path) -> str:
    """Return containerd's configuration.

    :param state: folder for images and snapshots.
    :param debian: root folder of the unpacked packages.
    :param cni: folder of the pods' network configuration.
    :param registries: folder with one `hosts.toml` a registry.
    """
    # restrict_oom_score_adj: root without CAP_SYS_RESOURCE cannot lower it, and every sandbox would die with
    # "can't get final child's PID from pipe: EOF". The plugin `opt` would make /opt/containerd.
    return f"""version = 2
root = "{state / "containerd"}"
state = "{RUN_FOLDER / "containerd"}"
disabled_plugins = [
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]

[grpc]
  address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{debian / "usr/lib/cni"}"
    conf_dir = "{cni}"

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "{debian / "usr/sbin/runc"}"
        Root = "{RUN_FOLDER / "runc"}"
        SystemdCgroup = false

  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{registries}"
"""


def cni_config(state: Path) -> str:
    """Return the pods' network: a bridge with the gateway on it, addresses handed out by files in `state`."""
    bridge = {
        "type": "bridge",
        "bridge": POD_BRIDGE,
        "isGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": POD_RANGE}]],
            "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": str(state),
        },
    }
    return json.dumps({"cniVersion": "0.4.0", "name": "slipway", "plugins": [bridge]}, indent=1)
