"""Bridge, routes, rules and kernel settings of the embedded cluster; all of it can be taken back.

The node's address sits on a bridge of its own, pods hang on another. Pods reach each other, Services and the node, and
nothing else: no packet of theirs leaves the machine, none from outside comes in.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from slipway_cluster.addresses import (
    API_PORT,
    NODE_ADDRESS,
    NODE_BRIDGE,
    POD_BRIDGE,
    RUN_FOLDER,
    SERVICE_RANGE,
    WHOLE_RANGE,
)

IPTABLES = ("iptables-nft", "ip6tables-nft")
SYSCTLS = Path("/proc/sys")
FORMER_SYSCTLS = RUN_FOLDER / "former-sysctls.json"
WANTED_SYSCTLS = {
    "net/ipv4/ip_forward": "1",
    "net/ipv4/conf/all/route_localnet": "1",  # a NodePort answers on 127.0.0.1
    "net/bridge/bridge-nf-call-iptables": "1",  # Services between two pods of the one bridge
}
# The kubelet and kube-proxy set these by themselves.
TOUCHED_SYSCTLS = (
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "net/bridge/bridge-nf-call-ip6tables",
    "net/ipv4/vs/conntrack",
    "net/netfilter/nf_conntrack_max",
    "net/netfilter/nf_conntrack_tcp_be_liberal",
    "net/netfilter/nf_conntrack_tcp_timeout_close_wait",
    "net/netfilter/nf_conntrack_tcp_timeout_established",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)

# A neighbour that routes our addresses to this machine must reach neither node, nor pods, nor (because of
# route_localnet) the loopback addresses.
RULES = f"""*filter
:SLIPWAY-FORWARD - [0:0]
:SLIPWAY-INPUT - [0:0]
-A SLIPWAY-FORWARD -i {POD_BRIDGE} -o {POD_BRIDGE} -j ACCEPT
-A SLIPWAY-FORWARD -i {POD_BRIDGE} -j REJECT --reject-with icmp-net-unreachable
-A SLIPWAY-FORWARD -o {POD_BRIDGE} -j REJECT --reject-with icmp-net-unreachable
-A SLIPWAY-INPUT -i lo -j RETURN
-A SLIPWAY-INPUT -i {POD_BRIDGE} -j RETURN
-A SLIPWAY-INPUT -i {NODE_BRIDGE} -j RETURN
-A SLIPWAY-INPUT -d {WHOLE_RANGE} -j REJECT --reject-with icmp-net-unreachable
-A SLIPWAY-INPUT -d 127.0.0.0/8 -j DROP
COMMIT
*nat
:SLIPWAY-OUTPUT - [0:0]
-A SLIPWAY-OUTPUT -d 127.0.0.1/32 -p tcp -m tcp --dport {API_PORT} -j DNAT --to-destination {NODE_ADDRESS}:{API_PORT}
COMMIT
"""
JUMPS = (
    ("filter", "FORWARD", "SLIPWAY-FORWARD"),
    ("filter", "INPUT", "SLIPWAY-INPUT"),
    ("nat", "OUTPUT", "SLIPWAY-OUTPUT"),
)
OURS = re.compile(r"^(SLIPWAY-|KUBE-)")


class NetworkFailed(Exception):
    """A link, route or rule could not be set; the message has the command and what it said."""


def ensure_network() -> None:
    """Set up what is missing of links, routes, rules and kernel settings; remember the settings as they were."""
    for module in ("overlay", "br_netfilter"):  # built in, a module, or not there: what is missing shows later
        with suppress(FileNotFoundError):
            subprocess.run(["modprobe", "--quiet", module], capture_output=True, check=False)
    remember_sysctls()
    if not has_link(NODE_BRIDGE):
        _run(["ip", "link", "add", NODE_BRIDGE, "type", "bridge"])
    _run(["ip", "address", "replace", f"{NODE_ADDRESS}/32", "dev", NODE_BRIDGE])
    _run(["ip", "link", "set", NODE_BRIDGE, "up"])
    # Not a blackhole route: the host's route look-up comes before kube-proxy's rules, so it must find a way.
    _run(["ip", "route", "replace", SERVICE_RANGE, "dev", NODE_BRIDGE])
    for name, value in WANTED_SYSCTLS.items():
        _set_sysctl(name, value)
    _run(["iptables-nft-restore", "--noflush", "--wait"], stdin=RULES)
    for table, chain, target in JUMPS:
        jump = [chain, "-j", target]
        if _iptables(table, ["-C", *jump]).returncode != 0:
            _run(["iptables-nft", "--wait", "-t", table, "-I", *jump])


def remove_network() -> None:
    """Remove links (with their routes), rules, also kube-proxy's and the kubelet's, and restore kernel settings."""
    for program in IPTABLES:
        with suppress(FileNotFoundError):
            _remove_rules(program)
    for link in (POD_BRIDGE, NODE_BRIDGE):
        if has_link(link):
            _run(["ip", "link", "delete", link])
    _restore_sysctls()


def has_link(name: str) -> bool:
    """Say whether the machine has a network link of this name."""
    return Path("/sys/class/net", name).exists()


def has_foreign_kubernetes_rules() -> bool:
    """Say whether rules of a kube-proxy or kubelet are there though no cluster of ours is."""
    if has_link(NODE_BRIDGE) or RUN_FOLDER.exists():
        return False
    saved = subprocess.run(["iptables-nft-save", "--table", "nat"], capture_output=True, text=True, check=False)
    return ":KUBE-SERVICES" in saved.stdout


def removal_commands(saved: str) -> list[tuple[str, list[str]]]:
    """Return (table, arguments of iptables) that remove our chains and every jump to them.

    :param saved: what `iptables-save` prints.
    """
    table, jumps, flushes, deletions = "", [], [], []
    for line in saved.splitlines():
        words = line.split()
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith(":") and OURS.match(words[0][1:]):
            flushes.append((table, ["-F", words[0][1:]]))
            deletions.append((table, ["-X", words[0][1:]]))
        elif line.startswith("-A ") and not OURS.match(words[1]) and any(OURS.match(word) for word in words[2:]):
            jumps.append((table, ["-D", *_words(line)[1:]]))
    return [*jumps, *flushes, *deletions]


def remember_sysctls() -> None:
    """Write down the kernel settings as they are now, unless that was done since the machine started."""
    if FORMER_SYSCTLS.exists():
        return
    values = {}
    for name in (*WANTED_SYSCTLS, *TOUCHED_SYSCTLS):
        with suppress(OSError):
            values[name] = (SYSCTLS / name).read_text().strip()
    FORMER_SYSCTLS.parent.mkdir(parents=True, exist_ok=True)
    draft = FORMER_SYSCTLS.with_suffix(".new")
    draft.write_text(json.dumps(values, indent=1))
    draft.replace(FORMER_SYSCTLS)


def _restore_sysctls() -> None:
    with suppress(OSError, ValueError):
        for name, value in json.loads(FORMER_SYSCTLS.read_text()).items():
            _set_sysctl(name, value)
    FORMER_SYSCTLS.unlink(missing_ok=True)


def _set_sysctl(name: str, value: str) -> None:
    file = SYSCTLS / name
    with suppress(OSError):  # some settings do not exist in every kernel or network namespace
        if file.read_text().strip() != value:
            file.write_text(value)


def _remove_rules(program: str) -> None:
    saved = subprocess.run([f"{program}-save"], capture_output=True, text=True, check=False).stdout
    lines: dict[str, list[str]] = {}
    for table, arguments in removal_commands(saved):
        lines.setdefault(table, []).append(" ".join(_quoted(arguments)))
    script = "".join(f"*{table}\n" + "\n".join(commands) + "\nCOMMIT\n" for table, commands in lines.items())
    if script:  # one call and not one per chain: there are dozens
        _run([f"{program}-restore", "--noflush", "--wait"], stdin=script)


def _words(line: str) -> list[str]:
    """Words of a saved rule; comments are quoted."""
    return [word[1:-1] if word.startswith('"') else word for word in re.findall(r'"(?:[^"\\]|\\.)*"|\S+', line)]


def _quoted(words: Iterable[str]) -> list[str]:
    return [f'"{word}"' if " " in word else word for word in words]


def _iptables(table: str, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    argv = ["iptables-nft", "--wait", "-t", table, *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def _run(argv: Sequence[str], stdin: str | None = None) -> None:
    result = subprocess.run(argv, capture_output=True, text=True, input=stdin, check=False)
    if result.returncode != 0:
        raise NetworkFailed(f"`{' '.join(argv)}` failed: {result.stderr.strip()}")
