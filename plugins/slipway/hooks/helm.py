"""Helm, as a command of its own: no shell, no plug-in, one release at a time."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook

from slipway.hooks.faults import HelmFailed, HelmUnavailable

if TYPE_CHECKING:
    from slipway.hooks.cluster import ClusterHook

BUSY = "another operation (install/upgrade/rollback) is in progress"
# Helm has no exit codes of its own; these words mean that the ground is at fault and another try may do.
GROUND_FAULTS = (
    "cluster unreachable",
    "connection refused",
    "connection reset",
    "i/o timeout",
    "TLS handshake timeout",
    "no route to host",
    BUSY,
    "etcdserver",
    "the object has been modified",
)
MISLEADING = ("KUBECONFIG", "HELM_NAMESPACE")
POLL = 3.0  # seconds between two looks at what an upgrade waits for
STOP_GRACE = 30.0  # seconds in which Helm may note down that a release has failed


class HelmHook(BaseHook):
    """Run Helm against the cluster of a Kubernetes connection.

    :param cluster: the cluster to work on, and the account to work as.
    :param helm: name or path of the Helm binary (Helm 3 and 4 both do).
    :param patience: seconds until a command that changes nothing is ended.
    """

    def __init__(self, *, cluster: ClusterHook, helm: str = "helm", patience: float = 60.0) -> None:
        super().__init__()
        self.cluster = cluster
        self.helm = helm
        self.patience = patience
        # More than one at a time: while an upgrade waits, its release is asked for its objects.
        self._running: list[subprocess.Popen[str]] = []

    def upgrade(
        self,
        release: str,
        chart: Path,
        *,
        namespace: str,
        values_files: Sequence[Path] = (),
        values: dict[str, Any] | None = None,
        timeout: float = 300.0,
        while_waiting: Callable[[], str | None] | None = None,
    ) -> dict[str, Any]:
        """Install or upgrade a release and wait until it is ready.

        :param values_files: later files win over earlier ones; ``values`` win over all.
        :param timeout: seconds to wait for readiness.
        :param while_waiting: called every few seconds; a text that it returns ends the wait as that failure.
        :returns: the release as Helm prints it with ``--output json``.
        :raises HelmUnavailable: when another try may do.
        :raises HelmFailed: else.
        """
        argv = ["upgrade", release, str(chart), "--install", "--namespace", namespace]
        argv += ["--wait", "--timeout", f"{timeout:.0f}s", "--history-max", "20", "--output", "json"]
        with _values_flags(values_files, values) as flags:
            return dict(json.loads(self.run([*argv, *flags], timeout=timeout + 60, while_waiting=while_waiting)))

    def preview(self, release: str, chart: Path, *, namespace: str, values: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the objects that an upgrade with these values would make; nothing is changed."""
        argv = ["upgrade", release, str(chart), "--namespace", namespace, "--dry-run=server", "--output", "json"]
        with _values_flags((), values) as flags:
            return _objects(json.loads(self.run([*argv, *flags]))["manifest"])

    def values(self, release: str, *, namespace: str) -> dict[str, Any]:
        """Return the values that the release was given, without those of its chart."""
        text = self.run(["get", "values", release, "--namespace", namespace, "--output", "json"])
        return dict(json.loads(text) or {})

    def history(self, release: str, *, namespace: str) -> list[dict[str, Any]]:
        """Return the revisions of a release, oldest first; none when there is no such release."""
        try:
            text = self.run(["history", release, "--namespace", namespace, "--output", "json"])
        except HelmUnavailable:
            raise
        except HelmFailed as error:
            if "not found" in str(error):
                return []
            raise
        return list(json.loads(text))

    def rollback(
        self, release: str, revision: int, *, namespace: str, timeout: float = 300.0, wait: bool = True
    ) -> None:
        """Bring a release back to one of its revisions.

        :param timeout: seconds for all of it.
        :param wait: until it is ready.
        """
        argv = ["rollback", release, str(revision), "--namespace", namespace, *(["--wait"] if wait else [])]
        self.run([*argv, "--timeout", f"{timeout:.0f}s"], timeout=timeout + 60)

    def uninstall(self, release: str, *, namespace: str, timeout: float = 300.0) -> None:
        """Remove a release, and wait until all that it made is gone."""
        argv = ["uninstall", release, "--namespace", namespace, "--wait", "--timeout", f"{timeout:.0f}s"]
        self.run(argv, timeout=timeout + 60)

    def manifest(self, release: str, *, namespace: str) -> list[dict[str, Any]]:
        """Return the objects that a release consists of."""
        return _objects(self.run(["get", "manifest", release, "--namespace", namespace]))

    def stop(self) -> None:
        """End the Helm commands that run; Helm marks the release as failed on its way out."""
        for process in self._running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float | None = None,
        while_waiting: Callable[[], str | None] | None = None,
    ) -> str:
        """Run one Helm command and return what it printed.

        :param timeout: seconds until the command is ended; the hook's patience when nothing is said.
        """
        timeout = self.patience if timeout is None else timeout
        with self.cluster.kubeconfig() as flags, NamedTemporaryFile("w+") as out, NamedTemporaryFile("w+") as err:
            command = [*self._prefix, *argv, *flags]
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                text=True,
                start_new_session=True,
                env=_environment(),
            )
            self._running.append(process)
            try:
                given_up = self._wait(process, timeout, while_waiting)
            finally:
                _end(process)
                self._running.remove(process)
            out.seek(0)
            err.seek(0)
            if given_up:
                raise HelmFailed(given_up)
            if process.returncode:
                raise self._failure(err.read().strip() or out.read().strip())
            return out.read()

    @cached_property
    def _prefix(self) -> list[str]:
        path = shutil.which(self.helm)
        if not path:
            raise HelmUnavailable(f"There is no '{self.helm}' on PATH. Install Helm 3 or 4, or name its path.")
        # Helm must not go on when its worker is killed; setpriv is a part of every Debian and Red Hat.
        setpriv = shutil.which("setpriv")
        return [setpriv, "--pdeathsig", "TERM", path] if setpriv else [path]

    def _wait(
        self, process: subprocess.Popen[str], timeout: float, while_waiting: Callable[[], str | None] | None
    ) -> str | None:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            try:
                process.wait(POLL if while_waiting else timeout)
                return None
            except subprocess.TimeoutExpired:
                if while_waiting and (given_up := while_waiting()):
                    return given_up
        return f"Helm did not end within {timeout:.0f} s."

    def _failure(self, text: str) -> HelmFailed:
        if BUSY in text:
            text += (
                "\nIf nobody works on this release, somebody's Helm was killed. `helm rollback` to its last good "
                "revision frees it; a release without one is freed by `helm uninstall`. A task of a sequence whose own "
                "Helm it was does so by itself when it is tried again."
            )
        if any(words in text for words in GROUND_FAULTS):
            return HelmUnavailable(f"{text}\nThe cluster asked was {self.cluster.address}.")
        return HelmFailed(text)


def _objects(manifest: str) -> list[dict[str, Any]]:
    import yaml

    return [one for one in yaml.safe_load_all(manifest) if isinstance(one, dict)]


@contextmanager
def _values_flags(files: Sequence[Path], values: dict[str, Any] | None) -> Iterator[list[str]]:
    """Give the flags for values, as long as the block lasts: those of files, and over them plain ones."""
    with NamedTemporaryFile("w", prefix="slipway-values-", suffix=".json") as plain:
        json.dump(values or {}, plain)
        plain.flush()
        yield [part for file in (*map(str, files), plain.name) for part in ("--values", file)]


def _environment() -> dict[str, str]:
    """Return our own environment without Airflow's secrets, and what would lead Helm to another cluster."""
    kept = (key for key in os.environ if key not in MISLEADING and not key.startswith(("HELM_KUBE", "AIRFLOW")))
    return {key: os.environ[key] for key in kept}


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_GRACE)
