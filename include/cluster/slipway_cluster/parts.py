"""The processes that make up the embedded cluster, and those of them that are not Kubernetes itself."""

from __future__ import annotations

from slipway_cluster import addresses as at
from slipway_cluster.health import accepts_unix, answers_http, answers_https, resolves
from slipway_cluster.kubernetes_parts import api_server, controller_manager, kubelet, proxy, scheduler
from slipway_cluster.part import Layout, Part
from slipway_cluster.registry import REGISTRY, mirror_config, registry_config
from slipway_cluster.runtime import cni_config, containerd_config

# Started from the first to the last, and stopped the other way round.
ORDER = (
    "etcd",
    "containerd",
    "registry",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "coredns",
    "kube-proxy",
    "kubelet",
)


def all_parts(layout: Layout) -> dict[str, Part]:
    """Return every part by name, in the order of starting."""
    makers = (etcd, containerd, registry, api_server, controller_manager, scheduler, coredns, proxy, kubelet)
    parts = [maker(layout) for maker in makers]
    return {part.name: part for part in parts}


def etcd(layout: Layout) -> Part:
    """Return the part that keeps the cluster's objects; TLS on both sides, since 127.0.0.1 is everybody's."""
    address, peer = f"https://127.0.0.1:{at.ETCD_PORT}", f"https://127.0.0.1:{at.ETCD_PEER_PORT}"
    argv = [
        str(layout.debian / "usr/bin/etcd"),
        f"--name={at.NODE_NAME}",
        f"--data-dir={layout.state / 'etcd'}",
        f"--listen-client-urls={address}",
        f"--advertise-client-urls={address}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster={at.NODE_NAME}={peer}",
        "--client-cert-auth=true",
        "--peer-client-cert-auth=true",
        "--auto-compaction-retention=1",
    ]
    for prefix in ("", "peer-"):
        argv += [
            f"--{prefix}trusted-ca-file={layout.pki / 'etcd-ca.crt'}",
            f"--{prefix}cert-file={layout.pki / 'etcd.crt'}",
            f"--{prefix}key-file={layout.pki / 'etcd.key'}",
        ]
    return Part(
        "etcd",
        argv,
        f"127.0.0.1:{at.ETCD_PORT}",
        lambda: answers_https(f"{address}/health", layout.pki / "etcd-ca.crt", layout.pki / "etcd-client.crt"),
        ports=[("127.0.0.1", at.ETCD_PORT), ("127.0.0.1", at.ETCD_PEER_PORT)],
    )


def containerd(layout: Layout) -> Part:
    """Return the container runtime."""
    file = layout.config / "containerd.toml"
    hosts = layout.config / "registries"
    return Part(
        "containerd",
        [str(layout.debian / "usr/bin/containerd"), "--config", str(file)],
        str(at.CONTAINERD_SOCKET),
        lambda: accepts_unix(at.CONTAINERD_SOCKET),
        files={
            file: containerd_config(layout.state, layout.debian, layout.config / "cni", hosts),
            layout.config / "cni" / "10-slipway.conflist": cni_config(layout.state / "cni"),
            hosts / "_default" / "hosts.toml": mirror_config(),
        },
    )


def registry(layout: Layout) -> Part:
    """Return the image registry, the mirror of all others."""
    file = layout.config / "registry.json"
    return Part(
        "registry",
        [str(layout.debian / "usr/bin/docker-registry"), "serve", str(file)],
        REGISTRY,
        lambda: answers_http(f"http://{REGISTRY}/v2/"),
        files={file: registry_config(layout.state / "registry")},
        ports=[("127.0.0.1", at.REGISTRY_PORT)],
    )


def coredns(layout: Layout) -> Part:
    """Return the DNS server: a process of the host on the node's address, so there is no DNS pod.

    It knows the cluster's names only; a pod has no way out of the machine anyway.
    """
    file = layout.config / "Corefile"
    corefile = f"""{at.CLUSTER_DOMAIN}:53 in-addr.arpa:53 {{
    bind {at.NODE_ADDRESS}
    errors
    cache 5
    kubernetes {at.CLUSTER_DOMAIN} in-addr.arpa {{
        kubeconfig {layout.kubeconfig("coredns")} {at.CONTEXT}
        ttl 5
    }}
}}
"""
    return Part(
        "coredns",
        [str(layout.binary), "coredns", "-conf", str(file)],
        f"{at.NODE_ADDRESS}:53",
        lambda: resolves(f"kubernetes.default.svc.{at.CLUSTER_DOMAIN}", at.NODE_ADDRESS),
        files={file: corefile},
        ports=[(at.NODE_ADDRESS, 53)],
    )
