"""What a cluster can leave behind on a machine, as text: equal before `up` and after `delete`."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path

from slipway_cluster import network, processes, teardown
from slipway_cluster.addresses import CGROUP, RUN_FOLDER


def traces(folder: Path) -> dict[str, list[str]]:
    """Return links, routes, rules, mounts, processes, settings and places that a cluster of this folder may touch."""
    places = [folder, RUN_FOLDER, *map(Path, teardown.FIXED_PLACES), *Path("/sys/fs/cgroup").glob(f"*/{CGROUP}")]
    owned = [*processes.marked(folder), *teardown.pod_processes(folder)]
    return {
        "links": sorted(link.name for link in Path("/sys/class/net").iterdir()),
        "routes": sorted(_output("ip", "route", "show", "table", "all")),
        "routing rules": _output("ip", "rule"),
        "packet rules": sorted(_packet_rules()),
        "mounts": sorted(line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()),
        "processes": sorted(map(str, owned)),
        "settings": _settings(),
        "places": sorted(str(place) for place in places if place.exists()),
    }


def _packet_rules() -> list[str]:
    """Rules and chains of both families, without counters; the built-in chains are there or not, and do nothing."""
    found = []
    for program in network.IPTABLES:
        lines = _output(f"{program}-save")
        rules = [line for line in lines if line.startswith("-A ") or (line.startswith(":") and line.split()[1] == "-")]
        found += [f"{program} {line.split(' [')[0]}" for line in rules]
    return found


def _settings() -> list[str]:
    found = []
    for name in (*network.WANTED_SYSCTLS, *network.TOUCHED_SYSCTLS):
        with suppress(OSError):
            found.append(f"{name} = {(network.SYSCTLS / name).read_text().strip()}")
    return found


def _output(*argv: str) -> list[str]:
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.splitlines()
