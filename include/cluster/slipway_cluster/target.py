"""Which cluster the commands work on: the one a person chose with `cluster use`, else the embedded one.

A KUBECONFIG in the environment chooses nothing: what it points at may be somebody's production.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from slipway_cluster.addresses import CONTEXT
from slipway_cluster.binary import binary_dir
from slipway_cluster.places import state_dir


class NoCluster(Exception):
    """There is no cluster to work on; the message says why and what to do."""


@dataclass(frozen=True)
class Target:
    """A cluster: the kubeconfig and the context in it."""

    kubeconfig: Path
    context: str
    embedded: bool

    def __str__(self) -> str:
        kind = "embedded" if self.embedded else "your own"
        return f"{self.context} ({kind}, {self.kubeconfig})"


def embedded_folder() -> Path:
    """Return the folder with everything that the embedded cluster writes."""
    return state_dir() / "cluster"


def embedded_target() -> Target:
    """Return the embedded cluster of this checkout, whether it runs or not."""
    return Target(embedded_folder() / "kubeconfig", CONTEXT, embedded=True)


def chosen_target() -> Target:
    """Return what `cluster use` chose, else the embedded cluster, whether it exists or not."""
    try:
        choice = json.loads(_choice_file().read_text())
        return Target(Path(choice["kubeconfig"]), choice["context"], embedded=False)
    except FileNotFoundError:
        return embedded_target()
    except (ValueError, KeyError, TypeError) as error:
        raise NoCluster(
            f"{_choice_file()} is damaged. Choose again: ./slipway cluster use --embedded, "
            "or ./slipway cluster use --kubeconfig FILE --context NAME"
        ) from error


def current_target() -> Target:
    """Return the cluster to work on.

    :raises NoCluster: its kubeconfig is not there.
    """
    target = chosen_target()
    if not target.kubeconfig.exists():
        start = "Start it: ./slipway cluster up" if target.embedded else "Choose another: ./slipway cluster use --help"
        raise NoCluster(f"there is no cluster {target}. {start}")
    return target


def use(kubeconfig: Path, context: str) -> Target:
    """Work on a cluster of the user's own from now on.

    :raises NoCluster: no such file, or no such context in it.
    """
    file = kubeconfig.expanduser().absolute()
    known = _contexts(file)
    if context not in known:
        raise NoCluster(f"{file} has no context {context!r}; it has: {', '.join(known) or 'none'}")
    draft = _choice_file().with_suffix(".new")
    draft.write_text(json.dumps({"kubeconfig": str(file), "context": context}))
    draft.replace(_choice_file())
    return chosen_target()


def use_embedded() -> Target:
    """Work on the embedded cluster from now on."""
    _choice_file().unlink(missing_ok=True)
    return embedded_target()


def cluster_bin() -> Path:
    """Return the folder with `k8s`, `kubectl` and `helm`, to put on PATH; `embedded.up` fills it."""
    return binary_dir()


def kubectl_argv(target: Target) -> list[str]:
    """Return how to call kubectl on this cluster, and on no other."""
    return [str(cluster_bin() / "kubectl"), f"--kubeconfig={target.kubeconfig}", f"--context={target.context}"]


def helm_argv(target: Target) -> list[str]:
    """Return how to call Helm on this cluster, and on no other."""
    return [str(cluster_bin() / "helm"), f"--kubeconfig={target.kubeconfig}", f"--kube-context={target.context}"]


def _contexts(file: Path) -> list[str]:
    try:
        config: Any = yaml.safe_load(file.read_text())
        return [str(entry["name"]) for entry in config.get("contexts") or []]
    except OSError as error:
        raise NoCluster(f"cannot read the kubeconfig {file}: {os.strerror(error.errno or 0)}") from error
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, KeyError, TypeError) as error:
        raise NoCluster(f"{file} is no kubeconfig: {error}") from error


def _choice_file() -> Path:
    return state_dir() / "target.json"
