"""What a part of the cluster is to the driver, and where the cluster's things lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Part:
    """One process: its arguments, the files that must be there first, and what tells that it is well.

    :param address: where it listens, for people; `ports` are (address, port) pairs that must be free for it.
    """

    name: str
    argv: Sequence[str]
    address: str
    healthy: Callable[[], bool]
    files: Mapping[Path, str] = field(default_factory=dict)
    ports: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True)
class Layout:
    """Where the cluster's things are: its state folder, the unpacked Debian packages, and our binary."""

    state: Path
    debian: Path
    binary: Path

    @property
    def pki(self) -> Path:
        """Folder of keys and certificates."""
        return self.state / "pki"

    @property
    def config(self) -> Path:
        """Folder of configuration files."""
        return self.state / "config"

    def kubeconfig(self, holder: str) -> Path:
        """Return the kubeconfig of one part."""
        return self.pki / f"{holder}.kubeconfig"
