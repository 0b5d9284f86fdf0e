"""The parts that are Kubernetes itself, all of them our one binary: arguments, configuration, health."""

from __future__ import annotations

import json
from typing import Any

from slipway_cluster import addresses as at
from slipway_cluster.health import answers_http, answers_https
from slipway_cluster.part import Layout, Part


def api_server(layout: Layout) -> Part:
    """Return the API server, on the node's address; a rule leads 127.0.0.1 there."""
    pki = layout.pki
    authentication = layout.config / "authentication.json"
    argv = [
        str(layout.binary),
        "kube-apiserver",
        f"--bind-address={at.NODE_ADDRESS}",
        f"--advertise-address={at.NODE_ADDRESS}",
        f"--secure-port={at.API_PORT}",
        f"--authentication-config={authentication}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--etcd-servers=https://127.0.0.1:{at.ETCD_PORT}",
        f"--etcd-cafile={pki / 'etcd-ca.crt'}",
        f"--etcd-certfile={pki / 'etcd-client.crt'}",
        f"--etcd-keyfile={pki / 'etcd-client.key'}",
        f"--kubelet-certificate-authority={pki / 'ca.crt'}",
        f"--kubelet-client-certificate={pki / 'apiserver-kubelet-client.crt'}",
        f"--kubelet-client-key={pki / 'apiserver-kubelet-client.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-cluster-ip-range={at.SERVICE_RANGE}",
        f"--service-account-issuer=https://kubernetes.default.svc.{at.CLUSTER_DOMAIN}",
        f"--service-account-key-file={pki / 'service-accounts.pub'}",
        f"--service-account-signing-key-file={pki / 'service-accounts.key'}",
        f"--requestheader-client-ca-file={pki / 'front-proxy-ca.crt'}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={pki / 'front-proxy-client.crt'}",
        f"--proxy-client-key-file={pki / 'front-proxy-client.key'}",
        "--allow-privileged=true",
        "--profiling=false",
    ]
    anonymous = {"enabled": True, "conditions": [{"path": path} for path in ("/livez", "/readyz", "/healthz")]}
    return Part(
        "kube-apiserver",
        argv,
        f"{at.NODE_ADDRESS}:{at.API_PORT}",
        lambda: answers_https(f"https://{at.NODE_ADDRESS}:{at.API_PORT}/readyz", pki / "ca.crt"),
        files={authentication: _kind("apiserver.config.k8s.io/v1", "AuthenticationConfiguration", anonymous=anonymous)},
        ports=[(at.NODE_ADDRESS, at.API_PORT)],
    )


def controller_manager(layout: Layout) -> Part:
    """Return the controllers that turn Deployments into ReplicaSets, those into pods, and so on."""
    pki = layout.pki
    argv = [
        str(layout.binary),
        "kube-controller-manager",
        *_secure_health(layout, at.CONTROLLER_MANAGER_PORT, "controller-manager"),
        f"--cluster-signing-cert-file={pki / 'ca.crt'}",
        f"--cluster-signing-key-file={pki / 'ca.key'}",
        f"--root-ca-file={pki / 'ca.crt'}",
        f"--service-account-private-key-file={pki / 'service-accounts.key'}",
        "--use-service-account-credentials=true",
        "--allocate-node-cidrs=false",
        f"--service-cluster-ip-range={at.SERVICE_RANGE}",
    ]
    return _secure_part(layout, "kube-controller-manager", argv, at.CONTROLLER_MANAGER_PORT)


def scheduler(layout: Layout) -> Part:
    """Return the scheduler."""
    argv = [str(layout.binary), "kube-scheduler", *_secure_health(layout, at.SCHEDULER_PORT, "scheduler")]
    return _secure_part(layout, "kube-scheduler", argv, at.SCHEDULER_PORT)


def proxy(layout: Layout) -> Part:
    """Return the part that makes Service addresses and NodePorts work; NodePorts answer on 127.0.0.0/8 only."""
    file = layout.config / "kube-proxy.json"
    config = _kind(
        "kubeproxy.config.k8s.io/v1alpha1",
        "KubeProxyConfiguration",
        mode="iptables",
        clientConnection={"kubeconfig": str(layout.kubeconfig("proxy"))},
        clusterCIDR=at.POD_RANGE,
        hostnameOverride=at.NODE_NAME,
        nodePortAddresses=["127.0.0.0/8"],
        healthzBindAddress=f"127.0.0.1:{at.PROXY_HEALTH_PORT}",
        metricsBindAddress=f"127.0.0.1:{at.PROXY_METRICS_PORT}",
        oomScoreAdj=0,  # lowering it needs a capability that root may lack
        # 0: leave the machine's own settings alone
        conntrack={"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    )
    return Part(
        "kube-proxy",
        [str(layout.binary), "kube-proxy", f"--config={file}"],
        f"127.0.0.1:{at.PROXY_HEALTH_PORT}",
        lambda: answers_http(f"http://127.0.0.1:{at.PROXY_HEALTH_PORT}/livez"),
        files={file: config},
        ports=[("127.0.0.1", at.PROXY_HEALTH_PORT), ("127.0.0.1", at.PROXY_METRICS_PORT)],
    )


def kubelet(layout: Layout) -> Part:
    """Return the node's agent, which runs the pods."""
    file = layout.config / "kubelet.json"
    argv = [
        str(layout.binary),
        "kubelet",
        f"--config={file}",
        f"--kubeconfig={layout.kubeconfig('kubelet')}",
        f"--root-dir={at.KUBELET_ROOT}",
        f"--cert-dir={layout.pki}",
        f"--hostname-override={at.NODE_NAME}",
        f"--node-ip={at.NODE_ADDRESS}",
    ]
    return Part(
        "kubelet",
        argv,
        f"{at.NODE_ADDRESS}:{at.KUBELET_PORT}",
        lambda: answers_http(f"http://127.0.0.1:{at.KUBELET_HEALTH_PORT}/healthz"),
        files={file: _kind("kubelet.config.k8s.io/v1beta1", "KubeletConfiguration", **_kubelet_settings(layout))},
        ports=[(at.NODE_ADDRESS, at.KUBELET_PORT), ("127.0.0.1", at.KUBELET_HEALTH_PORT)],
    )


def _kubelet_settings(layout: Layout) -> dict[str, Any]:
    return {
        "address": at.NODE_ADDRESS,
        "port": at.KUBELET_PORT,
        "readOnlyPort": 0,
        "healthzBindAddress": "127.0.0.1",
        "healthzPort": at.KUBELET_HEALTH_PORT,
        "tlsCertFile": str(layout.pki / "kubelet-server.crt"),
        "tlsPrivateKeyFile": str(layout.pki / "kubelet-server.key"),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(layout.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "clusterDNS": [at.NODE_ADDRESS],
        "clusterDomain": at.CLUSTER_DOMAIN,
        "resolvConf": "/dev/null",
        "containerRuntimeEndpoint": f"unix://{at.CONTAINERD_SOCKET}",
        "podLogsDir": str(layout.state / "pod-logs"),
        "volumePluginDir": str(layout.state / "volume-plugins"),
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": False,
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        # The registry beside it is all there is to pull from: no limits; and nothing is thrown away because the disk
        # of somebody's laptop is rather full.
        "registryPullQPS": 0,
        "serializeImagePulls": False,
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "containerLogMaxSize": "20Mi",
    }


def _secure_health(layout: Layout, port: int, holder: str) -> list[str]:
    kubeconfig = layout.kubeconfig(holder)
    return [
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={layout.pki / 'local-health.crt'}",
        f"--tls-private-key-file={layout.pki / 'local-health.key'}",
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--leader-elect=false",  # there is one of each
        "--profiling=false",
    ]


def _secure_part(layout: Layout, name: str, argv: list[str], port: int) -> Part:
    return Part(
        name,
        argv,
        f"127.0.0.1:{port}",
        lambda: answers_https(f"https://127.0.0.1:{port}/healthz", layout.pki / "ca.crt"),
        ports=[("127.0.0.1", port)],
    )


def _kind(version: str, kind: str, **settings: object) -> str:
    return json.dumps({"apiVersion": version, "kind": kind, **settings}, indent=1)
