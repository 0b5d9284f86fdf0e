"""Names, addresses and ports of the embedded cluster.

All addresses are of the benchmarking range 198.18.0.0/15 (RFC 2544), which is nobody's LAN. Every port is on 127.0.0.1
or on the node's bridge. Unusual port numbers stay out of the way of another Kubernetes on the same machine.
"""

from pathlib import Path

CONTEXT = "slipway-embedded"
NODE_NAME = "slipway"
CLUSTER_DOMAIN = "cluster.local"

WHOLE_RANGE = "198.18.0.0/15"
NODE_ADDRESS = "198.18.0.1"
POD_RANGE = "198.18.1.0/24"
SERVICE_RANGE = "198.19.0.0/16"
API_SERVICE_ADDRESS = "198.19.0.1"

NODE_BRIDGE = "slipway0"
POD_BRIDGE = "slipway1"

API_PORT = 16443  # on the node's address; a rule leads 127.0.0.1 there
ETCD_PORT = 12379
ETCD_PEER_PORT = 12380
CONTROLLER_MANAGER_PORT = 12257
SCHEDULER_PORT = 12259
KUBELET_PORT = 12250
KUBELET_HEALTH_PORT = 12248
PROXY_HEALTH_PORT = 12256
PROXY_METRICS_PORT = 12249
REGISTRY_PORT = 5500

# Gone after a reboot, like everything else that it describes: sockets (a path in the state folder may be too long for
# one), the owner of the machine's one cluster, and the kernel settings as they were before.
RUN_FOLDER = Path("/run/slipway")
CONTAINERD_SOCKET = RUN_FOLDER / "containerd.sock"
KUBELET_ROOT = RUN_FOLDER / "kubelet"  # the state's folder, bound to a short path: the kubelet makes sockets in it
CGROUP = "k8s.io"  # containerd's own choice, as long as the kubelet makes no groups per quality of service
