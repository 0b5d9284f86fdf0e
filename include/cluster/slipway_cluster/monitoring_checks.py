"""promtool and amtool look at what Prometheus and Alertmanager are to read, before they get it.

They are those of Debian's packages, of the same versions as the images; never installed, only unpacked.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from slipway_cluster.debian import PackagesUnavailable, libraries, program, unpack

_PACKAGES = ("prometheus", "prometheus-alertmanager")
_CHECKS = {"prometheus.yml": ("promtool", "check", "config"), "alertmanager.yml": ("amtool", "check-config")}
_CHECK_RULES = ("promtool", "check", "rules")


class MonitoringFailed(RuntimeError):
    """Prometheus or Alertmanager could not be installed, or does not take its configuration."""


def check_configuration(files: Mapping[str, str]) -> None:
    """Check the configuration of Prometheus, its rules, and the configuration of Alertmanager.

    :param files: name → content, `prometheus.yml` and `alertmanager.yml` and what they name
    :raises MonitoringFailed: with what is wrong, or when the tools cannot be had
    """
    with tempfile.TemporaryDirectory(prefix="slipway-monitoring-") as folder:
        for name, content in files.items():
            Path(folder, name).write_text(content)
        for name in _CHECKS.keys() & files.keys():
            if wrong := _wrong(_CHECKS[name], folder, name):
                tool = _CHECKS[name][0]
                raise MonitoringFailed(f"Monitoring: {tool} refuses the new {name}; nothing is changed.\n  {wrong}")


def refused_groups(groups: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the name of each group of rules that promtool refuses, and what it says.

    :param groups: as in a rules file of Prometheus
    :raises MonitoringFailed: when there is no promtool
    """
    groups = list(groups)
    if not groups or not _wrong_rules(groups):
        return {}
    found = {group["name"]: _wrong_rules([group]) for group in groups}
    return {name: wrong for name, wrong in found.items() if wrong}


def _wrong_rules(groups: list[Mapping[str, Any]]) -> str:
    with tempfile.TemporaryDirectory(prefix="slipway-rules-") as folder:
        Path(folder, "rules.yml").write_text(json.dumps({"groups": groups}))  # every JSON is YAML
        return _wrong(_CHECK_RULES, folder, "rules.yml")


def _wrong(check: tuple[str, ...], folder: str, name: str) -> str:
    """Return what a tool has against a file; empty when nothing."""
    tool, *words = check
    path, more = _tool(tool)
    environment = {**os.environ, **more}
    done = subprocess.run(
        [path, *words, name], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return ""
    lines = [line.strip() for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
    return "\n  ".join(line for line in lines if line not in (f"Checking {name}", "FAILED:"))


def _tool(name: str) -> tuple[str, dict[str, str]]:
    """Return the path of a tool and what its environment needs."""
    try:
        root = unpack(_PACKAGES)
        return str(program(root, name)), libraries(root)
    except PackagesUnavailable as error:
        if installed := shutil.which(name):
            return installed, {}
        raise MonitoringFailed(f"There is no {name} to check alert rules with. Install it, or: {error}") from error
